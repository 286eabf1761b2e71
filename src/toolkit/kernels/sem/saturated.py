"""The unrestricted model of incomplete rows: maximum likelihood estimates of means and covariances."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.linalg import LinAlgError, cho_factor, cho_solve

from ...errors import AnalysisError, NotConverged, NotIdentified, TooFewCases
from .incomplete import Slope, Triangle, observed_information, slope
from .patterns import Patterns, never_together
from .ram import Array

FIRST_EM_STEPS = 3
MOST_STEPS = 500
SMALLEST_STEP = 1e-9
SMALLEST_EIGENVALUE = 1e-10
SHOWN = 6


@dataclass(frozen=True)
class SaturatedMoments:
    """Maximum likelihood estimates of the moments.

    Attributes
    ----------
    mean, covariance : μ (p,) and Σ (p, p).
    value : minus the log-likelihood per row.
    """

    mean: Array
    covariance: Array
    value: float


def check_coverage(patterns: Patterns, names: Sequence[str]) -> None:
    """Refuse data that cannot tell all means and variances: too few rows, an empty or a constant variable."""
    if patterns.n_rows <= len(names):
        raise TooFewCases(
            f"The model of {len(names)} variables has {patterns.n_rows} row(s) that hold any of them: more rows than "
            "variables are needed for their covariances. Use a smaller model or more data."
        )
    empty = [names[first] for first, second in never_together(patterns) if first == second]
    if empty:
        raise NotIdentified(f"Nobody answered {_listed(empty)}: leave it out of the model.")
    constant = [name for name, variance in zip(names, patterns.available[1], strict=True) if not variance > 0.0]
    if constant:
        raise AnalysisError(f"All answers to {_listed(constant)} are the same: leave it out of the model.")


def saturated_moments(patterns: Patterns, names: Sequence[str]) -> SaturatedMoments:
    """Estimate μ and Σ by EM, and by Newton's steps once these raise the likelihood.

    An EM step (Dempster, Laird & Rubin 1977) is μ + δ with δ = −Σ g and Σ − 2 Σ G Σ − δδ', with G and g the derivatives
    of `slope`. Steps end when one is below 1e-9 standard deviations, or below what rounding leaves of Σ⁻¹ where Σ is
    nearly singular; Newton's error is then its square. lavaan stops its EM earlier (moments to about 1e-5).
    """
    check_coverage(patterns, names)
    apart = [f"{names[first]} with {names[second]}" for first, second in never_together(patterns)]
    if apart:
        raise NotIdentified(
            f"No row holds {_listed(apart)}: the data cannot tell these covariances, and so neither how well a model "
            "fits. Leave out one of each pair, or collect rows that hold both."
        )
    mean, variance = patterns.available
    covariance = np.diag(variance)
    at = slope(patterns, covariance, mean)
    for step in range(MOST_STEPS):
        found = _newton(patterns, covariance, mean, at) if step >= FIRST_EM_STEPS else None
        moved, size = found or (_em(patterns, covariance, mean, at), np.inf)
        mean, covariance, at = moved
        _check_definite(covariance, names)
        if size < max(SMALLEST_STEP, _rounding(covariance)):
            return SaturatedMoments(mean, covariance, at.value)
    raise NotConverged(
        f"The search for the covariances did not converge in {MOST_STEPS} steps: the rows at hand hardly tell how "
        f"{_listed(_dependent(covariance, names)[1])} vary together. Leave out those with the most missing answers."
    )


Moved = tuple[Array, Array, Slope]


def _em(patterns: Patterns, covariance: Array, mean: Array, at: Slope) -> Moved:
    shift = -covariance @ at.mean
    spread = covariance - 2.0 * covariance @ at.covariance @ covariance - np.outer(shift, shift)
    spread = (spread + spread.T) / 2
    return mean + shift, spread, slope(patterns, spread, mean + shift)


def _newton(patterns: Patterns, covariance: Array, mean: Array, at: Slope) -> tuple[Moved, float] | None:
    """Take Newton's step and tell its size in standard deviations; None where the likelihood does not rise."""
    p = len(mean)
    triangle = Triangle.of(p)
    slopes = np.concatenate([at.mean, 2.0 * triangle.scale * triangle.cells(at.covariance)])
    deviation = np.sqrt(np.diagonal(covariance))
    unit = np.concatenate([deviation, triangle.cells(np.outer(deviation, deviation))])
    hessian = observed_information(patterns, covariance, mean) * unit[:, None] * unit
    try:
        step = -cho_solve(cho_factor(hessian), slopes * unit)
        spread = covariance + triangle.matrix((step * unit)[p:])
        np.linalg.cholesky(spread)
    except LinAlgError:
        return None
    moved = mean + (step * unit)[:p]
    new = slope(patterns, spread, moved)
    if new.value > at.value + max(1e-13, _rounding(covariance)) * max(1.0, abs(at.value)):
        return None
    return (moved, spread, new), float(np.abs(step).max())


def _rounding(covariance: Array) -> float:
    """Tell how far rounding moves what rests on the inverse: the spacing of numbers times the condition of R."""
    deviation = np.sqrt(np.diagonal(covariance))
    return float(np.finfo(float).eps * np.linalg.cond(covariance / np.outer(deviation, deviation)))


def _check_definite(covariance: Array, names: Sequence[str]) -> None:
    smallest, involved = _dependent(covariance, names)
    if smallest < SMALLEST_EIGENVALUE:
        raise AnalysisError(
            f"In the rows at hand {_listed(involved)} determine each other exactly: their covariance matrix is "
            "singular and the model has no likelihood. Leave one of them out."
        )


def _dependent(covariance: Array, names: Sequence[str]) -> tuple[float, list[str]]:
    """Find the smallest eigenvalue of the correlation matrix, and the variables of its vector."""
    deviation = np.sqrt(np.diagonal(covariance))
    values, vectors = np.linalg.eigh(covariance / np.outer(deviation, deviation))
    weights = np.abs(vectors[:, 0])
    return float(values[0]), [name for name, weight in zip(names, weights, strict=True) if weight > weights.max() / 4]


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more
