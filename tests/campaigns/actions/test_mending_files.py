"""Platform files that are mended, twins of a campaign, and failing checks a manager lets pass."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError
from PIL import Image

from campaigns import jobs
from campaigns.actions import (
    exports,
    file_mends,
    platform_files,
    qa_gate,
    spec_versions,
    waivers,
)
from campaigns.formats.house_checks import Twin
from campaigns.models import AdSet, Asset, Event, Export, PlatformFile, Waiver
from campaigns.permissions import NotAllowed
from campaigns.queries import qa, twins
from campaigns.queries import waivers as waiver_reads
from campaigns.transitions import NotNow
from tests import factories
from tests.campaigns import ready

pytestmark = pytest.mark.django_db
LONG = "Fresh roast, every week, at your door before you wake, " + "with a note of who grew it " * 2
REASON = "The words are set in the ad itself, not here."


def row_of(asset: Asset, platform: str = "tiktok") -> PlatformFile:
    return next(r for r in platform_files.of_asset(asset) if r.platform == platform)


def finding(row: PlatformFile, key: str) -> dict[str, str]:
    return next(f for f in row.findings if f["key"] == key)


def twins_of(asset: Asset) -> list[Twin]:
    source = row_of(asset, "reels").source
    return twins.of(asset=asset, source=source, look=source.media.look)


def begin_module(ad_set: AdSet, *, by: User) -> Asset:
    """An asset whose text is too long for TikTok."""
    return ready.in_qa(ad_set, by=by, subline=LONG, platforms=("tiktok",))


@pytest.fixture
def failing(begun: Asset) -> Asset:
    return ready.fresh(begun)


@pytest.fixture
def banded(ad_set: AdSet, mara: User, tmp_path: Path) -> Asset:
    """An asset whose sky falls into steps."""
    down, across = np.mgrid[0:960, 0:540]
    steps = np.round((60 + 80 * down / 960 + 20 * across / 540) / 4) * 4
    path = tmp_path / "sky.png"
    Image.fromarray(np.repeat(steps.astype(np.uint8)[..., None], 3, 2)).save(path)
    return ready.in_qa(ad_set, by=mara, path=path, platforms=("reels",))


class TestMend:
    def test_a_grain_hides_the_steps_and_before_stands_beside_after(
        self, banded: Asset, mara: User
    ) -> None:
        row = row_of(banded, "reels")
        assert finding(row, "banding")["verdict"] == "warn"
        before = row.media
        words = file_mends.mend(row=row, key="banding", seen=str(row.revision), by=mara)
        assert words == "Add a fine grain"
        factories.drain()
        row = row_of(banded, "reels")
        assert finding(row, "banding")["verdict"] == "pass"
        assert row.media.sha256 != before.sha256
        assert row.mended[0]["media"] == before.pk
        (entry,) = qa.file_card(row).mended
        assert entry["before"] != entry["now"]
        assert Event.objects.filter(verb="file.mend", subject_id=row.pk, by=mara).count() == 1

        file_mends.mend(row=row, key="", seen=str(row.revision), by=mara)
        factories.drain()
        row = row_of(banded, "reels")
        assert (row.mends, row.mended) == ({}, [])
        assert row.media.sha256 == before.sha256

    def test_of_a_ready_asset_opens_its_gate_again(self, banded: Asset, mara: User) -> None:
        asset = ready.approve(banded, by=mara)
        row = row_of(asset, "reels")
        file_mends.mend(row=row, key="banding", seen=str(row.revision), by=mara)
        assert ready.fresh(asset).ready_at is None

    def test_is_refused_for_what_a_machine_cannot_do_and_for_an_old_page(
        self, failing: Asset, mara: User, ben: User
    ) -> None:
        row = row_of(failing)
        seen = str(row.revision)
        with pytest.raises(NotNow, match="cannot be mended"):
            file_mends.mend(row=row, key="text.ad_text", seen=seen, by=mara)
        with pytest.raises(NotNow, match="changed meanwhile"):
            file_mends.mend(row=row, key="sharpness", seen="99", by=mara)
        with pytest.raises(NotAllowed):
            file_mends.mend(row=row, key="sharpness", seen=seen, by=ben)
        assert row_of(failing).due_at is None


class TestTwins:
    def verdict(self, asset: Asset) -> tuple[str, str]:
        found = finding(row_of(asset, "reels"), "twin")
        return found["verdict"], found["value_text"]

    def test_are_found_in_the_campaign_and_nowhere_else(
        self, ad_set: AdSet, mara: User, otto: User, tmp_path: Path
    ) -> None:
        with Image.open(factories.COFFEE) as image:
            image.convert("RGB").save(tmp_path / "again.jpg", quality=80)
        only = {"platforms": ("reels",)}
        ad_set = factories.ad_set(ad_set.campaign.team, by=mara, name="Twins")
        other_team = factories.ad_set(otto.memberships.first().team, by=otto)
        ready.in_qa(other_team, by=otto, **only)
        first = ready.in_qa(ad_set, by=mara, title="First", **only)
        assert self.verdict(first) == ("pass", "no other looks like it")
        copy = ready.in_qa(ad_set, by=mara, path=tmp_path / "again.jpg", **only)
        assert self.verdict(copy) == ("warn", "looks like “First”")
        (kin,) = [t for t in twins_of(first) if t.title == "Pour-over"]
        assert not kin.is_kin
        Asset.objects.filter(pk=copy.pk).update(locale="fr-FR")
        assert twins_of(first)[0].is_kin


class TestWaive:
    def test_needs_a_manager_and_a_reason(self, failing: Asset, mara: User, dana: User) -> None:
        row = row_of(failing)
        assert finding(row, "text.ad_text")["verdict"] == "fail"
        with pytest.raises(NotAllowed, match="let a failing check pass"):
            waivers.waive(row=row, key="text.ad_text", reason=REASON, by=mara)
        with pytest.raises(waivers.BadReason):
            waivers.waive(row=row, key="text.ad_text", reason="  ok  ", by=dana)
        with pytest.raises(NotNow, match="does not fail"):
            waivers.waive(row=row, key="file_size", reason=REASON, by=dana)
        assert not Waiver.objects.exists()

    def test_lets_it_be_approved_and_packaged_and_stands_in_the_manifest(
        self, failing: Asset, mara: User, dana: User, ben: User
    ) -> None:
        with pytest.raises(NotNow, match="cannot be approved"):
            ready.approve(failing, by=mara)
        row = row_of(failing)
        for _ in range(2):
            waivers.waive(row=row, key="text.ad_text", reason=REASON, by=dana)
        assert Event.objects.filter(verb="file.waive").count() == 1
        asset = ready.approve(failing, by=mara)
        made = exports.request(
            team=asset.team, assets=[asset], platforms=("tiktok",), token="one", by=ben
        )
        jobs.build_export(made.pk)
        export = Export.objects.get(pk=made.pk)
        assert export.state == "ready", export.error
        with zipfile.ZipFile(export.file.path) as package:
            table = list(
                csv.DictReader(io.StringIO(package.read("manifest.csv").decode("utf-8-sig")))
            )
            whole = json.loads(package.read("manifest.json"))
        assert table[0]["waived_why"] == REASON
        assert "Dana" in table[0]["waived_by"]
        assert REASON in json.dumps(whole)

    def test_does_not_outlive_the_bytes(self, failing: Asset, mara: User, dana: User) -> None:
        row = row_of(failing)
        waivers.waive(row=row, key="text.ad_text", reason=REASON, by=dana)
        platform_files.move_crop(row=row, box=[0, 0, 180, 320], by=mara)
        factories.drain()
        asset = ready.fresh(failing)
        assert qa.overview(asset=asset).failing
        with pytest.raises(NotNow, match="cannot be approved"):
            qa_gate.approve(
                asset=asset, met=ready.criteria("qa"), seen=qa.overview(asset=asset).seen, by=mara
            )

    def test_holds_for_the_very_limit_that_was_waived(
        self, failing: Asset, mara: User, dana: User, ada: User
    ) -> None:
        waivers.waive(row=row_of(failing), key="text.ad_text", reason=REASON, by=dana)
        before = row_of(failing)
        assert not qa.overview(asset=failing).failing
        ada.is_staff = True
        ada.save(update_fields=["is_staff"])
        team = failing.team
        draft = spec_versions.copy(team=team, platform="tiktok", source=None, by=ada)
        strict = json.dumps(draft.data)
        (most,) = {
            text["max"]
            for spec in draft.data["specs"]
            for text in spec.get("texts", [])
            if text["name"] == "ad_text"
        }
        strict = strict.replace(f'"max": {most}', f'"max": {most - 10}')
        spec_versions.save(team=team, row=draft, text=strict, note="", by=ada)
        spec_versions.put_in_force(team=team, row=draft, by=ada)
        file_mends.mend(row=before, key="limits", seen=str(before.revision), by=mara)
        factories.drain()
        row = row_of(failing)
        assert row.media.sha256 == before.media.sha256  # the bytes are the same
        assert waiver_reads.of([row]) == {}
        assert f"{most - 10} characters" in qa.overview(asset=ready.fresh(failing)).failing[0]
        waivers.waive(row=row, key="text.ad_text", reason=REASON, by=dana)
        assert not qa.overview(asset=ready.fresh(failing)).failing
        assert row.waivers.count() == 2

    def test_does_not_cover_another_value_or_a_limit_that_rounds_to_the_same_words(
        self, failing: Asset, dana: User
    ) -> None:
        row = row_of(failing)
        waivers.waive(row=row, key="text.ad_text", reason=REASON, by=dana)
        assert waiver_reads.of([row])
        found = finding(row, "text.ad_text")
        for change in ({"value_text": "999 characters"}, {"rule": "<= 99.9"}):
            kept = [one for one in row.findings if one is not found]
            changed = row_of(failing)
            changed.findings = [*kept, {**found, **change}]
            held = waiver_reads.of([changed])
            # a finding without its exact rule is known by its words
            assert bool(held) is ("rule" in change)
        exact = row_of(failing)
        exact.findings = [{**found, "rule": "<= 100.04", "limit_text": "at most 100"}]
        Waiver.objects.filter(platform_file=row).update(limit_text="<= 100.01")
        assert waiver_reads.of([exact]) == {}

    def test_without_a_reason_is_no_row(self, failing: Asset, dana: User) -> None:
        row = row_of(failing)
        with pytest.raises(IntegrityError, match="a_waiver_has_a_reason"):
            Waiver.objects.create(
                team=row.team,
                platform_file=row,
                key="x",
                sha256="y",
                value_text="",
                reason="",
                by=dana,
            )
