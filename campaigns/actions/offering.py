"""What can be done with an asset now, and what each operation would cost before the click.

Reads and asks routing; writes nothing. The same route is taken again when the run starts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import User

from campaigns.actions import learning, planning, runs
from campaigns.formats.price_seen import PriceList, Wish
from campaigns.models import Asset, Candidate
from campaigns.models.choices import Stage
from campaigns.queries import before_click, beliefs, recent
from campaigns.queries.before_click import Before
from campaigns.queries.recent import Past, Rolled
from campaigns.stages import BY_KEY, PIPELINE
from campaigns.stages.base import BadParams, Brief
from routing import explain
from routing.catalog import ModelCard
from routing.decide import Choice, Decision
from routing.learning import Belief
from routing.stages import OPERATIONS, Operation, operations_of
from routing.tasks import TaskView


@dataclass(frozen=True, slots=True)
class Eligible:
    """One model that may be chosen by hand. Money in micro-units an approved asset."""

    key: str
    label: str
    per_approved_micros: int


@dataclass(frozen=True, slots=True)
class Quote:
    """What a click would start. Money in micro-units for the batch, `seconds` of machine time.

    `notes` are what the guards say, the chance of a defect and what would mend the last rejects.
    `must_ask` says why a manager is asked first, `room` what the tier has left; `has_yes` that a
    standing rule lets it start although it would have to ask.
    """

    operation: str
    count: int
    model_label: str
    tier: str
    expected_micros: int
    maximum_micros: int
    seconds: float
    sentence: str
    notes: tuple[str, ...]
    limits: str
    must_ask: str
    has_yes: bool
    room: str
    problem: str
    currency: str
    wish: Wish


@dataclass(frozen=True, slots=True)
class Offer:
    """One operation with its form's first values."""

    operation: str
    label: str
    stage: str
    needs_mask: bool
    quote: Quote
    models: tuple[Eligible, ...]
    params: Mapping[str, Any]
    rounds: int
    prices: PriceList

    @property
    def count(self) -> int:
        """Candidates in a batch, unless a person asks for more or fewer."""
        return self.quote.count


@dataclass(frozen=True, slots=True)
class StageOffers:
    """The operations of one stage. `is_here` says that the asset stands in it."""

    stage: str
    label: str
    template: str
    offers: tuple[Offer, ...]
    is_here: bool


def source(*, asset: Asset, operation: str) -> Candidate | None:
    """The version `operation` would start from. Raises BadParams for an unknown operation."""
    return runs.source_of(asset=asset, stage=_spec(operation).stage)


def needs_mask(operation: str) -> bool:
    """True when a person has to paint first. Raises BadParams for an unknown operation."""
    return _spec(operation).needs_mask


def may_mark(operation: str) -> bool:
    """True when a person may paint the subject. Raises BadParams for an unknown operation."""
    return _spec(operation).may_mark


def _spec(operation: str) -> Operation:
    spec = OPERATIONS.get(operation)
    if spec is None:
        raise BadParams("operation", "Choose one of the operations on the page.")
    return spec


def offers(*, asset: Asset, rounds: Mapping[str, int], by: User) -> list[StageOffers]:
    """Every operation that makes sense for the asset, stage by stage.

    `rounds` counts the runs so far by operation; `by` is who would click.
    """
    brief = planning.brief_of(asset)
    catalog = planning.cards()
    learned = beliefs.of_team(asset.team_id)
    histories = learning.histories(asset=asset, learned=learned, catalog=catalog)
    past, rolls = recent.of_team(asset.team_id), recent.rolls(asset=asset)
    before = before_click.read(campaign=asset.campaign, by=by)
    planned = {entry["stage"]: entry for entry in asset.plan}
    groups = []
    for stage in PIPELINE:
        key = str(stage.KEY)
        if stage.WORK != "provider":
            continue
        found = []
        for spec in operations_of(stage.KEY):
            if not _makes_sense(asset, brief, spec):
                continue
            entry = planned.get(key, {})
            given = entry.get("params", {}) if entry.get("operation") == spec.key else {}
            params = _params_or_none(key, spec, given, brief)
            decision = _route(
                asset,
                brief,
                spec,
                params,
                catalog=catalog,
                learned=learned,
                history=histories.get(spec.key),
                past=past,
                rolled=rolls.get(spec.key, recent.NEVER),
            )
            wish = Wish(decision.need.count, "", {name: str(given[name]) for name in given})
            found.append(
                Offer(
                    operation=spec.key,
                    label=spec.label,
                    stage=key,
                    needs_mask=spec.needs_mask,
                    quote=_quote(asset, decision, wish, before),
                    models=tuple(_eligible(choice) for choice in decision.choices),
                    params={**params, **given},
                    rounds=rounds.get(spec.key, 0),
                    prices=_prices(decision, wish),
                )
            )
        if found:
            template = f"assets/stages/{key}.html"
            label = Stage(key).label
            groups.append(StageOffers(key, label, template, tuple(found), asset.stage == key))
    return groups


def _makes_sense(asset: Asset, brief: Brief, spec: Operation) -> bool:
    first = str(PIPELINE[0].KEY)
    if str(spec.stage) != first:
        return asset.current is not None
    return not spec.needs_base or brief.has_base


def _params_or_none(
    stage: str, spec: Operation, given: Mapping[str, Any], brief: Brief
) -> dict[str, Any]:
    """Checked parameters, or none yet where a person still has to fill something in."""
    try:
        return BY_KEY[stage].params(spec.key, given, brief)
    except BadParams:
        return {}


def quote(
    *,
    asset: Asset,
    operation: str,
    given: Mapping[str, Any] | None = None,
    count: int | None = None,
    model: str = "",
    by: User | None = None,
    is_draft: bool = False,
) -> Quote:
    """What `operation` with these values would cost now.

    Raises BadParams; for a draft, values that cannot be used count as not given.
    """
    spec = _spec(operation)
    brief = planning.brief_of(asset)
    stage = str(spec.stage)
    if is_draft:
        params = _params_or_none(stage, spec, given or {}, brief)
    else:
        params = BY_KEY[stage].params(operation, given or {}, brief)
    learned = beliefs.of_team(asset.team_id)
    history = learning.history_of(
        asset=asset, operation=spec.key, belief=learned.get(str(spec.stage))
    )
    decision = _route(
        asset,
        brief,
        spec,
        params,
        count=count,
        model=model,
        learned=learned,
        history=history,
        rolled=recent.rolls(asset=asset).get(spec.key, recent.NEVER),
    )
    texts = {name: str(value) for name, value in (given or {}).items()}
    before = before_click.read(campaign=asset.campaign, by=by)
    return _quote(asset, decision, Wish(count or 0, model, texts), before)


def _route(
    asset: Asset,
    brief: Brief,
    spec: Operation,
    params: Mapping[str, Any],
    *,
    learned: Mapping[str, Belief],
    history: TaskView | None,
    count: int | None = None,
    model: str = "",
    catalog: Sequence[ModelCard] | None = None,
    past: Past | None = None,
    rolled: Rolled = recent.NEVER,
) -> Decision:
    stage = str(spec.stage)
    return planning.route(
        campaign=asset.campaign,
        brief=brief,
        stage=stage,
        operation=spec.key,
        params=params,
        count=count or BY_KEY[stage].candidate_count(spec.key, brief),
        has_base=brief.has_base,
        pinned_model=model,
        catalog=catalog,
        learned=learned,
        history=history,
        past=past,
        rolled=rolled,
    )


def _quote(asset: Asset, decision: Decision, wish: Wish, before: Before) -> Quote:
    best = decision.best
    currency = asset.team.currency
    must_ask, has_yes = _asks(asset, best, before) if best else ("", False)
    return Quote(
        operation=decision.need.operation,
        count=decision.need.count,
        model_label=best.card.label if best else "",
        tier=best.card.tier if best else "",
        expected_micros=best.quote.expected_micros if best else 0,
        maximum_micros=best.quote.maximum_micros if best else 0,
        seconds=best.seconds if best else 0,
        sentence=explain.sentence(decision, currency),
        notes=_notes(decision, currency),
        limits=best.card.limits if best else "",
        must_ask=must_ask,
        has_yes=has_yes,
        room=before.left(best.card.tier) if best else "",
        problem=decision.problem,
        currency=currency,
        wish=wish,
    )


def _notes(decision: Decision, currency: str) -> tuple[str, ...]:
    """What to see before the click: guards, the first model's risk, and mending instead."""
    mend = explain.repair(decision, currency)
    risks = [f"{explain.outlook(seen, currency)}." for seen in decision.outlooks[:1]]
    return (*(note.text for note in decision.notes), *risks, *([mend] if mend else []))


def _asks(asset: Asset, best: Choice, before: Before) -> tuple[str, bool]:
    """Why a manager is asked first, or ""; and whether a standing rule is what lets it start."""
    tier, micros = best.card.tier, best.quote.maximum_micros
    why = planning.must_ask(best, asset.campaign)
    has_yes = bool(why) and before.has_yes(tier, micros)
    if why and not has_yes:
        return why, False
    short = before.short(tier, micros)
    return short, has_yes and not short


def _prices(decision: Decision, wish: Wish) -> PriceList:
    """What each model may cost at most; the first one is the automatic choice."""
    found = {choice.card.key: choice.quote.maximum_micros for choice in decision.choices}
    if decision.best is not None:
        found[""] = decision.best.quote.maximum_micros
    return PriceList(wish, found)


def _eligible(choice: Choice) -> Eligible:
    return Eligible(choice.card.key, choice.card.label, choice.money_per_approved_micros)
