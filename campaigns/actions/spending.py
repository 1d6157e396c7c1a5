"""Money: reserve, settle, release, correct. The only code that changes a budget line's sums.

A run touches three lines: its team's month, its campaign's and its tier's. Each change is one
conditional UPDATE a line, in the order of ids, and one ledger row with a unique key, in one
transaction. Nothing reads a balance, decides, and writes it back. A hold is committed before the
provider is called and closed once, at what was billed or at nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from campaigns import permissions
from campaigns.actions import alerts, approving, budgets, events, rollups, standing
from campaigns.models import Attempt, BudgetLine, LedgerEntry, StageRun
from campaigns.models.choices import EntryKind
from campaigns.queries import access
from routing import money

MOST_CORRECTION = 1_000_000_000 * 1_000_000


class NotCovered(Exception):
    """A line cannot hold the amount; `text` says which, how much is left, who can change that."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


class BadCorrection(ValueError):
    """A correction cannot be booked; `field` is amount or note."""

    def __init__(self, text: str, field: str = "amount") -> None:
        super().__init__(text)
        self.text = text
        self.field = field


def reserve(*, attempt: Attempt, amount_micros: int, by: User) -> None:
    """Hold `amount_micros` for an attempt. Must run inside the transaction that makes it.

    Here is the gate for everybody, browser, worker and shell: a run that needs a manager's yes
    uses its approval up. Raises approving.NotApproved or NotCovered, and then nothing is held;
    ValueError for what is no amount.
    """
    if money.whole(amount_micros) < 0:
        raise ValueError("a hold is never negative")
    with transaction.atomic():
        # as it is stored: what a shell or an older page holds in memory opens no other line
        run = StageRun.objects.select_related("asset__campaign__team").get(pk=attempt.run_id)
        approving.use(run=run, amount_micros=amount_micros)
        lines = budgets.open_month(campaign=run.asset.campaign)
        chain = [line for line in lines if line.tier in ("", run.tier)]
        _one_currency(chain, run)
        _hold_all(chain, amount_micros)
        Attempt.objects.filter(pk=attempt.pk).update(reserved_micros=amount_micros)
        attempt.reserved_micros = amount_micros
        _book(_tier_line(chain), attempt, EntryKind.RESERVE, amount_micros, by=by)
        alerts.check(lines=chain)


def _one_currency(chain: Sequence[BudgetLine], run: StageRun) -> None:
    kept = next((line.currency for line in chain if line.currency != run.currency), "")
    if kept:
        raise NotCovered(
            f"This work is priced in {run.currency} and the budget of {run.asset.campaign.name} is "
            f"kept in {kept} this month. Cancel it and start it again. No money was spent."
        )


class _NoRoom(Exception):
    """One of the lines refused; what the others took goes back."""


def _hold_all(chain: Sequence[BudgetLine], amount: int) -> None:
    # what was read a moment ago may say no, which spares the hot rows; only the UPDATE says yes
    if any(_is_full(line, amount) for line in chain):
        raise NotCovered(_refusal(chain, amount))
    try:
        with transaction.atomic():
            if not all(_hold(line, amount) for line in chain):
                raise _NoRoom
    except _NoRoom:
        raise NotCovered(_refusal(chain, amount)) from None


def _is_full(line: BudgetLine, amount: int) -> bool:
    return line.frozen_at is not None or (
        line.left_micros is not None and line.left_micros < amount
    )


def _hold(line: BudgetLine, amount: int) -> bool:
    """One conditional UPDATE; False when the line is frozen or has no room."""
    used = F("reserved_micros") + F("settled_micros") + F("overrun_micros")
    rows = BudgetLine.objects.filter(pk=line.pk, frozen_at__isnull=True).filter(
        Q(approved_micros__isnull=True)
        | Q(approved_micros__gte=used + F("carried_out_micros") + amount)
    )
    return rows.update(reserved_micros=F("reserved_micros") + amount) == 1


def _refusal(chain: Sequence[BudgetLine], amount: int) -> str:
    """Why the lines cannot hold an amount: what is frozen, else where least is left."""
    fresh = list(
        BudgetLine.objects.filter(pk__in=[line.pk for line in chain])
        .select_related("campaign", "team")
        .order_by("-pk")
    )
    frozen = next((line for line in fresh if line.frozen_at is not None), None)
    if frozen is not None:
        return (
            f"{_called(frozen)[:1].upper()}{_called(frozen)[1:]} is frozen. A manager can allow "
            "it again on the budget page. No money was spent."
        )
    limited = [line for line in fresh if line.left_micros is not None]
    tightest = min(limited, key=lambda line: (line.left_micros or 0, not line.tier))
    left = money.text(max(0, tightest.left_micros or 0), tightest.currency)
    return (
        f"{left} is left on {_called(tightest)} this month, and this needs "
        f"{money.text(amount, tightest.currency)}. A manager can raise it on the budget page. "
        "No money was spent."
    )


def _called(line: BudgetLine) -> str:
    if line.campaign is None:
        return f"the whole team {line.team.name}"
    return f"the {line.tier} tier of {line.campaign.name}" if line.tier else line.campaign.name


def _tier_line(chain: Sequence[BudgetLine]) -> BudgetLine:
    (line,) = [line for line in chain if line.tier]
    return line


def _book(
    line: BudgetLine,
    attempt: Attempt,
    kind: EntryKind,
    amount: int,
    *,
    by: User | None = None,
    note: str = "",
    key: str = "",
) -> LedgerEntry:
    closing = kind == EntryKind.SETTLE
    return LedgerEntry.objects.create(
        team_id=line.team_id,
        line=line,
        attempt=attempt,
        kind=kind,
        amount_micros=amount,
        currency=line.currency,
        key=key or f"{kind}:{attempt.key}",
        compute_s=attempt.compute_s if closing else 0,
        credits_micros=attempt.credits_micros if closing else 0,
        by=by,
        note=note[:200],
    )


def held_lines(*, attempt: Attempt) -> list[BudgetLine]:
    """The lines that an attempt's hold was put on, by id; empty before it was held.

    They stay the ones of the month in which the money was held, whenever the bill comes.
    """
    held = (
        LedgerEntry.objects.filter(attempt=attempt, kind=EntryKind.RESERVE)
        .select_related("line")
        .first()
    )
    if held is None:
        return []
    of = held.line
    return list(
        BudgetLine.objects.filter(team_id=of.team_id, period=of.period)
        .filter(Q(campaign_id=of.campaign_id, tier__in=["", of.tier]) | Q(campaign__isnull=True))
        .select_related("campaign", "team")
        .order_by("pk")
    )


def settle(*, attempt: Attempt, billed_micros: int, note: str = "") -> None:
    """Close an attempt's hold at what was billed. Doing it again changes nothing.

    A bill above the hold that a line cannot carry is booked up to the hold; the excess becomes a
    correction of its own, stands on the lines as overrun, and freezes the tier until a manager
    has looked. Raises ValueError for what is no amount, a negative bill, and an attempt that
    holds nothing.
    """
    if money.whole(billed_micros) < 0:
        raise ValueError("a bill is never negative; book a correction")
    with transaction.atomic():
        if _closed(attempt):
            return
        chain = held_lines(attempt=attempt)
        if not chain:
            raise ValueError("nothing was held for this attempt, so nothing can be settled")
        # the rule's day before the lines, as a run that starts by a rule takes them
        standing.give_back(run=attempt.run, micros=attempt.reserved_micros - billed_micros)
        carried = billed_micros
        if billed_micros > attempt.reserved_micros and not _has_room(chain, attempt, billed_micros):
            carried = attempt.reserved_micros
        excess = billed_micros - carried
        _close(chain, attempt.reserved_micros, carried, excess)
        Attempt.objects.filter(pk=attempt.pk).update(settled_micros=billed_micros)
        attempt.settled_micros = billed_micros
        line = _tier_line(chain)
        _book(line, attempt, EntryKind.SETTLE, carried, note=note)
        rollups.closed(attempt=attempt, micros=billed_micros, settled=True)
        if excess:
            note = "billed above the hold, and the line has no room for it"
            _book(line, attempt, EntryKind.CORRECT, excess, note=note)
            _overran(line, attempt, excess)
        elif billed_micros > attempt.reserved_micros:
            _above_hold(line, attempt, billed_micros - attempt.reserved_micros)
        alerts.check(lines=chain)


def _has_room(chain: Sequence[BudgetLine], attempt: Attempt, billed: int) -> bool:
    """Locks the lines by id, then looks: what is true now stays true until the commit."""
    held = attempt.reserved_micros
    locked = BudgetLine.objects.select_for_update().filter(pk__in=[line.pk for line in chain])
    return all(
        line.left_micros is None or line.left_micros + held >= billed
        for line in locked.order_by("pk")
    )


def _close(chain: Sequence[BudgetLine], held: int, billed: int, excess: int = 0) -> None:
    for line in chain:
        BudgetLine.objects.filter(pk=line.pk).update(
            reserved_micros=F("reserved_micros") - held,
            settled_micros=F("settled_micros") + billed,
            overrun_micros=F("overrun_micros") + excess,
        )


def _above_hold(line: BudgetLine, attempt: Attempt, excess: int) -> None:
    """The provider billed more than was promised; the lines could carry it: say it."""
    events.record(
        team=line.team,
        verb="budget.above_hold",
        subject="budget_line",
        subject_id=line.pk,
        asset_id=attempt.run.asset_id,
        by=None,
        before={"held_micros": attempt.reserved_micros},
        after={"excess_micros": excess},
    )
    alerts.above_hold(line=line, attempt=attempt, excess_micros=excess)


def _overran(line: BudgetLine, attempt: Attempt, excess: int) -> None:
    """The provider billed more than was held and more than there is: say it, stop spending."""
    # the bill of a month that has passed stops the month that is being spent
    budgets.and_later(line=line).filter(frozen_at__isnull=True).update(frozen_at=timezone.now())
    events.record(
        team=line.team,
        verb="budget.overrun",
        subject="budget_line",
        subject_id=line.pk,
        asset_id=attempt.run.asset_id,
        by=None,
        after={"excess_micros": excess},
    )
    alerts.overrun(line=line, attempt=attempt, excess_micros=excess)


def release(*, attempt: Attempt, note: str = "") -> None:
    """Give an attempt's hold back, because nothing was billed. Again changes nothing."""
    with transaction.atomic():
        if _closed(attempt):
            return
        chain = held_lines(attempt=attempt)
        if not chain:
            return
        standing.give_back(run=attempt.run, micros=attempt.reserved_micros)
        _close(chain, attempt.reserved_micros, 0)
        _book(_tier_line(chain), attempt, EntryKind.RELEASE, attempt.reserved_micros, note=note)
        rollups.closed(attempt=attempt, micros=0, settled=False)


def _closed(attempt: Attempt) -> bool:
    """Locks the attempt, so that of two that close it at once the second sees the first.

    Brings its amounts up to what is stored: a hold is closed at what it is, not at what the
    caller remembers of it.
    """
    fresh = Attempt.objects.select_for_update().get(pk=attempt.pk)
    for name in ("reserved_micros", "settled_micros", "compute_s", "credits_micros"):
        setattr(attempt, name, getattr(fresh, name))
    return attempt.entries.filter(kind__in=[EntryKind.SETTLE, EntryKind.RELEASE]).exists()


def correct(*, attempt: Attempt, amount_micros: int, note: str, token: str, by: User) -> None:
    """Book a difference to a closed attempt: positive was billed too little, negative too much.

    A positive one that the lines cannot carry becomes overrun. The same token books once. Raises
    NotAllowed, BadCorrection.
    """
    permissions.check_can_set_budget(access.roles(by, attempt.run.team))
    key = f"correct:{attempt.key}:{token}"[:120]
    if type(amount_micros) is not int or not 0 < abs(amount_micros) <= MOST_CORRECTION:
        raise BadCorrection("Enter an amount that is not 0 and below 1,000,000,000.")
    if not note.strip():
        raise BadCorrection("Say where the difference comes from, such as the invoice.", "note")
    with transaction.atomic():
        if not _closed(attempt):
            raise BadCorrection("This work is not settled yet; correct it once it is.")
        earlier = LedgerEntry.objects.filter(key=key).first()
        if earlier is not None:
            if earlier.amount_micros != amount_micros:
                raise BadCorrection(
                    "This form was sent before with another amount. Load the page again. "
                    "Nothing was changed."
                )
            return
        chain = held_lines(attempt=attempt)
        fresh = Attempt.objects.get(pk=attempt.pk)
        before = fresh.settled_micros or 0
        if before + amount_micros < 0:
            raise BadCorrection(
                f"Only {money.text(before, chain[0].currency)} was booked for this work, so no "
                "more than that can be taken back."
            )
        fits = _correct_lines(chain, amount_micros)
        Attempt.objects.filter(pk=attempt.pk).update(settled_micros=before + amount_micros)
        _book(
            _tier_line(chain), attempt, EntryKind.CORRECT, amount_micros, by=by, note=note, key=key
        )
        rollups.corrected(attempt=attempt, micros=amount_micros)
        events.record(
            team=attempt.run.team,
            verb="budget.correct",
            subject="attempt",
            subject_id=attempt.pk,
            asset_id=attempt.run.asset_id,
            by=by,
            before={"settled_micros": before},
            after={"settled_micros": before + amount_micros, "note": note[:200]},
        )
        if not fits:
            _overran(_tier_line(chain), attempt, amount_micros)
        alerts.check(lines=chain)


def _correct_lines(chain: Sequence[BudgetLine], amount: int) -> bool:
    """Take back from overrun first; add to it what does not fit on every line.

    False when it did not fit.
    """
    locked = list(
        BudgetLine.objects.select_for_update()
        .filter(pk__in=[line.pk for line in chain])
        .order_by("pk")
    )
    if amount > 0:
        fits = all(line.left_micros is None or line.left_micros >= amount for line in locked)
        for line in locked:
            _close([line], 0, amount if fits else 0, 0 if fits else amount)
        return fits
    over = min(*(line.overrun_micros for line in locked), -amount)
    for line in locked:
        _close([line], 0, amount + over, -over)
    return True
