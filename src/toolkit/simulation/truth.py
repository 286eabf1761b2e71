"""True scores: who takes part, constructs and scales over the waves."""

from __future__ import annotations

import math
from functools import cached_property

import numpy as np
import numpy.typing as npt

from .design import Design
from .streams import Array, Streams
from .theory import CAUSES, Spread, facet_of, full_form, residuals

MEAN_AGE, SD_AGE = 38.0, 11.0
YOUNGEST, OLDEST = 18, 85
AGE_CORRELATION = 0.9
HALF = math.sqrt(0.5)


def correlated(pairs: Array, spread: Spread) -> Array:
    """Turn independent pairs into partners: sum and difference get their spreads."""
    total = HALF * spread.total * pairs[:, 0]
    difference = HALF * spread.difference * pairs[:, 1]
    return np.stack([total + difference, total - difference], axis=1)


def partner(values: Array) -> Array:
    """Give each person the partner's value."""
    return values[:, ::-1]


class Couples:
    """Who takes part. Arrays hold one row per couple and one column per partner; nobody comes first."""

    def __init__(self, design: Design, streams: Streams) -> None:
        self.n = design.n_couples
        self._design = design
        self._streams = streams

    @cached_property
    def mixed(self) -> npt.NDArray[np.bool_]:
        """Mark the couples of a woman and a man."""
        return self._streams.uniforms("couple:mixed_gender", self.n) < self._design.mixed_gender_share

    @cached_property
    def woman(self) -> npt.NDArray[np.bool_]:
        """Mark women; the first person of a couple is a woman or a man with equal chance."""
        first = self._streams.uniforms("couple:gender", self.n) < 0.5
        return np.stack([first, first ^ self.mixed], axis=1)

    @cached_property
    def role_b(self) -> npt.NDArray[np.bool_]:
        """Mark who has the role b: drawn by lot, whatever the gender."""
        first = self._streams.uniforms("couple:role", self.n) < 0.5
        return np.stack([first, ~first], axis=1)

    @cached_property
    def practising(self) -> npt.NDArray[np.bool_]:
        """Mark the couples of the practice group."""
        group = self._design.practice_group
        return self._streams.uniforms("couple:practice_group", self.n) < (group.share if group else 0.0)

    @cached_property
    def age(self) -> npt.NDArray[np.int64]:
        """Ages in whole years."""
        pairs = self._streams.normals("couple:age", 2 * self.n).reshape(-1, 2)
        years = np.floor(MEAN_AGE + SD_AGE * correlated(pairs, Spread.of(AGE_CORRELATION)))
        whole: npt.NDArray[np.int64] = np.minimum(np.maximum(years, YOUNGEST), OLDEST).astype(np.int64)
        return whole


class World:
    """The true scores of a design, drawn when they are asked for; each from streams of its own.

    At wave t a construct is x = Σ a · cause + Σ p · partner's cause + r + change · (t − 1), where the part r of its own
    carries over: r_t = s · r_{t−1} + √(1 − s²) · e_t with the design's stability s. The part of assertiveness also
    takes up `practice_on_assertiveness_change` · practice_t at every wave after the first. A scale that shows the
    construct with loading λ is λ x + √(1 − λ²) u, where u carries over in the same way. All variances are 1 at the
    first wave, and at every wave but for the effects of practice.
    """

    def __init__(self, design: Design) -> None:
        self.design = design
        self.streams = Streams(design.seed)
        self.couples = Couples(design, self.streams)
        self.paths: dict[str, float] = design.paths.model_dump()
        self._partners: dict[str, float] = design.couple_correlation.model_dump()
        self._residuals = residuals(self.paths, self._partners)
        self._constructs: dict[tuple[str, int], Array] = {}
        self._parts: dict[tuple[str, int], Array] = {}

    def construct(self, name: str, wave: int) -> Array:
        """Give the true scores of a construct at a wave."""
        key = (name, wave)
        if key not in self._constructs:
            self._constructs[key] = self._construct(name, wave)
        return self._constructs[key]

    def _construct(self, name: str, wave: int) -> Array:
        drift = {str(changing): mean for changing, mean in self.design.change.items()}
        value = self._carried(f"construct:{name}", self._residuals[name], wave) + drift.get(name, 0.0) * (wave - 1)
        for cause, actor, partner_path in CAUSES.get(name, ()):
            scores = self.construct(cause, wave)
            value += self.paths[actor] * scores
            value += (self.paths[partner_path] if partner_path else 0.0) * partner(scores)
        group = self.design.practice_group
        if name == "practice" and group and wave > 1:
            value[self.couples.practising] += group.effect
        return value

    def _carried(self, name: str, spread: Spread, wave: int) -> Array:
        key = (name, wave)
        if key not in self._parts:
            part = self.noise(f"{name}:wave:{wave}", spread)
            if wave > 1:
                stability = self.design.stability
                part = math.sqrt(1 - stability**2) * part + stability * self._carried(name, spread, wave - 1)
            if wave > 1 and name == "construct:assertiveness":
                part += self.paths["practice_on_assertiveness_change"] * self.construct("practice", wave)
            self._parts[key] = part
        return self._parts[key]

    def noise(self, name: str, spread: Spread) -> Array:
        """Draw correlated partners from a stream."""
        return correlated(self.streams.normals(name, 2 * self.couples.n).reshape(-1, 2), spread)

    def scale(self, name: str, wave: int) -> Array:
        """Give the true scores of a scale (`instrument.scale`) at a wave."""
        facet = facet_of(name, self.design.scale_correlation)
        shared = self.construct(facet.construct, wave)
        between = self._partners[facet.construct]
        if facet.difference:
            shared = (partner(shared) - shared) / math.sqrt(2 * (1 - between))
            between = 0.0
        instrument, _, scale = name.partition(".")
        own = self._carried(f"scale:{full_form(instrument)}.{scale}", Spread.of(between), wave)
        return facet.loading * shared + math.sqrt(1 - facet.loading**2) * own

    def standardised(self, predictor: str, wave: int) -> Array:
        """Give a predictor of missing answers, one value a person: age, or a construct at a wave."""
        if predictor == "age":
            return ((self.couples.age.ravel() - MEAN_AGE) / SD_AGE).astype(np.float32)
        return self.construct(predictor, wave).ravel()
