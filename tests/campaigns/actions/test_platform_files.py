"""Cutting one master for the platforms, moving crops, and what approval is bound to."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.contrib.auth.models import User
from PIL import Image

from campaigns import jobs
from campaigns.actions import curation, cutting, platform_files, qa_gate, spec_versions
from campaigns.actions.curation import BelowGate
from campaigns.models import AdSet, Asset, Campaign, Candidate, Event, Gate, Media, PlatformFile
from campaigns.permissions import NotAllowed
from campaigns.queries import qa
from campaigns.queries import spec_versions as spec_reads
from campaigns.transitions import NotNow
from imaging import credentials, encode, probe
from imaging.credentials import Identity
from imaging.geometry import Box
from imaging.provenance import VOCABULARY, source_type_of
from tests import certificates, factories
from tests.campaigns import ready

pytestmark = pytest.mark.django_db


def begin_module(ad_set: AdSet, *, by: User) -> Asset:
    return ready.in_qa(ad_set, by=by)


@pytest.fixture(autouse=True)
def limits_are_read_anew() -> Iterator[None]:
    """A key of limits in force may have been another test's."""
    spec_reads.parsed.cache_clear()
    yield
    spec_reads.parsed.cache_clear()


@pytest.fixture
def asset(begun: Asset) -> Asset:
    return ready.fresh(begun)


def tiktok(asset: Asset) -> PlatformFile:
    return next(r for r in platform_files.of_asset(asset) if r.platform == "tiktok")


def in_force(
    asset: Asset, platform: str, change: Callable[[dict[str, Any]], None], *, by: User
) -> None:
    """Put limits in force for the platform that `change` made of the shipped ones."""
    by.is_staff = True
    by.save(update_fields=["is_staff"])
    draft = spec_versions.copy(team=asset.team, platform=platform, source=None, by=by)
    for spec in draft.data["specs"]:
        change(spec)
    text = json.dumps(draft.data)
    spec_versions.save(team=asset.team, row=draft, text=text, note="", by=by)
    spec_versions.put_in_force(team=asset.team, row=draft, by=by)


def with_a_chain(media: Media, identity: Identity, folder: Path) -> None:
    """Seal a master's file many times over, each time as made from the one before."""
    master = Path(media.file.path)
    parent: tuple[Path, str] | None = None
    for at in range(4):
        link = folder / f"link-{at}{master.suffix}"
        shutil.copyfile(master, link)
        credentials.add(
            link, media.content_type, identity, title="", actions=[credentials.Action("edited")],
            source_type=f"{VOCABULARY}digitalCreation", parent=parent,
        )  # fmt: skip
        parent = (link, media.content_type)
    shutil.copyfile(link, master)


class TestMake:
    def test_every_platform_gets_a_file_of_its_own_size_that_measures_as_the_spec_says(
        self, asset: Asset
    ) -> None:
        rows = platform_files.of_asset(asset)
        assert [row.platform for row in rows] == ["tiktok", "reels", "shorts"]
        for row in rows:
            spec = qa.spec_of(row.platform, row.kind)
            with Image.open(row.media.file.path) as picture:
                assert picture.format == "JPEG"
                assert picture.size == qa.size_of(spec)
                assert not picture.getexif()
            assert row.media.size_bytes <= (spec.max_bytes() or 10**9)
            assert row.verdict in {"pass", "warn"}
            assert {"aspect_ratio", "file_size"} <= {found["key"] for found in row.findings}
            assert row.crop_findings

    def test_words_are_checked_under_the_names_they_go_out_with(
        self, ad_set: AdSet, mara: User
    ) -> None:
        Campaign.objects.filter(pk=ad_set.campaign_id).update(brand="b" * 80)
        ad_set.refresh_from_db()
        made = ready.in_qa(ad_set, by=mara, headline="Sale #today", subline="s" * 91)
        failing = {
            row.platform: [found["key"] for found in row.findings if found["verdict"] == "fail"]
            for row in platform_files.of_asset(made)
        }
        assert failing == {
            "tiktok": [],
            "reels": [],
            "shorts": ["text.description", "text.business_name"],
        }

    def test_a_second_run_of_the_same_job_changes_nothing(self, asset: Asset) -> None:
        row = tiktok(asset)
        jobs.make_file(row.pk)
        assert PlatformFile.objects.get(pk=row.pk).media_id == row.media_id

    def test_the_same_crop_gives_the_same_bytes(self, asset: Asset, mara: User) -> None:
        row = tiktok(asset)
        before = row.media
        platform_files.move_crop(row=row, box=row.box, by=mara)
        factories.drain()
        after = tiktok(asset).media
        assert after.pk != before.pk
        assert after.sha256 == before.sha256

    def test_a_worker_that_dies_every_time_leaves_words(self, asset: Asset) -> None:
        row = tiktok(asset)
        PlatformFile.objects.filter(pk=row.pk).update(due_at=asset.created_at, tries=9)
        jobs.make_file(row.pk)
        row.refresh_from_db()
        assert row.due_at is None
        assert row.verdict == "fail"
        assert "Move the crop" in row.error

    def test_a_file_says_how_it_was_made(self, ad_set: AdSet, mara: User) -> None:
        asset = ready.in_qa(ad_set, by=mara)
        media = asset.current.media
        type(media).objects.filter(pk=media.pk).update(ai_status="ai_modified")
        row = tiktok(asset)
        platform_files.move_crop(row=row, box=row.box, by=mara)
        factories.drain()
        fresh = tiktok(asset)
        assert fresh.media.ai_status == "ai_modified"
        with Image.open(fresh.media.file.path) as picture:
            packet = picture.info["xmp"]
        assert str(source_type_of(packet)) == "compositeWithTrainedAlgorithmicMedia"


class TestAskedFor:
    """What the limits in force say of the file itself."""

    @pytest.mark.parametrize("kind", ["png", "webp"])
    def test_stills_are_written_and_signed_as_the_limits_ask(
        self, asset: Asset, mara: User, ada: User, settings: Any, kind: str
    ) -> None:
        chain, key = certificates.made()
        settings.C2PA_CERT, settings.C2PA_KEY = chain.decode(), key.decode()
        settings.C2PA_PLATFORMS = ["tiktok"]
        ceiling = {"value": 5_000_000}

        def change(spec: dict[str, Any]) -> None:
            if spec["media"] == "clip" or spec["export"] is None:
                return
            spec["export"] = {**spec["export"], "container": kind}
            for limit in spec["limits"]:
                if limit["key"] == "file_size":
                    limit |= ceiling
                if limit["key"] == "file_type":
                    limit["value"] = [kind]

        in_force(asset, "tiktok", change, by=ada)
        row = tiktok(asset)
        platform_files.move_crop(row=row, box=row.box, by=mara)
        factories.drain()
        made = tiktok(asset)
        assert made.error == ""
        path = Path(made.media.file.path)
        assert (path.suffix, made.media.content_type) == (f".{kind}", f"image/{kind}")
        with Image.open(path) as picture:
            assert (picture.format or "").lower() == kind
            assert picture.size == (row.media.width, row.media.height)
        assert made.label["c2pa"] == "signed"
        assert credentials.state_of(path, f"image/{kind}") is credentials.Seal.UNTRUSTED
        (found,) = [one for one in made.findings if one["key"] == "file_type"]
        assert found["verdict"] == "pass"

        def tighten(spec: dict[str, Any]) -> None:
            ceiling["value"] = 60_000
            change(spec)

        in_force(asset, "tiktok", tighten, by=ada)
        platform_files.move_crop(row=tiktok(asset), box=row.box, by=mara)
        factories.drain()
        made = tiktok(asset)
        if kind == "png":
            assert "As PNG the picture is larger" in made.error
        else:
            assert made.error == ""
            assert made.media.size_bytes <= 60_000

    def test_clips_have_the_rate_that_the_limits_ask_for(self, tmp_path: Path) -> None:
        source = tmp_path / "source.mp4"
        noise = np.random.default_rng(1).integers(0, 255, (30, 640, 360, 3), dtype=np.uint8)
        encode.write_clip(list(noise), source, 30, 360, 640)
        spec = qa.spec_of("reels", "clip")
        assert spec.export is not None
        row = PlatformFile(asset=Asset(), platform="reels", kind="clip")
        for kbps, low, high in ((3000, 2400, 3700), (0, 6800, 9800)):
            asked = replace(spec, export=replace(spec.export, video_kbps=kbps))
            cutting._write_clip(row, source, tmp_path / "f.mp4", Box.whole(360, 640), asked)
            assert low <= probe.probe_clip(tmp_path / "f.mp4").video_kbps <= high

    @pytest.mark.parametrize(("fps", "kbps"), [(30, 1_000), (60, 2_000)])
    def test_fast_clips_have_the_rate_of_their_own(
        self, tmp_path: Path, fps: int, kbps: int
    ) -> None:
        source = tmp_path / "source.mp4"
        plain = np.full((160, 90, 3), 120, dtype=np.uint8)
        encode.write_clip([plain] * fps, source, fps, 90, 160)
        spec = qa.spec_of("shorts", "clip")
        assert spec.export is not None
        row = PlatformFile(asset=Asset(), platform="shorts", kind="clip")
        export = replace(spec.export, video_kbps=1_000, fast_video_kbps=2_000)
        cutting._write_clip(
            row, source, tmp_path / "f.mp4", Box.whole(90, 160), replace(spec, export=export)
        )
        written = probe.probe_clip(tmp_path / "f.mp4")
        assert written.fps == pytest.approx(fps)
        assert written.video_kbps == pytest.approx(kbps, rel=0.25)


class TestSigned:
    def test_files_are_signed_where_it_is_switched_on_and_say_so(
        self, ad_set: AdSet, mara: User, settings: Any
    ) -> None:
        chain, key = certificates.made()
        settings.C2PA_CERT, settings.C2PA_KEY = chain.decode(), key.decode()
        settings.C2PA_PLATFORMS = ["tiktok", "reels-clip", "shorts"]
        rows = platform_files.of_asset(ready.in_qa(ad_set, by=mara))
        states = {row.platform: row.label["c2pa"] for row in rows}
        assert states == {"tiktok": "signed", "reels": "off", "shorts": "signed"}
        for row in rows:
            found = credentials.state_of(Path(row.media.file.path), "image/jpeg")
            assert found == ("none" if row.platform == "reels" else "untrusted")
            spec = qa.spec_of(row.platform, row.kind)
            assert row.media.size_bytes <= (spec.max_bytes() or 10**9)

    def test_a_sealed_file_stays_under_the_ceiling_with_its_master_s_whole_chain(
        self, asset: Asset, mara: User, ada: User, settings: Any, tmp_path: Path
    ) -> None:
        chain, key = certificates.made()
        settings.C2PA_CERT, settings.C2PA_KEY = chain.decode(), key.decode()
        settings.C2PA_PLATFORMS = ["tiktok"]
        row = tiktok(asset)
        with_a_chain(row.source.media, Identity(chain, key), tmp_path)
        ceiling = round(0.9 * row.media.size_bytes)

        def lower(spec: dict[str, Any]) -> None:
            for limit in spec["limits"]:
                if limit["key"] == "file_size":
                    limit["value"] = ceiling

        in_force(asset, "tiktok", lower, by=ada)
        platform_files.move_crop(row=row, box=row.box, by=mara)
        factories.drain()
        made = tiktok(asset)
        assert (made.error, made.label["c2pa"]) == ("", "signed")
        path = Path(made.media.file.path)
        assert credentials.state_of(path, "image/jpeg") is credentials.Seal.UNTRUSTED
        assert 0.75 * ceiling < made.media.size_bytes <= ceiling
        verdicts = {one["verdict"] for one in made.findings if one["key"] == "file_size"}
        assert verdicts == {"pass"}

    def test_a_certificate_that_cannot_sign_is_a_warning_that_says_why(
        self, asset: Asset, mara: User, settings: Any
    ) -> None:
        settings.C2PA_CERT, settings.C2PA_KEY = "no certificate", "no key"
        row = tiktok(asset)
        platform_files.move_crop(row=row, box=[], by=mara)
        jobs.make_file(row.pk)
        row = tiktok(asset)
        (found,) = [one for one in row.findings if one["key"] == "seal"]
        assert (row.verdict, row.label["c2pa"]) == ("warn", "failed")
        assert "An admin corrects C2PA_CERT" in found["remedy"]


class TestMoveCrop:
    def test_the_file_is_cut_again_where_the_person_put_it(self, asset: Asset, mara: User) -> None:
        row = tiktok(asset)
        high = row.box[3] - row.box[1]
        platform_files.move_crop(row=row, box=[0, 0, round(high * 9 / 16), high], by=mara)
        assert tiktok(asset).due_at is not None
        factories.drain()
        moved = tiktok(asset)
        assert moved.box == [0, 0, round(high * 9 / 16), high]
        assert moved.is_manual
        assert moved.media_id != row.media_id
        assert Event.objects.filter(verb="crop.move", subject_id=row.pk, by=mara).count() == 1

    def test_everywhere_moves_all_platforms(self, asset: Asset, mara: User) -> None:
        row = tiktok(asset)
        ids = platform_files.move_crop(row=row, box=[10, 10, 190, 330], by=mara, everywhere=True)
        factories.drain()
        assert len(ids) == 3
        assert {tuple(r.box) for r in platform_files.of_asset(asset)} == {(10, 10, 190, 330)}

    def test_the_whole_picture_on_extended_ground_is_a_file_of_the_same_size(
        self, asset: Asset, mara: User
    ) -> None:
        row = tiktok(asset)
        media = row.source.media
        wide = abs(media.width / media.height - 9 / 16) > 0.02
        platform_files.move_crop(row=row, box=[], by=mara, fit=True)
        factories.drain()
        fitted = tiktok(asset)
        assert wide
        assert fitted.box == [0, 0, media.width, media.height]
        assert fitted.crop_findings[0]["code"] == "fitted"
        with Image.open(fitted.media.file.path) as picture:
            assert picture.size == qa.size_of(qa.spec_of("tiktok", "still"))

    def test_an_edited_version_keeps_the_crop_of_a_person(self, asset: Asset, mara: User) -> None:
        row = tiktok(asset)
        platform_files.move_crop(row=row, box=[10, 10, 190, 330], by=mara)
        old = asset.current
        newer = Candidate.objects.get(pk=old.pk)
        newer.pk = None
        newer.position = old.position + 40
        newer.save()
        Asset.objects.filter(pk=asset.pk).update(current=newer, keyframe=newer)
        run = qa.run_of(asset)
        assert run is not None
        platform_files.prepare(run=run)
        kept = PlatformFile.objects.get(source=newer, platform="tiktok")
        assert kept.wanted_box == [10, 10, 190, 330]
        assert kept.is_manual
        assert not PlatformFile.objects.get(source=newer, platform="reels").is_manual

    def test_an_empty_box_goes_back_to_the_automatic_crop(self, asset: Asset, mara: User) -> None:
        automatic = tiktok(asset).box
        platform_files.move_crop(row=tiktok(asset), box=[0, 0, 90, 160], by=mara)
        factories.drain()
        platform_files.move_crop(row=tiktok(asset), box=[], by=mara)
        factories.drain()
        assert tiktok(asset).box == automatic
        assert not tiktok(asset).is_manual

    @pytest.mark.parametrize(
        "box", [[0, 0, 10, 17], [5, 5, 5, 5], [9, 9, 0, 0], ["x", 0, 1, 2], [0, 0, 1e400, 5], [1]]
    )
    def test_a_box_that_cannot_be_used_changes_nothing(
        self, asset: Asset, mara: User, box: list[object]
    ) -> None:
        row = tiktok(asset)
        with pytest.raises(platform_files.BadBox, match="at least 64 pixels"):
            platform_files.move_crop(row=row, box=box, by=mara)
        assert tiktok(asset).due_at is None

    def test_a_box_outside_is_moved_inside(self, asset: Asset, mara: User) -> None:
        row = tiktok(asset)
        media = row.source.media
        far = [media.width - 90, media.height - 100, media.width + 90, media.height + 220]
        platform_files.move_crop(row=row, box=far, by=mara)
        left, top, right, bottom = tiktok(asset).wanted_box
        assert (right, bottom) == (media.width, media.height)
        assert (right - left, bottom - top) == (180, 320)

    def test_of_two_people_the_second_is_told(self, asset: Asset, mara: User, cleo: User) -> None:
        row = tiktok(asset)
        seen = str(row.revision)
        platform_files.move_crop(row=row, box=[0, 0, 90, 160], by=mara, seen=seen)
        with pytest.raises(NotNow, match="Somebody moved this crop"):
            platform_files.move_crop(row=row, box=[50, 0, 140, 160], by=cleo, seen=seen)
        assert tiktok(asset).wanted_box == [0, 0, 90, 160]

    def test_a_crop_moved_while_it_is_cut_is_cut_again(
        self, asset: Asset, mara: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        row = tiktok(asset)
        platform_files.move_crop(row=row, box=[0, 0, 90, 160], by=mara)
        real = cutting.cut
        moved: list[int] = []

        def cut_and_be_overtaken(*, row: PlatformFile, folder: Path) -> cutting.Cut:
            result = real(row=row, folder=folder)
            if not moved:
                moved.append(1)
                platform_files.move_crop(row=row, box=[40, 0, 130, 160], by=mara)
            return result

        monkeypatch.setattr(cutting, "cut", cut_and_be_overtaken)
        jobs.make_file(row.pk)
        assert tiktok(asset).due_at is not None
        factories.drain()
        assert tiktok(asset).box == [40, 0, 130, 160]

    def test_a_buyer_may_not(self, asset: Asset, ben: User) -> None:
        with pytest.raises(NotAllowed):
            platform_files.move_crop(row=tiktok(asset), box=[0, 0, 90, 160], by=ben)


class TestApprove:
    def test_the_gate_holds_the_hash_of_the_master_and_the_files(
        self, asset: Asset, mara: User
    ) -> None:
        done = ready.approve(asset, by=mara)
        gate = Gate.objects.get(asset=asset, stage="qa", withdrawn_at=None)
        assert done.stage == "ready"
        assert gate.sha256 == asset.current.media.sha256
        event = Event.objects.get(verb="files.approve", asset_id=asset.pk)
        assert event.after["tiktok still"] == tiktok(asset).media.sha256

    def test_moving_a_crop_reopens_the_gate(self, asset: Asset, mara: User) -> None:
        ready.approve(asset, by=mara)
        platform_files.move_crop(row=tiktok(asset), box=[0, 0, 90, 160], by=mara)
        again = ready.fresh(asset)
        assert (again.stage, again.ready_at) == ("qa", None)
        assert not Gate.objects.filter(asset=asset, stage="qa", withdrawn_at=None).exists()
        with pytest.raises(NotNow, match="still being made"):
            ready.approve(asset, by=mara)
        factories.drain()
        assert ready.approve(asset, by=mara).stage == "ready"

    def test_a_crop_moved_after_the_look_is_looked_at_again(
        self, asset: Asset, mara: User, cleo: User
    ) -> None:
        seen = qa.overview(asset=asset).seen
        platform_files.move_crop(row=tiktok(asset), box=[0, 0, 90, 160], by=cleo)
        factories.drain()
        with pytest.raises(NotNow, match="moved since you looked"):
            ready.approve(asset, by=mara, seen=seen)

    def test_a_file_that_fails_its_checks_is_named_with_the_cure(
        self, asset: Asset, mara: User
    ) -> None:
        row = tiktok(asset)
        failing = {**row.findings[0], "verdict": "fail", "remedy": "Crop it to 9:16."}
        PlatformFile.objects.filter(pk=row.pk).update(verdict="fail", findings=[failing])
        with pytest.raises(NotNow, match=r"TikTok still: .* Crop it to 9:16\."):
            ready.approve(asset, by=mara)
        assert ready.fresh(asset).stage == "qa"

    def test_too_few_ticks_name_what_is_open(self, asset: Asset, mara: User) -> None:
        seen = qa.overview(asset=asset).seen
        with pytest.raises(BelowGate, match="words are complete"):
            qa_gate.approve(asset=asset, met=["crop"], seen=seen, by=mara)

    def test_twice_is_once(self, asset: Asset, mara: User, cleo: User) -> None:
        ready.approve(asset, by=mara)
        with pytest.raises(NotNow, match="decided already by Mara"):
            ready.approve(asset, by=cleo)
        assert Gate.objects.filter(asset=asset, stage="qa").count() == 1

    def test_no_way_leads_around_the_files_checks(self, asset: Asset, mara: User) -> None:
        PlatformFile.objects.filter(pk=tiktok(asset).pk).update(verdict="fail", error="Broken.")
        run, met = factories.open_run(asset), ready.criteria("qa")
        with pytest.raises(NotNow, match="QA page"):
            curation.approve(run=run, candidate=asset.current, met=met, by=mara)
        assert ready.fresh(asset).stage == "qa"
