"""What the budget and approvals screens show, each with a fixed number of queries."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.paginator import Paginator
from django.db.models import BigIntegerField, Count, F, Min, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce

from campaigns.models import (
    Approval,
    Asset,
    AssetBase,
    Attempt,
    BudgetLine,
    Campaign,
    LedgerEntry,
    Team,
)
from campaigns.models.choices import ApprovalState, AttemptState, EntryKind, Stage, Tier, Verdict
from campaigns.queries.months import month

PAGE = 50
JOBS = {Tier.LOW: "Fast drafts", Tier.MEDIUM: "Precise edits", Tier.HIGH: "Hero and video"}


@dataclass(frozen=True, slots=True)
class TierRow:
    """One tier over one or all campaigns, in micro-units. `line_id` only for one campaign."""

    tier: str
    job: str
    approved: int
    settled: int
    held: int
    asked: int
    line_id: int | None
    is_frozen: bool

    @property
    def left(self) -> int:
        """What may still be held."""
        return self.approved - self.settled - self.held

    @property
    def segments(self) -> list[dict[str, object]]:
        """The bar: settled, held, asked."""
        return [
            {"value": self.settled, "tone": self.tier, "label": "settled"},
            {"value": self.held, "tone": self.tier, "held": True, "label": "held"},
            {"value": self.asked, "tone": self.tier, "hatch": True, "label": "asked"},
        ]

    @property
    def scale(self) -> int:
        """What the whole bar stands for."""
        return max(self.approved, self.settled + self.held + self.asked, 1)


@dataclass(frozen=True, slots=True)
class WhereRow:
    """Money by stage and model; `per_keeper` is None without a keeper."""

    stage: str
    model: str
    runs: int
    made: int
    kept: int
    spent: int
    compute_s: float

    @property
    def share_kept(self) -> float | None:
        """Kept of what was made."""
        return self.kept / self.made if self.made else None

    @property
    def per_keeper(self) -> int | None:
        """Money for one kept candidate."""
        return round(self.spent / self.kept) if self.kept else None


@dataclass(frozen=True, slots=True)
class Overview:
    """The budget page's numbers."""

    tiers: tuple[TierRow, ...]
    where: tuple[WhereRow, ...]
    ready_count: int
    asset_count: int
    review_s: float
    review_micros: int
    runs_count: int

    @property
    def settled(self) -> int:
        """Money that was billed."""
        return sum(row.settled for row in self.tiers)

    @property
    def held(self) -> int:
        """Money that running work may still cost."""
        return sum(row.held for row in self.tiers)

    @property
    def approved(self) -> int:
        """Money that managers approved."""
        return sum(row.approved for row in self.tiers)

    @property
    def per_ready(self) -> int | None:
        """Money for one asset that became ready."""
        return round(self.settled / self.ready_count) if self.ready_count else None

    @property
    def share_spent(self) -> float | None:
        """Billed of approved."""
        return self.settled / self.approved if self.approved else None


def overview(*, team: Team, campaign: Campaign | None = None) -> Overview:
    """Tiers, stages and models of one campaign, or of the whole team."""
    only = Q(campaign=campaign) if campaign else Q()
    assets = Asset.objects.filter(Q(team=team) & only)
    counted = assets.aggregate(
        ready=Count("pk", filter=Q(stage=Stage.READY)),
        every=Count("pk", filter=Q(archived_at__isnull=True)),
    )
    where = _where(team, campaign)
    review_s, batches = _review_seconds(team, campaign)
    return Overview(
        tiers=_tiers(team, campaign),
        where=where,
        ready_count=counted["ready"],
        asset_count=counted["every"],
        review_s=review_s,
        review_micros=round(team.review_rate_micros_per_hour * review_s / 3600),
        runs_count=batches,
    )


def _tiers(team: Team, campaign: Campaign | None) -> tuple[TierRow, ...]:
    only = Q(campaign=campaign) if campaign else Q()
    lines: dict[str, Any] = {
        row["tier"]: row
        for row in BudgetLine.objects.filter(Q(team=team, period=month()) & only)
        .exclude(tier="")
        .values("tier")
        .annotate(
            approved=Sum("approved_micros"),
            settled=Sum("settled_micros"),
            held=Sum("reserved_micros"),
            frozen=Count("pk", filter=Q(frozen_at__isnull=False)),
            count=Count("pk"),
            line=Min("pk"),
        )
    }
    asked = dict(
        Approval.objects.filter(Q(team=team, state=ApprovalState.ASKED) & only)
        .values("tier")
        .annotate(amount=Sum("amount_micros"))
        .values_list("tier", "amount")
    )
    rows = []
    for tier in Tier:
        line: dict[str, Any] = lines.get(tier, {})
        rows.append(
            TierRow(
                tier=tier,
                job=JOBS[tier],
                approved=line.get("approved", 0),
                settled=line.get("settled", 0),
                held=line.get("held", 0),
                asked=asked.get(tier, 0),
                line_id=line.get("line") if campaign else None,
                is_frozen=bool(line) and line["frozen"] == line["count"],
            )
        )
    return tuple(rows)


def _where(team: Team, campaign: Campaign | None) -> tuple[WhereRow, ...]:
    only = Q(run__asset__campaign=campaign) if campaign else Q()
    base = Attempt.objects.filter(Q(run__team=team) & only)
    money = base.values("run__stage", "run__model_label").annotate(
        runs=Count("run", distinct=True),
        spent=Coalesce(Sum("settled_micros"), 0, output_field=BigIntegerField()),
        seconds=Coalesce(Sum("compute_s"), 0.0),
    )
    counts = {
        (row["run__stage"], row["run__model_label"]): row
        for row in base.values("run__stage", "run__model_label").annotate(
            made=Count("candidates"),
            kept=Count("candidates", filter=Q(candidates__verdict=Verdict.KEPT)),
        )
    }
    order = {str(stage): at for at, stage in enumerate(Stage.values)}
    rows = [
        WhereRow(
            stage=Stage(row["run__stage"]).label,
            model=row["run__model_label"],
            runs=row["runs"],
            made=counts[row["run__stage"], row["run__model_label"]]["made"],
            kept=counts[row["run__stage"], row["run__model_label"]]["kept"],
            spent=row["spent"],
            compute_s=row["seconds"],
        )
        for row in sorted(
            money, key=lambda row: (order[row["run__stage"]], row["run__model_label"])
        )
    ]
    return tuple(rows)


def _review_seconds(team: Team, campaign: Campaign | None) -> tuple[float, int]:
    """Seconds between opening a batch and deciding it, at most ten minutes each."""
    only = Q(asset__campaign=campaign) if campaign else Q()
    seconds, count = 0.0, 0
    times = (
        team.runs.filter(only, judged_at__isnull=False, review_opened_at__isnull=False)
        .order_by("pk")
        .values_list("review_opened_at", "judged_at")
    )
    for opened, judged in times.iterator():
        if opened and judged:
            seconds += _between(opened, judged)
            count += 1
    return seconds, count


def _between(opened: datetime, judged: datetime) -> float:
    return min(max((judged - opened).total_seconds(), 0.0), 600.0)


def ledger(*, team: Team, campaign: Campaign | None, tier: str, page: int) -> object:
    """One page of ledger rows, newest first."""
    rows: QuerySet[LedgerEntry] = LedgerEntry.objects.filter(line__team=team)
    if campaign:
        rows = rows.filter(line__campaign=campaign)
    if tier in Tier.values:
        rows = rows.filter(line__tier=tier)
    rows = rows.select_related("line__campaign", "attempt__run__asset", "by").order_by("-pk")
    return Paginator(rows, PAGE).get_page(page)


def waiting(*, team: Team) -> list[Approval]:
    """Requests that wait, oldest first, with everything their card shows."""
    return list(
        Approval.objects.filter(team=team, state=ApprovalState.ASKED)
        .select_related(
            "campaign",
            "run__asset__ad_set",
            "run__source__media",
            "run__asset__current__media",
            "asked_by",
        )
        .annotate(
            left_micros=Sum(
                F("campaign__budget_lines__approved_micros")
                - F("campaign__budget_lines__reserved_micros")
                - F("campaign__budget_lines__settled_micros"),
                filter=Q(
                    campaign__budget_lines__tier=F("tier"), campaign__budget_lines__period=month()
                ),
            ),
            base_id=Subquery(
                AssetBase.objects.filter(asset=OuterRef("run__asset"))
                .order_by("position")
                .values("media")[:1]
            ),
        )
        .order_by("asked_at", "pk")[:200]
    )


def decided(*, team: Team) -> list[Approval]:
    """The last decisions, newest first."""
    return list(
        Approval.objects.filter(team=team)
        .exclude(state=ApprovalState.ASKED)
        .select_related("run__asset", "asked_by", "decided_by", "campaign")
        .order_by("-decided_at", "-pk")[:20]
    )


def entries_missing(*, team: Team) -> int:
    """Closed attempts without a closing ledger row; anything but zero is a defect."""
    closed = Attempt.objects.filter(
        run__team=team,
        state__in=[AttemptState.SETTLED, AttemptState.FAILED, AttemptState.CANCELLED],
    )
    booked = closed.filter(entries__kind__in=[EntryKind.SETTLE, EntryKind.RELEASE]).distinct()
    return closed.count() - booked.count()


def every_entry(*, team: Team, campaign: Campaign | None, tier: str) -> Iterator[LedgerEntry]:
    """All ledger rows in the order they were booked, without holding them in memory."""
    rows = LedgerEntry.objects.filter(line__team=team)
    if campaign:
        rows = rows.filter(line__campaign=campaign)
    if tier in Tier.values:
        rows = rows.filter(line__tier=tier)
    return (
        rows.select_related("line__campaign", "attempt__run__asset")
        .order_by("pk")
        .iterator(chunk_size=1000)
    )
