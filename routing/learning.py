"""What a team's picks say: one Gaussian belief a stage over what makes an output be kept.

The log-odds of a keep are linear in shared effects (kind of work, how far the catalog can be
trusted, context) and in each model version's own (bias, kind, context). Everything is a value:
an update returns a new belief, so a decision can be replayed from the blob it was made with.
No clock: `day` is a number the caller gives, in days.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from routing import features
from routing.catalog import ModelCard
from routing.features import CONTEXT, Floats, Indexes
from routing.need import Need
from routing.tasks import ETA_NODE, ETA_WEIGHT, TaskView, likelihood

CONTEXTS = len(CONTEXT)


@dataclass(frozen=True, slots=True)
class Priors:
    """Spreads before any evidence (log-odds) and the half-life of evidence in days."""

    kind_sd: float = 0.9
    slope_sd: float = 0.4
    context_sd: float = 0.4
    bias_sd: float = 0.5
    model_kind_sd: float = 0.7
    model_context_sd: float = 0.35
    half_life_days: float = 120.0


@dataclass(frozen=True, slots=True)
class Tally:
    """Plain counts of one model version on one kind: `kept` (spares too) of `seen`."""

    kept: int = 0
    seen: int = 0
    since_day: float = 0.0


@dataclass(frozen=True, slots=True)
class Labels:
    """A judged round. A spare is fine and not needed: it counts as kept. Duplicates once."""

    kept: int = 0
    spare: int = 0
    rejected: int = 0

    def __post_init__(self) -> None:
        if min(self.kept, self.spare, self.rejected) < 0:
            raise ValueError("labels cannot be negative")

    @property
    def good(self) -> int:
        """Outputs that were good enough."""
        return self.kept + self.spare


@dataclass(frozen=True, slots=True, eq=False)
class Belief:
    """N(mean, cov) of one stage.

    Effects come in the order [kinds; slope or bias; context]; each has one number shared by all
    models, then one a model version: number `effect * (len(models) + 1) + slot`, slot 0 shared.
    (Effect by effect, so that a decision reads few, long stretches of `cov`.)
    """

    stage: str
    kinds: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    mean: Floats = field(default_factory=lambda: np.zeros(0))
    cov: Floats = field(default_factory=lambda: np.zeros((0, 0)))
    day: float = 0.0
    updates: int = 0
    tallies: Mapping[tuple[str, str], Tally] = field(default_factory=dict)
    priors: Priors = field(default_factory=Priors)

    @property
    def effects(self) -> int:
        """How many effects there are."""
        return len(self.kinds) + 1 + CONTEXTS

    @property
    def slots(self) -> int:
        """Numbers an effect has: the shared one and one a model version."""
        return len(self.models) + 1

    def own(self, version: str) -> Indexes:
        """Where a known model version's own effects lie, shape (effects,)."""
        slot = self.models.index(version) + 1
        return np.arange(self.effects) * self.slots + slot

    @property
    def has_evidence(self) -> bool:
        """True once anything was learned."""
        return self.updates > 0

    def tally(self, card: ModelCard, need: Need) -> Tally:
        """Counts of this model version on this kind of need."""
        return self.tallies.get((features.version_of(card), features.kind_of(need)), Tally())


def fresh(stage: str, *, day: float = 0.0, priors: Priors | None = None) -> Belief:
    """A belief without evidence: it agrees with the catalog."""
    priors = priors or Priors()
    empty = Belief(stage=stage, day=day, priors=priors)
    mean, variance = prior_of(empty)
    return replace(empty, mean=mean, cov=np.diag(variance))


def prior_of(belief: Belief) -> tuple[Floats, Floats]:
    """Prior mean and variance in the layout of `belief`, each of shape (D,)."""
    mean = np.zeros((belief.effects, belief.slots))
    variance = np.repeat(own_variance(belief)[:, None], belief.slots, axis=1)
    mean[:, 0], variance[:, 0] = shared_prior(belief)
    return mean.ravel(), variance.ravel()


def shared_prior(belief: Belief) -> tuple[Floats, Floats]:
    """Prior mean and variance of the shared effects, each of shape (effects,)."""
    p, kinds = belief.priors, len(belief.kinds)
    mean = np.zeros(belief.effects)
    mean[:kinds], mean[kinds] = features.BASE, features.SLOPE
    variance = np.full(belief.effects, p.context_sd**2)
    variance[:kinds], variance[kinds] = p.kind_sd**2, p.slope_sd**2
    return mean, variance


def own_variance(belief: Belief) -> Floats:
    """Prior variance of one model version's own effects, shape (effects,)."""
    p, kinds = belief.priors, len(belief.kinds)
    own = np.full(belief.effects, p.model_context_sd**2)
    own[:kinds] = p.model_kind_sd**2
    own[kinds] = p.bias_sd**2
    return own


def retention(belief: Belief, day: float | None) -> float:
    """Share of what was learned that is left at `day` (Ornstein-Uhlenbeck to the prior)."""
    if day is None or day <= belief.day:
        return 1.0
    return float(2.0 ** (-(day - belief.day) / belief.priors.half_life_days))


def aged(belief: Belief, day: float) -> Belief:
    """The belief at `day`: mean and covariance drift back to the prior, never past it."""
    share = retention(belief, day)
    if share == 1.0:
        return belief
    mean, variance = prior_of(belief)
    cov = belief.cov * share**2
    cov[np.diag_indices_from(cov)] += (1 - share**2) * variance
    return replace(belief, mean=mean + share * (belief.mean - mean), cov=cov, day=day)


def _grown(belief: Belief, kinds: tuple[str, ...], models: tuple[str, ...]) -> Belief:
    """The same belief with room for more kinds and models, both appended."""
    larger = replace(belief, kinds=kinds, models=models)
    mean, variance = prior_of(larger)
    old = len(belief.kinds)
    effects = np.concatenate([np.arange(old), np.arange(1 + CONTEXTS) + len(kinds)])
    where = (effects[:, None] * larger.slots + np.arange(belief.slots)).ravel()
    cov = np.diag(variance)
    mean[where] = belief.mean
    cov[np.ix_(where, where)] = belief.cov
    return replace(larger, mean=mean, cov=cov)


def parent_of(belief: Belief, version: str) -> str:
    """The newest known version of the same model, or "" when there is none."""
    key = version.partition("@")[0]
    return next((m for m in reversed(belief.models) if m.partition("@")[0] == key), "")


def with_model(belief: Belief, version: str) -> Belief:
    """`belief` with room for `version`; a known parent hands its effects down, less sure."""
    if version in belief.models:
        return belief
    parent = parent_of(belief, version)
    grown = _grown(belief, belief.kinds, (*belief.models, version))
    if not parent:
        return grown
    child, source = grown.own(version), grown.own(parent)
    mean, cov = grown.mean.copy(), grown.cov.copy()
    mean[child] = mean[source]
    cov[child, :] = cov[source, :]
    cov[:, child] = cov[:, source]
    cov[np.ix_(child, child)] = cov[np.ix_(source, source)] + np.diag(own_variance(grown))
    return replace(grown, mean=mean, cov=cov)


def with_kind(belief: Belief, kind: str) -> Belief:
    """`belief` with room for `kind`."""
    if kind in belief.kinds:
        return belief
    return _grown(belief, (*belief.kinds, kind), belief.models)


def update(
    belief: Belief,
    card: ModelCard,
    need: Need,
    labels: Labels,
    *,
    view: TaskView | None = None,
    day: float | None = None,
    kind: str = "",
) -> Belief:
    """The belief after a judged round of `card` for `need`.

    `view` is the task as it was known before this round: later rounds see harder tasks, and this
    is where that is taken out. The posterior along the round's direction is exact (15 nodes of
    quadrature); the rest follows by the Gaussian's regression on it. `kind` overrules the need's
    (see `features.repair_kind`).
    """
    if not labels.good and not labels.rejected:
        return belief
    view = view or TaskView()
    kind = kind or features.kind_of(need)
    version = features.version_of(card)
    before = aged(belief, day) if day is not None else belief
    before = with_kind(before, kind)
    before = with_model(before, version)
    where, what = direction(before, version, kind, card, need)
    gain = before.cov[:, where] @ what
    mean, variance = float(before.mean[where] @ what), float(gain[where] @ what)
    etas = mean + np.sqrt(variance) * ETA_NODE
    seen = likelihood(etas, labels.good, labels.rejected, view.rejected.get(version, 0))
    share = ETA_WEIGHT * (seen @ np.asarray(view.weights))
    share = share / share.sum()
    after_mean = float(share @ etas)
    after_variance = max(float(share @ (etas - after_mean) ** 2), 1e-6)
    k = gain / variance
    cov = np.outer(k, k * (after_variance - variance))
    cov += before.cov
    old = before.tallies.get((version, kind), Tally(since_day=before.day))
    tally = Tally(old.kept + labels.good, old.seen + labels.good + labels.rejected, old.since_day)
    return replace(
        before,
        mean=before.mean + k * (after_mean - mean),
        cov=cov,
        updates=before.updates + 1,
        tallies={**before.tallies, (version, kind): tally},
    )


def direction(
    belief: Belief, version: str, kind: str, card: ModelCard, need: Need
) -> tuple[Indexes, Floats]:
    """Where a round touches the layout, and with which weight: (indexes, values)."""
    kinds = len(belief.kinds)
    context = features.context_of(need)
    on = np.flatnonzero(context)
    inside = np.concatenate([[belief.kinds.index(kind), kinds], kinds + 1 + on]).astype(np.intp)
    score = features.catalog_score(features.catalog_chance(card, need))
    where = np.concatenate([inside * belief.slots, belief.own(version)[inside]])
    return where, np.concatenate([[1.0, score], context[on], [1.0, 1.0], context[on]])


def reopened(belief: Belief, card: ModelCard) -> Belief:
    """After an alarm: this version's bias and kinds are doubted again; its mean is kept."""
    version = features.version_of(card)
    if version not in belief.models:
        return belief
    own = own_variance(belief)
    own[len(belief.kinds) + 1 :] = 0
    cov = belief.cov.copy()
    rows = belief.own(version)
    cov[rows, rows] += own
    return replace(belief, cov=cov)


def replay(
    start: Belief, rounds: Sequence[tuple[ModelCard, Need, Labels, TaskView | None, float]]
) -> Belief:
    """Every round again, in order: the same rounds give the same belief, bit for bit."""
    for card, need, labels, view, day in rounds:
        start = update(start, card, need, labels, view=view, day=day)
    return start
