"""Approving less says why the smaller run looks as it does, and never more than is true."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User

from campaigns.actions import approvals, runs
from campaigns.models import AdSet, Approval, CatalogModel, StageRun, Team
from campaigns.models.choices import Ceiling
from tests import factories
from tests.campaigns.scripted import PRICE, Scripted, priced_type


@pytest.fixture
def strict(team: Team, mara: User, hosted: Scripted) -> AdSet:
    """A campaign that asks before every run; two models set type."""
    priced_type(key="other-type", label="Other type", price_micros=2 * PRICE)
    return factories.ad_set(team, by=mara, ceiling=Ceiling.NONE)


@pytest.fixture
def asked(strict: AdSet, mara: User) -> Approval:
    return Approval.objects.get(run=factories.open_run(factories.asset(strict, by=mara)))


def test_fewer_of_the_same_model_is_explained_as_before(asked: Approval) -> None:
    less = approvals.preview_less(approval=asked, count=1)
    assert (less.model, less.maximum_micros) == ("hosted-type", PRICE)
    assert "by hand" not in less.sentence
    assert less.sentence.startswith("Hosted type to ")
    assert less.decision["sentence"] == less.sentence
    assert less.decision["need"]["pinned_model"] == ""


def test_another_model_was_chosen_by_hand(asked: Approval) -> None:
    CatalogModel.objects.filter(key="other-type").update(price_micros=PRICE // 2)
    less = approvals.preview_less(approval=asked, count=2, model="other-type")
    assert less.sentence.startswith("Other type was chosen by hand")


def test_a_model_that_a_person_had_chosen_stays_so(
    strict: AdSet, mara: User, asked: Approval
) -> None:
    runs.cancel(run=asked.run, by=mara)
    run = runs.start(
        asset=asked.run.asset, operation="compose_type", by=mara, token="pinned",
        model="other-type", reason="Better kerning",
    )  # fmt: skip
    less = approvals.preview_less(approval=run.approval, count=1)
    assert less.sentence.startswith("Other type was chosen by hand")


def test_a_model_that_would_not_be_taken_now_stays_and_is_not_called_a_choice(
    asked: Approval, dana: User
) -> None:
    factories.fund(asked.campaign, low=10 * PRICE)
    CatalogModel.objects.filter(key="other-type").update(price_micros=1)
    less = approvals.approve_less(approval=asked, count=1, by=dana)
    words = "Hosted type as it was asked for, 1 instead of 2."
    assert (less.model, less.sentence) == ("hosted-type", words)
    run = StageRun.objects.get(pk=asked.run_id)
    assert (run.model, run.decision["sentence"]) == ("hosted-type", words)
    assert run.decision["told"]["sentence"] == words
