"""What the asset page prepares: steps, money, lineage."""

from __future__ import annotations

import secrets

from django.contrib.auth.models import User

from campaigns.actions import curation, runs
from campaigns.models import AdSet, Asset, Attempt
from campaigns.queries import asset as query
from tests import factories

ALL = ("composition", "product", "light", "text", "brand")


def started(ad_set: AdSet, mara: User) -> Asset:
    base = factories.photo(ad_set.campaign.team, by=mara)
    return factories.asset(ad_set, by=mara, bases=(base,), as_is=True)


class TestPage:
    def test_steps_follow_the_asset(self, ad_set: AdSet, mara: User) -> None:
        made = started(ad_set, mara)
        before = query.page(asset=made)
        assert [step.state for step in before.steps] == [
            "current",
            "ahead",
            "ahead",
            "nothing",
            "ahead",
        ]
        assert before.steps[0].text == "Use the photo as it is is queued"
        factories.drain()
        run = factories.open_run(made)
        curation.approve(run=run, candidate=run.candidates.get(), met=ALL, by=mara)
        made.refresh_from_db()
        after = query.page(asset=made)
        assert [step.state for step in after.steps][:2] == ["done", "current"]
        assert (after.steps[0].who, after.steps[0].percent) == ("Mara", 100)

    def test_money_is_held_while_it_runs_and_settled_after(self, ad_set: AdSet, mara: User) -> None:
        made = started(ad_set, mara)
        attempt = factories.open_run(made).attempts.get()
        Attempt.objects.filter(pk=attempt.pk).update(reserved_micros=350_000)
        assert query.page(asset=made).held_micros == 350_000
        Attempt.objects.filter(pk=attempt.pk).update(state="failed", settled_micros=200_000)
        page = query.page(asset=made)
        assert (page.held_micros, page.settled_micros) == (0, 200_000)
        assert page.runs[0].money_text == "$0.20 was billed."

    def test_lineage_hangs_each_version_below_its_source(self, ad_set: AdSet, mara: User) -> None:
        made = started(ad_set, mara)
        factories.drain()
        run = factories.open_run(made)
        curation.approve(run=run, candidate=run.candidates.get(), met=ALL, by=mara)
        following = factories.open_run(made)
        runs.cancel(run=following, by=mara)
        made = Asset.objects.select_related("campaign__team", "current__media").get(pk=made.pk)
        removal = runs.start(
            asset=made, operation="background_remove", by=mara, token=secrets.token_hex(8)
        )
        factories.drain()
        keeper = removal.candidates.get()
        criteria = ("change", "rest", "edges", "text")
        curation.approve(run=removal, candidate=keeper, met=criteria, by=mara)
        made.refresh_from_db()
        tree = query.page(asset=made).tree
        assert [(node.kind, node.depth) for node in tree] == [
            ("brief", 0),
            ("base", 1),
            ("still", 2),
            ("still", 3),
        ]
        assert [node.is_current for node in tree] == [False, False, False, True]
