"""The whole line without a browser: brief, gates, package, and what the ledger says of it."""

from __future__ import annotations

import io
import json
import zipfile

import pytest
from django.contrib.auth.models import User

from campaigns.actions import curation, exports, planning
from campaigns.models import AdSet, Asset, LedgerEntry, StageRun, Team
from campaigns.models.choices import RunState
from tests import factories
from tests.campaigns import ready


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
    team: Team, ad_set: AdSet, mara: User, ben: User
) -> None:
    photo = factories.photo(team, by=mara)
    asset = factories.asset(ad_set, by=mara, bases=(photo,), motion="push_in", count=2)
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

    export = exports.request(
        team=team, assets=[asset], platforms=["tiktok", "reels", "shorts"], token="p1", by=ben
    )
    factories.drain()
    export.refresh_from_db()
    assert export.state == "ready", export.error
    with export.file.open("rb") as stored:
        archive = zipfile.ZipFile(io.BytesIO(stored.read()))
    names = archive.namelist()
    assert sum("/reels/" in name for name in names) == 2
    assert {"manifest.csv", "manifest.json", "README.txt"} <= set(names)
    manifest = json.loads(archive.read("manifest.json"))
    assert len(manifest["files"]) == 6
    kinds = LedgerEntry.objects.filter(attempt__run__asset=asset).values_list("kind", flat=True)
    assert sorted(kinds) == ["reserve"] * 3 + ["settle"] * 3
