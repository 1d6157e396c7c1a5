"""The day sums behind the budget page, changed together with the rows they are made from.

`rebuild` makes them again from those rows; a test holds the two against each other.
"""

from __future__ import annotations

from collections.abc import Iterable

from django.db import IntegrityError, transaction
from django.db.models import F

from campaigns.models import Attempt, LedgerEntry, SpendDay, StageRun, Team
from campaigns.models.choices import EntryKind, Verdict

MOST_REVIEW_S = 600.0


def _add(attempt: Attempt, **deltas: float) -> None:
    """Add to the sum of an attempt's day, made when it is the first. One UPDATE."""
    run = attempt.run
    key = {
        "ad_set_id": run.asset.ad_set_id,
        "person_id": run.requested_by_id,
        "day": attempt.created_at.date(),
        "stage": run.stage,
        "tier": run.tier,
        "model": run.model,
    }
    changes = {name: F(name) + delta for name, delta in deltas.items() if delta}
    if not changes:
        return
    if SpendDay.objects.filter(**key).update(**changes):
        return
    try:
        with transaction.atomic():
            SpendDay.objects.create(
                team_id=run.team_id,
                campaign_id=run.asset.campaign_id,
                model_label=run.model_label,
                **key,
                **deltas,
            )
    except IntegrityError:  # somebody else made it meanwhile
        SpendDay.objects.filter(**key).update(**changes)


def closed(*, attempt: Attempt, micros: int, settled: bool) -> None:
    """Count an attempt that was settled at `micros`, or released. In the closing transaction.

    Also what it made: a batch that ends before it is whole is never judged.
    """
    _add(attempt, runs=1, **_money(attempt, micros, settled))
    judged(run_id=attempt.run_id)


def _money(attempt: Attempt, micros: int, settled: bool) -> dict[str, float]:
    """What a closed attempt adds; work that was released is compared with nothing."""
    return {
        "settled_micros": micros,
        "estimated_micros": attempt.run.expected_micros if settled else 0,
        "top_micros": attempt.run.top_micros if settled else 0,
        "credits_micros": attempt.credits_micros,
        "compute_s": attempt.compute_s,
    }


def corrected(*, attempt: Attempt, micros: int) -> None:
    """Add a correction to the day of the work it belongs to."""
    _add(attempt, settled_micros=micros)


def _last_attempt(run: StageRun) -> Attempt | None:
    return run.attempts.select_related("run__asset").order_by("-number").first()


def _tally(run: StageRun) -> dict[str, float]:
    verdicts = list(run.candidates.values_list("verdict", flat=True))
    return {
        "made": len(verdicts),
        "kept": verdicts.count(Verdict.KEPT),
        "review_s": _review_s(run),
    }


def _review_s(run: StageRun) -> float:
    if run.review_opened_at is None or run.judged_at is None:
        return 0.0
    seconds = (run.judged_at - run.review_opened_at).total_seconds()
    return min(max(seconds, 0.0), MOST_REVIEW_S)


def judged(*, run_id: int) -> None:
    """Bring the day's counts of made, kept and review time up to what the run's rows say now.

    Call it under the asset's lock after anything about its candidates changed. Repeatable: what
    was counted before stands with the run.
    """
    run = StageRun.objects.get(pk=run_id)
    attempt = _last_attempt(run)
    if attempt is None:
        return
    now = _tally(run)
    _add(attempt, **{name: value - run.counted.get(name, 0) for name, value in now.items()})
    StageRun.objects.filter(pk=run.pk).update(counted=now)


def rebuild(*, team: Team) -> int:
    """Make a team's sums again from ledger, attempts and candidates. Returns how many there are.

    Not while workers run: what they add meanwhile would be counted twice or not at all.
    """
    with transaction.atomic():
        SpendDay.objects.filter(team=team).delete()
        for attempt in _closed(team):
            entries = list(attempt.entries.all())
            settled = any(entry.kind == EntryKind.SETTLE for entry in entries)
            _add(attempt, runs=1, **_money(attempt, _booked(entries), settled))
        StageRun.objects.filter(team=team).update(counted={})
        for pk in StageRun.objects.filter(team=team).order_by("pk").values_list("pk", flat=True):
            judged(run_id=pk)
    return SpendDay.objects.filter(team=team).count()


def _closed(team: Team) -> Iterable[Attempt]:
    closed = LedgerEntry.objects.filter(
        team=team, kind__in=[EntryKind.SETTLE, EntryKind.RELEASE]
    ).values("attempt")
    return (
        Attempt.objects.filter(pk__in=closed)
        .select_related("run__asset")
        .prefetch_related("entries")
        .order_by("pk")
        .iterator(chunk_size=500)
    )


def _booked(entries: Iterable[LedgerEntry]) -> int:
    counted = (EntryKind.SETTLE, EntryKind.CORRECT)
    return sum(entry.amount_micros for entry in entries if entry.kind in counted)
