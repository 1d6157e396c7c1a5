"""Belief + need + cards -> log-odds of a keep, their spread, and draws of them.

Looks only at the rows of the belief that the need touches, so time grows with the models asked
for and not with the square of what is known. Forgetting up to `day` is applied on the way.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from routing import features, learning
from routing.catalog import ModelCard
from routing.features import Floats, Indexes
from routing.learning import Belief
from routing.need import Need

MOST_JOINT = 128  # models whose own effects are drawn together; beyond it each for itself


@dataclass(frozen=True, slots=True, eq=False)
class Prediction:
    """Log-odds by card: `mean` and `sd`, both of shape (cards,), and what draws need.

    A draw is loading[card] . N(factor_mean, factor_cov) plus independent noise of `own_sd` a card
    and `common_sd` for all.
    """

    mean: Floats
    sd: Floats
    loading: Floats
    reference: Indexes
    root: Floats
    own_sd: Floats
    common_sd: float

    def draw(self, random: np.random.Generator, tau: float) -> Floats:
        """One Thompson draw with spreads scaled by `tau`, shape (cards,)."""
        shared = self.loading.shape[1]
        noise = self.root @ random.standard_normal(self.root.shape[0])
        own = np.append(noise[shared:], 0.0)[self.reference]
        common = self.common_sd * random.standard_normal()
        spread = self.own_sd * random.standard_normal(len(self.mean))
        drawn: Floats = self.mean + tau * (self.loading @ noise[:shared] + own + common + spread)
        return drawn


def by_catalog(chances: Floats) -> Floats:
    """A typical task's log-odds by the catalog's chances alone, shape (cards,)."""
    typical: Floats = features.STRETCH * np.log(chances / (1 - chances))
    return typical


def predict(
    belief: Belief,
    need: Need,
    cards: Sequence[ModelCard],
    *,
    day: float | None = None,
    kind: str = "",
    catalog: Floats | None = None,
    versions: Sequence[str] | None = None,
) -> Prediction:
    """Log-odds of a keep on a task of typical difficulty, for every card.

    `catalog` may give the catalog's chances, `versions` the cards' names, where known already.
    """
    kind = kind or features.kind_of(need)
    kinds = len(belief.kinds)
    context = features.context_of(need)
    on = np.flatnonzero(context)
    known_kind = kind in belief.kinds
    inside: Indexes = np.concatenate([[kinds], kinds + 1 + on]).astype(np.intp)
    weight: Floats = np.concatenate([[1.0], context[on]])
    if catalog is None:
        catalog = np.array([features.catalog_chance(card, need) for card in cards])
    scores = (by_catalog(catalog) - features.BASE) / features.SLOPE
    loading = np.empty((len(cards), len(inside) + known_kind))
    loading[:, 0] = scores
    loading[:, 1 : len(inside)] = context[on]
    if known_kind:
        inside = np.append(inside, belief.kinds.index(kind))
        weight = np.append(weight, 1.0)
        loading[:, -1] = 1.0
    slots, reference, is_new = _references(
        belief, versions or [features.version_of(card) for card in cards]
    )
    mean, cov = _factors(belief, inside, weight, slots, learning.retention(belief, day))
    shared = len(inside)
    p = belief.priors
    own_block = learning.own_variance(belief)
    fresh = float(own_block[inside] @ weight**2) + (0.0 if known_kind else p.model_kind_sd**2)
    own = np.where(is_new, fresh, 0.0 if known_kind else p.model_kind_sd**2)
    common = 0.0 if known_kind else p.kind_sd
    base = 0.0 if known_kind else features.BASE
    eta = base + loading @ mean[:shared] + np.append(mean[shared:], 0.0)[reference]
    cross = np.vstack([cov[shared:, :shared], np.zeros(shared)])[reference]
    variance = (
        ((loading @ cov[:shared, :shared]) * loading).sum(1)
        + 2 * (loading * cross).sum(1)
        + np.append(np.diag(cov)[shared:], 0.0)[reference]
        + own
        + common**2
    )
    return Prediction(
        mean=eta,
        sd=np.sqrt(np.maximum(variance, 0.0)),
        loading=loading,
        reference=reference,
        root=_root(cov, shared),
        own_sd=np.sqrt(own),
        common_sd=common,
    )


def _references(
    belief: Belief, versions: Sequence[str]
) -> tuple[Indexes, Indexes, NDArray[np.bool_]]:
    """Slots touched, each card's place among them (last + 1 for none), and which are new."""
    at = {version: place for place, version in enumerate(belief.models)}
    places = [at.get(version, -1) for version in versions]
    is_new = np.array(places) < 0
    if is_new.any():
        newest = {version.partition("@")[0]: place for version, place in at.items()}
        places = [
            place if place >= 0 else newest.get(version.partition("@")[0], -1)
            for place, version in zip(places, versions, strict=True)
        ]
    used = sorted({place for place in places if place >= 0})
    order = {place: rank for rank, place in enumerate(used)}
    reference = np.array([order.get(place, len(used)) for place in places], dtype=np.intp)
    return np.array(used, dtype=np.intp) + 1, reference, is_new


def _factors(
    belief: Belief, inside: Indexes, weight: Floats, slots: Indexes, share: float
) -> tuple[Floats, Floats]:
    """Mean and covariance of the touched shared effects, then of each touched model's own sum."""
    count, size = len(inside), len(inside) + len(slots)
    shape = (belief.effects, belief.slots)
    cov4, mean2 = belief.cov.reshape(shape * 2), belief.mean.reshape(shape)
    every = len(slots) == belief.slots - 1
    own: slice | Indexes = slice(1, None) if every else slots
    mean = np.empty(size)
    mean[:count] = mean2[inside, 0]
    mean[count:] = weight @ mean2[inside][:, own]
    cov = np.zeros((size, size))
    cov[:count, :count] = cov4[inside, 0][:, inside, 0]
    cross, mutual = cov[count:, :count], cov[count:, count:]
    mixed = np.zeros(mutual.shape)
    touched = list(zip(inside.tolist(), weight.tolist(), strict=True))
    for place, (one, w) in enumerate(touched):
        cross += w * cov4[one, own][:, inside, 0]
        mutual += w * w * cov4[one, own, one][:, own]
        for other, v in touched[place + 1 :]:
            mixed += (w * v) * cov4[one, own, other][:, own]
    mutual += mixed
    mutual += mixed.T
    cov[:count, count:] = cross.T
    if share < 1.0:
        _forget(belief, inside, weight, share, mean, cov)
    return mean, cov


def _forget(
    belief: Belief, inside: Indexes, weight: Floats, share: float, mean: Floats, cov: Floats
) -> None:
    """Apply `learning.aged` to the factors in place."""
    count = len(inside)
    prior_mean, prior_variance = learning.shared_prior(belief)
    first = np.zeros(len(mean))
    first[:count] = prior_mean[inside]
    spread = np.full(len(mean), learning.own_variance(belief)[inside] @ weight**2)
    spread[:count] = prior_variance[inside]
    mean -= first
    mean *= share
    mean += first
    cov *= share**2
    cov.flat[:: len(cov) + 1] += (1 - share**2) * spread  # the diagonal


def _root(cov: Floats, shared: int) -> Floats:
    """A matrix whose product with its transpose is `cov` (own effects apart when too many)."""
    own = cov.shape[0] - shared
    if own > MOST_JOINT:
        root = np.diag(np.sqrt(np.diag(cov)))
        root[:shared, :shared] = np.linalg.cholesky(_safe(cov[:shared, :shared]))
        return root
    return np.asarray(np.linalg.cholesky(_safe(cov)), dtype=np.float64)


def _safe(cov: Floats) -> Floats:
    """`cov` with a trace of noise: rounding must not make it indefinite."""
    noisy = cov.copy()
    noisy.flat[:: len(cov) + 1] += 1e-9
    return noisy
