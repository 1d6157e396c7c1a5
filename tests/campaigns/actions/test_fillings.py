"""Whole pictures in another frame, focus points, and what a finished file was made of."""

from __future__ import annotations

import csv
import io
import zipfile
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from django.contrib.auth.models import User
from PIL import Image

from campaigns import jobs
from campaigns.actions import cutting, exports, marks, platform_files
from campaigns.models import AdSet, Asset, Campaign, Candidate, Event, Export, PlatformFile
from campaigns.permissions import NotAllowed
from campaigns.queries import crop_editor, fillings, freshness, qa
from campaigns.transitions import NotNow
from imaging.geometry import Box
from tests import factories
from tests.campaigns import ready

pytestmark = pytest.mark.django_db
BROWN, BROWN_RGB = "#7b3f1d", (123, 63, 29)


def begin_module(ad_set: AdSet, *, by: User) -> Asset:
    """A wide photo for two upright platforms."""
    return ready.in_qa(ad_set, by=by, path=ready.CHINA, platforms=("tiktok", "reels"))


@pytest.fixture
def asset(begun: Asset) -> Asset:
    return ready.fresh(begun)


def row_of(asset: Asset, platform: str = "tiktok") -> PlatformFile:
    return next(r for r in platform_files.of_asset(asset) if r.platform == platform)


def fill(asset: Asset, way: str, by: User, **also: Any) -> None:
    color = {"color": BROWN} if way in {"brand", "above", "below"} else {}
    platform_files.move_crop(
        row=row_of(asset), box=[], by=by, fit=True, filling={"way": way, **color}, **also
    )
    factories.drain()


def newer(asset: Asset) -> Candidate:
    """Another version of the same picture, as an edit makes it."""
    old = asset.current
    assert old is not None
    made = Candidate.objects.get(pk=old.pk)
    made.pk = None
    made.position = old.position + 40
    made.save()
    Asset.objects.filter(pk=asset.pk).update(current=made, keyframe=made)
    run = qa.run_of(asset)
    assert run is not None
    platform_files.prepare(run=run)
    return made


class TestGoneWords:
    def test_a_band_without_words_is_a_colored_ground_and_says_so(
        self, asset: Asset, mara: User
    ) -> None:
        fill(asset, "above", mara)
        assert fillings.method(row_of(asset)) == "stack_headline_above"
        Asset.objects.filter(pk=asset.pk).update(headline="  ")
        asset.refresh_from_db()
        row = row_of(asset)
        assert fillings.of_file(row).way == "brand"
        assert fillings.method(row) == "whole_brand"


class TestFillings:
    def test_a_brand_ground_is_made_kept_for_later_versions_and_named_in_the_manifest(
        self, asset: Asset, mara: User, ben: User
    ) -> None:
        fill(asset, "brand", mara, everywhere=True)
        row = row_of(asset)
        with Image.open(row.media.file.path) as picture:
            assert picture.size == (720, 1280)
            corner = picture.getpixel((4, 4))
        assert all(abs(a - b) <= 3 for a, b in zip(corner, BROWN_RGB, strict=True))
        assert row.crop_findings[0]["text"].startswith("The whole picture on the brand's color")

        done = ready.approve(asset, by=mara)
        made = exports.request(
            team=done.team, assets=[done], platforms=("tiktok", "reels"), token="one", by=ben
        )
        jobs.build_export(made.pk)
        with zipfile.ZipFile(Export.objects.get(pk=made.pk).file.path) as package:
            text = package.read("manifest.csv").decode("utf-8-sig")
        assert {row["crop_method"] for row in csv.DictReader(io.StringIO(text))} == {"whole_brand"}

        later = PlatformFile.objects.get(source=newer(asset), platform="tiktok")
        assert later.filling == {"way": "brand", "color": BROWN}
        assert later.is_manual

    @pytest.mark.parametrize(("way", "method"), list(fillings.METHODS.items()))
    def test_every_way_has_its_name(self, way: str, method: str) -> None:
        assert method.startswith("stack_" if way in {"above", "below"} else "whole_")

    def test_a_band_holds_the_headline_and_the_checks_see_it(
        self, asset: Asset, mara: User
    ) -> None:
        fill(asset, "above", mara)
        row = row_of(asset)
        assert fillings.method(row) == "stack_headline_above"
        zone = next(found for found in row.findings if found["key"] == "safe_zone")
        assert zone["verdict"] == "pass", zone
        assert fillings.method(row_of(asset, "reels")) == "smart"

    def test_a_clip_stands_on_one_ground_from_first_to_last_frame(self, tmp_path: Path) -> None:
        source, target = tmp_path / "wide.mp4", tmp_path / "file.mp4"
        with av.open(str(source), "w") as container:
            stream = container.add_stream("libx264", rate=10)
            stream.width, stream.height, stream.pix_fmt = 320, 180, "yuv420p"
            for shade in range(60, 120, 6):
                picture = np.full((180, 320, 3), shade, np.uint8)
                container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, "rgb24")))
            container.mux(stream.encode(None))
        row = PlatformFile(
            asset=Asset(headline="Slow mornings", locale="en-US"), platform="reels", kind="clip",
            filling={"way": "below", "color": BROWN},
        )  # fmt: skip
        spec = qa.spec_of("reels", "clip")
        cutting._write_clip(row, source, target, Box.whole(320, 180), spec)
        with av.open(str(target)) as made:
            frames = [frame.to_ndarray(format="rgb24") for frame in made.decode(video=0)]
        for frame in (frames[0], frames[-1]):
            assert frame.shape == (1920, 1080, 3)
            assert np.abs(frame[20, 20].astype(int) - BROWN_RGB).max() <= 8
            assert (frame.min(axis=2) > 230).sum() > 2_000  # the headline, in white

    def test_a_reset_forgets_the_way(self, asset: Asset, mara: User) -> None:
        fill(asset, "blur", mara)
        assert crop_editor.editor(row=row_of(asset), least_width=64).way == "blur"
        platform_files.move_crop(row=row_of(asset), box=[], by=mara)
        row = row_of(asset)
        assert (row.filling, row.is_manual) == ({}, False)


class TestFocus:
    def test_holds_for_every_size_and_later_version_until_it_is_reset(
        self, asset: Asset, mara: User
    ) -> None:
        before = row_of(asset).box
        platform_files.move_crop(row=row_of(asset), box=[], by=mara, focus=(0.8, 0.6))
        factories.drain()
        for row in platform_files.of_asset(asset):
            left, _, right, _ = row.box
            at = 0.8 * row.source.media.width
            assert abs((left + right) / 2 - at) < 0.06 * row.source.media.width
            assert row.box != before
            assert fillings.method(row) == "focus"
        later = newer(asset)
        assert {tuple(r.focus) for r in later.platform_files.all()} == {(0.8, 0.6)}
        row = later.platform_files.get(platform="reels")
        platform_files.move_crop(row=row, box=[], by=mara)
        row.refresh_from_db()
        assert row.focus == []


class TestMarks:
    LOGO = (0.62, 0.30, 0.90, 0.44)

    def mark(self, asset: Asset, by: User, *boxes: tuple[float, ...]) -> None:
        row = row_of(asset)
        marks.mark(row=row, marks=boxes, seen=str(row.revision), by=by)
        factories.drain()

    def test_a_marked_logo_is_whole_or_out_on_every_platform_and_later(
        self, asset: Asset, mara: User
    ) -> None:
        self.mark(asset, mara, self.LOGO)
        for row in platform_files.of_asset(asset):
            master = row.source.media
            left, top, right, bottom = self.LOGO
            logo = Box.from_list(
                [left * master.width, top * master.height,
                 right * master.width, bottom * master.height]
            )  # fmt: skip
            share = logo.share_inside(Box.from_list(row.box))
            assert share < 0.03 or share > 0.97
            assert freshness.changes(row) == []
        assert [r.marks for r in newer(asset).platform_files.all()] == [[list(self.LOGO)]] * 2
        editor = crop_editor.editor(row=row_of(asset), least_width=64)
        assert "logo" in {thing["kind"] for thing in editor.things}

    def test_is_taken_back_and_refused_to_a_buyer_and_for_an_old_page(
        self, asset: Asset, mara: User, ben: User
    ) -> None:
        self.mark(asset, mara, self.LOGO)
        row = row_of(asset)
        with pytest.raises(NotAllowed):
            marks.mark(row=row, marks=[], seen=str(row.revision), by=ben)
        with pytest.raises(NotNow, match="meanwhile"):
            marks.mark(row=row, marks=[], seen="0", by=mara)
        marks.mark(row=row, marks=[], seen=str(row.revision), by=mara)
        assert row_of(asset).marks == []
        assert Event.objects.filter(verb="crop.mark", subject_id=row.pk).count() == 2


class TestFreshness:
    def test_a_finished_file_stands_for_what_it_was_made_of(self, asset: Asset) -> None:
        assert [freshness.changes(row) for row in platform_files.of_asset(asset)] == [[], []]

    @pytest.mark.parametrize("name", ["master", "crop", "label", "texts"])
    def test_what_changed_since_is_said_and_keeps_the_gate_shut(
        self, asset: Asset, mara: User, name: str
    ) -> None:
        row = row_of(asset)
        if name == "crop":
            PlatformFile.objects.filter(pk=row.pk).update(wanted_box=[0, 0, 90, 160])
        elif name == "texts":
            Asset.objects.filter(pk=asset.pk).update(headline="Another one")
        elif name == "label":
            type(row.media).objects.filter(pk=row.source.media_id).update(ai_status="ai_modified")
        else:
            type(row.media).objects.filter(pk=row.source.media_id).update(sha256="0" * 64)
        fresh = ready.fresh(asset)
        assert freshness.changes(row_of(fresh)) == [freshness.WORDS[name]]
        card = qa.file_card(row_of(fresh), {}, {})
        assert card.outdated == (freshness.WORDS[name],)
        with pytest.raises(NotNow, match="Make it again"):
            ready.approve(fresh, by=mara)

    def test_other_limits_are_said_but_stop_nobody(self, asset: Asset) -> None:
        row = row_of(asset)
        assert freshness.outdated(row, {"tiktok": 5}) == [freshness.LIMITS]
        assert freshness.changes(row) == []

    def test_a_brand_is_part_of_what_goes_out_only_where_it_is_named(
        self, ad_set: AdSet, mara: User
    ) -> None:
        asset = ready.in_qa(ad_set, by=mara, platforms=("reels", "shorts"))
        Campaign.objects.filter(pk=asset.campaign_id).update(brand="Another brand")
        reels, shorts = platform_files.of_asset(ready.fresh(asset))
        assert freshness.changes(reels) == []
        assert freshness.changes(shorts) == [freshness.WORDS["texts"]]

    def test_texts_of_an_earlier_version_are_compared_as_it_kept_them(self, asset: Asset) -> None:
        row = row_of(asset)
        row.made_of["texts"] = [row.asset.headline, row.asset.subline]
        assert freshness.changes(row) == []
        row.asset.subline = "Another one"
        assert freshness.changes(row) == [freshness.WORDS["texts"]]

    def test_a_file_of_an_earlier_version_is_known_by_its_label_only(self, asset: Asset) -> None:
        row = row_of(asset)
        row.made_of = {}
        assert freshness.changes(row) == []
        row.source.media.ai_status = "ai_generated"
        assert freshness.changes(row) == [freshness.WORDS["label"]]
