"""Routing learns from judged batches: keep, spare or reject, by model version and stage.

The judged runs are the truth and a belief is what follows from them: it is updated after each
batch and, when a judgment is taken back, made again from all of them. Losing a belief loses
nothing but time. Learning never holds up a judgment; it runs in a worker afterwards.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from campaigns import dispatch
from campaigns.actions import drift, planning
from campaigns.models import Asset, Gate, StageRun, TeamBelief
from campaigns.models.choices import RunState, Verdict
from campaigns.queries import beliefs
from routing import blob, features, learning, predict
from routing.catalog import ModelCard
from routing.learning import Belief, Labels
from routing.need import Need, stored_need
from routing.tasks import TaskView

log = logging.getLogger(__name__)

AT_ONCE = 200
MOST_ROUNDS = 5000  # learned again at most; older ones are forgotten by then (half-life 120 days)


def soon(*, run: StageRun) -> None:
    """Wake a worker to learn from a batch once the judgment is committed. QA teaches nothing."""
    if planning.is_files(run.stage):
        return
    dispatch.on_commit("learn", run.pk, 0)


def forget(*, run: StageRun) -> None:
    """A judgment is taken back: what was learned from it must go. In the caller's transaction."""
    learned = StageRun.objects.filter(pk=run.pk, learned_at__isnull=False).update(learned_at=None)
    if learned:
        TeamBelief.objects.filter(team=run.team, stage=run.stage).update(is_stale=True)


def learn(*, run_id: int) -> int:
    """Learn from every judged batch of the run's team and stage that was not learned from yet.

    Returns how many. Two workers at once: the second waits for the row, and then finds less.
    """
    run = StageRun.objects.filter(pk=run_id).first()
    return learn_stage(team_id=run.team_id, stage=run.stage) if run else 0


def learn_stage(*, team_id: int, stage: str) -> int:
    """Like `learn`, for one stage of a team."""
    TeamBelief.objects.get_or_create(
        team_id=team_id, stage=stage, defaults={"blob": blob.dumps(learning.fresh(stage))}
    )
    with transaction.atomic():
        row = TeamBelief.objects.select_for_update().get(team_id=team_id, stage=stage)
        judged = StageRun.objects.filter(team_id=team_id, stage=stage, state=RunState.DONE)
        belief = beliefs.parsed(row)
        is_anew = row.is_stale or belief is None
        if is_anew or belief is None:
            belief = learning.fresh(stage)
            newest = judged.order_by("-judged_at", "-pk").values_list("pk", flat=True)
            todo = list(judged.filter(pk__in=list(newest[:MOST_ROUNDS])))
            todo.sort(key=lambda run: (run.judged_at or run.created_at, run.pk))
        else:
            todo = list(
                judged.filter(learned_at__isnull=True).order_by("judged_at", "pk")[:AT_ONCE]
            )
        if not todo and not row.is_stale:
            return 0
        cards = {card.key: card for card in planning.cards()}
        for run in todo:
            belief = _after(belief, run, cards.get(run.model), is_watched=not is_anew)
        TeamBelief.objects.filter(pk=row.pk).update(
            blob=blob.dumps(belief),
            revision=row.revision + 1,
            is_stale=False,
            updated_at=timezone.now(),
        )
        StageRun.objects.filter(pk__in=[run.pk for run in todo]).update(learned_at=timezone.now())
    return len(todo)


def _after(belief: Belief, run: StageRun, card: ModelCard | None, *, is_watched: bool) -> Belief:
    """The belief after a judged batch. What is learned again was watched the first time."""
    need, made_by = need_of(run), card_of(run, card)
    if need is None or made_by is None or run.judged_at is None:
        return belief
    earlier = StageRun.objects.filter(
        asset_id=run.asset_id, operation=run.operation, state=RunState.DONE
    ).filter(Q(judged_at__lt=run.judged_at) | Q(judged_at=run.judged_at, pk__lt=run.pk))
    view = view_of(belief, _labelled(earlier.order_by("judged_at", "pk")), {made_by.key: made_by})
    labels = labels_of(run)
    after = learning.update(belief, made_by, need, labels, view=view, day=day_of(run.judged_at))
    if is_watched and drift.seen(
        run=run, card=made_by, need=need, labels=labels, view=view, belief=belief
    ):
        return learning.reopened(after, made_by)
    return after


def day_of(at: datetime) -> float:
    """A time as the learner counts it: days since 1970 (UTC)."""
    return at.timestamp() / 86400


def labels_of(run: StageRun) -> Labels:
    """What people said of a batch."""
    ((_, labels),) = _labelled(StageRun.objects.filter(pk=run.pk))
    return labels


def _labelled(rounds: QuerySet[StageRun]) -> list[tuple[StageRun, Labels]]:
    """Runs with what people said of each, in the order of `rounds`. One query.

    When the version before was kept instead, spares were not good enough: they count as rejected.
    """
    counted = rounds.annotate(
        kept_count=Count("candidates", filter=Q(candidates__verdict=Verdict.KEPT)),
        spare_count=Count("candidates", filter=Q(candidates__verdict=Verdict.SPARE)),
        rejected_count=Count("candidates", filter=Q(candidates__verdict=Verdict.REJECTED)),
        kept_before=Exists(
            Gate.objects.filter(
                run=OuterRef("pk"), candidate=OuterRef("source"), withdrawn_at__isnull=True
            )
        ),
    )
    return [(run, _labels(run)) for run in counted]


def _labels(run: Any) -> Labels:
    """From the counts that `_labelled` adds to a run."""
    if run.kept_before and not run.kept_count:
        return Labels(kept=0, spare=0, rejected=run.rejected_count + run.spare_count)
    return Labels(kept=run.kept_count, spare=run.spare_count, rejected=run.rejected_count)


def need_of(run: StageRun) -> Need | None:
    """The need that was routed, as it was stored with the decision; None for an old row."""
    return stored_need(run.decision.get("need"))


def card_of(run: StageRun, card: ModelCard | None) -> ModelCard | None:
    """The model version that ran: today's card with the version of then."""
    chosen = next((c for c in run.decision.get("choices", []) if c["key"] == run.model), None)
    if card is None or chosen is None:
        return None
    return planning.at_version(card, str(chosen["version"]))


def view_of(
    belief: Belief, rounds: Sequence[tuple[StageRun, Labels]], cards: Mapping[str, ModelCard]
) -> TaskView:
    """What earlier rounds of one task say of its difficulty. A keep starts a task anew."""
    view = TaskView()
    for run, labels in rounds:
        need = need_of(run)
        made_by = card_of(run, cards.get(run.model))
        if labels.kept or need is None or made_by is None:
            view = TaskView() if labels.kept else view
            continue
        guess = predict.predict(belief, need, [made_by])
        view = view.after(
            features.version_of(made_by),
            mean=float(guess.mean[0]),
            sd=float(guess.sd[0]),
            kept=labels.good,
            rejected=labels.rejected,
        )
    return view


def history_of(*, asset: Asset, operation: str, belief: Belief | None) -> TaskView | None:
    """What this asset's judged rounds of an operation say; None without a belief to weigh them."""
    if belief is None:
        return None
    found = histories(
        asset=asset, learned={belief.stage: belief}, catalog=planning.cards(), operation=operation
    )
    return found.get(operation)


def histories(
    *,
    asset: Asset,
    learned: Mapping[str, Belief],
    catalog: Sequence[ModelCard],
    operation: str = "",
) -> dict[str, TaskView]:
    """What this asset's judged rounds say, by operation. One query, however many rounds.

    Operations without a judged round, or without a belief of their stage, are left out.
    """
    judged = StageRun.objects.filter(asset=asset, state=RunState.DONE)
    if operation:
        judged = judged.filter(operation=operation)
    rounds: dict[str, list[tuple[StageRun, Labels]]] = {}
    for run, labels in _labelled(judged.order_by("judged_at", "pk")):
        if run.stage in learned:
            rounds.setdefault(run.operation, []).append((run, labels))
    by_key = {card.key: card for card in catalog}
    return {
        name: view_of(learned[found[0][0].stage], found, by_key) for name, found in rounds.items()
    }


def wake(*, now: datetime) -> int:
    """Wake a worker for judged batches nobody learned from. Returns for how many stages."""
    waiting = (
        StageRun.objects.filter(state=RunState.DONE, learned_at__isnull=True)
        .exclude(stage="qa")
        .order_by("team", "stage", "pk")
        .values_list("team", "stage", "pk")[:AT_ONCE]
    )
    firsts: dict[tuple[int, str], int] = {}
    for team, stage, pk in waiting:
        firsts.setdefault((team, stage), pk)
    return sum(dispatch.now("learn", pk, 0) for pk in firsts.values())
