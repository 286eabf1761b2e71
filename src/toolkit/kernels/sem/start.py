"""Start values from sample moments: each factor's loadings from one principal axis, the rest by regression."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy.special import ndtri

from .implied import implied_moments
from .moments import SampleMoments
from .points import positive_definite
from .ram import Array, Model
from .table import Parameter

ROUNDS = 3
STRONGEST, WEAKEST = 0.95, 0.1
CLOSEST = 0.8  # largest start correlation
UNIQUE = 0.15  # smallest share of a variance that stays unexplained


def start_values(model: Model, samples: Sequence[SampleMoments], thresholds: Sequence[Array] = ()) -> Array:
    """Find values of the free parameters from which the search begins, (q,).

    A start value that the model text gives is taken. A factor's loadings are the first principal axis of its indicators
    (of what factors before it leave), in the units of a fixed loading or variance
    (whose factor points as its first indicator does, as in lavaan); factors covary as their indicators
    do; paths are regressions on these covariances; at least 15 % of each variance stays unexplained. Should the implied
    covariance matrix not be positive definite, covariances, and then paths, start at 0.

    Parameters
    ----------
    samples : the groups' moments; of ordinal variables the correlations of what is behind them.
    thresholds : each group's sample thresholds, in the order of the table.
    """
    guesses = []
    for group, sample in enumerate(samples):
        rows = [one for one in model.table.parameters if one.group == group]
        guess = _Guess(rows, model.table.observed, model.table.latent, sample.covariance, sample.mean)
        guesses += guess.all_rows(thresholds[group] if thresholds else None)
    stated = [one.start for one in model.parameters]
    x = np.array([guesses[index] for index in model.free], dtype=float)
    x = np.array([value if start is None else start for value, start in zip(x, stated, strict=True)], dtype=float)
    for keep in _simpler(model):
        if _definite(model, x):
            break
        x = np.where(keep, x, 0.0)
    return x


def _simpler(model: Model) -> Iterator[Array]:
    """Tell which parameters keep their start value, and which are 0, in ever simpler models."""
    covariance = np.array([one.op == "~~" and one.lhs != one.rhs for one in model.parameters])
    yield ~covariance
    yield ~covariance & np.array([one.op != "~" for one in model.parameters])


def _definite(model: Model, x: Array) -> bool:
    covariances = [implied_moments(group, x).covariance for group in model.groups]
    return all(np.isfinite(one).all() and bool(positive_definite(one)[0]) for one in covariances)


@dataclass
class _Guess:
    """The start values of one group.

    `moments` are the covariances of all variables, the factors' added one after another; `loadings` are standardised.
    """

    rows: list[Parameter]
    observed: tuple[str, ...]
    latent: tuple[str, ...]
    covariance: Array
    mean: Array
    place: dict[str, int] = field(init=False)
    moments: Array = field(init=False)
    loadings: Array = field(init=False)
    fixed: dict[tuple[str, str, str], float] = field(init=False)

    def __post_init__(self) -> None:
        names = (*self.observed, *self.latent)
        p, v = len(self.observed), len(names)
        self.place = {name: index for index, name in enumerate(names)}
        self.moments = np.full((v, v), np.nan)
        self.moments[:p, :p] = self.covariance
        self.loadings = np.zeros((v, v))
        self.fixed = {(one.lhs, one.op, one.rhs): one.fixed for one in self.rows if one.fixed is not None}
        waiting = list(self.latent)
        while waiting:
            ready = [name for name in waiting if not any(part in waiting for part in self._indicators(name))]
            for name in ready or waiting[:1]:
                self._measure(name)
                waiting.remove(name)

    def _indicators(self, factor: str) -> list[str]:
        return [one.rhs for one in self.rows if one.op == "=~" and one.lhs == factor]

    def _measure(self, factor: str) -> None:
        """Find a factor's loadings, variance and covariances."""
        names = self._indicators(factor)
        inside, own = [self.place[name] for name in names], self.place[factor]
        block = _known(self.moments[np.ix_(inside, inside)])
        sd = np.sqrt(np.maximum(np.diagonal(block), 1e-8))
        before = self.loadings[inside] @ self.loadings[inside].T
        axis = principal_axis(block / np.outer(sd, sd) - before * (1 - np.eye(len(inside))))
        if len(names) == 1:
            axis = np.array([1.0 if self.fixed.get((names[0], "~~", names[0])) == 0.0 else 0.9])
        axis, size = self._in_units(factor, names, axis, sd)
        self.loadings[inside, own] = axis
        weights = axis / sd / (axis @ axis)
        known = ~np.isnan(np.diagonal(self.moments))
        reach = np.where(known, weights @ _known(self.moments[inside]), np.nan) * size
        widest = CLOSEST * size * np.sqrt(np.where(known, np.diagonal(self.moments), np.nan))
        reach = np.minimum(np.maximum(reach, -widest), widest)
        reach[inside] = axis * sd * size
        self.moments[own], self.moments[:, own] = reach, reach
        self.moments[own, own] = size**2

    def _in_units(self, factor: str, names: list[str], axis: Array, sd: Array) -> tuple[Array, float]:
        """Turn the axis to the side of a fixed loading, and find the factor's standard deviation."""
        variance = self.fixed.get((factor, "~~", factor))
        given = [(index, self.fixed.get((factor, "=~", name), 0.0)) for index, name in enumerate(names)]
        marker = next(((index, value) for index, value in given if value), None)
        if marker is None:
            axis = axis * (1.0 if axis[0] > 0 else -1.0)
            return axis, np.sqrt(variance) if variance is not None and variance > 0 else 1.0
        index, value = marker
        axis = axis * (1.0 if axis[index] * value > 0 else -1.0)
        size = max(abs(axis[index]), 0.3) * sd[index] / abs(value)
        return axis, float(np.sqrt(variance) if variance is not None and variance > 0 else size)

    def all_rows(self, thresholds: Array | None) -> list[float]:
        """Give a value to each row, free or not."""
        paths, counts = self._paths(), [one for one in self.rows if one.op == "|"]
        evenly = {one: self._evenly(one, counts) for one in counts} if thresholds is None else {}
        order = {one: index for index, one in enumerate(counts)}
        levels = self._levels(paths)
        explained = (paths * _known(self.moments)).sum(axis=1)
        found = []
        for one in self.rows:
            match one.op:
                case "=~" | "~":
                    found.append(paths[self._cell(one)])
                case "~~":
                    found.append(self._spread(one, paths, explained))
                case "~1":
                    found.append(levels[self.place[one.lhs]])
                case "|":
                    found.append(float(evenly[one] if thresholds is None else thresholds[order[one]]))
                case _:
                    found.append(1.0)
        return [float(value) for value in found]

    def _evenly(self, one: Parameter, thresholds: list[Parameter]) -> float:
        number = sum(other.lhs == one.lhs for other in thresholds)
        return float(ndtri(int(one.rhs[1:]) / (number + 1)))

    def _cell(self, one: Parameter) -> tuple[int, int]:
        """Find a path's row (where it leads) and column (where it comes from)."""
        to, source = (one.rhs, one.lhs) if one.op == "=~" else (one.lhs, one.rhs)
        return self.place[to], self.place[source]

    def _paths(self) -> Array:
        """Compute loadings in units of measurement, and regressions."""
        sd = np.sqrt(np.diagonal(self.moments))
        paths = _known(self.loadings * sd[:, None] / sd[None, :])
        for one in self.rows:
            if one.op == "=~" and one.fixed is not None:
                paths[self._cell(one)] = one.fixed
        for name in dict.fromkeys(one.lhs for one in self.rows if one.op == "~"):
            causes = [self.place[one.rhs] for one in self.rows if one.op == "~" and one.lhs == name]
            inside = _known(self.moments[np.ix_(causes, causes)])
            ridge = 1e-3 * np.maximum(np.diagonal(inside), 1e-8) * np.eye(len(causes))
            across = _known(self.moments[causes, self.place[name]])
            paths[self.place[name], causes] = np.linalg.solve(inside + ridge, across)
        for one in self.rows:
            if one.op == "~" and one.fixed is not None:
                paths[self._cell(one)] = one.fixed
        return paths

    def _spread(self, one: Parameter, paths: Array, explained: Array) -> float:
        left, right = self.place[one.lhs], self.place[one.rhs]
        whole = self.moments[left, right]
        if left == right:
            return float(max(whole - explained[left], UNIQUE * whole))
        if paths[left].any() or paths[right].any():
            return 0.0
        widest = CLOSEST * np.sqrt(self.moments[left, left] * self.moments[right, right])
        return float(min(max(whole, -widest), widest))

    def _levels(self, paths: Array) -> Array:
        """Compute intercepts and factor means; where intercepts are fixed, factor means follow from the means."""
        p, v = len(self.observed), len(self.place)
        levels = np.concatenate([self.mean, np.zeros(v - p)])
        held = [place for (lhs, op, _), _ in self.fixed.items() if op == "~1" and (place := self.place[lhs]) < p]
        free = [self.place[one.lhs] for one in self.rows if one.op == "~1" and one.fixed is None]
        factors = [place for place in free if place >= p and paths[held, place].any()]
        if factors:
            reached = self.mean[held] - [self.fixed[self.observed[place], "~1", ""] for place in held]
            levels[factors] = np.linalg.lstsq(paths[np.ix_(held, factors)], reached, rcond=None)[0]
        inner = np.eye(v - p) - paths[p:, p:]
        of_factors = np.linalg.lstsq(inner, levels[p:] + paths[p:, :p] @ self.mean, rcond=None)[0]
        levels[:p] -= paths[:p] @ np.concatenate([self.mean, of_factors])
        return levels


def _known(moments: Array) -> Array:
    """Put 0 where moments are not known yet."""
    return np.where(np.isnan(moments), 0.0, moments)


def principal_axis(r: Array) -> Array:
    """Find standardised loadings on one factor by iterated communalities, kept between 0.1 and 0.95 in size.

    Their sum is positive. Two indicators share their correlation.
    """
    shared = np.abs(r - np.diag(np.diagonal(r))).max(axis=0, initial=0.0)
    axis = np.sqrt(shared)
    for _ in range(ROUNDS):
        inner = r.copy()
        np.fill_diagonal(inner, np.minimum(np.maximum(shared, WEAKEST**2), STRONGEST**2))
        roots, vectors = np.linalg.eigh(inner)
        axis = vectors[:, -1] * np.sqrt(max(roots[-1], 0.0))
        shared = axis**2
    axis = axis * (1.0 if axis.sum() >= 0 else -1.0)
    return np.asarray(np.where(axis < 0, -1.0, 1.0) * np.minimum(np.maximum(np.abs(axis), WEAKEST), STRONGEST))
