"""Missing answers: at random, depending on something, by dropout, each with a reason."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ..missing import REASONS
from .design import RateOn
from .form import Question
from .streams import Array
from .truth import World

Reasons = npt.NDArray[np.int8]
ANSWERED = -1
HIGHEST_RATE = 0.95
DROPPED_OUT, TIMED_OUT = REASONS.index("dropped_out"), REASONS.index("timed_out")
NOT_APPLICABLE = REASONS.index("not_applicable")


def rates(world: World, given: RateOn, wave: int) -> Array:
    """Give each person's rate: min(0.95, rate · exp(slope · z − slope² / 2))."""
    predictor = world.standardised(given.predictor, wave)
    scaled: Array = given.rate * np.exp(given.slope * predictor - given.slope**2 / 2)
    return np.minimum(scaled, HIGHEST_RATE)


class Gaps:
    """Which answers are missing, and why."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._spec = world.design.missing
        self._n = 2 * world.couples.n
        weights = np.array(list(self._spec.reasons.values()))
        self._ends = (np.cumsum(weights) / weights.sum())[:-1].astype(np.float32)
        self._named = np.array([REASONS.index(name) for name in self._spec.reasons], dtype=np.int8)
        self._chances: dict[int, Array] = {}
        self.left = self._dropout()

    def _dropout(self) -> npt.NDArray[np.int64]:
        """Find the first wave that each person misses for good; 0 means that the person stays."""
        left = np.zeros(self._n, dtype=np.int64)
        for wave in range(2, self._world.design.n_waves + 1) if self._spec.dropout.rate else ():
            draws = self._world.streams.uniforms(f"missing:dropout:wave:{wave}", self._n)
            leaves = draws < rates(self._world, self._spec.dropout, wave - 1)
            left[leaves & (left == 0)] = wave
        return left

    def gone(self, wave: int) -> npt.NDArray[np.bool_]:
        """Mark the persons who have left by a wave."""
        return (self.left > 0) & (self.left <= wave)

    def missed(self, occasion: str) -> npt.NDArray[np.bool_]:
        """Mark the persons who did not fill in the diary on a day."""
        return self._world.streams.uniforms(f"missing:{occasion}", self._n) < self._spec.missed_days

    def _chance(self, wave: int) -> Array:
        """Give each person's chance that an answer is missing by `mcar` or `mar`."""
        if wave not in self._chances:
            chance = np.full(self._n, self._spec.mcar, dtype=np.float32)
            if self._spec.mar.rate:
                chance += rates(self._world, self._spec.mar, wave)
            self._chances[wave] = np.minimum(chance, HIGHEST_RATE if self._spec.mar.rate else 1.0)
        return self._chances[wave]

    def of(self, question: Question, occasion: str, wave: int) -> Reasons:
        """Give the reason of each person's empty cell, as a place in `REASONS`; −1 where there is an answer."""
        found = np.full(self._n, ANSWERED, dtype=np.int8)
        if self._spec.mcar or self._spec.mar.rate:
            draws = self._world.streams.uniforms(f"missing:{question.id}:{occasion}", self._n)
            chance = self._chance(wave)
            empty = np.flatnonzero(draws < chance)
            found[empty] = self._named[np.searchsorted(self._ends, draws[empty] / chance[empty], side="right")]
        if question.not_applicable and self._spec.not_applicable:
            draws = self._world.streams.uniforms(f"not_applicable:{question.id}:{occasion}", self._n)
            found[draws < self._spec.not_applicable] = NOT_APPLICABLE
        return found
