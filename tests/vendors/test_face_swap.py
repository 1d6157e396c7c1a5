"""A face swap through the real adapters: two pictures go out, one comes back, the money is right.

And every way in which it must not go out: a consent that was revoked or ended on the way.
"""

from __future__ import annotations

import base64
import json
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from campaigns.actions import approvals, consents, packed_files, runs
from campaigns.models import AdSet, Approval, Asset, Candidate, CatalogModel, FaceConsent, StageRun
from campaigns.models.choices import Ceiling
from tests import factories
from tests.stand_in import StandIn
from tests.vendors.play import work_off

pytestmark = pytest.mark.django_db
# model key, vendor, what it takes for one picture
PATHS = [
    ("face-swap", "fal", 50_000),
    ("face-swap-plain", "fal", 1_000),
    ("face-swap-replicate", "replicate", 5_850),
    ("nano-banana", "google", 39_000),
]


@pytest.fixture
def swappable(ad_set: AdSet, mara: User, vendor: StandIn) -> Asset:
    """A picture at Polish, and every hosted model of a swap switched off."""
    CatalogModel.objects.filter(operations__icontains="face_swap").update(is_enabled=False)
    return factories.at_polish(ad_set, by=mara)


def switch_on(key: str, tier: str = "low") -> None:
    row = CatalogModel.objects.get(key=key)
    row.is_enabled, row.tier = True, tier
    row.profile = {name: value for name, value in row.profile.items() if name != "max_size"}
    row.save()


def begin(asset: Asset, by: User, consent: FaceConsent) -> StageRun:
    return runs.start(asset=asset, operation="face_swap", by=by, token="one-click", consent=consent)


def texts(body: Any) -> list[str]:
    if isinstance(body, dict):
        return [one for value in body.values() for one in texts(value)]
    if isinstance(body, list):
        return [one for value in body for one in texts(value)]
    return [body] if isinstance(body, str) else []


@pytest.mark.parametrize(("key", "name", "micros"), PATHS, ids=[one[0] for one in PATHS])
def test_both_pictures_arrive_and_the_result_is_kept_and_settled(
    vendor: StandIn,
    swappable: Asset,
    mara: User,
    dana: User,
    woken: list[tuple[str, int]],
    key: str,
    name: str,
    micros: int,
) -> None:
    switch_on(key)
    agreed = factories.consent(swappable.team, by=mara)
    run = begin(swappable, mara, agreed)
    work_off(run, woken)
    run.refresh_from_db()
    assert run.state == "review", run.reason
    (post,) = vendor.posts(name)
    assert agreed.person_name not in json.dumps(post.body), "whose face it is stays here"
    with agreed.face.file.open("rb") as file:
        face = file.read()
    assert run.source is not None
    with run.source.media.file.open("rb") as file:
        base = file.read()
    if name == "google":
        sent = [
            base64.b64decode(one) for one in texts(vendor.state.body(post.body)) if len(one) > 2000
        ]
        assert sent == [base, face]
    else:
        (job,) = vendor.state.of(name)
        read = vendor.state.files.read
        assert read(job.outputs[0]["source"]) == base
        assert read(job.outputs[0]["face"]) == face
    media = run.candidates.get().media
    assert media.ai_status == "ai_modified"
    line = factories.tier_line(swappable.campaign)
    assert (line.reserved_micros, line.settled_micros) == (0, micros)
    assert vendor.billed_micros(name) == micros
    assert run.params["consent"] == consents.frozen(agreed)
    steps = packed_files._lineage(run.candidates.get())
    assert steps[-1].params["consent"]["person"] == "Eileen Example"
    assert steps[-1].input_sha256[-1] == agreed.face.sha256
    assert packed_files._rights_until(steps) == agreed.valid_until.isoformat()
    consents.revoke(consent=agreed, reason="Changed her mind", by=dana)
    with pytest.raises(packed_files.CannotPack, match="was revoked"):
        packed_files._lineage(Candidate.objects.get(run=run))


@pytest.mark.parametrize(
    ("key", "how"), [("face-swap", "revoked"), ("face-swap-replicate", "ended")]
)
def test_a_consent_that_ends_before_it_is_sent_costs_nothing(
    vendor: StandIn,
    swappable: Asset,
    mara: User,
    dana: User,
    woken: list[tuple[str, int]],
    key: str,
    how: str,
) -> None:
    switch_on("face-swap")
    switch_on("face-swap-replicate")
    agreed = factories.consent(swappable.team, by=mara)
    run = runs.start(
        asset=swappable, operation="face_swap", by=mara, token="one-click", consent=agreed,
        model=key, reason="A test.",
    )  # fmt: skip
    assert factories.tier_line(swappable.campaign).reserved_micros > 0
    over(agreed, how, dana)
    work_off(run, woken)
    run.refresh_from_db()
    (attempt,) = run.attempts.all()  # no other model is asked instead
    assert (attempt.state, run.state) == ("failed", "failed")
    assert "Eileen Example" in run.reason
    assert "no money was spent" in run.reason
    assert vendor.posts("fal") == vendor.posts("replicate") == []
    line = factories.tier_line(swappable.campaign)
    assert (line.reserved_micros, line.settled_micros) == (0, 0)


def over(agreed: FaceConsent, how: str, by: User) -> None:
    if how == "revoked":
        consents.revoke(consent=agreed, reason="Changed her mind", by=by)
        return
    yesterday = timezone.now().date() - timedelta(days=1)
    FaceConsent.objects.filter(pk=agreed.pk).update(valid_from=yesterday, valid_until=yesterday)


def test_a_run_that_waited_for_a_manager_is_refused_as_well(
    vendor: StandIn,
    swappable: Asset,
    mara: User,
    dana: User,
    woken: list[tuple[str, int]],
    client: Client,
) -> None:
    switch_on("face-swap", tier="high")
    type(swappable.campaign).objects.update(ceiling=Ceiling.LOW)
    swappable.campaign.refresh_from_db()
    agreed = factories.consent(swappable.team, by=mara)
    run = begin(swappable, mara, agreed)
    assert run.state == "waiting_approval"
    client.force_login(dana)
    inbox = client.get(reverse("approvals", args=[swappable.team.slug])).content.decode()
    assert "Eileen Example, consent until" in inbox
    consents.revoke(consent=agreed, reason="Changed her mind", by=dana)
    approvals.decide(approval=Approval.objects.get(run=run), approve=True, by=dana)
    work_off(run, woken)
    run.refresh_from_db()
    assert run.state == "failed"
    assert "was revoked" in run.reason
    assert vendor.posts("fal") == []
    line = factories.tier_line(swappable.campaign, "high")
    assert (line.reserved_micros, line.settled_micros) == (0, 0)


def test_a_picture_without_a_face_is_the_providers_refusal(
    vendor: StandIn, swappable: Asset, mara: User, woken: list[tuple[str, int]]
) -> None:
    switch_on("face-swap")
    vendor.fault("fal", "job", "fails_input")
    run = begin(swappable, mara, factories.consent(swappable.team, by=mara))
    work_off(run, woken)
    run.refresh_from_db()
    assert run.state == "failed"
    assert "Face could not be detected" in run.reason
    line = factories.tier_line(swappable.campaign)
    assert (line.reserved_micros, line.settled_micros) == (0, 0)
