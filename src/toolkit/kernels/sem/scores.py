"""Factor scores of rows: regression and Bartlett scores of continuous variables.

With Λ the effects of the L factors on the observed variables, Θ what else moves these, Σ and μ their covariances and
means, κ the factors' means and C the covariances of factors with observed variables: regression scores are
κ + C Σ⁻¹(y − μ) (Thurstone 1935), Bartlett's κ + (Λ'Θ⁻¹Λ)⁻¹Λ'Θ⁻¹(y − μ) (Bartlett 1937). A row with missing answers is
judged by what it holds.
``lavaan::lavPredict(fit, method = "regression" or "Bartlett")``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ...errors import AnalysisError
from .estimator import SampleRows
from .implied import implied_moments
from .moments import SampleMoments
from .patterns import Mask, Patterns
from .posterior import posterior_modes
from .ram import Array, GroupMatrices
from .solution import Solution

Method = Literal["regression", "bartlett", "ebm"]


@dataclass(frozen=True)
class Measurement:
    """How one group's factors show in its observed variables.

    Attributes
    ----------
    loadings : effects of the factors on the observed variables, (p, L).
    residual : covariances of the observed variables without the factors, (p, p).
    crossed : covariances of factors with observed variables, (L, p).
    covariance, mean : of the observed variables, (p, p) and (p,).
    factor_covariance, factor_mean : (L, L) and (L,).
    """

    loadings: Array
    residual: Array
    crossed: Array
    covariance: Array
    mean: Array
    factor_covariance: Array
    factor_mean: Array

    @classmethod
    def of(cls, group: GroupMatrices, sample: SampleMoments, x: Array) -> Measurement:
        """Read it from a group's matrices; without a mean structure observed means are the sample's."""
        found, p = implied_moments(group, x), group.n_observed
        paths, covariances, _ = group.filled(x)
        mean, factor_mean = found.mean, found.means[p:]
        if not group.mean_structure:
            mean = sample.mean
            factor_mean = np.linalg.solve(np.eye(len(paths) - p) - paths[p:, p:], paths[p:, :p] @ mean)
        inner = np.asarray(np.linalg.inv(np.eye(p) - paths[:p, :p]), np.float64)
        return cls(
            loadings=inner @ paths[:p, p:],
            residual=inner @ covariances[:p, :p] @ inner.T,
            crossed=found.covariances[p:, :p],
            covariance=found.covariance,
            mean=mean,
            factor_covariance=found.covariances[p:, p:],
            factor_mean=factor_mean,
        )


Weights = Callable[[Measurement, Mask], Array]


def regression(found: Measurement, held: Mask) -> Array:
    """Return the weights C Σ⁻¹ of the variables that a row holds, (L, held)."""
    return np.asarray(np.linalg.solve(found.covariance[np.ix_(held, held)], found.crossed[:, held].T).T)


def bartlett(found: Measurement, held: Mask) -> Array:
    """Return the weights (Λ'V⁻¹Λ)⁻¹Λ'V⁻¹; not numbers for factors that these variables do not tell apart.

    V = Θ + ΛΦΛ', which gives the same weights as Θ, also where a residual variance is 0.
    """
    loadings = found.loadings[held]
    told = (loadings != 0).any(axis=0)
    weights = np.full((len(told), int(held.sum())), np.nan)
    loadings = loadings[:, told]
    if not told.any() or np.linalg.matrix_rank(loadings) < loadings.shape[1]:
        return weights
    spread = found.residual[np.ix_(held, held)] + loadings @ found.factor_covariance[np.ix_(told, told)] @ loadings.T
    scaled = np.linalg.solve(spread, loadings)
    weights[told] = np.linalg.solve(loadings.T @ scaled, scaled.T)
    return weights


WEIGHTS: dict[str, Weights] = {"regression": regression, "bartlett": bartlett}


def factor_scores(fitted: Solution, rows: SampleRows, method: Method) -> tuple[Array, ...]:
    """Compute the scores of rows on all factors, (n_g, L) for each group.

    Not a number for a row that holds nothing, and (Bartlett) for factors that its answers do not determine, such as
    second-order ones. Ordinal variables have posterior modes, `ebm`.
    """
    ordinal = bool(fitted.model.table.ordinal)
    if ordinal != (method == "ebm"):
        wanted = "'ebm' (posterior modes)" if ordinal else "'regression' or 'bartlett'"
        raise AnalysisError(f"Factor scores of these variables are {wanted}; the method is {method!r}.")
    samples = fitted.estimator.samples
    scores = []
    for group, sample, values in zip(fitted.model.groups, samples, rows.groups, strict=True):
        if ordinal:
            scores.append(posterior_modes(group, fitted.x, values))
        else:
            scores.append(_weighted(Measurement.of(group, sample, fitted.x), values, WEIGHTS[method]))
    return tuple(scores)


def _weighted(found: Measurement, values: Array, weights: Weights) -> Array:
    patterns, of_row = Patterns.with_rows(values)
    scores = np.full((len(values), len(found.factor_mean)), np.nan)
    for index, held in enumerate(patterns.observed):
        chosen = of_row == index
        away = values[np.ix_(chosen, held)] - found.mean[held]
        scores[chosen] = found.factor_mean + away @ weights(found, held).T
    return scores
