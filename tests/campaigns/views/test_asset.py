"""The asset page: what it shows, what it starts, and what it refuses in words."""

from __future__ import annotations

import io
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from PIL import Image, ImageDraw

from campaigns import jobs
from campaigns.actions import curation, runs
from campaigns.models import AdSet, Asset, BudgetLine, Media, StageRun, Team
from campaigns.models.choices import Ceiling, RunState
from tests import factories

ALL = ("composition", "product", "light", "text", "brand")
PASSED_BY = {"edit": {"operation": "pass"}, "polish": {"operation": "pass"}}
JSON = {"HTTP_ACCEPT": "application/json"}


def adopted(ad_set: AdSet, mara: User, *, met: tuple[str, ...] = ALL[:-1]) -> Asset:
    """An asset in Edit whose approved version is a photo of 600 x 400."""
    base = factories.photo(ad_set.campaign.team, by=mara)
    made = factories.asset(ad_set, by=mara, bases=(base,), as_is=True, wanted=PASSED_BY)
    factories.drain()
    run = factories.open_run(made)
    curation.approve(run=run, candidate=run.candidates.get(), met=met, by=mara)
    made.refresh_from_db()
    return made


def at(name: str, of: Team, *args: int) -> str:
    return reverse(name, args=[of.slug, *args])


def painted(size: tuple[int, int], box: tuple[int, int, int, int] | None) -> SimpleUploadedFile:
    """A mask as the painter makes it: white on black."""
    picture = Image.new("RGB", size)
    if box:
        ImageDraw.Draw(picture).rectangle(box, fill="white")
    data = io.BytesIO()
    picture.save(data, "PNG")
    return SimpleUploadedFile("mask.png", data.getvalue(), "image/png")


@pytest.fixture
def as_mara(client: Client, mara: User) -> Client:
    client.force_login(mara)
    return client


class TestAsset:
    def test_shows_way_version_lineage_money_and_history(
        self, as_mara: Client, ad_set: AdSet, team: Team, mara: User
    ) -> None:
        made = adopted(ad_set, mara)
        text = as_mara.get(at("asset", team, made.pk)).content.decode()
        assert 'class="step step-done"' in text
        assert "Mara, " in text
        assert "80 %" in text
        assert 'aria-current="step"' in text
        assert "Current version" in text
        assert "Use the photo as it is #1" in text
        assert "Fits the brand" in text
        assert "approved a candidate at 80 %" in text
        for operation in ("object_erase", "outpaint", "upscale", "image_to_video", "compose"):
            assert f'id="op-{operation}"' in text

    def test_costs_the_same_with_one_and_three_runs(
        self,
        as_mara: Client,
        ad_set: AdSet,
        team: Team,
        mara: User,
        django_assert_num_queries: Any,
    ) -> None:
        made = adopted(ad_set, mara)
        jobs.learn(made.runs.get().pk)
        address = at("asset", team, made.pk)
        as_mara.get(address)
        with django_assert_num_queries(28):
            as_mara.get(address)
        for number in range(2):
            fresh = Asset.objects.select_related("campaign__team", "current__media").get(pk=made.pk)
            again = runs.start(asset=fresh, operation="adopt", by=mara, token=f"again-{number}")
            factories.drain()
            curation.reject_all(run=StageRun.objects.get(pk=again.pk), by=mara)
            jobs.learn(again.pk)
        with django_assert_num_queries(28):
            text = as_mara.get(address).content.decode()
        assert text.count('class="card run"') == 3

    def test_an_earlier_version_can_be_looked_at(
        self, as_mara: Client, ad_set: AdSet, team: Team, mara: User
    ) -> None:
        made = adopted(ad_set, mara)
        again = runs.start(asset=made, operation="adopt", by=mara, token="again")
        factories.drain()
        other = again.candidates.get()
        text = as_mara.get(at("asset", team, made.pk), {"version": other.pk}).content.decode()
        assert "Earlier version" in text
        assert at("media", team, other.media_id, "file")[:-5] in text
        assert as_mara.get(at("asset", team, made.pk), {"version": "x'"}).status_code == 200

    def test_a_failure_says_what_to_do_and_that_nothing_was_spent(
        self, as_mara: Client, ad_set: AdSet, team: Team, mara: User
    ) -> None:
        made = adopted(ad_set, mara)
        run = runs.start(asset=made, operation="adopt", by=mara, token="again")
        runs.fail(attempt_id=run.attempts.get().pk, text="The picture could not be read.")
        text = as_mara.get(at("asset", team, made.pk)).content.decode()
        assert "The picture could not be read." in text
        assert "No money was spent." in text
        assert "Start it again" in text

    def test_another_team_is_not_found(
        self, client: Client, ad_set: AdSet, team: Team, mara: User, otto: User
    ) -> None:
        made = adopted(ad_set, mara)
        client.force_login(otto)
        for name in ("asset", "asset_live"):
            assert client.get(at(name, team, made.pk)).status_code == 404
        for name in ("asset_run", "asset_skip", "asset_archive"):
            assert client.post(at(name, team, made.pk)).status_code == 404

    def test_a_media_buyer_sees_no_operations(
        self, client: Client, ad_set: AdSet, team: Team, mara: User, ben: User
    ) -> None:
        made = adopted(ad_set, mara)
        client.force_login(ben)
        assert 'id="op-' not in client.get(at("asset", team, made.pk)).content.decode()
        sent = {"operation": "outpaint", "token": "ben-12345"}
        assert client.post(at("asset_run", team, made.pk), sent, **JSON).status_code == 403


class TestLive:
    def test_is_quiet_until_something_changes(
        self, as_mara: Client, ad_set: AdSet, team: Team, mara: User
    ) -> None:
        made = adopted(ad_set, mara)
        address = at("asset_live", team, made.pk)
        version = as_mara.get(address).headers["X-Version"]
        quiet = as_mara.get(address, headers={"X-Version": version})
        assert (quiet.status_code, quiet.headers["X-Running"]) == (204, "0")
        runs.start(asset=made, operation="adopt", by=mara, token="again")
        loud = as_mara.get(address, headers={"X-Version": version})
        assert (loud.status_code, loud.headers["X-Running"]) == (200, "1")
        assert "is queued" in loud.content.decode()


class TestRun:
    def test_says_the_price_before_the_click(
        self, as_mara: Client, ad_set: AdSet, team: Team, mara: User
    ) -> None:
        made = adopted(ad_set, mara)
        sent = {"operation": "outpaint", "ratio": "4:5", "count": 3}
        quote = as_mara.get(at("asset_run", team, made.pk), sent, **JSON).json()
        assert (quote["model_label"], quote["count"]) == ("Local expand", 3)
        assert (quote["expected_micros"], quote["must_ask"]) == (0, "")
        assert not made.runs.filter(operation="outpaint").exists()

    def test_starts_once_for_a_double_click(
        self, as_mara: Client, ad_set: AdSet, team: Team, mara: User
    ) -> None:
        made = adopted(ad_set, mara)
        sent = {"operation": "outpaint", "ratio": "1:1", "token": "one-click"}
        first = as_mara.post(at("asset_run", team, made.pk), sent)
        assert first.url == at("asset", team, made.pk)
        as_mara.post(at("asset_run", team, made.pk), sent)
        run = made.runs.get(operation="outpaint")
        assert (run.params["width"], run.params["height"]) == (1080, 1080)

    def test_a_second_start_is_told_that_work_goes_on(
        self, as_mara: Client, ad_set: AdSet, team: Team, mara: User
    ) -> None:
        made = adopted(ad_set, mara)
        as_mara.post(at("asset_run", team, made.pk), {"operation": "outpaint"})
        answer = as_mara.post(at("asset_run", team, made.pk), {"operation": "upscale"}, **JSON)
        assert answer.status_code == 409
        assert "no money was spent" in answer.json()["error"]

    def test_waits_for_a_manager_above_the_ceiling(
        self, as_mara: Client, ad_set: AdSet, team: Team, mara: User
    ) -> None:
        made = adopted(ad_set, mara)
        ad_set.campaign.ceiling = Ceiling.NONE
        ad_set.campaign.save(update_fields=["ceiling"])
        text = as_mara.get(at("asset", team, made.pk)).content.decode()
        assert "This asks a manager first: low tier, $0.00 of $0.00 left this month." in text
        assert "This campaign asks before every run. Nothing is spent until then." in text
        told = as_mara.post(at("asset_run", team, made.pk), {"operation": "outpaint"}, **JSON)
        assert "A manager has to approve" in told.json()["text"]
        assert made.runs.get(operation="outpaint").state == RunState.WAITING_APPROVAL
        assert set(BudgetLine.objects.values_list("reserved_micros", flat=True)) == {0}
        assert "Waits for a manager" in as_mara.get(at("asset", team, made.pk)).content.decode()

    @pytest.mark.parametrize(
        ("sent", "field"),
        [
            ({"operation": "paint_me"}, "operation"),
            ({"operation": "outpaint", "count": "99"}, "count"),
            ({"operation": "outpaint", "ratio": "7:3"}, "ratio"),
            ({"operation": "upscale", "factor": "9"}, "factor"),
            ({"operation": "face_enhance", "strength": "much"}, "strength"),
            ({"operation": "image_to_video", "seconds": "400"}, "seconds"),
            ({"operation": "object_erase"}, "mask"),
        ],
    )
    def test_names_the_field_that_cannot_be_used(
        self,
        as_mara: Client,
        ad_set: AdSet,
        team: Team,
        mara: User,
        sent: dict[str, str],
        field: str,
    ) -> None:
        made = adopted(ad_set, mara)
        answer = as_mara.post(at("asset_run", team, made.pk), sent, **JSON)
        assert answer.status_code == 422
        assert answer.json()["field"] == field
        assert made.runs.count() == 1


class TestMask:
    def test_a_painted_mask_of_the_pictures_size_is_stored_with_the_run(
        self, as_mara: Client, ad_set: AdSet, team: Team, mara: User
    ) -> None:
        made = adopted(ad_set, mara)
        sent = {"operation": "object_erase", "mask": painted((600, 400), (10, 20, 59, 79))}
        assert as_mara.post(at("asset_run", team, made.pk), sent, **JSON).status_code == 200
        mask = made.runs.get(operation="object_erase").mask
        assert mask is not None
        assert (mask.origin, mask.width, mask.height) == (Media.Origin.MASK, 600, 400)
        with mask.file.open("rb") as stored, Image.open(stored) as picture:
            assert picture.convert("L").histogram()[255] == 50 * 60

    def test_a_rectangle_by_numbers_does_the_same_without_a_pointer(
        self, as_mara: Client, ad_set: AdSet, team: Team, mara: User
    ) -> None:
        made = adopted(ad_set, mara)
        sent = {"operation": "object_erase", "left": 0, "top": 0, "width": 40, "height": 30}
        as_mara.post(at("asset_run", team, made.pk), sent)
        mask = made.runs.get(operation="object_erase").mask
        assert mask is not None
        with mask.file.open("rb") as stored, Image.open(stored) as picture:
            assert picture.convert("L").getbbox() == (0, 0, 40, 30)

    @pytest.mark.parametrize(
        ("mask", "words"),
        [
            (painted((600, 400), None), "Nothing is painted"),
            (painted((300, 200), (1, 1, 50, 50)), "300 by 200"),
            (painted((600, 400), (0, 0, 599, 399)), "Nearly everything"),
            (SimpleUploadedFile("mask.png", b"<html>", "image/png"), "not a PNG"),
        ],
    )
    def test_a_mask_that_cannot_be_used_is_refused_in_words(
        self,
        as_mara: Client,
        ad_set: AdSet,
        team: Team,
        mara: User,
        mask: SimpleUploadedFile,
        words: str,
    ) -> None:
        made = adopted(ad_set, mara)
        mask.seek(0)
        sent = {"operation": "object_erase", "mask": mask}
        answer = as_mara.post(at("asset_run", team, made.pk), sent, **JSON)
        assert answer.status_code == 422
        assert words in answer.json()["error"]
        assert not Media.objects.filter(origin=Media.Origin.MASK).exists()


class TestMark:
    def test_the_subject_may_be_marked_and_goes_to_a_model_that_keeps_to_it(
        self, as_mara: Client, ad_set: AdSet, team: Team, mara: User
    ) -> None:
        made = adopted(ad_set, mara)
        sent = {"operation": "background_remove", "mask": painted((600, 400), (10, 20, 59, 79))}
        assert as_mara.post(at("asset_run", team, made.pk), sent, **JSON).status_code == 200
        run = made.runs.get(operation="background_remove")
        assert run.mask is not None
        assert run.params["is_marked"]
        factories.drain()
        alpha_of = made.runs.get(pk=run.pk).candidates.get()
        assert alpha_of.note["is_marked"]

    def test_nothing_has_to_be_marked(
        self, as_mara: Client, ad_set: AdSet, team: Team, mara: User
    ) -> None:
        made = adopted(ad_set, mara)
        sent = {"operation": "background_remove"}
        assert as_mara.post(at("asset_run", team, made.pk), sent, **JSON).status_code == 200
        run = made.runs.get(operation="background_remove")
        assert run.mask is None
        assert "is_marked" not in run.params

    def test_the_editor_stands_in_the_form(
        self, as_mara: Client, ad_set: AdSet, team: Team, mara: User
    ) -> None:
        made = adopted(ad_set, mara)
        page = as_mara.get(at("asset", team, made.pk)).content.decode()
        for operation in ("object_erase", "background_remove", "background_replace"):
            assert f'id="mask-file-{operation}"' in page


class TestGoingOn:
    def test_skip_sends_it_to_the_next_stage(
        self, as_mara: Client, ad_set: AdSet, team: Team, mara: User
    ) -> None:
        made = adopted(ad_set, mara)
        as_mara.post(at("asset_skip", team, made.pk))
        made.refresh_from_db()
        assert (made.stage, made.todo) == ("qa", [])

    def test_skip_is_refused_while_a_batch_waits(
        self, as_mara: Client, ad_set: AdSet, team: Team, mara: User
    ) -> None:
        made = adopted(ad_set, mara)
        run = runs.start(asset=made, operation="adopt", by=mara, token="again")
        factories.drain()
        answer = as_mara.post(at("asset_skip", team, made.pk))
        assert answer.url == at("review_batch", team, run.pk)

    def test_archive_takes_it_off_the_board(
        self, as_mara: Client, ad_set: AdSet, team: Team, mara: User
    ) -> None:
        made = adopted(ad_set, mara)
        as_mara.post(at("asset_archive", team, made.pk))
        made.refresh_from_db()
        assert made.archived_at is not None
        text = as_mara.get(at("asset", team, made.pk)).content.decode()
        assert "Everything of it is kept" in text
        assert 'id="op-' not in text

    def test_cancel_stops_what_runs_and_only_that(
        self, as_mara: Client, ad_set: AdSet, team: Team, mara: User
    ) -> None:
        made = adopted(ad_set, mara)
        run = runs.start(asset=made, operation="adopt", by=mara, token="again")
        as_mara.post(at("run_cancel", team, run.pk))
        run.refresh_from_db()
        assert run.state == RunState.CANCELLED
        assert as_mara.post(at("run_cancel", team, run.pk), **JSON).status_code == 409

    def test_a_check_that_was_taken_back_can_be_started_again(
        self, as_mara: Client, ad_set: AdSet, team: Team, mara: User
    ) -> None:
        made = adopted(ad_set, mara, met=ALL)
        check = factories.open_run(made)
        as_mara.post(at("run_cancel", team, check.pk))
        text = as_mara.get(at("asset", team, made.pk)).content.decode()
        assert "Crop and check for all platforms" in text
        as_mara.post(at("asset_run", team, made.pk), {"operation": "check"})
        assert made.runs.filter(operation="check", state=RunState.QUEUED).count() == 1
