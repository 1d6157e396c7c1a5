"""A brief becomes an asset with its first run: all of it, once, or nothing."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from campaigns.actions import briefs, runs
from campaigns.models import AdSet, Asset, Attempt, Campaign, CatalogModel, Event, LedgerEntry, Team
from campaigns.permissions import NotAllowed
from campaigns.stages.base import BadParams
from campaigns.transitions import NotNow
from tests import factories
from tests.campaigns.at_once import at_once

HOSTILE = "<script>alert(1)</script> ☕️ مرحبا‏ Ω\u202e"


def create(ad_set: AdSet, by: User, **values: object) -> Asset:
    brief = factories.brief(**values)
    asset, _ = briefs.create(ad_set=ad_set, brief=brief, token="click", by=by)
    return asset


def nothing_written() -> bool:
    return not (Asset.objects.exists() or Attempt.objects.exists() or LedgerEntry.objects.exists())


class TestCreate:
    def test_starts_the_first_stage_with_everything_named(self, ad_set: AdSet, mara: User) -> None:
        asset = create(ad_set, mara)
        assert asset.creative_code
        assert [entry["stage"] for entry in asset.plan] == [
            "generation", "edit", "polish", "animate", "qa",
        ]  # fmt: skip
        assert factories.open_run(asset).operation == "compose_type"
        verbs = (
            Event.objects.filter(asset_id=asset.pk).order_by("pk").values_list("verb", flat=True)
        )
        assert list(verbs) == ["brief.create", "run.start"]

    def test_keeps_every_script_of_the_world_as_it_was_typed(
        self, ad_set: AdSet, mara: User
    ) -> None:
        asset = create(ad_set, mara, title=HOSTILE, goal=HOSTILE, headline=HOSTILE)
        asset.refresh_from_db()
        assert (asset.title, asset.goal, asset.headline) == (HOSTILE,) * 3

    def test_twice_with_one_token_is_one_asset(self, ad_set: AdSet, mara: User) -> None:
        assert create(ad_set, mara) == create(ad_set, mara)
        assert (Asset.objects.count(), Attempt.objects.count()) == (1, 1)

    def test_without_a_model_writes_nothing(self, ad_set: AdSet, mara: User) -> None:
        CatalogModel.objects.update(is_enabled=False)
        with pytest.raises(runs.NoModel):
            create(ad_set, mara)
        assert nothing_written()

    def test_without_photo_and_words_says_what_is_missing(self, ad_set: AdSet, mara: User) -> None:
        with pytest.raises(BadParams, match="write a headline, or add a product photo") as caught:
            create(ad_set, mara, headline=" ")
        assert caught.value.field == "headline"
        assert nothing_written()

    def test_in_an_archived_campaign_is_refused(self, ad_set: AdSet, mara: User) -> None:
        Campaign.objects.update(archived_at=timezone.now())
        ad_set.campaign.refresh_from_db()
        with pytest.raises(NotNow, match="archived"):
            create(ad_set, mara)
        assert nothing_written()

    def test_takes_no_photo_of_another_team(self, ad_set: AdSet, mara: User, otto: User) -> None:
        theirs = otto.memberships.order_by("pk")[0].team
        photo = factories.photo(theirs, by=otto)
        with pytest.raises(BadParams) as caught:
            create(ad_set, mara, bases=(photo,))
        assert caught.value.field == "bases"
        assert nothing_written()

    def test_is_for_marketers(self, ad_set: AdSet, cleo: User, dana: User, otto: User) -> None:
        for person in (cleo, dana, otto):
            with pytest.raises(NotAllowed):
                create(ad_set, person)
        assert nothing_written()

    def test_in_a_new_campaign_makes_both_or_neither(self, team: Team, mara: User) -> None:
        def make(**values: object) -> Asset:
            asset, _ = briefs.create_in_new_campaign(
                team=team, campaign_name="Autumn", ad_set_name="All",
                brief=factories.brief(**values), token="click", by=mara,
            )  # fmt: skip
            return asset

        with pytest.raises(BadParams):
            make(headline="")
        assert not Campaign.objects.exists()
        assert make() == make()
        assert Campaign.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_button_pressed_many_times_at_once_makes_one_asset(ad_set: AdSet, mara: User) -> None:
    results = at_once(*[lambda: create(ad_set, mara).pk] * 8)
    assert len(set(results)) == 1, results
    assert (Asset.objects.count(), Attempt.objects.count()) == (1, 1)
    assert LedgerEntry.objects.count() == 1
