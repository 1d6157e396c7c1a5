"""Nobody packages what nobody has spoken for: the question, the answer, and what inherits it."""

from __future__ import annotations

import pyexiv2
import pytest
from django.contrib.auth.models import User

from campaigns.actions import declaring, exports, platform_files
from campaigns.models import AdSet, Asset, Event, Media, PlatformFile
from campaigns.permissions import NotAllowed
from campaigns.queries import declarations, qa, waivers
from campaigns.stages.base import BadParams
from campaigns.transitions import NotNow
from tests import factories
from tests.campaigns import ready

pytestmark = pytest.mark.django_db
ASKED = "Nobody has said yet how the photo was made"


def begin_module(ad_set: AdSet, *, by: User) -> Asset:
    return ready.in_qa(ad_set, by=by, photo_origin="unknown")


@pytest.fixture
def asset(begun: Asset) -> Asset:
    return ready.fresh(begun)


def labels(asset: Asset) -> set[str | None]:
    """What Exiv2 reads in the asset's files."""
    found = set()
    for row in platform_files.of_asset(ready.fresh(asset)):
        with pyexiv2.Image(row.media.file.path) as reader:
            value = reader.read_xmp().get("Xmp.iptcExt.DigitalSourceType")
        found.add(value.rsplit("/", 1)[1] if value else None)
    return found


class TestUnknown:
    def test_stops_at_the_gate_and_says_what_to_do_once(self, asset: Asset, mara: User) -> None:
        assert labels(asset) == {None}
        with pytest.raises(NotNow, match=ASKED):
            ready.approve(asset, by=mara)
        assert qa.overview(asset=ready.fresh(asset)).failing == [waivers.UNDECLARED]

    def test_files_made_before_the_question_was_a_rule_stop_too(
        self, asset: Asset, mara: User, ben: User
    ) -> None:
        PlatformFile.objects.filter(asset=asset).update(verdict="warn", findings=[])
        with pytest.raises(NotNow, match=ASKED):
            ready.approve(asset, by=mara)

    def test_is_not_packaged_even_when_it_was_approved_earlier(
        self, ad_set: AdSet, mara: User, ben: User
    ) -> None:
        done = ready.ready(ad_set, by=mara)
        Media.objects.filter(pk=done.current.media_id).update(ai_status="unknown")
        made = exports.request(
            team=done.team, assets=[done], platforms=["tiktok"], token="t", by=ben
        )
        exports.build(export_id=made.pk)
        made.refresh_from_db()
        assert (made.state, ASKED in made.error) == ("failed", True)


class TestDeclare:
    @pytest.mark.parametrize(
        ("answer", "word"),
        [("none", "humanEdits"), ("ai_modified", "compositeWithTrainedAlgorithmicMedia"),
         ("ai_generated", "trainedAlgorithmicMedia")],
    )  # fmt: skip
    def test_every_file_is_made_again_and_says_so(
        self, asset: Asset, mara: User, cleo: User, answer: str, word: str
    ) -> None:
        declaring.declare(asset=asset, answer=answer, by=cleo)
        factories.drain()
        assert labels(asset) == {word}
        said = declarations.of_asset(asset)
        assert (said.answer, said.who, said.is_open) == (answer, "Cleo", False)
        assert said.at is not None
        event = Event.objects.get(verb="media.declare", asset_id=asset.pk)
        assert (event.by, event.before, event.after) == (
            cleo, {"ai_status": "unknown"}, {"ai_status": answer},
        )  # fmt: skip
        assert ready.approve(asset, by=mara).stage == "ready"

    def test_another_answer_opens_the_gate_of_every_asset_with_the_photo(
        self, ad_set: AdSet, mara: User
    ) -> None:
        one, two = ready.ready(ad_set, by=mara), ready.ready(ad_set, by=mara, title="Two")
        shared = one.bases.get().media
        two.bases.update(media=shared)
        declaring.declare(asset=one, answer="ai_generated", by=mara)
        for asset in (one, two):
            assert (ready.fresh(asset).stage, ready.fresh(asset).ready_at) == ("qa", None)
        factories.drain()
        assert labels(one) == labels(two) == {"trainedAlgorithmicMedia"}

    def test_the_same_answer_again_changes_nothing(self, ad_set: AdSet, mara: User) -> None:
        done = ready.ready(ad_set, by=mara)
        before = Event.objects.filter(verb="media.declare").count()
        declaring.declare(asset=done, answer="none", by=mara)
        assert ready.fresh(done).stage == "ready"
        assert Event.objects.filter(verb="media.declare").count() == before

    def test_what_our_tools_did_outlives_the_answer(self, ad_set: AdSet, mara: User) -> None:
        asset = ready.in_qa(ad_set, by=mara)
        run = asset.current.run
        type(run).objects.filter(pk=run.pk).update(operation="outpaint")
        declaring.declare(asset=asset, answer="ai_modified", by=mara)
        declaring.declare(asset=asset, answer="none", by=mara)
        factories.drain()
        assert labels(asset) == {"compositeWithTrainedAlgorithmicMedia"}

    def test_refuses_nonsense_a_buyer_and_an_asset_without_a_photo(
        self, asset: Asset, mara: User, ben: User
    ) -> None:
        with pytest.raises(BadParams, match="Choose how"):
            declaring.declare(asset=asset, answer="unknown", by=mara)
        with pytest.raises(NotAllowed):
            declaring.declare(asset=asset, answer="none", by=ben)
        asset.bases.all().delete()
        with pytest.raises(NotNow, match="without a photo"):
            declaring.declare(asset=asset, answer="none", by=mara)


def test_a_new_brief_that_does_not_know_leaves_an_earlier_answer(ad_set: AdSet, mara: User) -> None:
    photo = factories.photo(ad_set.campaign.team, by=mara)
    factories.asset(ad_set, by=mara, bases=(photo,), photo_origin="ai_generated")
    factories.asset(ad_set, by=mara, bases=(photo,), photo_origin="unknown")
    photo.refresh_from_db()
    assert photo.ai_status == "ai_generated"
