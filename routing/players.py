"""The real decision code at work in a made-up world: it decides, sees labels, learns.

Nothing of the router is repeated here: `decide` picks, `learning` learns, `tasks` remembers what
failed. This is only the team around it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from routing import decide, learning, predict
from routing.catalog import ModelCard
from routing.decide import Decision, Exploration
from routing.learning import Belief, Labels
from routing.need import Need
from routing.policy import Circumstances
from routing.tasks import TaskView
from routing.worlds import Pick, Work, World


@dataclass(frozen=True, slots=True)
class Alarm:
    """A drift watch found a model changed: from `day` on its evidence is doubted again."""

    day: float
    model: int


class RoutedTeam:
    """A team that does what the router says, with one belief a stage.

    `explore` None switches Thompson draws off. `alarms` are those of a drift watch. `learns` False
    leaves the catalog in charge. The seed of a decision is the task and its round.
    """

    def __init__(
        self,
        world: World,
        *,
        explore: Exploration | None = decide.ON,
        alarms: Sequence[Alarm] = (),
        learns: bool = True,
    ) -> None:
        self._world = world
        self._explore = explore
        self._alarms = sorted(alarms, key=lambda alarm: alarm.day)
        self._learns = learns
        self._place = {card.key: place for place, card in enumerate(world.cards)}
        self._now = Circumstances(connected=frozenset(card.provider for card in world.cards))
        stages = dict.fromkeys(kind.stage for kind in world.kinds)
        self.beliefs: dict[str, Belief] = {stage: learning.fresh(stage) for stage in stages}
        self._cards: dict[int, tuple[ModelCard, ...]] = {
            kind: tuple(world.cards[m] for m in able) for kind, able in enumerate(world.able)
        }
        self._view = TaskView()
        self._need: Need | None = None
        self._task = -1
        self.explored = 0

    def decision(self, work: Work) -> Decision:
        """What the router says about this round."""
        need = self._begin(work)
        terms = self._world.terms[need.stage]
        return decide.decide(
            need,
            self._cards[work.kind],
            self._now,
            replace(terms.people, by_hand_micros=terms.by_hand_micros),
            belief=self.beliefs[need.stage],
            history=self._view,
            seed=self._world.seed * 1_000_003 + work.task * 16 + self._view.rounds,
            day=work.day,
            explore=self._explore,
            rounds_left=work.rounds_left,
        )

    def choose(self, work: Work) -> Pick | None:
        """The model and batch of the decision; None when it stops."""
        decision = self.decision(work)
        if decision.best is None or decision.stopped:
            return None
        self.explored += decision.exploring is not None
        return Pick(self._place[decision.best.card.key], decision.best.count)

    def learn(self, work: Work, pick: Pick, approved: int) -> None:
        """Labels of the round: one is kept, further good ones are spares, the rest rejected."""
        need = self._begin(work)
        card, belief = self._world.cards[pick.model], self.beliefs[need.stage]
        rejected = pick.count - approved
        before = self._view
        if not approved:
            seen = predict.predict(belief, need, [card], day=work.day)
            self._view = before.after(
                f"{card.key}@{card.version}",
                mean=float(seen.mean[0]),
                sd=float(seen.sd[0]),
                rejected=rejected,
            )
        if self._learns:
            labels = Labels(kept=min(approved, 1), spare=max(0, approved - 1), rejected=rejected)
            self.beliefs[need.stage] = learning.update(
                belief, card, need, labels, view=before, day=work.day
            )

    def _begin(self, work: Work) -> Need:
        if work.task != self._task or self._need is None:
            self._task, self._view, self._need = work.task, TaskView(), self._world.need(work.task)
            while self._alarms and self._alarms[0].day <= work.day:
                card = self._world.cards[self._alarms.pop(0).model]
                self.beliefs = {
                    stage: learning.reopened(belief, card) for stage, belief in self.beliefs.items()
                }
        return self._need
