"""The board's answers: who sees it, what a live question gets, and what moving says."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from campaigns.actions import events
from campaigns.models import AdSet, Asset, StageRun, Team
from campaigns.models.choices import RunState
from tests import factories

QUERIES_OF_THE_PAGE = 26


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def url(team: Team) -> str:
    return f"/t/{team.slug}/board/"


class TestBoard:
    def test_shows_names_as_they_are_and_never_as_markup(
        self, ad_set: AdSet, mara: User, url: str
    ) -> None:
        factories.asset(ad_set, by=mara, title="<script>alert(1)</script> قهوة ☕")
        page = signed_in(mara).get(url).content.decode()
        assert "&lt;script&gt;alert(1)&lt;/script&gt; قهوة ☕" in page
        assert "<script>alert" not in page

    def test_asks_the_database_as_often_for_one_card_as_for_three(
        self, ad_set: AdSet, mara: User, url: str, django_assert_num_queries: Any
    ) -> None:
        client = signed_in(mara)
        factories.asset(ad_set, by=mara)
        with django_assert_num_queries(QUERIES_OF_THE_PAGE):
            client.get(url)
        factories.asset(ad_set, by=mara)
        factories.asset(ad_set, by=mara)
        with django_assert_num_queries(QUERIES_OF_THE_PAGE):
            client.get(url)

    def test_leads_a_team_without_a_campaign_to_the_first_brief(
        self, team: Team, mara: User, url: str
    ) -> None:
        assert "Write the first brief" in signed_in(mara).get(url).content.decode()

    def test_offers_no_brief_to_who_may_not_write_one(
        self, ad_set: AdSet, mara: User, cleo: User, url: str
    ) -> None:
        assert "New brief" not in signed_in(cleo).get(url).content.decode()

    def test_does_not_exist_for_another_team(self, otto: User, url: str) -> None:
        assert signed_in(otto).get(url).status_code == HTTPStatus.NOT_FOUND

    def test_marks_the_new_card(self, ad_set: AdSet, mara: User, url: str) -> None:
        asset = factories.asset(ad_set, by=mara)
        page = signed_in(mara).get(url, {"new": asset.pk}).content.decode()
        assert "board-card is-new" in page


class TestLive:
    def test_is_silent_until_something_changes(self, ad_set: AdSet, mara: User, url: str) -> None:
        asset = factories.asset(ad_set, by=mara)
        client = signed_in(mara)
        first = client.get(f"{url}live/")
        assert first.status_code == HTTPStatus.OK
        assert first["X-Running"] == "1"
        again = client.get(f"{url}live/", headers={"X-Version": first["X-Version"]})
        if again.status_code == HTTPStatus.OK:  # a minute began in between
            again = client.get(f"{url}live/", headers={"X-Version": again["X-Version"]})
        assert again.status_code == HTTPStatus.NO_CONTENT
        events.touch(asset_ids=[asset.pk])
        changed = client.get(f"{url}live/", headers={"X-Version": first["X-Version"]})
        assert changed.status_code == HTTPStatus.OK
        assert f'id="asset-{asset.pk}"' in changed.content.decode()


class TestColumn:
    def test_starts_at_the_offset(self, ad_set: AdSet, mara: User, url: str) -> None:
        for title in ("First", "Second"):
            factories.asset(ad_set, by=mara, title=title)
        page = signed_in(mara).get(f"{url}column/generation/", {"offset": 1}).content.decode()
        assert "First" in page
        assert "Second" not in page

    def test_of_no_stage_is_not_found(self, mara: User, url: str) -> None:
        response = signed_in(mara).get(f"{url}column/nowhere/")
        assert response.status_code == HTTPStatus.NOT_FOUND


class TestMove:
    def move(self, client: Client, url: str, **data: Any) -> Any:
        return client.post(f"{url}move/", data, headers={"Accept": "application/json"})

    def test_a_gate_leads_to_its_batch(self, ad_set: AdSet, mara: User, url: str) -> None:
        asset = factories.asset(ad_set, by=mara)
        StageRun.objects.filter(asset=asset).update(state=RunState.REVIEW)
        answer = self.move(signed_in(mara), url, ids=[asset.pk], direction="next").json()
        (told,) = answer["results"]
        assert told["outcome"] == "gate"
        assert told["url"].endswith(f"/review/{factories.open_run(asset).pk}/")

    def test_a_card_that_somebody_changed_is_refused(
        self, ad_set: AdSet, mara: User, url: str
    ) -> None:
        asset = factories.asset(ad_set, by=mara)
        seen = f"{asset.pk}:{Asset.objects.get(pk=asset.pk).revision}"
        events.touch(asset_ids=[asset.pk])
        client = signed_in(mara)
        answer = self.move(client, url, ids=[asset.pk], direction="next", seen=[seen]).json()
        assert answer["results"][0]["outcome"] == "refused"
        assert "Somebody changed this card" in answer["results"][0]["text"]

    def test_each_card_stands_for_itself(self, ad_set: AdSet, mara: User, url: str) -> None:
        busy = factories.asset(ad_set, by=mara, title="Busy")
        back = factories.asset(ad_set, by=mara, title="Back")
        StageRun.objects.filter(asset=back).update(state=RunState.DONE)
        Asset.objects.filter(pk=back.pk).update(stage="polish")
        answer = self.move(signed_in(mara), url, ids=[busy.pk, back.pk], direction="back").json()
        assert [one["outcome"] for one in answer["results"]] == ["refused", "moved"]
        assert Asset.objects.get(pk=back.pk).stage == "edit"

    def test_archiving_takes_a_resting_card_off(self, ad_set: AdSet, mara: User, url: str) -> None:
        asset = factories.asset(ad_set, by=mara)
        StageRun.objects.filter(asset=asset).update(state=RunState.FAILED)
        self.move(signed_in(mara), url, ids=[asset.pk], direction="archive")
        assert Asset.objects.get(pk=asset.pk).archived_at is not None

    def test_cancelling_stops_what_is_under_way_and_nothing_else(
        self, ad_set: AdSet, mara: User, ben: User, url: str
    ) -> None:
        busy = factories.asset(ad_set, by=mara, title="Busy")
        judged = factories.asset(ad_set, by=mara, title="Judged")
        StageRun.objects.filter(asset=judged).update(state=RunState.REVIEW)
        ids = [busy.pk, judged.pk]
        self.move(signed_in(ben), url, ids=ids, direction="cancel")
        assert busy.runs.get().state == RunState.QUEUED, "a media buyer runs nothing"
        told = self.move(signed_in(mara), url, ids=ids, direction="cancel").json()["results"]
        assert [one["outcome"] for one in told] == ["cancelled", "refused"]
        assert "decide on it" in told[1]["text"]
        assert busy.runs.get().state == RunState.CANCELLED
        assert judged.runs.get().state == RunState.REVIEW

    def test_works_as_a_plain_form(self, ad_set: AdSet, mara: User, url: str) -> None:
        asset = factories.asset(ad_set, by=mara)
        response = signed_in(mara).post(
            f"{url}move/", {"ids": [asset.pk], "direction": "next"}, follow=True
        )
        assert "Work on it is going on" in response.content.decode()

    @pytest.mark.parametrize(
        "data", [{}, {"direction": "next"}, {"ids": ["x"], "direction": "next"}, {"ids": ["1"]}]
    )
    def test_without_a_card_or_a_direction_says_so(
        self, mara: User, url: str, data: dict[str, Any]
    ) -> None:
        response = self.move(signed_in(mara), url, **data)
        assert response.status_code == HTTPStatus.CONFLICT
        assert "Select a card" in response.json()["error"]

    def test_a_card_of_another_team_is_not_found(
        self, ad_set: AdSet, mara: User, otto: User
    ) -> None:
        asset = factories.asset(ad_set, by=mara)
        response = self.move(signed_in(otto), "/t/contoso/board/", ids=[asset.pk], direction="next")
        assert response.status_code == HTTPStatus.NOT_FOUND
