"""Two-step maximum likelihood of correlations with continuous variables: polyserial, and two continuous ones."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special

from .cross_tables import Indices
from .moments import Array
from .newton import maximise

BEYOND = 1e6
LEAST_PROBABILITY = 1e-100
LARGEST_START = 0.9


@dataclass(frozen=True)
class MixedPair:
    """An ordinal and a continuous variable over the rows that hold both.

    Attributes
    ----------
    category : (n,) position of the ordinal answer.
    z : (n,) the continuous variable, standardised by its mean and its standard deviation with denominator n.
    cuts : thresholds of the ordinal variable.
    """

    category: Indices
    z: Array
    cuts: Array

    @property
    def bounds(self) -> Array:
        """The thresholds above and below each row's category, (2, n); far beyond all answers at the ends."""
        ends = np.concatenate([[-BEYOND], self.cuts, [BEYOND]])
        return np.stack([ends[self.category + 1], ends[self.category]])


def estimate(pair: MixedPair) -> float:
    """Polyserial correlation: maximise Σ log[Φ(u_c) − Φ(u_{c−1})], u = (τ − ρz) / sqrt(1 − ρ²).

    Thresholds, mean and variance are given (Olsson, Drasgow & Dorans 1982, doi:10.1007/BF02294164). As
    ``lavaan::lavCor(x, ordered =)``.
    """
    score = np.corrcoef(pair.category, pair.z)[0, 1] if np.ptp(pair.z) > 0 and np.ptp(pair.category) > 0 else 0.0
    start = np.array([np.clip(score, -LARGEST_START, LARGEST_START)])
    return float(maximise(start, lambda _, rho: _derivatives(pair, float(rho[0])))[0])


@dataclass(frozen=True)
class MixedTerms:
    """What the likelihood of a mixed pair is made of, per row; the first index is the upper and the lower bound.

    Attributes
    ----------
    probability : (n,) Φ(u_c) − Φ(u_{c−1}).
    u, height : (2, n) u and φ(u).
    first, second : (2, n) du/dρ and d²u/dρ².
    spread : sqrt(1 − ρ²).
    """

    probability: Array
    u: Array
    height: Array
    first: Array
    second: Array
    spread: float

    @classmethod
    def of(cls, pair: MixedPair, rho: float) -> MixedTerms:
        """Evaluate the terms at a correlation."""
        bounds, z = pair.bounds, pair.z
        spread = float(np.sqrt((1.0 - rho) * (1.0 + rho)))
        u = (bounds - rho * z) / spread
        upper_tail = u[1] > 0
        high, low = np.where(upper_tail, -u[1], u[0]), np.where(upper_tail, -u[0], u[1])
        probability = np.maximum(special.ndtr(high) - special.ndtr(low), LEAST_PROBABILITY)
        height = np.exp(-0.5 * u**2) / np.sqrt(2.0 * np.pi)
        first = (bounds * rho - z) / spread**3
        second = (bounds * (1.0 + 2.0 * rho**2) - 3.0 * rho * z) / spread**5
        return cls(probability, u, height, first, second, spread)

    @property
    def score(self) -> Array:
        """Each row's derivative of the log likelihood by ρ, (n,)."""
        return _between(self.height * self.first) / self.probability


def _between(bounds: Array) -> Array:
    return np.asarray(bounds[0] - bounds[1])


def _derivatives(pair: MixedPair, rho: float) -> tuple[Array, Array]:
    terms = MixedTerms.of(pair, rho)
    score = terms.score
    bend = _between(terms.height * (terms.second - terms.u * terms.first**2)) / terms.probability
    squares = (score**2).sum()
    curvature = squares - bend.sum()
    return np.array([score.sum()]), np.array([curvature if curvature > 0 else squares])


def of_two_continuous(x: Array, y: Array) -> float:
    """Correlation of two standardised variables by maximum likelihood with means and variances given.

    The root in (−1, 1) of nρ³ − S_xy ρ² + (S_xx + S_yy − n)ρ − S_xy = 0; over complete rows this is Pearson's r.
    """
    n, xx, yy, xy = float(len(x)), float(x @ x), float(y @ y), float(x @ y)
    roots = np.roots([n, -xy, xx + yy - n, -xy])
    real = np.clip(roots[np.abs(roots.imag) < 1e-9].real, -1.0, 1.0)
    inside = real[np.abs(real) < 1.0]
    if not len(inside):
        return float(real[np.argmin(np.abs(real))])
    rest = (1.0 - inside) * (1.0 + inside)
    likelihood = -0.5 * n * np.log(rest) - (xx - 2.0 * inside * xy + yy) / (2.0 * rest)
    return float(inside[np.argmax(likelihood)])


def score_of_two_continuous(x: Array, y: Array, rho: float) -> Array:
    """Each row's derivative of the bivariate normal log density by ρ, (n,)."""
    rest = (1.0 - rho) * (1.0 + rho)
    return np.asarray((rho * rest + (1.0 + rho**2) * x * y - rho * (x**2 + y**2)) / rest**2)


@dataclass(frozen=True)
class RowSensitivities:
    """How the estimating equation of a correlation with a continuous variable moves with the parameters.

    Attributes
    ----------
    score : (n,) each row's derivative of the log likelihood by ρ.
    correlation : by ρ.
    first, second : by the first and the second variable's thresholds, or its mean and variance.
    """

    score: Array
    correlation: float
    first: Array
    second: Array


def mixed_sensitivities(pair: MixedPair, rho: float, variance: float, *, observed: bool) -> RowSensitivities:
    """Evaluate the scores of a mixed pair (first ordinal, second continuous) and their sensitivities.

    By outer products of scores as lavaan, or `observed`, by minus the derivatives of the scores.
    """
    terms, z, spread = MixedTerms.of(pair, rho), pair.z, np.sqrt(variance)
    score, relative = terms.score, terms.height / terms.probability
    by_bounds = relative / terms.spread * score
    by_z = -rho * _between(by_bounds)
    if observed:
        turn = terms.u * terms.first
        by_bounds -= relative * (rho / terms.spread**2 - turn) / terms.spread
        by_z += _between(relative) / terms.spread**3 - rho / terms.spread * _between(relative * turn)
        correlation = _derivatives(pair, rho)[1][0]
        continuous = -by_z.sum() / spread, -(by_z * z).sum() / (2.0 * variance)
    else:
        correlation = (score**2).sum()
        continuous = (score * z - by_z).sum() / spread, (score * (z**2 - 1.0) - by_z * z).sum() / (2.0 * variance)
    cuts = len(pair.cuts)
    above = np.bincount(pair.category, by_bounds[0], minlength=cuts + 1)[:-1]
    below = np.bincount(pair.category, by_bounds[1], minlength=cuts + 1)[1:]
    return RowSensitivities(
        score, float(correlation), np.asarray(above - below, dtype=np.float64), np.array(continuous)
    )


def continuous_sensitivities(z: Array, rho: float, variances: Array, *, observed: bool) -> RowSensitivities:
    """Evaluate the scores of two continuous variables, (n, 2) standardised, and their sensitivities."""
    x, y = z.T
    rest = (1.0 - rho) * (1.0 + rho)
    score = score_of_two_continuous(x, y, rho)
    by_own = []
    for own, other, variance in ((x, y, variances[0]), (y, x, variances[1])):
        if observed:
            by_z = ((1.0 + rho**2) * other - 2.0 * rho * own) / rest**2
            both = by_z.sum() / np.sqrt(variance), (by_z * own).sum() / (2.0 * variance)
        else:
            by_z = (own - rho * other) / rest
            both = (score * by_z).sum() / np.sqrt(variance), (score * (own * by_z - 1.0)).sum() / (2.0 * variance)
        by_own.append(np.array(both))
    if observed:
        bend = (1.0 - 3.0 * rho**2 + 2.0 * rho * x * y - x**2 - y**2) / rest**2 + 4.0 * rho * score / rest
        return RowSensitivities(score, float(-bend.sum()), by_own[0], by_own[1])
    return RowSensitivities(score, float((score**2).sum()), by_own[0], by_own[1])
