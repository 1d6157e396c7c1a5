"""A crop that cuts through a face stops its file like any failing check, and says so in the file's
manifest; the interface is where the asset's readers have it."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User

from campaigns.actions import platform_files, waivers
from campaigns.formats import house_checks
from campaigns.models import AdSet, Asset, PlatformFile
from campaigns.queries import placements, qa
from campaigns.queries import waivers as waiver_reads
from campaigns.transitions import NotNow
from imaging.findings import CropFinding
from tests.campaigns import ready
from tests.imaging.conftest import PHOTOS, models

__all__ = ["models"]

pytestmark = pytest.mark.django_db


def row_of(asset: Asset) -> PlatformFile:
    return next(r for r in platform_files.of_asset(ready.fresh(asset)) if r.platform == "tiktok")


@pytest.mark.usefixtures("models")
class TestCropChecks:
    @pytest.fixture
    def asset(self, ad_set: AdSet, mara: User) -> Asset:
        return ready.in_qa(ad_set, by=mara, path=PHOTOS["astronaut"], platforms=("tiktok",))

    def test_a_face_cut_through_stops_the_file_until_a_manager_lets_it_pass(
        self, asset: Asset, mara: User, dana: User
    ) -> None:
        row = row_of(asset)
        assert "crop.face_cut" not in {found["key"] for found in row.findings}
        platform_files.move_crop(row=row, box=[225, 0, 225 + 288, 512], by=mara)  # through an eye
        ready.factories.drain()
        row = row_of(asset)
        assert row.verdict == "fail"
        with pytest.raises(NotNow, match="faces in the crop is 1 face cut through"):
            ready.approve(asset, by=mara)
        card = qa.file_card(row)
        assert "1 face cut through." not in {note["text"] for note in card.crop_notes}
        waivers.waive(row=row, key="crop.face_cut", reason="Half a face is the idea.", by=dana)
        ready.approve(asset, by=mara)
        let_pass = waiver_reads.of([row_of(asset)])
        found = {one["key"]: one for one in waiver_reads.with_names(row_of(asset), let_pass)}
        assert found["crop.face_cut"]["waived_why"] == "Half a face is the idea."

    def test_readers_from_right_to_left_have_the_buttons_on_the_other_side(
        self, asset: Asset
    ) -> None:
        assert qa.zone_of(qa.spec_of_row(row_of(asset))).rail_side == "right"
        Asset.objects.filter(pk=asset.pk).update(locale="ar-SA")
        zone = qa.zone_of(qa.spec_of_row(row_of(asset)))
        assert zone.rail_side == "left"
        assert zone.covering()[-1].left < 540


class TestOfCrop:
    def test_what_is_cut_fails_and_how_much_of_a_subject_shows_is_for_people(self) -> None:
        found = house_checks.of_crop(
            [
                CropFinding("face_cut", "fail", "1 face cut through."),
                CropFinding("subject_cut", "fail", "40% of the subject is inside."),
                CropFinding("text_whole", "pass", "1 line of text whole."),
                CropFinding("interface", "warn", "30% of a face lies under the app's buttons."),
            ]
        )
        assert [(one.key, one.verdict) for one in found] == [
            ("crop.face_cut", "fail"),
            ("crop.subject_cut", "warn"),
        ]
        assert all(one.remedy for one in found)


class TestOtherPlacements:
    @pytest.fixture
    def row(self, ad_set: AdSet, mara: User) -> PlatformFile:
        return row_of(ready.in_qa(ad_set, by=mara, platforms=("tiktok",)))

    def test_a_file_is_judged_by_the_sister_placements_of_its_shape(
        self, row: PlatformFile
    ) -> None:
        spec = qa.spec_of_row(row)
        found = placements.of_file(row, spec)
        assert [one.name for one in found.all] == ["Organic photo post"]
        assert found.words == "1 other placement would take it"
        row.measured = {**row.measured, "size_bytes": 10**9}
        (refused,) = placements.of_file(row, spec).all
        assert refused.verdict == "fail"
        assert placements.of_file(row, spec).words == "1 other placement, 1 would refuse it"
        row.measured = {}
        assert placements.of_file(row, spec).all == ()
