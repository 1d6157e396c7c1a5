"""The whole line without a browser: brief, gates, package, and what the ledger says of it."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import zipfile
from pathlib import Path

import av
import pyexiv2
import pytest
from django.contrib.auth.models import User
from PIL import Image

from campaigns.actions import curation, exports, planning
from campaigns.formats import spec_check
from campaigns.models import AdSet, Asset, Export, LedgerEntry, StageRun, Team
from campaigns.models.choices import RunState
from campaigns.queries import qa
from tests import factories
from tests.campaigns import ready

ALL = ["tiktok", "reels", "shorts"]


def pass_gate(asset: Asset, by: User) -> curation.Passed:
    """Approve the first candidate with every criterion ticked."""
    run = StageRun.objects.get(asset=asset, state=RunState.REVIEW)
    asset.refresh_from_db()
    candidate = run.candidates.order_by("position").first()
    assert candidate is not None
    met = [criterion["key"] for criterion in planning.criteria(run.stage)]
    return curation.approve(run=run, candidate=candidate, met=met, by=by)


@pytest.mark.slow
def test_a_photo_goes_down_the_line_into_a_package(
    team: Team, ad_set: AdSet, mara: User, ben: User, tmp_path: Path
) -> None:
    photo = factories.photo(team, by=mara)
    asset = factories.asset(
        ad_set, by=mara, bases=(photo,), motion="push_in", motion_profile="camera_only", count=2,
        title="=cmd|' /C calc'!A0",
    )  # fmt: skip
    factories.drain()

    first = factories.open_run(asset)
    assert (first.state, first.candidates.count()) == (RunState.REVIEW, 2)
    assert "running" in pass_gate(asset, mara).next_text
    factories.drain()

    clip_run = factories.open_run(asset)
    assert clip_run.operation == "image_to_video"
    assert clip_run.candidates.count() == 2
    pass_gate(asset, mara)
    factories.drain()

    check = factories.open_run(asset)
    assert (check.operation, check.state) == ("check", RunState.REVIEW), check.reason
    ready.approve(asset, by=mara)
    asset.refresh_from_db()
    assert asset.stage == "ready"

    export = exports.request(team=team, assets=[asset], platforms=ALL, token="p1", by=ben)
    factories.drain()
    export.refresh_from_db()
    assert export.state == "ready", export.error
    _check_package(export, asset, tmp_path)
    kinds = LedgerEntry.objects.filter(attempt__run__asset=asset).values_list("kind", flat=True)
    assert sorted(kinds) == ["reserve"] * 3 + ["settle"] * 3


def _check_package(made: Export, asset: Asset, folder: Path) -> None:
    """What came out, opened by independent readers, is what three platforms take."""
    with made.file.open("rb") as source, zipfile.ZipFile(source) as archive:
        assert archive.testzip() is None
        names = archive.namelist()
        archive.extractall(folder)
    assert len(names) == made.file_count == 13
    assert {"manifest.csv", "manifest.json", "README.txt"} <= set(names)
    assert sum("/reels/" in name for name in names) == 2
    assert {name.rpartition("/")[0] for name in names} == {
        "", "bulk", *(f"Spring/Prospecting/{platform}" for platform in ALL),
    }  # fmt: skip
    rows = list(csv.DictReader(io.StringIO((folder / "manifest.csv").read_text("utf-8-sig"))))
    entries = json.loads((folder / "manifest.json").read_text())["files"]
    assert len(rows) == len(entries) == 6
    for row in rows:
        path = folder / row["path"]
        assert hashlib.sha256(path.read_bytes()).hexdigest() == row["sha256"]
        assert row["creative_code"] == asset.creative_code
        assert row["approved_sha256"] == row["sha256"]
        assert row["declared_by"] == "Mara"
        assert row["c2pa"] == "off"
        spec = qa.spec_of(row["platform"], row["kind"])
        report = spec_check.check(path, spec)
        assert report.verdict != "fail", [f for f in report.findings if f.verdict == "fail"]
        if row["kind"] == "still":
            with pyexiv2.Image(str(path)) as reader:
                said = reader.read_xmp()["Xmp.iptcExt.DigitalSourceType"]
            assert said == row["digital_source_type"]
            with Image.open(path) as picture:
                picture.load()
                assert picture.size == qa.size_of(spec)
                assert "xmp" in picture.info
            continue
        assert (row["video_codec"], row["audio_codec"]) == ("h264", "aac")
        with av.open(str(path), options={"export_xmp": "1"}) as clip:
            assert f">{row['digital_source_type']}<" in clip.metadata["xmp"]
            video, (audio,) = clip.streams.video[0], clip.streams.audio
            assert (video.codec_context.name, audio.codec_context.name) == ("h264", "aac")
            assert (video.width, video.height) == (1080, 1920)
            assert sum(1 for _ in clip.decode(video)) == round(float(row["duration_s"]) * 30)
    assert not any("=" in name or "'" in name for name in names)
