"""The ledger behind every number: filtered, newest first, a page at a time, or all as a stream.

Only reads. A page is found by its neighbor's id, so that no page costs more than another and
rows that are added meanwhile move nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields

from django.contrib.auth.models import User
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import Http404

from campaigns.models import AdSet, Asset, BudgetLine, Campaign, LedgerEntry, SpendDay, Team
from campaigns.models.choices import EntryKind, Stage, Tier
from campaigns.queries.budget import read_period

PAGE = 30
CHUNK = 1000
_NAME = ("username", "first_name", "last_name")
_FIELDS = (
    "team", "kind", "amount_micros", "currency", "compute_s", "credits_micros", "note", "at",
    "line__tier", "line__period", "line__campaign__name",
    "attempt__number", "attempt__provider_ref",
    "attempt__run__stage", "attempt__run__model_label",
    "attempt__run__asset__title", "attempt__run__asset__ad_set__name",
    *(f"attempt__run__requested_by__{name}" for name in _NAME),
    *(f"by__{name}" for name in _NAME),
)  # fmt: skip
BILLED, OPEN = "billed", "open"
KINDS = {
    BILLED: "Billed (settled and corrected)",
    OPEN: "Held now",
    **{str(kind): kind.label for kind in EntryKind},
}


@dataclass(frozen=True, slots=True)
class Filters:
    """What an address asks for, checked: everything named exists in the team. "" asks nothing."""

    month: str = ""
    campaign: str = ""
    ad_set: str = ""
    asset: str = ""
    person: str = ""
    tier: str = ""
    stage: str = ""
    model: str = ""
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Chip:
    """One filter in words, and the name to leave out to take it away."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Page:
    """Rows, newest first, and the ids to go on from; None at either end."""

    rows: tuple[LedgerEntry, ...]
    older: int | None
    newer: int | None


def read_filters(*, team: Team, asked: Mapping[str, str]) -> tuple[Filters, list[Chip]]:
    """The filters of an address and their chips. Raises Http404 for what the team has not."""
    values = {field.name: asked.get(field.name, "").strip() for field in fields(Filters)}
    chips = [Chip(name, _words(team, name, value)) for name, value in values.items() if value]
    return Filters(**values), chips


def _words(team: Team, name: str, value: str) -> str:
    found: str | None
    match name:
        case "month":
            found = read_period(value).name
        case "tier":
            found = f"{Tier(value).label} tier" if value in Tier.values else None
        case "stage":
            found = Stage(value).label if value in Stage.values else None
        case "kind":
            found = KINDS.get(value)
        case "model":
            found = (
                SpendDay.objects.filter(team=team, model=value)
                .values_list("model_label", flat=True)
                .first()
            )
        case _:
            found = _called(team, name, _number(value))
    if found is None:
        raise Http404
    return found


def _number(value: str) -> int:
    if not (value.isascii() and value.isdigit() and len(value) < 16):
        raise Http404
    return int(value)


def _called(team: Team, name: str, pk: int) -> str | None:
    """The name of a row that the ledger can be filtered by, if it is the team's."""
    match name:
        case "campaign":
            return Campaign.objects.filter(team=team, pk=pk).values_list("name", flat=True).first()
        case "ad_set":
            found = AdSet.objects.filter(campaign__team=team, pk=pk)
            return found.values_list("name", flat=True).first()
        case "asset":
            return Asset.objects.filter(team=team, pk=pk).values_list("title", flat=True).first()
        case _:
            # also somebody who left the team: the rows stay
            of_team = Q(memberships__team=team) | Exists(
                SpendDay.objects.filter(team=team, person=OuterRef("pk"))
            )
            person = User.objects.filter(of_team, pk=pk).first()
            return (person.get_full_name() or person.get_username()) if person else None


def _entries(team: Team, filters: Filters) -> QuerySet[LedgerEntry]:
    wanted = Q()
    if filters.ad_set:
        wanted &= Q(attempt__run__asset__ad_set=filters.ad_set)
    if filters.asset:
        wanted &= Q(attempt__run__asset=filters.asset)
    if filters.person:
        wanted &= Q(attempt__run__requested_by=filters.person)
    if filters.stage:
        wanted &= Q(attempt__run__stage=filters.stage)
    if filters.model:
        wanted &= Q(attempt__run__model=filters.model)
    return LedgerEntry.objects.filter(
        _of_lines(team, filters), _of_kind(filters), wanted, team=team
    )


def _of_lines(team: Team, filters: Filters) -> Q:
    """By the ids of the lines, which are few: no row is joined to its line to be left out."""
    named = {
        key: value
        for key, value in (
            ("campaign", filters.campaign),
            ("tier", filters.tier),
            ("period", read_period(filters.month).start if filters.month else None),
        )
        if value
    }
    if not named:
        return Q()
    lines = BudgetLine.objects.filter(team=team, **named).exclude(tier="")
    return Q(line__in=list(lines.order_by("pk").values_list("pk", flat=True)))


def _of_kind(filters: Filters) -> Q:
    closing = [EntryKind.SETTLE, EntryKind.RELEASE]
    match filters.kind:
        case "":
            return Q()
        case "billed":
            return Q(kind__in=[EntryKind.SETTLE, EntryKind.CORRECT])
        case "open":
            closed = LedgerEntry.objects.filter(attempt=OuterRef("attempt"), kind__in=closing)
            return Q(~Exists(closed), kind=EntryKind.RESERVE)
        case kind:
            return Q(kind=kind)


def _shown(rows: QuerySet[LedgerEntry]) -> QuerySet[LedgerEntry]:
    """With what a row shows, and without the plans and decisions of its run."""
    return rows.select_related(
        "line__campaign", "attempt__run__asset__ad_set", "attempt__run__requested_by", "by"
    ).only(*_FIELDS)


def page(
    *, team: Team, filters: Filters, before: int | None = None, after: int | None = None
) -> Page:
    """One page: the newest rows, those older than `before`, or those newer than `after`.

    One query, two when lines are filtered by.
    """
    rows = _shown(_entries(team, filters))
    if after is not None:
        found = list(rows.filter(pk__gt=after).order_by("pk")[: PAGE + 1])
        more, shown = len(found) > PAGE, found[:PAGE][::-1]
        return _page(shown, has_older=True, has_newer=more)
    if before is not None:
        rows = rows.filter(pk__lt=before)
    found = list(rows.order_by("-pk")[: PAGE + 1])
    return _page(found[:PAGE], has_older=len(found) > PAGE, has_newer=before is not None)


def _page(rows: list[LedgerEntry], *, has_older: bool, has_newer: bool) -> Page:
    return Page(
        rows=tuple(rows),
        older=rows[-1].pk if rows and has_older else None,
        newer=rows[0].pk if rows and has_newer else None,
    )


def every(*, team: Team, filters: Filters) -> Iterator[LedgerEntry]:
    """All rows in the order they were booked, without holding them in memory."""
    rows = _shown(_entries(team, filters))
    return rows.order_by("pk").iterator(chunk_size=CHUNK)
