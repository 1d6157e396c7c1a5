"""`python -m tests.campaigns.batch N`: a team with N assets in an installation that runs.

For tests on real processes; the data folder comes from the environment.
"""

import sys

import django

django.setup()

from campaigns.models.choices import Role  # noqa: E402 - after Django is set up
from tests import factories  # noqa: E402


def main(count: int) -> None:
    """Write N briefs that take one photo over as it is."""
    team = factories.team()
    mara = factories.member(team, "Mara", Role.MARKETER)
    ad_set = factories.ad_set(team, by=mara)
    photo = factories.photo(team, by=mara, path=factories.ASTRONAUT)
    for number in range(count):
        factories.asset(ad_set, by=mara, title=f"Asset {number}", bases=(photo,), as_is=True)


if __name__ == "__main__":
    main(int(sys.argv[1]))
