"""A provider's invoice beside our own books, request by request. Only reads, only one team's rows.

The number of queries does not depend on the number of rows: the team's calls are streamed once and
compared with the invoice in memory, because the invoice's ids are more than one IN can carry and
no index knows them.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import TypeVar

from django.db.models import Exists, OuterRef

from campaigns.formats.invoices import Charge, Invoice
from campaigns.models import Attempt, LedgerEntry, Team
from campaigns.models.choices import EntryKind, Stage
from campaigns.queries.budget import Period, period
from campaigns.queries.months import month_after, month_of

CHUNK = 2000
_FIELDS = (
    "pk", "provider", "provider_ref", "ran__request_id", "created_at", "settled_micros",
    "is_closed", "run__asset_id", "run__asset__title", "run__stage", "run__model_label",
)  # fmt: skip


class State(StrEnum):
    """What becomes of one request id, in the order in which a manager has to look at it."""

    DIFFERS = "differs"
    OPEN = "open"
    UNCLEAR = "unclear"
    THEIRS = "theirs"
    OURS = "ours"
    SAME = "same"

    @property
    def label(self) -> str:
        """The word on the screen and in the CSV."""
        return _WORDS[self]


_WORDS = {
    State.DIFFERS: "Differs",
    State.OPEN: "Still held",
    State.UNCLEAR: "Two of ours",
    State.THEIRS: "Only theirs",
    State.OURS: "Only ours",
    State.SAME: "Same",
}
_ORDER = {state: place for place, state in enumerate(State)}


@dataclass(frozen=True, slots=True)
class Call:
    """One attempt of the team with what its row on the screen needs."""

    attempt_id: int
    provider: str
    ids: frozenset[str]
    created_at: datetime
    booked: int
    is_closed: bool
    asset_id: int
    title: str
    stage: str
    model_label: str

    @property
    def request_id(self) -> str:
        """One of its ids, for a call that the invoice does not name."""
        return min(self.ids, default="")


@dataclass(frozen=True, slots=True)
class Row:
    """One request: `theirs` and `ours` in micro-units, None on the side that does not have it.

    `request_ids` are several where an invoice bills one call under both of its ids.
    """

    state: State
    request_ids: tuple[str, ...]
    theirs: int | None
    ours: int | None
    call: Call | None = None
    line_count: int = 1
    model: str = ""

    @property
    def request_id(self) -> str:
        """The ids as one text."""
        return ", ".join(self.request_ids)

    @property
    def difference(self) -> int | None:
        """Theirs less ours; None where one of them is not known yet."""
        if self.state in {State.OPEN, State.UNCLEAR}:
            return None
        return (self.theirs or 0) - (self.ours or 0)


@dataclass(frozen=True, slots=True)
class Comparison:
    """All rows, those first that need a person; the scope that "only ours" was looked up in.

    Without `provider` and `month` nobody can say what only we have. Sums in micro-units.
    """

    invoice: Invoice
    provider: str
    month: Period | None
    rows: tuple[Row, ...]

    @property
    def is_scoped(self) -> bool:
        """True when it is known what stands only in our books."""
        return bool(self.provider and self.month and self.invoice.is_whole)

    @property
    def differing(self) -> tuple[Row, ...]:
        """The rows that can be accepted, the largest differences first."""
        return tuple(row for row in self.rows if row.state is State.DIFFERS)

    @property
    def to_book(self) -> int:
        """What accepting all differences would add to our books; may be negative."""
        return sum(row.difference or 0 for row in self.differing)

    @property
    def theirs(self) -> int:
        """The invoice's total."""
        return sum(charge.micros for charge in self.invoice.charges)

    @property
    def ours(self) -> int:
        """What our books say of everything shown."""
        return sum(row.ours or 0 for row in self.rows)

    @property
    def difference(self) -> int:
        """The invoice's total less ours."""
        return self.theirs - self.ours

    @property
    def counts(self) -> list[tuple[State, int, int]]:
        """Each state that occurs, its rows, and its difference in micro-units."""
        number: Counter[State] = Counter()
        amount: Counter[State] = Counter()
        for row in self.rows:
            number[row.state] += 1
            amount[row.state] += row.difference or 0
        return [(state, number[state], amount[state]) for state in State if number[state]]

    @property
    def added_up(self) -> int:
        """How many request ids stand on more than one line of the invoice."""
        return sum(1 for charge in self.invoice.charges if charge.line_count > 1)


def providers(*, team: Team) -> list[str]:
    """The providers that did work for a team, by name."""
    found = Attempt.objects.filter(run__team=team).values_list("provider", flat=True)
    return list(found.distinct().order_by("provider"))


def compare(
    *, team: Team, invoice: Invoice, provider: str = "", month: date | None = None
) -> Comparison:
    """Put an invoice beside the team's own calls. Two queries at most.

    Without `provider` it is the one whose calls the invoice names most; without `month` (a first
    day) the one that most of its dates name, else the one in which most of its calls were made.
    """
    wanted = {charge.request_id for charge in invoice.charges}
    found = [call for call in _calls(team) if not call.ids.isdisjoint(wanted)]
    provider = provider or _most(Counter(call.provider for call in found)) or ""
    found = [call for call in found if call.provider == provider]
    by_id: dict[str, list[Call]] = defaultdict(list)
    for call in found:
        for name in call.ids & wanted:
            by_id[name].append(call)
    rows = list(_matched(invoice, by_id))
    scope = month or invoice.month or _most(Counter(month_of(call.created_at) for call in found))
    if scope and provider and invoice.is_whole:
        known = {call.attempt_id for call in found}
        rows += [
            Row(State.OURS, (call.request_id,), None, call.booked, call)
            for call in _calls(team, provider=provider, month=scope)
            if call.booked and call.attempt_id not in known
        ]
    rows.sort(key=lambda row: (_ORDER[row.state], -abs(row.difference or 0), row.request_ids))
    return Comparison(invoice, provider, period(scope) if scope else None, tuple(rows))


T = TypeVar("T", str, date)


def _most(counted: Counter[T]) -> T | None:
    """What was counted most often; of several the first in order."""
    return min(counted, key=lambda one: (-counted[one], one)) if counted else None


def _calls(team: Team, *, provider: str = "", month: date | None = None) -> Iterator[Call]:
    """The team's calls, of one provider and month (a first day) when they are given."""
    found = Attempt.objects.filter(run__team=team)
    if provider:
        found = found.filter(provider=provider)
    if month:
        after = month_after(month)
        found = found.filter(
            created_at__gte=datetime(month.year, month.month, 1, tzinfo=UTC),
            created_at__lt=datetime(after.year, after.month, 1, tzinfo=UTC),
        )
    closing = LedgerEntry.objects.filter(
        attempt=OuterRef("pk"), kind__in=[EntryKind.SETTLE, EntryKind.RELEASE]
    )
    rows = found.annotate(is_closed=Exists(closing)).order_by("pk").values_list(*_FIELDS)
    for pk, by, ref, said, at, booked, is_closed, asset, title, stage, model in rows.iterator(
        CHUNK
    ):
        yield Call(
            attempt_id=pk,
            provider=by,
            ids=frozenset(str(name) for name in (ref, said) if name),
            created_at=at,
            booked=booked or 0,
            is_closed=is_closed,
            asset_id=asset,
            title=title,
            stage=Stage(stage).label,
            model_label=model,
        )


def _matched(invoice: Invoice, by_id: dict[str, list[Call]]) -> Iterator[Row]:
    """A row for each charge; one row where an invoice names a call by both of its ids."""
    of_call: dict[int, list[Charge]] = defaultdict(list)
    calls: dict[int, Call] = {}
    for charge in invoice.charges:
        found = by_id.get(charge.request_id, [])
        if len(found) == 1:
            (call,) = found
            calls[call.attempt_id] = call
            of_call[call.attempt_id].append(charge)
        else:
            state = State.UNCLEAR if found else State.THEIRS
            yield _row(state, [charge], None, None)
    for pk, charges in of_call.items():
        call = calls[pk]
        theirs = sum(charge.micros for charge in charges)
        if not call.is_closed:
            state = State.OPEN
        else:
            state = State.SAME if theirs == call.booked else State.DIFFERS
        yield _row(state, charges, call.booked if call.is_closed else None, call)


def _row(state: State, charges: list[Charge], ours: int | None, call: Call | None) -> Row:
    return Row(
        state=state,
        request_ids=tuple(charge.request_id for charge in charges),
        theirs=sum(charge.micros for charge in charges),
        ours=ours,
        call=call,
        line_count=sum(charge.line_count for charge in charges),
        model=next((charge.model for charge in charges if charge.model), ""),
    )
