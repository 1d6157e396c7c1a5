"""Money: reserve, settle, release. The only code that changes a budget line's sums.

Each change is one conditional UPDATE and one ledger row with a unique key, in one transaction.
Nothing reads a balance, decides, and writes it back. Protocol and proof: a hold is committed
before the provider is called and closed once, at what was billed or at nothing.
"""

from __future__ import annotations

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from campaigns import permissions
from campaigns.actions import events
from campaigns.models import Attempt, BudgetLine, Campaign, LedgerEntry
from campaigns.models.choices import EntryKind, Tier
from campaigns.queries import access
from routing import money


class NotCovered(Exception):
    """The line cannot hold the amount; `text` says how much is left and who can change that."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


class BadBudget(ValueError):
    """The wanted amount is below what is already spent or held."""


def open_lines(*, campaign: Campaign) -> None:
    """Make the three lines of a campaign, at zero. Doing it again changes nothing."""
    for tier in Tier.values:
        BudgetLine.objects.get_or_create(
            campaign=campaign,
            tier=tier,
            defaults={"team": campaign.team, "currency": campaign.team.currency},
        )


def set_approved(*, line: BudgetLine, amount_micros: int, by: User) -> None:
    """Set what a line may spend in all. Raises NotAllowed, BadBudget."""
    permissions.check("set_budget", access.roles(by, line.team))
    with transaction.atomic():
        before = BudgetLine.objects.select_for_update().get(pk=line.pk).approved_micros
        changed = BudgetLine.objects.filter(
            pk=line.pk, reserved_micros__lte=amount_micros - F("settled_micros")
        ).update(approved_micros=amount_micros)
        if changed != 1:
            fresh = BudgetLine.objects.get(pk=line.pk)
            least = money.text(fresh.reserved_micros + fresh.settled_micros, fresh.currency)
            raise BadBudget(f"{least} is already spent or held; enter at least that.")
        events.record(
            team=line.team,
            verb="budget.set",
            subject="budget_line",
            subject_id=line.pk,
            by=by,
            before={"approved_micros": before},
            after={"approved_micros": amount_micros},
        )


def set_frozen(*, line: BudgetLine, frozen: bool, by: User) -> None:
    """Stop or allow new spending on a line. What runs goes on. Raises NotAllowed."""
    permissions.check("set_budget", access.roles(by, line.team))
    with transaction.atomic():
        BudgetLine.objects.filter(pk=line.pk).update(frozen_at=timezone.now() if frozen else None)
        events.record(
            team=line.team,
            verb="budget.freeze" if frozen else "budget.thaw",
            subject="budget_line",
            subject_id=line.pk,
            by=by,
        )


def _book(
    *, line: BudgetLine, attempt: Attempt, kind: EntryKind, amount: int, by: User | None, note: str
) -> None:
    LedgerEntry.objects.create(
        line=line,
        attempt=attempt,
        kind=kind,
        amount_micros=amount,
        currency=line.currency,
        key=f"{kind}:{attempt.key}",
        compute_s=attempt.compute_s if kind == EntryKind.SETTLE else 0,
        by=by,
        note=note[:200],
    )


def line_of(*, attempt: Attempt) -> BudgetLine:
    """The budget line that an attempt spends from."""
    return BudgetLine.objects.get(campaign_id=attempt.run.asset.campaign_id, tier=attempt.run.tier)


def reserve(*, attempt: Attempt, amount_micros: int, by: User) -> None:
    """Hold `amount_micros` for an attempt. Must run inside the transaction that makes it.

    Raises NotCovered, and then nothing is held.
    """
    line = line_of(attempt=attempt)
    held = BudgetLine.objects.filter(
        pk=line.pk,
        frozen_at__isnull=True,
        approved_micros__gte=F("reserved_micros") + F("settled_micros") + amount_micros,
    ).update(reserved_micros=F("reserved_micros") + amount_micros)
    if held != 1:
        line.refresh_from_db()
        if line.frozen_at is not None:
            raise NotCovered(
                f"{line.get_tier_display()} tier is frozen in {line.campaign.name}. "
                "A manager can allow it again on the budget page. No money was spent."
            )
        left = line.approved_micros - line.reserved_micros - line.settled_micros
        raise NotCovered(
            f"{money.text(left, line.currency)} is left on the {line.tier} tier of "
            f"{line.campaign.name}, and this needs {money.text(amount_micros, line.currency)}. "
            "A manager can raise it on the budget page. No money was spent."
        )
    Attempt.objects.filter(pk=attempt.pk).update(reserved_micros=amount_micros)
    attempt.reserved_micros = amount_micros
    _book(line=line, attempt=attempt, kind=EntryKind.RESERVE, amount=amount_micros, by=by, note="")


def settle(*, attempt: Attempt, billed_micros: int, note: str = "") -> None:
    """Close an attempt's hold at what was billed. Doing it again changes nothing.

    A bill above the hold that the line cannot carry is booked up to the hold; the excess becomes
    a correction of its own, and the line is frozen until a manager has looked.
    """
    with transaction.atomic():
        if _closed(attempt):
            return
        line = line_of(attempt=attempt)
        held = attempt.reserved_micros
        carried = billed_micros
        closing = BudgetLine.objects.filter(
            pk=line.pk,
            approved_micros__gte=F("reserved_micros") - held + F("settled_micros") + billed_micros,
        )
        if _move(closing, held, billed_micros) != 1:
            carried = min(held, billed_micros)
            _move(BudgetLine.objects.filter(pk=line.pk), held, carried)
        Attempt.objects.filter(pk=attempt.pk).update(settled_micros=billed_micros)
        attempt.settled_micros = billed_micros
        _book(line=line, attempt=attempt, kind=EntryKind.SETTLE, amount=carried, by=None, note=note)
        if carried < billed_micros:
            _overrun(line=line, attempt=attempt, excess=billed_micros - carried)


def _move(lines: QuerySet[BudgetLine], held: int, billed: int) -> int:
    return lines.update(
        reserved_micros=F("reserved_micros") - held, settled_micros=F("settled_micros") + billed
    )


def _overrun(*, line: BudgetLine, attempt: Attempt, excess: int) -> None:
    """The provider billed more than was held and more than the line has: say it, stop spending."""
    note = "billed above the hold, and the line has no room for it"
    _book(line=line, attempt=attempt, kind=EntryKind.CORRECT, amount=excess, by=None, note=note)
    BudgetLine.objects.filter(pk=line.pk, frozen_at__isnull=True).update(frozen_at=timezone.now())
    events.record(
        team=line.team,
        verb="budget.overrun",
        subject="budget_line",
        subject_id=line.pk,
        asset_id=attempt.run.asset_id,
        by=None,
        after={"excess_micros": excess},
    )


def release(*, attempt: Attempt, note: str = "") -> None:
    """Give an attempt's hold back, because nothing was billed. Again changes nothing."""
    with transaction.atomic():
        if _closed(attempt) or not attempt.entries.filter(kind=EntryKind.RESERVE).exists():
            return
        line = line_of(attempt=attempt)
        held = attempt.reserved_micros
        BudgetLine.objects.filter(pk=line.pk).update(reserved_micros=F("reserved_micros") - held)
        _book(line=line, attempt=attempt, kind=EntryKind.RELEASE, amount=held, by=None, note=note)


def _closed(attempt: Attempt) -> bool:
    """Locks the attempt, so that of two that close it at once the second sees the first."""
    Attempt.objects.select_for_update().get(pk=attempt.pk)
    return attempt.entries.filter(kind__in=[EntryKind.SETTLE, EntryKind.RELEASE]).exists()
