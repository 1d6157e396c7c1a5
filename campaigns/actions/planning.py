"""From a brief to a plan: which operation and model each stage gets, why, and what it costs.

Reads rows, writes none. The same code draws the live plan and starts the runs.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.utils import timezone

from campaigns import wiring
from campaigns.actions import mending, needs
from campaigns.formats import profiles
from campaigns.models import Asset, Campaign, CatalogModel, Media
from campaigns.models.choices import FileKind
from campaigns.queries import beliefs, recent
from campaigns.queries.recent import NEVER, Past, Rolled
from campaigns.stages import BY_KEY, PIPELINE
from campaigns.stages.base import Brief
from routing import asking, complexity, decide, explain, index, pricing
from routing.catalog import ModelCard
from routing.complexity import Demands
from routing.decide import Choice, Decision, Exploration, People
from routing.learning import Belief
from routing.stages import OPERATIONS, PASS
from routing.tasks import TaskView

SECONDS_TO_REVIEW = 8
USUAL_COUNT = 4  # said of a need whose batch is left open while nothing can do it


@dataclass(frozen=True, slots=True)
class PlannedStage:
    """One line of the plan. Money in micro-units for the whole batch; `seconds` of machine time."""

    stage: str
    operation: str
    operation_label: str
    count: int
    decision: Decision | None
    reason: str
    expected_micros: int
    maximum_micros: int
    seconds: float
    must_ask: str
    problem: str

    @property
    def is_pass(self) -> bool:
        """True when the stage has nothing to do."""
        return self.operation == PASS

    @property
    def model_label(self) -> str:
        """The model that would do it, or nothing."""
        best = self.decision.best if self.decision else None
        return best.card.label if best else ""

    @property
    def tier(self) -> str:
        """The cost tier of that model, or nothing."""
        best = self.decision.best if self.decision else None
        return best.card.tier if best else ""

    @property
    def limits(self) -> str:
        """What that model honestly cannot do."""
        best = self.decision.best if self.decision else None
        return best.card.limits if best else ""


@dataclass(frozen=True, slots=True)
class Plan:
    """The whole line for one brief."""

    stages: tuple[PlannedStage, ...]
    currency: str

    @property
    def expected_micros(self) -> int:
        """Money for one pass down the line."""
        return sum(stage.expected_micros for stage in self.stages)

    @property
    def maximum_micros(self) -> int:
        """The most one pass may hold."""
        return sum(stage.maximum_micros for stage in self.stages)

    @property
    def seconds(self) -> float:
        """Machine time for one pass."""
        return sum(stage.seconds for stage in self.stages)

    @property
    def decisions(self) -> int:
        """Decisions a person makes from brief to package: the brief, one a gate, the package."""
        return 2 + sum(1 for stage in self.stages if not stage.is_pass)

    @property
    def problem(self) -> str:
        """The first thing that stands in the way, or nothing."""
        return next((stage.problem for stage in self.stages if stage.problem), "")


def cards() -> tuple[ModelCard, ...]:
    """The catalog rows as routing wants them."""
    return tuple(
        ModelCard(
            key=row.key,
            label=row.label,
            provider=row.provider,
            version=row.version,
            operations=tuple(row.operations),
            tier=row.tier,
            price_micros=row.price_micros,
            price_unit=row.price_unit,
            price_basis=row.price_basis,
            price_from=row.price_from,
            approval_prior=row.approval_prior,
            seconds_each=row.seconds_each,
            source=row.source,
            limits=row.limits,
            licence=row.licence,
            is_enabled=row.is_enabled,
            currency=row.currency,
            **profiles.read(row.profile),
        )
        for row in CatalogModel.objects.order_by("key")
    )


def at_version(card: ModelCard, version: str) -> ModelCard:
    """The card as the version that ran then."""
    return replace(card, version=version)


def people(review_rate_micros_per_hour: int) -> People:
    """What a look at one candidate and one hand-off cost at a team's rate."""
    return People(
        review_micros=review_rate_micros_per_hour * SECONDS_TO_REVIEW // 3600,
        handoff_micros=review_rate_micros_per_hour * 45 // 3600,
    )


def brief_of(asset: Asset) -> Brief:
    """What the stages may look at of an asset that exists."""
    base = asset.bases.select_related("media").order_by("position").first()
    current = asset.current.media if asset.current else None
    picture: Media | None = current or (base.media if base else None)
    as_is = any(entry.get("operation") == "adopt" for entry in asset.plan)
    return Brief(
        has_base=picture is not None,
        wants_clip=bool(asset.motion),
        purpose=asset.purpose,
        platforms=tuple(asset.platforms),
        locale=asset.locale,
        goal=asset.goal,
        headline=asset.headline,
        subline=asset.subline,
        cta=asset.cta,
        motion=asset.motion,
        motion_profile=asset.motion_profile,
        brand_colors=tuple(asset.team.brand_colors),
        count=asset.candidate_count,
        as_is=as_is,
        width=picture.width if picture else 0,
        height=picture.height if picture else 0,
        todo=tuple(asset.todo),
        deadline_at=asset.deadline_at,
        demands=demands_of(asset.demands),
    )


def demands_of(stored: Mapping[str, Any]) -> Demands:
    """What must be in the frame, as it is stored with an asset."""
    return Demands(
        **{name: stored[name] for name in Demands.__dataclass_fields__ if name in stored}
    )


def route(
    *,
    campaign: Campaign,
    brief: Brief,
    stage: str,
    operation: str,
    params: Mapping[str, Any],
    count: int,
    has_base: bool,
    pinned_model: str = "",
    catalog: Sequence[ModelCard] | None = None,
    learned: Mapping[str, Belief] | None = None,
    history: TaskView | None = None,
    past: Past | None = None,
    rolled: Rolled = NEVER,
) -> Decision:
    """Ask routing which model does `operation` for this campaign.

    A `count` of 0 leaves the size of the batch to routing; the need of the answer has it.
    `learned` are the team's beliefs by stage and `past` what else it did (both read when not
    given), `history` what failed on this very task and `rolled` how often this prompt was rolled
    again, this time included. The page before the click and the run after it get the same answer:
    draws are seeded by what was learned so far.
    """
    if learned is None:
        learned = beliefs.of_team(campaign.team_id) if campaign.team_id else {}
    if past is None:
        past = recent.of_team(campaign.team_id) if campaign.team_id else recent.NOTHING
    belief = learned.get(stage)
    need = needs.need_of(
        brief=brief,
        stage=stage,
        operation=operation,
        params=params,
        count=count or USUAL_COUNT,
        ceiling=campaign.ceiling,
        has_base=has_base,
        pinned_model=pinned_model,
        now=timezone.now(),
    )
    costs = people(campaign.team.review_rate_micros_per_hour)
    known = tuple(catalog) if catalog is not None else cards()
    decision = decide.decide(
        need,
        known,
        replace(wiring.circumstances(), frozen=past.frozen),
        costs,
        belief=belief,
        history=history,
        seed=_seed(campaign, operation, belief, history),
        sizes=(count,) if count else index.SIZES,
        explore=exploration(campaign.team.explore_percent),
        repairs=mending.repairs_of(
            brief=brief,
            rolled=rolled,
            ceiling=campaign.ceiling,
            cards=known,
            people=costs,
            learned=learned,
            frozen=past.frozen,
        ),
        recent=past.runs.get(stage, {}),
        rerolls=max(rolled.count, history.rounds if history else 0),
    )
    best = decision.best
    return replace(
        decision,
        need=replace(need, count=best.count) if best else need,
        outlooks=complexity.outlooks(
            need,
            [
                (one.card, one.quote.for_count(1, one.count).expected_micros)
                for one in decision.choices
            ],
            review_micros=costs.review_micros,
            records=past.records,
        ),
    )


def exploration(percent: int) -> Exploration | None:
    """How far a run may leave the best on averages to learn, at a team's setting; 0 is off."""
    return Exploration(premium=percent / 100) if percent else None


def _seed(
    campaign: Campaign, operation: str, belief: Belief | None, history: TaskView | None
) -> int:
    evidence = belief.updates if belief else 0
    rounds = history.rounds if history else 0
    return zlib.crc32(f"{campaign.team_id}:{operation}:{evidence}:{rounds}".encode())


def plan(
    *, campaign: Campaign, brief: Brief, wanted: Mapping[str, Mapping[str, Any]] | None = None
) -> Plan:
    """The line for `brief`. `wanted` overrules single stages: {stage: {"operation", "params"}}.

    Raises BadParams when an overruled parameter cannot be used.
    """
    catalog = cards()
    learned = beliefs.of_team(campaign.team_id) if campaign.team_id else {}
    past = recent.of_team(campaign.team_id) if campaign.team_id else recent.NOTHING
    lines = []
    for stage in PIPELINE:
        asked = (wanted or {}).get(str(stage.KEY), {})
        operation = str(asked.get("operation") or stage.default_operation(brief))
        if operation == PASS:
            lines.append(_nothing_to_do(str(stage.KEY)))
            continue
        params = stage.params(operation, asked.get("params", {}), brief)
        count = stage.candidate_count(operation, brief)
        decision = route(
            campaign=campaign,
            brief=brief,
            stage=str(stage.KEY),
            operation=operation,
            params=params,
            count=count,
            has_base=brief.has_base or str(stage.KEY) != PIPELINE[0].KEY,
            catalog=catalog,
            learned=learned,
            past=past,
        )
        best = decision.best
        lines.append(
            PlannedStage(
                stage=str(stage.KEY),
                operation=operation,
                operation_label=OPERATIONS[operation].label,
                count=decision.need.count,
                decision=decision,
                reason=explain.sentence(decision, campaign.team.currency),
                expected_micros=best.quote.expected_micros if best else 0,
                maximum_micros=best.quote.maximum_micros if best else 0,
                seconds=best.seconds if best else 0,
                must_ask=must_ask(best, campaign) if best else "",
                problem=decision.problem,
            )
        )
    return Plan(tuple(lines), campaign.team.currency)


def must_ask(choice: Choice, campaign: Campaign) -> str:
    """Why a manager would have to approve this choice, or "" when it may run at once."""
    return asking.must_ask(
        choice.card.tier,
        campaign.ceiling,
        maximum_micros=choice.quote.maximum_micros,
        ask_above_micros=campaign.ask_above_micros,
        currency=campaign.team.currency,
    )


def top_micros(decision: Decision) -> int:
    """What the dearest model that can do the operation at all would be expected to cost.

    For the budget page's "if all ran top-tier": models without a key count, without a price not.
    """
    need = decision.need
    quotes = [
        pricing.quote(card, need).expected_micros
        for card in cards()
        if need.operation in card.operations and card.price_micros is not None
    ]
    return max(quotes, default=0)


def _nothing_to_do(stage: str) -> PlannedStage:
    return PlannedStage(stage, PASS, "Nothing to do", 0, None, "", 0, 0, 0, "", "")


def criteria(stage: str) -> list[dict[str, str]]:
    """The gate's criteria of a stage: [{"key", "label"}]."""
    return [{"key": c.key, "label": c.label} for c in BY_KEY[stage].CRITERIA]


def meters(stage: str) -> dict[str, tuple[str, ...]]:
    """By criterion the findings whose warning leaves it unticked at first."""
    return {c.key: c.meters for c in BY_KEY[stage].CRITERIA}


def is_files(stage: str) -> bool:
    """True for a stage whose work is platform files, judged on a page of their own."""
    return BY_KEY[stage].WORK == "files"


def overrules(decision: Decision) -> bool:
    """True when a pinned model stands before one that routing ranks higher."""
    return bool(decision.overruled)


def is_clip(media: Media | None) -> bool:
    """True for a moving picture."""
    return media is not None and media.kind == FileKind.CLIP
