"""Memory of a package does not grow with its files."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import pytest
from django.contrib.auth.models import User

from campaigns.actions import exports, packing, platform_files
from campaigns.models import AdSet, Asset, Candidate, Event, Export, Gate, PlatformFile
from tests.campaigns import ready

pytestmark = pytest.mark.django_db
MANY = 100  # assets of three files each


def copies(asset: Asset, count: int) -> list[Asset]:
    """`count` more assets with rows, texts and gates of their own; they share the stored files."""
    files = platform_files.of_asset(asset)
    gate = Gate.objects.get(asset=asset, stage="qa", withdrawn_at=None)
    approved = Event.objects.get(verb="files.approve", asset_id=asset.pk)
    made = []
    for number in range(count):
        one = Asset.objects.get(pk=asset.pk)
        one.pk, one.token, one.creative_code = None, f"copy-{number}", f"CR{number:06d}"
        one.title = f"Creative {number}"
        one.current = one.keyframe = None
        one.save()
        candidate = Candidate.objects.get(pk=asset.current_id)
        candidate.pk, candidate.position, candidate.asset = None, number + 1, one
        candidate.save()
        Asset.objects.filter(pk=one.pk).update(current=candidate, keyframe=candidate)
        Gate.objects.create(
            asset=one, run=gate.run, candidate=candidate, sha256=gate.sha256, stage="qa",
            criteria=gate.criteria, percent=100, threshold=80, passed=True,
            decided_by=gate.decided_by, decided_at=gate.decided_at,
        )  # fmt: skip
        Event.objects.create(
            team=asset.team, verb="files.approve", subject="run", subject_id=gate.run_id,
            asset_id=one.pk, by=gate.decided_by, after=approved.after,
        )  # fmt: skip
        for file in files:
            row = PlatformFile.objects.get(pk=file.pk)
            row.pk, row.asset, row.source = None, one, candidate
            row.save()
        made.append(ready.fresh(one))
    return made


def peak(export: Export, folder: Path) -> tuple[int, int]:
    """(highest memory in bytes while the parts are made, members)."""
    folder.mkdir()
    tracemalloc.start()
    packed = packing.pack(export=export, folder=folder)
    highest = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return highest, len(packed.members)


def test_three_hundred_files_need_hardly_more_than_thirty(
    ad_set: AdSet, mara: User, ben: User, tmp_path: Path
) -> None:
    asset = ready.ready(ad_set, by=mara)
    many = copies(asset, MANY)

    def ask(assets: list[Asset]) -> Export:
        return exports.request(
            team=asset.team, assets=assets, platforms=["tiktok", "reels", "shorts"],
            token=f"of-{len(assets)}", by=ben,
        )  # fmt: skip

    small, large = ask(many[:10]), ask(many)
    peak(small, tmp_path / "warm")
    few, _ = peak(small, tmp_path / "few")
    more, members = peak(large, tmp_path / "more")
    assert members == 3 * MANY + 6
    written = sum(file.stat().st_size for file in (tmp_path / "more").iterdir())
    # names and the page's list grow; manifests, thumbnails and sheets do not stay in memory
    assert more - few < 3 * MANY * 4_000 < written
    exports.build(export_id=large.pk)
    large.refresh_from_db()
    assert (large.state, large.file_count) == ("ready", members)
    assert large.contents["count"] == 3 * MANY
