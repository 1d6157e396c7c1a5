"""The brief page: what is asked, what is said at the fields, and what starts."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from campaigns.actions import standing
from campaigns.models import AdSet, Asset, BudgetLine, Campaign, Media, Team
from campaigns.models.choices import Ceiling
from tests import factories


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def url(team: Team) -> str:
    return f"/t/{team.slug}/brief/"


def fields(**changes: Any) -> dict[str, Any]:
    """The five fields that must be filled, and a headline because there is no photo."""
    values = {
        "goal": "Make people want a slow morning.",
        "product": "Pour-over kit",
        "ad_set": "new",
        "campaign_name": "First campaign",
        "ad_set_name": "Prospecting",
        "platforms": ["tiktok", "reels"],
        "purpose": "social",
        "headline": "Slow mornings",
        "token": "a-token-of-one-page",
    }
    return {**values, **changes}


class TestPage:
    def test_asks_a_first_team_for_campaign_and_ad_set_with_names_to_keep(
        self, team: Team, mara: User, url: str
    ) -> None:
        page = signed_in(mara).get(url).content.decode()
        assert 'value="First campaign"' in page
        assert 'value="Prospecting"' in page

    def test_offers_the_ad_set_used_last(self, ad_set: AdSet, mara: User, url: str) -> None:
        other = factories.ad_set(ad_set.campaign.team, by=mara, name="Autumn")
        factories.asset(ad_set, by=mara)
        page = signed_in(mara).get(url).content.decode()
        assert f'<option value="{ad_set.pk}" selected>' in page
        assert f'<option value="{other.pk}">' in page

    def test_is_refused_in_words_to_who_may_not_brief(
        self, team: Team, cleo: User, url: str
    ) -> None:
        response = signed_in(cleo).get(url)
        assert response.status_code == HTTPStatus.FORBIDDEN
        assert "Ask an admin or marketer" in response.content.decode()


class TestStart:
    def test_makes_the_first_campaign_with_the_brief(
        self, team: Team, mara: User, url: str
    ) -> None:
        response = signed_in(mara).post(url, fields())
        asset = Asset.objects.get()
        assert response["Location"].endswith(f"?campaign={asset.campaign_id}&new={asset.pk}")
        assert (asset.campaign.name, asset.ad_set.name) == ("First campaign", "Prospecting")
        assert asset.title == "Pour-over kit, Slow mornings"

    def test_twice_is_one_asset_and_one_campaign(self, team: Team, mara: User, url: str) -> None:
        client = signed_in(mara)
        client.post(url, fields())
        client.post(url, fields())
        assert (Asset.objects.count(), Campaign.objects.count()) == (1, 1)

    def test_notes_how_the_photo_was_made(self, ad_set: AdSet, mara: User, url: str) -> None:
        photo = factories.photo(ad_set.campaign.team, by=mara)
        signed_in(mara).post(
            url,
            fields(ad_set=ad_set.pk, bases=[photo.pk], photo_origin="ai_modified", headline=""),
        )
        assert Asset.objects.get().bases.get().media_id == photo.pk
        assert Media.objects.get(pk=photo.pk).ai_status == "ai_modified"

    def test_keeps_what_was_decided_for_stages(self, ad_set: AdSet, mara: User, url: str) -> None:
        signed_in(mara).post(
            url,
            fields(
                ad_set=ad_set.pk,
                edit_operation="background_replace",
                surface="stone",
                polish_operation="upscale",
                factor="2",
                clip="on",
                motion="pan_left",
                count="7",
            ),
        )
        asset = Asset.objects.get()
        plan = {entry["stage"]: (entry["operation"], entry["params"]) for entry in asset.plan}
        assert plan["edit"] == ("background_replace", {"surface": "stone"})
        assert plan["polish"] == ("upscale", {"factor": "2"})
        assert plan["animate"][0] == "image_to_video"
        assert (asset.motion, asset.candidate_count) == ("pan_left", 7)


class TestErrors:
    def errors(self, client: Client, url: str, **changes: Any) -> dict[str, list[str]]:
        response = client.post(url, fields(**changes))
        assert response.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
        assert not Asset.objects.exists()
        assert not Campaign.objects.filter(name="First campaign").exists()
        found: dict[str, list[str]] = response.context["form"].errors
        return found

    def test_a_text_of_a_hundred_kilobytes_is_said_at_the_field(
        self, team: Team, mara: User, url: str
    ) -> None:
        errors = self.errors(signed_in(mara), url, goal="ж" * 51_200)
        assert errors["goal"] == ["Shorten this to 4,000 characters; it has 51,200."]

    @pytest.mark.parametrize(
        ("name", "value", "words"),
        [
            ("goal", "", "Say in a sentence"),
            ("product", "", "Name the product"),
            ("platforms", [], "Tick at least one"),
            ("headline", "", "There is no photo"),
            ("count", "13", "Ask for 1 to 12"),
            ("deadline", "2001-01-01", "This day has passed"),
            ("locale", "not a locale", "en-GB"),
            ("ad_set", "999999", "not there any more"),
            ("campaign_name", "", "Name the campaign"),
        ],
    )
    def test_stand_at_their_field(
        self, team: Team, mara: User, url: str, name: str, value: Any, words: str
    ) -> None:
        assert words in " ".join(self.errors(signed_in(mara), url, **{name: value})[name])

    def test_lose_neither_words_nor_photos(self, ad_set: AdSet, mara: User, url: str) -> None:
        photo = factories.photo(ad_set.campaign.team, by=mara)
        response = signed_in(mara).post(
            url, fields(goal="", product="قهوة ☕ <b>", bases=[photo.pk], ad_set=ad_set.pk)
        )
        page = response.content.decode()
        assert f'name="bases" value="{photo.pk}"' in page
        assert "قهوة ☕ &lt;b&gt;" in page
        assert 'value="a-token-of-one-page"' in page

    def test_a_photo_of_another_team_is_left_out(
        self, ad_set: AdSet, mara: User, otto: User, url: str
    ) -> None:
        theirs = factories.photo(Team.objects.get(name="Contoso"), by=otto)
        signed_in(mara).post(url, fields(ad_set=ad_set.pk, bases=[theirs.pk]))
        assert not Asset.objects.get().bases.exists()


class TestPlan:
    def plan(self, user: User, url: str, **values: Any) -> str:
        response = signed_in(user).post(f"{url}plan/", values)
        assert response.status_code == HTTPStatus.OK
        return response.content.decode()

    def test_of_an_empty_form_says_what_is_missing_and_what_can_be_done(
        self, team: Team, mara: User, url: str
    ) -> None:
        page = self.plan(mara, url)
        assert "There is no photo yet." in page
        assert "write a headline" in page
        assert "Local type composer" in page

    def test_with_a_photo_composes_from_it(self, ad_set: AdSet, mara: User, url: str) -> None:
        photo = factories.photo(ad_set.campaign.team, by=mara)
        page = self.plan(mara, url, bases=[photo.pk], count="6")
        assert "Compose from photo · 6 candidates" in page
        assert "It cannot draw a scene or a person" in page
        assert "no photo yet" not in page

    def test_says_what_a_manager_is_asked(self, team: Team, mara: User, url: str) -> None:
        strict = factories.ad_set(team, by=mara, ceiling="none", name="Strict")  # type: ignore[arg-type]
        page = self.plan(mara, url, ad_set=strict.pk, headline="Slow")
        assert "A manager is asked first" in page

    def test_says_when_a_standing_rule_lets_it_start(
        self, team: Team, mara: User, dana: User, url: str
    ) -> None:
        strict = factories.ad_set(team, by=mara, ceiling=Ceiling.NONE, name="Strict")
        rule = standing.add(team=team, tier="low", day_micros=1_000_000, by=dana)
        page = self.plan(mara, url, ad_set=strict.pk, headline="Slow")
        assert "A standing rule lets the first stage start without asking" in page
        assert "A manager is asked first" not in page
        standing.end(rule=rule, by=dana)
        page = self.plan(mara, url, ad_set=strict.pk, headline="Slow")
        assert "A manager is asked first" in page
        assert "A standing rule" not in page

    def test_says_when_the_tier_is_frozen(self, ad_set: AdSet, mara: User, url: str) -> None:
        assert "is frozen" not in self.plan(mara, url, ad_set=ad_set.pk, headline="Slow")
        BudgetLine.objects.filter(campaign=ad_set.campaign, tier="low").update(
            frozen_at=timezone.now()
        )
        page = self.plan(mara, url, ad_set=ad_set.pk, headline="Slow")
        assert "A manager is asked first" in page
        assert "is frozen" in page

    def test_writes_nothing(self, team: Team, mara: User, url: str) -> None:
        self.plan(mara, url, **fields())
        assert not Campaign.objects.exists()


class TestInTheFrame:
    def demands(self, mara: User, url: str, **more: str) -> dict[str, Any]:
        """What stands on the asset of a brief with these fields."""
        sent = fields(goal="Two women share a mug", **more)
        answer = signed_in(mara).post(url, sent)
        assert answer.status_code == HTTPStatus.FOUND, answer.context["form"].errors
        return dict(Asset.objects.get().demands)

    def test_is_read_from_the_words(self, mara: User, url: str) -> None:
        found = self.demands(mara, url)
        assert (found["people"], found["hands"], found["interactions"]) == (2, False, 0)

    def test_is_what_a_person_says_before_the_words(self, mara: User, url: str) -> None:
        found = self.demands(mara, url, people="1", hands="yes", interactions="2", objects="0")
        assert (found["people"], found["hands"], found["interactions"]) == (1, True, 2)
        assert (found["objects"], found["counts"]) == (0, 0)

    @pytest.mark.parametrize("value", ["-1", "21", "many", "1.5"])
    def test_refuses_what_is_no_small_number(self, mara: User, url: str, value: str) -> None:
        answer = signed_in(mara).post(url, fields(people=value))
        assert answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
        assert "from 0 to 20" in answer.content.decode()
        assert not Asset.objects.exists()
