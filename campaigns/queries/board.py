"""The board: columns with counts and money, filters, and which cards stand on the first screen.

Reads only. The number of queries is the same for one asset and for thousands: counts and money are
grouped in the database, and only the cards that are shown are loaded (`queries.board_cards`).
"""

from __future__ import annotations

import zlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import (
    Count,
    Exists,
    F,
    FilteredRelation,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
    TextField,
    Window,
)
from django.db.models.functions import Cast, RowNumber

from campaigns import permissions
from campaigns.models import (
    AdSet,
    Asset,
    Attempt,
    BudgetLine,
    Campaign,
    ExportItem,
    StageRun,
    Team,
)
from campaigns.models.choices import (
    ATTEMPT_OPEN,
    RUN_OPEN,
    RUN_WORKING,
    Platform,
    RunState,
    Stage,
    Tier,
)
from campaigns.queries import board_cards
from campaigns.queries.board_cards import Card, Viewer
from campaigns.queries.months import month

FIRST_SCREEN = 20
MOST_SHOWN = 400


@dataclass(frozen=True, slots=True)
class Filters:
    """What the board is narrowed to. `shown` says how many cards of a column are wanted."""

    campaign_id: int | None = None
    ad_set_id: int | None = None
    is_waiting: bool = False
    is_running: bool = False
    platform: str = ""
    tier: str = ""
    locale: str = ""
    text: str = ""
    shown: Mapping[str, int] = field(default_factory=dict)

    @property
    def is_narrowed(self) -> bool:
        """True when cards of the campaign may be hidden by a filter."""
        return bool(
            self.ad_set_id
            or self.is_waiting
            or self.is_running
            or self.platform
            or self.tier
            or self.locale
            or self.text
        )

    def limit(self, stage: str) -> int:
        """How many cards of this column to show."""
        return min(MOST_SHOWN, max(FIRST_SCREEN, self.shown.get(stage, FIRST_SCREEN)))


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its cards so far, how many there are, and the money in it (micro-units)."""

    stage: str
    label: str
    count: int
    spent_micros: int
    held_micros: int
    cards: tuple[Card, ...]

    @property
    def left(self) -> int:
        """Cards that are not shown yet."""
        return max(0, self.count - len(self.cards))


@dataclass(frozen=True, slots=True)
class Funds:
    """Money of the campaign or the team: spent, held, and approved in all (micro-units)."""

    spent_micros: int
    held_micros: int
    approved_micros: int


@dataclass(frozen=True, slots=True)
class Board:
    """Everything the board shows."""

    columns: tuple[Column, ...]
    funds: Funds
    campaigns: tuple[Campaign, ...]
    campaign: Campaign | None
    ad_sets: tuple[AdSet, ...]
    locales: tuple[str, ...]
    waiting_count: int
    running_count: int
    total_count: int

    @property
    def asset_count(self) -> int:
        """Cards that pass the filters."""
        return sum(column.count for column in self.columns)


def version(*, team: Team, key: str, now: datetime) -> tuple[str, bool]:
    """What an open board compares, and whether work is going on. Two queries.

    The minute is part of it, so that "since 12 min" on a card does not stand still.
    """
    touched = (
        Asset.objects.filter(team=team)
        .order_by("-touched_at")
        .values_list("touched_at", flat=True)
        .first()
    )
    running = StageRun.objects.filter(team=team, state__in=RUN_WORKING).exists()
    seen = touched.timestamp() if touched else 0
    checksum = zlib.crc32(key.encode())
    return f"{seen:.6f}-{int(now.timestamp()) // 60}-{checksum:x}", running


def _assets(team: Team, filters: Filters) -> QuerySet[Asset]:
    """Cards that pass every filter but "waiting" and "running", which are also counted."""
    rows = Asset.objects.filter(team=team, archived_at__isnull=True).alias(
        open_run=FilteredRelation("runs", condition=Q(runs__state__in=RUN_OPEN)),
        is_packed=Exists(ExportItem.objects.filter(asset=OuterRef("pk"))),
    )
    if filters.campaign_id:
        rows = rows.filter(campaign_id=filters.campaign_id)
    if filters.ad_set_id:
        rows = rows.filter(ad_set_id=filters.ad_set_id)
    if filters.platform:
        # SQLite cannot look inside a JSON list, so the stored text is searched for the word
        rows = rows.alias(platform_words=Cast("platforms", TextField())).filter(
            platform_words__contains=f'"{filters.platform}"'
        )
    if filters.locale:
        rows = rows.filter(locale=filters.locale)
    if filters.tier:
        rows = rows.alias(last_tier=_of_last_run("tier")).filter(last_tier=filters.tier)
    for word in filters.text.split()[:6]:
        rows = rows.filter(
            Q(title__icontains=word)
            | Q(product__icontains=word)
            | Q(creative_code__iexact=word)
            | Q(ad_set__name__icontains=word)
            | Q(campaign__name__icontains=word)
        )
    return rows


def _of_last_run(name: str) -> Subquery:
    return Subquery(StageRun.objects.filter(asset=OuterRef("pk")).order_by("-pk").values(name)[:1])


def _needs(viewer: Viewer) -> Q:
    """Cards on which this person's roles can act now."""
    found = Q(pk__in=[])
    if permissions.can_approve_spend(viewer.roles):
        asked = Q(open_run__state=RunState.WAITING_APPROVAL)
        if not viewer.may_approve_own:
            asked &= ~Q(open_run__requested_by_id=viewer.user_id)
        found |= asked
    if permissions.can_judge(viewer.roles):
        found |= Q(open_run__state=RunState.REVIEW)
    if permissions.can_run(viewer.roles):
        found |= Q(open_run__isnull=True) & ~Q(stage=Stage.READY)
    if permissions.can_export(viewer.roles):
        found |= Q(stage=Stage.READY, is_packed=False)
    return found


def _shown(rows: QuerySet[Asset], filters: Filters, viewer: Viewer) -> QuerySet[Asset]:
    if filters.is_waiting:
        rows = rows.filter(_needs(viewer))
    if filters.is_running:
        rows = rows.filter(Q(open_run__state__in=RUN_WORKING))
    return rows


def board(*, team: Team, viewer: Viewer, filters: Filters, now: datetime) -> Board:
    """The whole board. A constant number of queries, whatever it holds."""
    rows = _assets(team, filters)
    shown = _shown(rows, filters, viewer)
    chips = rows.aggregate(
        total=Count("pk"),
        waiting=Count("pk", filter=_needs(viewer)),
        running=Count("pk", filter=Q(open_run__state__in=RUN_WORKING)),
    )
    counts = dict(shown.order_by().values_list("stage").annotate(count=Count("pk")))
    money = _money(shown)
    places = _places(shown, {stage: (0, filters.limit(stage)) for stage in Stage.values})
    cards = board_cards.cards(places=places, viewer=viewer, now=now)
    campaigns = tuple(
        Campaign.objects.filter(team=team, archived_at__isnull=True).order_by("name", "pk")
    )
    campaign = next((row for row in campaigns if row.pk == filters.campaign_id), None)
    in_reach = Q(campaign=campaign) if campaign else Q(campaign__team=team)
    return Board(
        columns=tuple(
            Column(
                stage=stage,
                label=Stage(stage).label,
                count=counts.get(stage, 0),
                spent_micros=money.get(stage, (0, 0))[0],
                held_micros=money.get(stage, (0, 0))[1],
                cards=tuple(card for card in cards if card.stage == stage),
            )
            for stage in Stage.values
        ),
        funds=_funds(team, campaign),
        campaigns=campaigns,
        campaign=campaign,
        ad_sets=tuple(
            AdSet.objects.filter(in_reach, campaign__archived_at__isnull=True)
            .select_related("campaign")
            .order_by("campaign__name", "name", "pk")
        ),
        locales=tuple(
            Asset.objects.filter(in_reach, team=team, archived_at__isnull=True)
            .order_by("locale")
            .values_list("locale", flat=True)
            .distinct()
        ),
        waiting_count=chips["waiting"],
        running_count=chips["running"],
        total_count=chips["total"],
    )


def column(
    *, team: Team, viewer: Viewer, filters: Filters, stage: str, offset: int, now: datetime
) -> tuple[Card, ...]:
    """The next cards of one column from `offset` on."""
    rows = _shown(_assets(team, filters), filters, viewer).filter(stage=stage)
    places = _places(rows, {stage: (offset, offset + FIRST_SCREEN)})
    return tuple(board_cards.cards(places=places, viewer=viewer, now=now))


def _places(
    rows: QuerySet[Asset], ranges: Mapping[str, tuple[int, int]]
) -> Sequence[tuple[int, int | None]]:
    """(asset, its newest run) in the order of the board, for the wanted part of each column.

    Newest run first, not newest touch: progress touches a card every second, and two running
    cards would change places under the pointer.
    """
    wanted = Q(pk__in=[])
    for stage, (first, last) in ranges.items():
        wanted |= Q(stage=stage, place__gt=first, place__lte=last)
    return list(
        rows.annotate(last_run=_of_last_run("pk"))
        .annotate(
            place=Window(
                RowNumber(),
                partition_by=F("stage"),
                order_by=[F("last_run").desc(nulls_last=True), F("pk").desc()],
            )
        )
        .filter(wanted)
        .order_by("stage", "place")
        .values_list("pk", "last_run")
    )


def _money(rows: QuerySet[Asset]) -> dict[str, tuple[int, int]]:
    """Spent and held micro-units by stage."""
    found = (
        Attempt.objects.filter(run__asset__in=rows.order_by().values("pk"))
        .order_by()
        .values_list("run__asset__stage")
        .annotate(
            spent=Sum("settled_micros", default=0),
            held=Sum("reserved_micros", filter=Q(state__in=ATTEMPT_OPEN), default=0),
        )
    )
    return {stage: (spent, held) for stage, spent, held in found}


def _funds(team: Team, campaign: Campaign | None) -> Funds:
    lines = BudgetLine.objects.filter(team=team, period=month()).exclude(tier="")
    if campaign is not None:
        lines = lines.filter(campaign=campaign)
    sums = lines.aggregate(
        spent=Sum("settled_micros", default=0),
        held=Sum("reserved_micros", default=0),
        approved=Sum("approved_micros", default=0),
    )
    return Funds(sums["spent"], sums["held"], sums["approved"])


def viewer_of(*, team: Team, user_id: int, roles: Collection[str]) -> Viewer:
    """Who looks, as the board needs to know it."""
    return Viewer(user_id, frozenset(roles), team.self_approval_allowed)


def read_filters(query: Mapping[str, str]) -> Filters:
    """Filters from an address. What is not understood is left out: a shared link never breaks."""
    platform, tier = query.get("platform", ""), query.get("tier", "")
    return Filters(
        campaign_id=_number(query.get("campaign", "")),
        ad_set_id=_number(query.get("ad_set", "")),
        is_waiting=query.get("mine", "") == "waiting",
        is_running=query.get("state", "") == "running",
        platform=platform if platform in Platform.values else "",
        tier=tier if tier in Tier.values else "",
        locale=query.get("locale", "")[:12],
        text=query.get("q", "").strip()[:80],
        shown=_read_shown(query.get("show", "")),
    )


def _number(written: str) -> int | None:
    return int(written) if written.isascii() and written.isdigit() and len(written) < 18 else None


def _read_shown(written: str) -> dict[str, int]:
    """ "edit:40,qa:60" as {"edit": 40, "qa": 60}."""
    found: dict[str, int] = {}
    for part in written.split(",")[: len(Stage.values)]:
        stage, _, count = part.partition(":")
        number = _number(count)
        if stage in Stage.values and number:
            found[stage] = min(number, MOST_SHOWN)
    return found


def write_shown(shown: Mapping[str, int]) -> str:
    """The reverse of what an address carries: {"edit": 40} as "edit:40"."""
    return ",".join(f"{stage}:{count}" for stage, count in sorted(shown.items()))
