"""Two-step maximum likelihood of the correlation behind two-way tables: polychoric, tetrachoric with two categories.

Many pairs at once: P tables of one shape, (P, a, b), with the thresholds of their rows (P, a − 1) and columns
(P, b − 1), which are given (Olsson 1979, doi:10.1007/BF02296207).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special

from . import bivariate_normal
from .moments import Array
from .newton import maximise

LARGEST_START = 0.9
LEAST_PROBABILITY = 1e-18  # below the rounding of a difference of probabilities
ROUNDING = 1e-13


@dataclass(frozen=True)
class PairTables:
    """P tables of one shape with their thresholds.

    Attributes
    ----------
    counts : (P, a, b) rows of each cell.
    first, second : (P, a − 1) and (P, b − 1) increasing thresholds.
    """

    counts: Array
    first: Array
    second: Array

    def take(self, chosen: npt.NDArray[np.intp]) -> PairTables:
        """Take some of the tables."""
        return PairTables(self.counts[chosen], self.first[chosen], self.second[chosen])

    def log_likelihood(self, probabilities: Array) -> Array:
        """Σ n log π of each table, (P,); −∞ where an answer has no probability."""
        with np.errstate(divide="ignore"):
            return np.asarray(special.xlogy(self.counts, np.maximum(probabilities, 0.0)).sum(axis=(1, 2)))


def thresholds(margins: Array) -> Array:
    """Cut points Φ⁻¹ of the cumulated shares of the categories (last axis), one fewer than categories."""
    shares = np.cumsum(margins, axis=-1)[..., :-1] / margins.sum(axis=-1, keepdims=True)
    return np.asarray(np.clip(special.ndtri(shares), -bivariate_normal.FAR, bivariate_normal.FAR))


def estimate(tables: PairTables) -> tuple[Array, npt.NDArray[np.bool_]]:
    """Maximise Σ n log π(ρ) of each table.

    Returns
    -------
    correlations (P,), and whether the likelihood is highest at the boundary: these are −1 or 1.
    """
    return _at_boundary(tables, maximise(_start(tables), lambda sought, rho: _derivatives(tables.take(sought), rho)))


def bivariate_fit(counts: Array) -> tuple[Array, Array]:
    """Likelihood-ratio test of bivariate normality of each table, (P, a, b): G² = 2 Σ n log(n / (N π)), and its df.

    Thresholds come from the table itself; df = ab − a − b over the categories that occur in it. As `chisq` and `df`
    of ``polycor::polychor(x, y, ML = FALSE, std.err = TRUE)``.
    """
    rows, columns = counts.sum(axis=2), counts.sum(axis=1)
    tables = PairTables(counts, thresholds(rows), thresholds(columns))
    rho, boundary = estimate(tables)
    probability = bivariate_normal.rectangles(tables.first, tables.second, np.where(boundary, 0.0, rho))
    for sign in (-1.0, 1.0):
        at_limit = boundary & (rho == sign)
        probability[at_limit] = _limiting_probabilities(tables, sign)[at_limit]
    n = counts.sum(axis=(1, 2))
    observed = special.xlogy(counts, counts / n[:, None, None]).sum(axis=(1, 2))
    a, b = (rows > 0).sum(axis=1), (columns > 0).sum(axis=1)
    return 2.0 * np.maximum(observed - tables.log_likelihood(probability), 0.0), (a * b - a - b).astype(np.float64)


def _start(tables: PairTables) -> Array:
    """Take one step of Fisher scoring from independence, where the scores are products of normal scores."""
    n = tables.counts.sum(axis=(1, 2))
    rows, columns = _normal_scores(tables.first), _normal_scores(tables.second)
    slope = np.einsum("pab,pa,pb->p", tables.counts, rows[0], columns[0])
    information = n * (rows[0] ** 2 * rows[1]).sum(axis=1) * (columns[0] ** 2 * columns[1]).sum(axis=1)
    start = np.divide(slope, information, out=np.zeros_like(slope), where=information > 0)
    return np.asarray(np.clip(start, -LARGEST_START, LARGEST_START))


def _normal_scores(cuts: Array) -> tuple[Array, Array]:
    """Give the means of a normal variable within its categories, and the probabilities of these."""
    ends = np.zeros((len(cuts), 1))
    height = np.exp(-0.5 * cuts**2) / np.sqrt(2.0 * np.pi)
    probability = np.diff(np.hstack([ends, special.ndtr(cuts), ends + 1.0]), axis=1)
    within = -np.diff(np.hstack([ends, height, ends]), axis=1) / np.maximum(probability, LEAST_PROBABILITY)
    return np.asarray(within), np.asarray(probability)


def _derivatives(tables: PairTables, rho: Array) -> tuple[Array, Array]:
    """First derivative of the log likelihood, and its negative second derivative where that is positive.

    Elsewhere Σ n (π'/π)² takes its place. With φ₂ at the corners, π' = Δφ₂ and π'' = Δ∂φ₂/∂ρ, where
    ∂φ₂/∂ρ = φ₂ [ρ/(1 − ρ²) + ((1 + ρ²)hk − ρ(h² + k²)) / (1 − ρ²)²].
    """
    h, k, r = tables.first[:, :, None], tables.second[:, None, :], rho[:, None, None]
    height = bivariate_normal.density(h, k, r)
    rest = (1.0 - r) * (1.0 + r)
    growth = height * (r / rest + (h * k * (1.0 + r**2) - r * (h**2 + k**2)) / rest**2)
    probability = np.maximum(bivariate_normal.rectangles(tables.first, tables.second, rho), LEAST_PROBABILITY)
    relative = bivariate_normal.over_cells(height) / probability
    squares = tables.counts * relative**2
    slope = (tables.counts * relative).sum(axis=(1, 2))
    curvature = (squares - tables.counts * bivariate_normal.over_cells(growth) / probability).sum(axis=(1, 2))
    return slope, np.where(curvature > 0, curvature, squares.sum(axis=(1, 2)))


def _at_boundary(tables: PairTables, rho: Array) -> tuple[Array, npt.NDArray[np.bool_]]:
    """Put a correlation to ±1 where the likelihood is at least as high there."""
    boundary = np.zeros(len(rho), dtype=bool)
    for sign in (-1.0, 1.0):
        limit = tables.log_likelihood(_limiting_probabilities(tables, sign))
        possible = np.flatnonzero(np.isfinite(limit) & (tables.counts.sum(axis=(1, 2)) > 0))
        if len(possible):
            some = tables.take(possible)
            inside = some.log_likelihood(bivariate_normal.rectangles(some.first, some.second, rho[possible]))
            reached = possible[limit[possible] >= inside - ROUNDING * np.abs(inside)]
            rho[reached], boundary[reached] = sign, True
    return rho, boundary


def _limiting_probabilities(tables: PairTables, sign: float) -> Array:
    """Give the cell probabilities at ρ = ±1, where both variables are one and the same but for its sign."""
    ends = np.zeros((len(tables.counts), 1))
    first = np.hstack([ends, special.ndtr(tables.first), ends + 1.0])[:, :, None]
    second = np.hstack([ends, special.ndtr(tables.second), ends + 1.0])[:, None, :]
    corners = np.minimum(first, second) if sign > 0 else np.maximum(first + second - 1.0, 0.0)
    probability = np.diff(np.diff(corners, axis=1), axis=2)
    return np.where(probability > ROUNDING, probability, 0.0)


def filled(counts: Array, amount: float) -> Array:
    """Put an amount into each empty cell of (P, a, b) tables; a 2 × 2 table keeps its margins.

    In a 2 × 2 table the amount is taken from the cells beside the empty one and given to the cell across. As
    ``lavaan::lavCor(x, zero.add = c(amount, amount))``, but that lavaan leaves a 2 × 2 table with two empty cells
    at its boundary.
    """
    if not amount:
        return counts
    empty = counts == 0
    if counts.shape[1:] != (2, 2):
        return np.where(empty, amount, counts)
    diagonal = (empty[:, 0, 0] | empty[:, 1, 1]).astype(np.float64)
    other = (empty[:, 0, 1] | empty[:, 1, 0]).astype(np.float64)
    shift = amount * (diagonal - other)[:, None, None] * np.array([[1.0, -1.0], [-1.0, 1.0]])
    return np.asarray(counts + shift)


@dataclass(frozen=True)
class Sensitivities:
    """How the estimating equation of each correlation, Σ n s = 0, moves with the parameters.

    Attributes
    ----------
    score : (P, a, b) derivative of log π by ρ in each cell.
    correlation : (P,) by ρ.
    first, second : (P, a − 1) and (P, b − 1) by the thresholds.
    """

    score: Array
    correlation: Array
    first: Array
    second: Array


def sensitivities(tables: PairTables, rho: Array, *, observed: bool) -> Sensitivities:
    """Evaluate the scores and their sensitivities at the estimates.

    By outer products of scores, Σ n s s_θ (Muthén 1984, doi:10.1007/BF02294210; lavaan), or, `observed`, by minus the
    derivatives of the scores, which are right also where the variables behind the answers are not bivariate normal.
    """
    probability = np.maximum(bivariate_normal.rectangles(tables.first, tables.second, rho), LEAST_PROBABILITY)
    height = bivariate_normal.density(tables.first[:, :, None], tables.second[:, None, :], rho[:, None, None])
    score = bivariate_normal.over_cells(height) / probability
    by_first = _by_thresholds(tables, rho, score, probability, height if observed else None)
    turned = PairTables(tables.counts.swapaxes(1, 2), tables.second, tables.first)
    across = height.swapaxes(1, 2) if observed else None
    by_second = _by_thresholds(turned, rho, score.swapaxes(1, 2), probability.swapaxes(1, 2), across)
    if observed:
        return Sensitivities(score, _derivatives(tables, rho)[1], by_first, by_second)
    return Sensitivities(score, (tables.counts * score**2).sum(axis=(1, 2)), by_first, by_second)


def _by_thresholds(tables: PairTables, rho: Array, score: Array, probability: Array, height: Array | None) -> Array:
    """Give Σ n s ∂(log π)/∂τ for the thresholds of the rows, less Σ n (∂π'/∂τ)/π where φ₂ is given, (P, a − 1).

    A threshold moves probability ∂Φ₂/∂τ = φ(τ) Φ((k − ρτ) / sqrt(1 − ρ²)) from the category above to that below.
    """
    own, other, r = tables.first[:, :, None], tables.second[:, None, :], rho[:, None, None]
    rest = (1.0 - r) * (1.0 + r)
    ends = np.zeros((*tables.first.shape, 1))
    share = special.ndtr((other - r * own) / np.sqrt(rest))
    moved = np.diff(np.concatenate([ends, share, ends + 1.0], axis=2), axis=2)
    moved *= np.exp(-0.5 * own**2) / np.sqrt(2.0 * np.pi)
    gain = -np.diff(tables.counts * score / probability, axis=1)
    total = (moved * gain).sum(axis=2)
    if height is not None:
        bent = np.diff(np.concatenate([ends, -height * (own - r * other) / rest, ends], axis=2), axis=2)
        total -= (bent * -np.diff(tables.counts / probability, axis=1)).sum(axis=2)
    return np.asarray(total)
