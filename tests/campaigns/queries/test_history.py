"""The audit trail in words: every event has some, and the team's page shows them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from campaigns.actions import setting_up
from campaigns.models import AdSet, Event, Team
from campaigns.queries import history
from tests import factories

ACTIONS = Path(__file__).parents[3] / "campaigns" / "actions"
NAMED = re.compile(r'verb(?:: str)?=?\s*=\s*("[a-z_.]+"(?: if [a-z_]+ else "[a-z_.]+")?)')


def test_every_event_that_is_written_has_words() -> None:
    written = set()
    for path in ACTIONS.glob("*.py"):
        for found in NAMED.findall(path.read_text(encoding="utf-8")):
            written |= set(re.findall(r'"([a-z_.]+)"', found))
    assert {"run.cancel", "budget.thaw", "gate.pass", "team.create"} <= written
    assert written <= set(history.WORDS)


@pytest.mark.django_db
class TestOfTeam:
    def test_tells_who_did_what_newest_first(self, team: Team, ad_set: AdSet, mara: User) -> None:
        factories.asset(ad_set, by=mara)
        told = history.of_team(team=team)
        texts = [(one.who, one.text) for one in told]
        assert texts[0][0] == "Mara"
        assert texts[0][1].startswith("started “")
        assert ("Mara", "set up the campaign Spring") in texts
        assert texts[-1][1] == "made the team"
        assert told[0].asset_id is not None
        assert told[-1].asset_id is None

    def test_the_page_of_the_people_shows_it_and_nobody_elses(
        self, client: Client, team: Team, ad_set: AdSet, ada: User, otto: User
    ) -> None:
        theirs = otto.memberships.order_by("pk")[0].team
        setting_up.create_campaign(
            team=theirs, name="Elsewhere", ceiling="low", default_locale="en-GB", ad_sets=[],
            by=otto,
        )  # fmt: skip
        client.force_login(ada)
        page = client.get(reverse("people", args=[team.slug])).content.decode()
        assert "Mara set up the campaign Spring" in page
        assert "Elsewhere" not in page
        for event in Event.objects.filter(team=team):
            assert event.verb not in page
