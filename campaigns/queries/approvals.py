"""The managers' inbox: what waits as cards, what it would leave, what was put aside or decided.

Reads with a fixed number of queries and decides nothing. What a card says of money left is
advice; the gate is `actions.spending`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.db.models import OuterRef, Prefetch, Subquery
from django.utils import timezone

from campaigns.models import Approval, AssetBase, Membership, Snooze, StageRun, Team
from campaigns.models.choices import ApprovalState, Role
from campaigns.queries.room import Lines, Room, lines_of, room

MOST = 200
DECIDED = 20
PICTURES = 3
CENT = 10_000


@dataclass(frozen=True, slots=True)
class Option:
    """One model that could do the run, as its frozen decision says. Money for `count` outputs.

    `rate` is the share of its outputs that is kept, from `seen` picks (0: the catalog's figure).
    """

    key: str
    label: str
    tier: str
    count: int
    expected_micros: int
    maximum_micros: int
    rate: float
    seen: int


@dataclass(frozen=True, slots=True)
class Request:
    """One request with everything its card shows. `review_micros` is people's time for it."""

    approval: Approval
    pictures: tuple[int, ...]
    review_micros: int
    sentence: str
    told: Mapping[str, Any]
    cheaper: Option | None
    blocked: str
    waits_for: str
    is_own: bool
    may_decide: bool
    may_approve: bool

    @property
    def pk(self) -> int:
        """The approval's number."""
        return self.approval.pk

    @property
    def run(self) -> StageRun:
        """What would run."""
        return self.approval.run

    @property
    def has_less(self) -> bool:
        """True when there is something smaller to approve."""
        return bool(self.approval.amount_micros) and (
            self.run.candidate_count > 1 or self.cheaper is not None
        )


@dataclass(frozen=True, slots=True)
class Card:
    """One request, or the requests of one bulk action that still wait."""

    requests: tuple[Request, ...]
    room: Room
    until: datetime | None

    @property
    def first(self) -> Request:
        """The oldest request."""
        return self.requests[0]

    @property
    def is_group(self) -> bool:
        """True when several requests stand on it."""
        return len(self.requests) > 1

    @property
    def element_id(self) -> str:
        """The card's id on the page; what an e-mail's link names."""
        return f"{'group' if self.is_group else 'approval'}-{self.first.pk}"

    @property
    def title(self) -> str:
        """What for: "Hero portrait and 5 more"."""
        title = self.first.run.asset.title
        return f"{title} and {len(self.requests) - 1} more" if self.is_group else title

    @property
    def currency(self) -> str:
        """Of all its amounts."""
        return self.first.approval.currency

    @property
    def amount_micros(self) -> int:
        """The most that approving may cost."""
        return sum(one.approval.amount_micros for one in self.requests)

    @property
    def expected_micros(self) -> int:
        """What we think it costs."""
        return sum(one.run.expected_micros for one in self.requests)

    @property
    def review_micros(self) -> int:
        """People's time to judge what comes out."""
        return sum(one.review_micros for one in self.requests)

    @property
    def candidate_count(self) -> int:
        """How many outputs people will look at."""
        return sum(one.run.candidate_count for one in self.requests)

    @property
    def tiers(self) -> list[str]:
        """The tiers that are asked for."""
        return list(dict.fromkeys(one.approval.tier for one in self.requests))

    @property
    def models(self) -> list[str]:
        """The models that would run."""
        return list(dict.fromkeys(one.run.model_label for one in self.requests))

    @property
    def campaigns(self) -> list[str]:
        """The campaigns that would pay."""
        return list(dict.fromkeys(one.approval.campaign.name for one in self.requests))

    @property
    def sentences(self) -> list[str]:
        """Why these models, each sentence once."""
        return list(dict.fromkeys(one.sentence for one in self.requests if one.sentence))

    @property
    def whys(self) -> list[str]:
        """Why it has to be asked, each sentence once."""
        return list(dict.fromkeys(one.approval.why for one in self.requests if one.approval.why))

    @property
    def pictures(self) -> tuple[int, ...]:
        """A few pictures of what it starts from, as media numbers."""
        if not self.is_group:
            return self.first.pictures
        found = (picture for one in self.requests for picture in one.pictures[:1])
        return tuple(dict.fromkeys(found))[:PICTURES]

    @property
    def expires_at(self) -> datetime:
        """When the first of them ends unanswered."""
        return min(one.approval.expires_at for one in self.requests)

    @property
    def may_decide(self) -> bool:
        """True for managers."""
        return self.first.may_decide

    @property
    def approvable(self) -> int:
        """How many of its requests this person may approve."""
        return sum(one.may_approve for one in self.requests)

    @property
    def approvable_micros(self) -> int:
        """The most that approving those may cost."""
        return sum(one.approval.amount_micros for one in self.requests if one.may_approve)

    @property
    def can_approve(self) -> bool:
        """True when a click on Approve would start something, as far as this page knows."""
        return self.approvable > 0 and self.room.fits > 0


@dataclass(frozen=True, slots=True)
class Inbox:
    """The whole page for one person. `version` changes with everything it shows."""

    cards: tuple[Card, ...]
    snoozed: tuple[Card, ...]
    decided: tuple[Approval, ...]
    count: int
    version: str

    @property
    def rows(self) -> list[tuple[Card, str]]:
        """Each card with the id of the one that comes after it."""
        following = [card.element_id for card in self.cards[1:]]
        return list(zip(self.cards, [*following, ""], strict=False))

    @property
    def awake(self) -> int:
        """Requests on the cards; those put aside are not among them."""
        return sum(len(card.requests) for card in self.cards)

    @property
    def aside(self) -> int:
        """Requests that this person put aside."""
        return sum(len(card.requests) for card in self.snoozed)

    @property
    def is_cut(self) -> bool:
        """True when more wait than are shown."""
        return self.count >= MOST


def inbox(*, team: Team, person: User, may_decide: bool, review_each_micros: int) -> Inbox:
    """What waits, oldest first, with what each card would leave; put aside; decided lately.

    `review_each_micros` is what a look at one candidate costs at the team's rate.
    """
    now = timezone.now()
    rows = _waiting(team, person, now)
    lines = lines_of(team=team)
    managers = _managers(team)
    requests = [
        _request(row, team, person, may_decide, review_each_micros, managers, now) for row in rows
    ]
    recent = decided(team=team)
    awake = [one for one in requests if _until(one) is None]
    aside = [one for one in requests if _until(one) is not None]
    cards, snoozed = _cards(awake, lines), _cards(aside, lines)
    every = (*cards, *snoozed)
    seen = (
        [(card.element_id, card.amount_micros, card.room, card.until) for card in every],
        [(row.pk, row.state) for row in recent],
        [one.blocked for one in requests],
        int(now.timestamp() // 60),
    )
    version = hashlib.sha256(repr(seen).encode()).hexdigest()[:16]
    return Inbox(cards, snoozed, tuple(recent), len(rows), version)


def _waiting(team: Team, person: User, now: datetime) -> list[Approval]:
    mine = Snooze.objects.filter(approval=OuterRef("pk"), person=person, until__gt=now)
    return list(
        Approval.objects.filter(team=team, state=ApprovalState.ASKED)
        .select_related(
            "campaign", "run__asset__ad_set", "run__source", "run__asset__current", "asked_by"
        )
        .prefetch_related(
            Prefetch("run__asset__bases", AssetBase.objects.order_by("position", "pk"))
        )
        .annotate(snoozed_until=Subquery(mine.values("until")[:1]))
        .order_by("asked_at", "pk")[:MOST]
    )


def decided(*, team: Team) -> list[Approval]:
    """The last decisions, newest first."""
    return list(
        Approval.objects.filter(team=team)
        .exclude(state=ApprovalState.ASKED)
        .select_related("run__asset", "asked_by", "decided_by", "campaign")
        .order_by("-decided_at", "-pk")[:DECIDED]
    )


def past(*, team: Team, pk: int) -> Approval | None:
    """A request of the team that was decided meanwhile; None when it still waits or never was."""
    return (
        Approval.objects.filter(team=team, pk=pk)
        .exclude(state=ApprovalState.ASKED)
        .select_related("run__asset", "decided_by")
        .first()
    )


def options(run: StageRun) -> list[Option]:
    """The models its frozen decision found able, the chosen one first."""
    return [_option(choice, run) for choice in run.decision.get("choices", [])]


def _option(choice: Mapping[str, Any], run: StageRun) -> Option:
    evidence = choice.get("evidence") or {}
    return Option(
        key=str(choice["key"]),
        label=str(choice["label"]),
        tier=str(choice["tier"]),
        count=int(choice.get("count") or run.candidate_count),
        expected_micros=int(choice["expected_micros"]),
        maximum_micros=int(choice["maximum_micros"]),
        rate=float(choice.get("each_chance") or choice.get("approval_prior") or 0),
        seen=int(evidence.get("seen", 0)),
    )


def _request(
    row: Approval,
    team: Team,
    person: User,
    may_decide: bool,
    review_each_micros: int,
    managers: Mapping[int, str],
    now: datetime,
) -> Request:
    run = row.run
    cheaper = (one for one in options(run)[1:] if one.maximum_micros < row.amount_micros)
    is_own = row.asked_by_id == person.pk and not team.self_approval_allowed
    blocked = ""
    if row.campaign.archived_at or run.asset.archived_at:
        blocked = "Its campaign or asset is archived. Decline it, or restore it first."
    elif row.expires_at <= now:
        blocked = "It has expired and is about to be closed. Start it again to ask again."
    others = [
        name for pk, name in managers.items() if pk != row.asked_by_id or team.self_approval_allowed
    ]
    return Request(
        approval=row,
        pictures=_pictures(run),
        review_micros=_cents(run.candidate_count * review_each_micros),
        sentence=str(run.decision.get("sentence", "")),
        told=run.decision.get("told", {}),
        cheaper=next(cheaper, None),
        blocked=blocked,
        waits_for=_either(others),
        is_own=is_own,
        may_decide=may_decide,
        may_approve=may_decide and not is_own and not blocked,
    )


def _cents(micros: int) -> int:
    """An estimate is not said to a hundredth of a cent."""
    return round(micros / CENT) * CENT


def _either(names: Sequence[str]) -> str:
    """ "Dana", "Dana or Eve", "Dana, Eve or Max", "Dana, Eve or 4 others"."""
    if len(names) > 3:
        return f"{names[0]}, {names[1]} or {len(names) - 2} others"
    return " or ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))


def _pictures(run: StageRun) -> tuple[int, ...]:
    """What it starts from: the version it changes, else the photos of the brief."""
    if run.source is not None:
        return (run.source.media_id,)
    bases = tuple(base.media_id for base in run.asset.bases.all()[:PICTURES])
    if bases or run.asset.current is None:
        return bases
    return (run.asset.current.media_id,)


def _managers(team: Team) -> dict[int, str]:
    rows = (
        Membership.objects.filter(team=team, role=Role.MANAGER, user__is_active=True)
        .select_related("user")
        .order_by("user__first_name", "pk")
    )
    return {row.user_id: row.user.get_full_name() or row.user.get_username() for row in rows}


def _until(request: Request) -> datetime | None:
    return request.approval.snoozed_until  # type: ignore[attr-defined]


def _cards(requests: Iterable[Request], lines: Lines) -> tuple[Card, ...]:
    """Requests of one batch together, each card where its oldest request stands."""
    groups: dict[str, list[Request]] = {}
    for one in requests:
        groups.setdefault(one.approval.batch or f"#{one.pk}", []).append(one)
    return tuple(
        Card(
            requests=tuple(group),
            room=room(
                [
                    (one.approval.campaign_id, one.approval.tier, one.approval.amount_micros)
                    for one in group
                ],
                lines,
                group[0].approval.currency,
            ),
            until=_until(group[0]),
        )
        for group in groups.values()
    )
