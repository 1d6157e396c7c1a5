"""The audit trail of a team as a page: who did what, when, with what it was before and after.

Only reads. A page is found by its neighbor's id, so that none costs more than another.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import Http404

from campaigns.models import CatalogModel, Event, Team
from campaigns.queries import history
from routing import money

PAGE = 50

# What a filter shows, by the beginnings of the verbs.
KINDS: dict[str, tuple[str, tuple[str, ...]]] = {
    "money": ("Money", ("approval.", "budget.", "rule.", "attempt.", "model.")),
    "people": ("People and settings", ("people.", "team.", "consent.")),
    "campaigns": ("Campaigns", ("campaign.", "ad_set.", "brief.")),
    "models": ("Models", ("model.", "watch.", "golden.")),
    "judgments": (
        "Judgments",
        ("candidate.", "gate.", "files.", "run.reject_all", "stage.", "media.declare"),
    ),
}


@dataclass(frozen=True, slots=True)
class Change:
    """One value that a decision changed, in words; "" where there was none."""

    name: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Row:
    """One event with its changes."""

    pk: int
    who: str
    text: str
    at: datetime
    verb: str
    subject: str
    asset_id: int | None
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class Trail:
    """Rows, newest first; `older` is the id to go on from, None at the end."""

    rows: tuple[Row, ...]
    older: int | None


@dataclass(frozen=True, slots=True)
class Filters:
    """What an address asks for, checked. "" asks nothing."""

    kind: str = ""
    person: str = ""
    person_name: str = ""


def read_filters(*, team: Team, asked: Mapping[str, str]) -> Filters:
    """The filters of an address. Raises Http404 for what the team has not."""
    kind, person = asked.get("kind", ""), asked.get("person", "")
    if kind and kind not in KINDS:
        raise Http404
    if not person:
        return Filters(kind)
    if not (person.isascii() and person.isdigit() and len(person) < 16):
        raise Http404
    # also somebody who left the team: what they did stays
    did = Event.objects.filter(team=team, by=OuterRef("pk"))
    user = User.objects.filter(Q(memberships__team=team) | Exists(did), pk=int(person)).first()
    if user is None:
        raise Http404
    return Filters(kind, person, user.get_full_name() or user.get_username())


def trail(*, team: Team, filters: Filters, before: int | None = None) -> Trail:
    """One page of what happened in the team, older than the event `before`."""
    rows = _events(team, filters)
    if before is not None:
        rows = rows.filter(pk__lt=before)
    found = list(rows.select_related("by").order_by("-pk")[: PAGE + 1])
    labels = _labels()
    shown = tuple(_row(event, labels, team.currency) for event in found[:PAGE])
    return Trail(shown, shown[-1].pk if len(found) > PAGE else None)


def every(*, team: Team, filters: Filters) -> Iterator[Row]:
    """All rows, oldest first, as a stream."""
    labels = _labels()
    for event in _events(team, filters).select_related("by").order_by("pk").iterator(1000):
        yield _row(event, labels, team.currency)


def _labels() -> dict[str, str]:
    return dict(CatalogModel.objects.values_list("key", "label"))


def _events(team: Team, filters: Filters) -> QuerySet[Event]:
    wanted = Q(team=team)
    if filters.kind:
        verbs = Q()
        for beginning in KINDS[filters.kind][1]:
            verbs |= Q(verb__startswith=beginning)
        wanted &= verbs
    if filters.person:
        wanted &= Q(by=filters.person)
    return Event.objects.filter(wanted)


def _row(event: Event, labels: Mapping[str, str], currency: str) -> Row:
    names = [*event.after, *(name for name in event.before if name not in event.after)]
    changes = (
        Change(
            _name(name),
            _value(name, event.before.get(name), currency),
            _value(name, event.after.get(name), currency),
        )
        for name in names
    )
    return Row(
        pk=event.pk,
        who=(event.by.get_full_name() or event.by.get_username()) if event.by else "Switchyard",
        text=history.words(event, labels),
        at=event.at,
        verb=event.verb,
        subject=f"{event.subject} {event.subject_id}",
        asset_id=event.asset_id,
        changes=tuple(change for change in changes if change.before != change.after),
    )


def _name(key: str) -> str:
    """A stored name as words: "amount_micros" is "Amount"."""
    return key.removesuffix("_micros").removesuffix("_id").replace("_", " ").capitalize()


def _value(name: str, value: Any, currency: str) -> str:
    is_amount = name.endswith("_micros") or name in ("total", "low", "medium", "high")
    match value:
        case None | "":
            return ""
        case bool():
            return "yes" if value else "no"
        case int() if is_amount:
            return money.text(value, currency)
        case list():
            return ", ".join(_value("", one, currency) for one in value)
        case dict():
            return ", ".join(f"{_name(k)} {_value(k, v, currency)}" for k, v in value.items())
        case _:
            return str(value)
