"""Answers: the graded-response (threshold) model of items."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from statistics import NormalDist
from typing import Any

import numpy as np
import numpy.typing as npt

from .design import Loading
from .form import Question
from .streams import Array, Streams
from .theory import SHARES, facet_of

Answers = npt.NDArray[np.signedinteger[Any]]
WIDTH, WIDTH_SPREAD = 2.0, 0.3
DIFFICULTY_SPREAD = 0.35
GRID = 100
MANY_OPTIONS = 20


@dataclass(frozen=True)
class ItemModel:
    """The graded-response model of one item, in the direction in which it is answered.

    With the true score F of its scale (variance 1), a loading λ and standard normal noise e, the latent answer is
    y* = λ F + √(1 − λ²) e, and the answer is min + the number of thresholds below y*. The loading of a reversed item is
    negative. This is Samejima's model in its normal-ogive form, with discrimination a = λ / √(1 − λ²) and location
    b_k = τ_k / λ of threshold τ_k. At the first wave the share of option k is Φ(τ_{k+1}) − Φ(τ_k).

    References
    ----------
    Samejima, F. (1969). Estimation of latent ability using a response pattern of graded scores. *Psychometrika,
    34*(S1), 1–97. doi:10.1007/BF03372160

    Examples
    --------
    >>> ItemModel(0.6, (0.0,)).shares
    (0.5, 0.5)
    """

    loading: float
    thresholds: tuple[float, ...]

    @property
    def discrimination(self) -> float:
        """The slope a of the normal ogive."""
        return self.loading / math.sqrt(1 - self.loading**2)

    @cached_property
    def shares(self) -> tuple[float, ...]:
        """Expected shares of the options at the first wave, lowest option first."""
        normal = NormalDist()
        below = [0.0, *(normal.cdf(threshold) for threshold in self.thresholds), 1.0]
        return tuple(upper - lower for lower, upper in pairwise(below))

    def answer(self, truth: Array, noise: Array, low: int) -> Answers:
        """Answer: count the thresholds below the latent answer. The noise is used up."""
        noise *= math.sqrt(1 - self.loading**2)
        noise += self.loading * truth
        dtype: type[np.signedinteger[Any]] = np.int8 if -100 <= low <= 100 - len(self.thresholds) else np.int32
        if len(self.thresholds) > MANY_OPTIONS:
            cuts = np.array(self.thresholds, dtype=np.float32)
            return (np.searchsorted(cuts, noise) + low).astype(dtype)
        answers = np.full(len(noise), low, dtype=dtype)
        for threshold in self.thresholds:
            answers += noise > threshold
        return answers


def item_model(question: Question, loading: Loading, streams: Streams, scale_correlation: float = 0.0) -> ItemModel:
    """Give an item its loading and thresholds, which vary by a stream of the item's name.

    Thresholds are spread evenly, as wide as `WIDTH` standard deviations on average, around the difficulty of the scale
    and of the item. They and the loading are whole hundredths.
    """
    n_cuts = question.high - question.low
    if question.id in SHARES and len(SHARES[question.id]) == n_cuts + 1 and not question.scored:
        return ItemModel(0.0, _cuts_of(SHARES[question.id]))
    draws = streams.generator(f"item:{question.id}:parameters").uniform(-1.0, 1.0, 3).tolist()
    size = _hundredths(loading.mean + loading.spread * draws[0]) if question.scored else 0.0
    facet = facet_of(question.scale or "", scale_correlation)
    centre = facet.difficulty + DIFFICULTY_SPREAD * draws[1]
    width = WIDTH + WIDTH_SPREAD * draws[2]
    places = [width * (2 * (cut + 1) / (n_cuts + 1) - 1) for cut in range(n_cuts)]
    cuts = [_hundredths(centre + place) if n_cuts < MANY_OPTIONS else centre + place for place in places]
    if question.reverse:
        return ItemModel(-size, tuple(-cut for cut in reversed(cuts)))
    return ItemModel(size, tuple(cuts))


def _hundredths(value: float) -> float:
    return math.floor(GRID * value) / GRID


def _cuts_of(shares: tuple[float, ...]) -> tuple[float, ...]:
    """Find the thresholds that give the shares."""
    total, below, cuts = sum(shares), 0.0, []
    for share in shares[:-1]:
        below += share / total
        cuts.append(_hundredths(NormalDist().inv_cdf(below)))
    return tuple(cuts)
