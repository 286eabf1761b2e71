"""Factor scores from ordinal (and continuous) variables: the mode of the posterior distribution of the factors.

Given factors η with mean κ and covariance matrix Φ, what is behind an ordinal variable is normal with mean ν + λ'η and
variance θ, and cut at thresholds τ; residuals are taken as independent. The mode minimises
½ (η − κ)'Φ⁻¹(η − κ) − Σ ln P(answer | η), which has one minimum, as the probabilities are log-concave.
``lavaan::lavPredict(fit, method = "EBM")``.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import special

from ...errors import AnalysisError, NotConverged
from .implied import implied_moments
from .ram import Array, GroupMatrices, Positions

MOST_STEPS = 100
SMALLEST_SLOPE = 1e-10
ROOT = np.sqrt(2 * np.pi)


@dataclass(frozen=True)
class Conditional:
    """One group's observed variables given the L factors.

    Attributes
    ----------
    intercepts, loadings, deviations : ν (p,), λ (p, L) and the square roots of θ (p,), 0 where it is negative.
    cuts : thresholds of each variable between −∞ and +∞; none of a continuous one.
    mean, covariance : κ (L,) and Φ (L, L).
    """

    intercepts: Array
    loadings: Array
    deviations: Array
    cuts: tuple[Array, ...]
    mean: Array
    covariance: Array

    @cached_property
    def precision(self) -> Array:
        """Φ⁻¹, (L, L)."""
        return np.asarray(np.linalg.inv(self.covariance), np.float64)

    @classmethod
    def of(cls, group: GroupMatrices, x: Array) -> Conditional:
        """Read it from a group's matrices."""
        p, found = group.n_observed, implied_moments(group, x)
        paths, covariances, intercepts = group.filled(x)
        inner = np.asarray(np.linalg.inv(np.eye(p) - paths[:p, :p]), np.float64)
        variances = np.diagonal(inner @ covariances[:p, :p] @ inner.T)
        tau = group.threshold_cells.filled(group.thresholds, x)[:, 0]
        cuts = [np.sort(tau[group.threshold_variable == variable]) for variable in range(p)]
        return cls(
            intercepts=inner @ intercepts[:p, 0],
            loadings=inner @ paths[:p, p:],
            deviations=np.sqrt(np.maximum(variances, 0.0)),
            cuts=tuple(np.concatenate([[-np.inf], own, [np.inf]]) if len(own) else own for own in cuts),
            mean=found.means[p:],
            covariance=found.covariances[p:, p:],
        )


def posterior_modes(group: GroupMatrices, x: Array, values: Array) -> Array:
    """Find the mode for each row (n, p), (n, L); equal rows are searched once; not a number for one without answers."""
    found = Conditional.of(group, x)
    if (found.deviations <= 0).any():
        raise AnalysisError(
            "Factor scores need residual variances above 0; in this solution some are not. Look at its faults."
        )
    codes = _categories(found, values)
    distinct, which = np.unique(codes, axis=0, return_inverse=True)
    modes = np.full((len(distinct), len(found.mean)), np.nan)
    answered = ~np.isnan(distinct).all(axis=1)
    modes[answered] = _search(found, distinct[answered])
    return modes[which.reshape(-1)]


def _categories(found: Conditional, values: Array) -> Array:
    """Give numbers to the answers to ordinal variables from 0, in the order of the values that occur."""
    codes = values.copy()
    for variable, cuts in enumerate(found.cuts):
        if len(cuts):
            held = ~np.isnan(values[:, variable])
            known, codes[held, variable] = np.unique(values[held, variable], return_inverse=True)
            if len(known) > len(cuts) - 1:
                raise AnalysisError("The rows hold answers that the model has no threshold for.")
    return codes


def _search(found: Conditional, codes: Array) -> Array:
    """Take Newton's steps for all rows at once, halving those that do not lead downhill."""
    eta = np.tile(found.mean, (len(codes), 1))
    value, slope, bent = _posterior(found, codes, eta)
    for _ in range(MOST_STEPS):
        step = -np.linalg.solve(bent, slope[..., None])[..., 0]
        fall = (step * slope).sum(axis=1)
        if -fall.min(initial=0.0) < SMALLEST_SLOPE**2:
            return eta
        length = np.ones(len(codes))
        while True:
            moved = eta + length[:, None] * step
            new, new_slope, new_bent = _posterior(found, codes, moved)
            worse = ~(new <= value + 1e-4 * length * fall + 1e-13 * (1 + np.abs(value)))
            if not worse.any():
                break
            length = np.where(worse, length / 2, length)
        eta, value, slope, bent = moved, new, new_slope, new_bent
    raise NotConverged(f"The search for factor scores did not end in {MOST_STEPS} steps: residual variances near 0?")


def _posterior(found: Conditional, codes: Array, eta: Array) -> tuple[Array, Array, Array]:
    """Compute minus the log posterior, its slopes and its second derivatives for each row."""
    away = eta - found.mean
    pull = away @ found.precision
    value, slope = 0.5 * (away * pull).sum(axis=1), pull
    bent = np.broadcast_to(found.precision, (len(eta), *found.precision.shape)).copy()
    for variable, (loading, cuts) in enumerate(zip(found.loadings, found.cuts, strict=True)):
        centre = found.intercepts[variable] + eta @ loading
        part = _ordinal if len(cuts) else _continuous
        held = np.isfinite(codes[:, variable])
        parts = part(codes[held, variable], centre[held], found.deviations[variable], cuts)
        logs, first, second = (_spread(one, held) for one in parts)
        value, slope = value - logs, slope - first[:, None] * loading
        bent -= second[:, None, None] * np.outer(loading, loading)
    return value, slope, bent


def _spread(values: Array, held: Positions) -> Array:
    """Put 0 where there is no answer."""
    result = np.zeros(len(held))
    result[held] = values
    return result


def _continuous(codes: Array, centre: Array, deviation: float, _: Array) -> tuple[Array, Array, Array]:
    """Give the log density without its constant, and its derivatives for the centre."""
    z = (codes - centre) / deviation
    return -0.5 * z**2, z / deviation, np.full(len(z), -1 / deviation**2)


def _ordinal(codes: Array, centre: Array, deviation: float, cuts: Array) -> tuple[Array, Array, Array]:
    """Give the log probability of a category, and its derivatives for the centre; the far tail by its mirror image."""
    place = codes.astype(np.intp)
    low, high = (cuts[place] - centre) / deviation, (cuts[place + 1] - centre) / deviation
    mirrored = low + high > 0
    low, high = np.where(mirrored, -high, low), np.where(mirrored, -low, high)
    upper, lower = special.log_ndtr(high), special.log_ndtr(low)
    logs = upper + np.log1p(-np.exp(lower - upper))
    at_low, at_high = np.exp(-0.5 * low**2 - logs) / ROOT, np.exp(-0.5 * high**2 - logs) / ROOT
    first = at_low - at_high
    finite = [np.where(np.isfinite(end), end, 0.0) for end in (low, high)]
    second = finite[0] * at_low - finite[1] * at_high - first**2
    return logs, np.where(mirrored, -first, first) / deviation, second / deviation**2
