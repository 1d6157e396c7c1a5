"""Runs with a price, a clock that can be set, and the sums that must always agree.

Runs are written by the same transaction as a click's, only without asking routing for a model.
"""

from __future__ import annotations

import secrets
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from campaigns.actions import runs
from campaigns.models import (
    AdSet,
    Approval,
    Asset,
    Attempt,
    BudgetLine,
    Campaign,
    LedgerEntry,
    RuleDay,
    StageRun,
    Team,
)
from campaigns.models.choices import RunState
from campaigns.queries.months import month

USD = 1_000_000


class Clock:
    """What `timezone.now` answers; it goes on only when told to."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at

    def pass_by(self, **parts: float) -> datetime:
        """Let some time go by, such as days=1."""
        self.at += timedelta(**parts)
        return self.at


@contextmanager
def stopped_clock(at: datetime | None = None) -> Iterator[Clock]:
    """The product's clock stands still at noon of a mid-month day, or at `at`."""
    clock = Clock(at or datetime(2026, 3, 15, 12, tzinfo=UTC))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(timezone, "now", clock)
        yield clock


def unsaved(ad_set: AdSet, *, by: User, maximum: int, tier: str = "low") -> StageRun:
    """A run of a new asset as a click would make it, not yet written."""
    campaign = Campaign.objects.select_related("team").get(pk=ad_set.campaign_id)
    asset = Asset.objects.create(
        team=campaign.team,
        campaign=campaign,
        ad_set=ad_set,
        title="Creative",
        goal="Sell",
        token=secrets.token_hex(16),
        created_by=by,
    )
    return StageRun(
        team=campaign.team,
        asset=asset,
        stage="generation",
        operation="compose_type",
        state=RunState.QUEUED,
        decision={"choices": [{"provider": "fal", "version": "1"}]},
        tier=tier,
        model=f"model-{tier}",
        model_label=f"Model {tier}",
        candidate_count=2,
        seed=1,
        currency=campaign.team.currency,
        expected_micros=maximum // 2,
        maximum_micros=maximum,
        top_micros=2 * maximum,
        token=secrets.token_hex(16),
        requested_by=by,
    )


def start(ad_set: AdSet, *, by: User, maximum: int, tier: str = "low", batch: str = "") -> StageRun:
    """Write a run as `runs.start` does: at once, by a rule, or as a question."""
    run = unsaved(ad_set, by=by, maximum=maximum, tier=tier)
    return runs._write(run=run, by=by, batch=batch)


def hold_nothing(ad_set: AdSet, *, by: User, maximum: int, tier: str = "low") -> Attempt:
    """An intended attempt of a queued run that holds no money yet."""
    run = unsaved(ad_set, by=by, maximum=maximum, tier=tier)
    run.save()
    return another(run)


def another(run: StageRun) -> Attempt:
    """One more attempt of a run that holds nothing yet."""
    return Attempt.objects.create(
        run=run,
        number=run.attempts.count() + 1,
        provider="fal",
        model=run.model,
        model_version="1",
        key=secrets.token_urlsafe(32),
        seeds=[1, 2],
        due_at=timezone.now(),
    )


def line(campaign: Campaign, name: str = "low") -> BudgetLine:
    """This month's line: "team", "campaign" or a tier."""
    if name == "team":
        return BudgetLine.objects.get(
            team_id=campaign.team_id, campaign__isnull=True, period=month()
        )
    tier = "" if name == "campaign" else name
    return BudgetLine.objects.get(campaign=campaign, tier=tier, period=month())


def sums(campaign: Campaign, name: str = "low") -> tuple[int, int]:
    """(held, settled) of this month's line."""
    row = line(campaign, name)
    return row.reserved_micros, row.settled_micros


def check(team: Team) -> None:
    """What must hold between any two transactions, of every line of a team."""
    entries = list(LedgerEntry.objects.filter(team=team).select_related("line", "attempt"))
    _check_lines(team, entries)
    _check_attempts(team, entries)
    _check_approvals(team)


def _check_lines(team: Team, entries: list[LedgerEntry]) -> None:
    moved: dict[tuple[int | None, str, object], dict[str, int]] = defaultdict(
        lambda: defaultdict(int)
    )
    for entry in entries:
        of = entry.line
        closes_hold = entry.kind in {"settle", "release"}
        for campaign_id, tier in (
            (of.campaign_id, of.tier),
            (of.campaign_id, ""),
            (None, ""),
        ):
            sum_of = moved[campaign_id, tier, of.period]
            if entry.kind == "reserve":
                sum_of["held"] += entry.amount_micros
            if closes_hold:
                sum_of["held"] -= entry.attempt.reserved_micros
            if entry.kind in {"settle", "correct"}:
                sum_of["billed"] += entry.amount_micros
    for row in BudgetLine.objects.filter(team=team):
        counted = moved[row.campaign_id, row.tier, row.period]
        assert row.reserved_micros == counted["held"], row
        assert row.settled_micros + row.overrun_micros == counted["billed"], row
        assert min(
            row.reserved_micros, row.settled_micros, row.overrun_micros,
            row.carried_in_micros, row.carried_out_micros, row.allocated_micros,
        ) >= 0, row  # fmt: skip
        if row.approved_micros is not None:
            used = row.reserved_micros + row.settled_micros + row.carried_out_micros
            assert used <= row.approved_micros, row
    _check_campaigns(team)


def _check_campaigns(team: Team) -> None:
    rows = list(BudgetLine.objects.filter(team=team))
    names = ("reserved_micros", "settled_micros", "overrun_micros")
    for whole in rows:
        if whole.tier:
            continue
        if whole.campaign_id:
            parts = [r for r in rows if r.tier and r.campaign_id == whole.campaign_id]
        else:
            parts = [r for r in rows if r.tier]
        parts = [r for r in parts if r.period == whole.period]
        for name in names:
            assert getattr(whole, name) == sum(getattr(r, name) for r in parts), (whole, name)
        if whole.campaign_id:
            assert whole.allocated_micros == sum(r.approved_micros or 0 for r in parts), whole
            later = [r for r in rows if r.campaign_id == whole.campaign_id]
            later = [r for r in later if r.tier == whole.tier and r.period > whole.period]
            if later:
                following = min(later, key=lambda r: r.period)
                assert following.carried_in_micros == whole.carried_out_micros, whole


def _check_attempts(team: Team, entries: list[LedgerEntry]) -> None:
    kinds: dict[int, list[str]] = defaultdict(list)
    booked: dict[int, int] = defaultdict(int)
    for entry in entries:
        assert entry.attempt_id is not None
        kinds[entry.attempt_id].append(entry.kind)
        if entry.kind in {"settle", "correct"}:
            booked[entry.attempt_id] += entry.amount_micros
    for attempt in Attempt.objects.filter(run__team=team):
        mine = kinds[attempt.pk]
        assert mine.count("reserve") <= 1, attempt
        assert mine.count("settle") + mine.count("release") <= 1, attempt
        assert (attempt.settled_micros or 0) == booked[attempt.pk] >= 0, attempt
        if "settle" in mine or "release" in mine or attempt.reserved_micros:
            assert "reserve" in mine, attempt


def _check_approvals(team: Team) -> None:
    for approval in Approval.objects.filter(team=team).select_related("run"):
        held = list(approval.run.attempts.values_list("reserved_micros", flat=True))
        assert len(held) == int(approval.used_at is not None), approval
        assert all(amount <= approval.amount_micros for amount in held), approval
    for day in RuleDay.objects.filter(rule__team=team):
        assert 0 <= day.used_micros <= day.limit_micros, day
        still = 0
        for approval in day.approvals.select_related("run"):
            for attempt in approval.run.attempts.all():
                closed = attempt.entries.filter(kind__in=["settle", "release"])
                billed = closed.values_list("kind", flat=True).first()
                if billed is None:
                    still += attempt.reserved_micros
                elif billed == "settle":
                    settled = attempt.entries.get(kind="settle").amount_micros
                    still += min(settled, attempt.reserved_micros)
        assert day.used_micros == still, day
