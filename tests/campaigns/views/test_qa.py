"""The QA page, the crop editor and the last gate, as people use them."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from campaigns.actions import platform_files
from campaigns.models import AdSet, Asset, PlatformFile, Team
from campaigns.queries import qa, waivers
from tests import factories
from tests.campaigns import ready

pytestmark = pytest.mark.django_db
QUERIES = 19


def begin_module(ad_set: AdSet, *, by: User) -> Asset:
    return ready.in_qa(ad_set, by=by, path=factories.ASTRONAUT, title="<script>x</script>")


@pytest.fixture
def asset(begun: Asset) -> Asset:
    return ready.fresh(begun)


@pytest.fixture
def row(asset: Asset) -> PlatformFile:
    return platform_files.of_asset(asset)[0]


def url(asset: Asset, name: str = "qa") -> str:
    return reverse(name, args=[asset.team.slug, asset.pk])


def crop_url(row: PlatformFile) -> str:
    return reverse("crop", args=[row.team.slug, row.pk])


class TestQa:
    def test_shows_zones_checks_with_limit_source_and_date_and_what_to_disclose(
        self, client: Client, mara: User, asset: Asset, row: PlatformFile
    ) -> None:
        client.force_login(mara)
        page = client.get(url(asset)).content.decode()
        assert page.count('class="zone-clear"') == 3
        assert "&lt;script&gt;x" in page
        assert "<script>x" not in page
        found = row.findings[0]
        assert f"Limit: {found['limit_text']}" in page
        assert f"read {found['source_date']}" in page
        assert "AI-generated content" in page
        assert "style=" not in page

    def test_the_number_of_queries_does_not_grow_with_the_platforms(
        self, client: Client, mara: User, ad_set: AdSet, asset: Asset,
        django_assert_num_queries: DjangoAssertNumQueries,
    ) -> None:  # fmt: skip
        one = ready.in_qa(ad_set, by=mara, platforms=("reels",))
        client.force_login(mara)
        addresses = [url(one), url(asset)]
        client.get(addresses[0])
        for address in addresses:
            with django_assert_num_queries(QUERIES):
                client.get(address)

    def test_live_answers_only_what_changed(
        self, client: Client, mara: User, asset: Asset, row: PlatformFile
    ) -> None:
        client.force_login(mara)
        first = client.get(url(asset, "qa_live"))
        headers = {"X-Version": first["X-Version"]}
        assert client.get(url(asset, "qa_live"), headers=headers).status_code == 204
        platform_files.move_crop(row=row, box=[0, 0, 90, 160], by=mara)
        changed = client.get(url(asset, "qa_live"), headers=headers)
        assert (changed.status_code, changed["X-Running"]) == (200, "1")
        assert "Making 2 of 3 files" in changed.content.decode()

    def test_another_team_sees_nothing(
        self, client: Client, otto: User, asset: Asset, row: PlatformFile
    ) -> None:
        client.force_login(otto)
        own = otto.memberships.first().team.slug
        for address in (url(asset), url(asset, "qa_live"), crop_url(row)):
            assert client.get(address).status_code == 404
        assert client.get(reverse("qa", args=[own, asset.pk])).status_code == 404
        assert client.post(reverse("crop", args=[own, row.pk])).status_code == 404


class TestPassGate:
    def test_ticked_and_seen_makes_it_ready(self, client: Client, mara: User, asset: Asset) -> None:
        client.force_login(mara)
        data = {"met": ready.criteria("qa"), "seen": qa.overview(asset=asset).seen}
        client.post(url(asset, "qa_pass"), data)
        assert ready.fresh(asset).stage == "ready"
        assert "Package this asset" in client.get(url(asset)).content.decode()

    def test_too_few_ticks_and_a_failing_file_are_said(
        self, client: Client, mara: User, asset: Asset, row: PlatformFile
    ) -> None:
        client.force_login(mara)
        headers = {"Accept": "application/json"}
        data = {"met": ["crop"], "seen": qa.overview(asset=asset).seen}
        few = client.post(url(asset, "qa_pass"), data, headers=headers)
        assert (few.status_code, "25 %" in few.json()["error"]) == (422, True)
        failing = {**row.findings[0], "verdict": "fail"}
        PlatformFile.objects.filter(pk=row.pk).update(verdict="fail", findings=[failing])
        data["met"] = ready.criteria("qa")
        refused = client.post(url(asset, "qa_pass"), data, headers=headers)
        assert (refused.status_code, "TikTok still" in refused.json()["error"]) == (409, True)
        page = client.get(url(asset)).content.decode()
        assert "It cannot be approved yet." in page
        assert "disabled>Approve for export" in page

    def test_an_asset_that_was_moved_back_is_checked_again(
        self, client: Client, mara: User, asset: Asset
    ) -> None:
        ready.approve(asset, by=mara)
        Asset.objects.filter(pk=asset.pk).update(stage="qa", ready_at=None)
        client.force_login(mara)
        assert "Make and check the files" in client.get(url(asset)).content.decode()
        client.post(url(asset, "qa_pass"), {"start": "1", "token": "again"})
        factories.drain()
        assert qa.overview(asset=ready.fresh(asset)).is_open


class TestDeclare:
    def test_asks_takes_the_answer_and_says_whose_it_is(
        self, client: Client, mara: User, cleo: User, ben: User, ad_set: AdSet, otto: User
    ) -> None:
        asset = ready.in_qa(ad_set, by=mara, photo_origin="unknown")
        client.force_login(ben)
        page = client.get(url(asset)).content.decode()
        assert "A marketer, curator or admin answers." in page
        assert client.post(url(asset, "qa_declare"), {"answer": "none"}).status_code in {302, 403}
        client.force_login(otto)
        assert client.post(url(asset, "qa_declare"), {"answer": "none"}).status_code == 404
        client.force_login(cleo)
        assert waivers.UNDECLARED in client.get(url(asset)).content.decode()
        client.post(url(asset, "qa_declare"), {"answer": "ai_modified"})
        page = client.get(url(asset)).content.decode()
        assert "Said by Cleo" in page
        assert "Making 0 of 3 files" in page
        factories.drain()
        assert waivers.UNDECLARED not in client.get(url(asset)).content.decode()


class TestCrop:
    def send(self, client: Client, row: PlatformFile, **data: Any) -> Any:
        values = {"left": 0, "top": 0, "width": 90, "seen": row.revision, "action": "apply"}
        return client.post(crop_url(row), {**values, **data})

    def test_without_a_script_numbers_are_enough(
        self, client: Client, mara: User, asset: Asset, row: PlatformFile
    ) -> None:
        client.force_login(mara)
        page = client.get(crop_url(row)).content.decode()
        assert f'value="{row.box[0]}"' in page
        response = self.send(client, row, left=20, top=30)
        assert response["Location"] == url(asset)
        row.refresh_from_db()
        assert row.wanted_box == [20, 30, 110, 190]

    @pytest.mark.parametrize(
        ("field", "value", "words"),
        [("left", 500, "Enter 0 to 422"), ("top", -1, "Enter 0 to 352"),
         ("width", 10, "Enter 64 to 288"), ("width", "wide", "whole number")],
    )  # fmt: skip
    def test_what_cannot_be_is_said_at_the_field(
        self, client: Client, mara: User, row: PlatformFile, field: str, value: Any, words: str
    ) -> None:
        client.force_login(mara)
        response = self.send(client, row, **{field: value})
        assert response.status_code == 422
        assert words in response.content.decode()
        row.refresh_from_db()
        assert row.due_at is None

    def test_all_platforms_and_back_to_automatic(
        self, client: Client, mara: User, asset: Asset, row: PlatformFile
    ) -> None:
        client.force_login(mara)
        self.send(client, row, action="everywhere")
        factories.drain()
        assert all(one.is_manual for one in platform_files.of_asset(asset))
        row.refresh_from_db()
        self.send(client, row, action="reset", left="", width="")
        factories.drain()
        row.refresh_from_db()
        assert not row.is_manual

    def test_the_second_of_two_people_is_told(
        self, client: Client, mara: User, cleo: User, row: PlatformFile
    ) -> None:
        client.force_login(mara)
        self.send(client, row)
        client.force_login(cleo)
        response = client.post(
            crop_url(row),
            {"left": 50, "top": 0, "width": 90, "seen": row.revision},
            headers={"Accept": "application/json"},
        )
        assert response.status_code == 409
        row.refresh_from_db()
        assert row.wanted_box[0] == 0

    def test_a_whole_picture_is_previewed_in_each_way_and_chosen(
        self, client: Client, mara: User, ad_set: AdSet
    ) -> None:
        wide = ready.in_qa(ad_set, by=mara, path=ready.CHINA, platforms=("reels",))
        row = platform_files.of_asset(wide)[0]
        client.force_login(mara)
        page = client.get(crop_url(row)).content.decode()
        ways = re.findall(r'name="way" value="(\w+)"', page)
        assert ways == ["crop", "focus", "blur", "edge", "brand", "above", "below"]
        assert page.count("data-crop-whole=") == 2 * 5
        assert "The whole picture on a blurred copy of itself" in page
        assert "?operation=outpaint#op-outpaint" in page
        assert "style=" not in page
        color = row.team.brand_colors[0]
        for values in ({"way": "auto"}, {"way": "brand", "color": "#000001"}):
            refused = self.send(client, row, **values)
            assert refused.status_code == 422
        self.send(client, row, way="brand", color=color, left="", top="", width="")
        row.refresh_from_db()
        assert row.filling == {"way": "brand", "color": color}
        assert 'value="brand" checked' in client.get(crop_url(row)).content.decode()

    def test_a_band_needs_words_and_a_brand_ground_a_color(
        self, client: Client, mara: User, ad_set: AdSet
    ) -> None:
        wide = ready.in_qa(
            ad_set, by=mara, path=ready.CHINA, platforms=("reels",), headline="", subline=""
        )
        Team.objects.update(brand_colors=[])
        client.force_login(mara)
        page = client.get(crop_url(platform_files.of_asset(wide)[0])).content.decode()
        ways = re.findall(r'name="way" value="(\w+)"', page)
        assert ways == ["crop", "focus", "blur", "edge"]
        assert "once the team" in page

    def test_a_brand_ground_whose_color_is_gone_is_refused_in_words(
        self, client: Client, mara: User, asset: Asset, row: PlatformFile
    ) -> None:
        client.force_login(mara)
        self.send(client, row, way="brand", left="", top="", width="")
        Team.objects.update(brand_colors=[])
        for action in ("apply", "everywhere"):
            refused = self.send(client, row, way="brand", left="", top="", width="", action=action)
            assert refused.status_code == 422
            assert "no brand color any more" in refused.content.decode()

    def test_a_focus_point_is_set_by_numbers_for_every_platform(
        self, client: Client, mara: User, asset: Asset, row: PlatformFile
    ) -> None:
        client.force_login(mara)
        far = self.send(client, row, way="focus", focus_x=140, focus_y="", left="")
        assert far.status_code == 422
        assert "Enter 0 to 100 percent." in far.content.decode()
        response = self.send(client, row, way="focus", focus_x=25, focus_y=40, left="")
        assert response["Location"] == url(asset)
        rows = platform_files.of_asset(asset)
        assert {tuple(one.focus) for one in rows} == {(0.25, 0.4)}
        assert all(one.due_at for one in rows)

    def test_a_buyer_may_look_but_not_move(
        self, client: Client, ben: User, row: PlatformFile
    ) -> None:
        client.force_login(ben)
        assert "Apply to all" not in client.get(crop_url(row)).content.decode()
        self.send(client, row)
        row.refresh_from_db()
        assert row.due_at is None


class TestMendAndWaive:
    """A text that is too long for TikTok: no machine shortens it, a manager may let it pass."""

    @pytest.fixture
    def row(self, ad_set: AdSet, mara: User) -> PlatformFile:
        words = "Fresh roast at your door every week, " * 4
        asset = ready.in_qa(ad_set, by=mara, subline=words[:140], platforms=("tiktok",))
        return platform_files.of_asset(asset)[0]

    def test_the_page_offers_to_each_what_they_may_do(
        self, client: Client, row: PlatformFile, mara: User, dana: User, otto: User
    ) -> None:
        waive = reverse("file_waive", args=[row.team.slug, row.pk])
        mend = reverse("file_mend", args=[row.team.slug, row.pk])
        reason = {"key": "text.ad_text", "reason": "It is set in the ad itself."}
        client.force_login(mara)
        page = client.get(url(row.asset)).content.decode()
        assert "Words are shortened by people" in page
        assert "Let it pass…" not in page
        client.post(waive, reason)
        client.post(mend, {"key": "text.ad_text", "seen": row.revision})
        assert not row.waivers.exists()

        client.force_login(otto)
        assert client.post(waive, reason).status_code == 404
        assert client.post(mend, {"key": "", "seen": row.revision}).status_code == 404

        client.force_login(dana)
        assert "Let it pass…" in client.get(url(row.asset)).content.decode()
        short = client.post(waive, {**reason, "reason": "ok"}, HTTP_ACCEPT="application/json")
        assert short.status_code == 422
        assert "Nothing was changed." in short.json()["error"]
        client.post(waive, reason)
        page = client.get(url(row.asset)).content.decode()
        assert "It is set in the ad itself." in page
        assert "It cannot be approved yet." not in page

    def test_a_mend_is_asked_for_on_the_page(
        self, client: Client, row: PlatformFile, mara: User
    ) -> None:
        PlatformFile.objects.filter(pk=row.pk).update(
            findings=[
                {**found, "verdict": "warn"} if found["key"] == "banding" else found
                for found in row.findings
            ]
        )
        client.force_login(mara)
        assert "Add a fine grain" in client.get(url(row.asset)).content.decode()
        mend = reverse("file_mend", args=[row.team.slug, row.pk])
        sent = {"key": "banding", "seen": row.revision}
        answer = client.post(mend, sent, HTTP_ACCEPT="application/json")
        assert answer.json() == {"text": "Add a fine grain. The still is being made again."}
        row.refresh_from_db()
        assert row.mends == {"grain": True}
        assert row.due_at is not None
        page = client.get(url(row.asset)).content.decode()
        assert "being made" in page
        assert "Take back" not in page
