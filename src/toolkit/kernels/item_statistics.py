"""Items of a scale beyond covariances: discrimination, and what one factor says and leaves of each item."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from . import consistency, consistency_gradients, omega
from .one_factor import one_factor

Array = npt.NDArray[np.float64]

EXTREME_SHARE = 0.27


def rest_means(x: Array) -> Array:
    """Mean of the other items that the person answered, for each item, (n, k); NaN where there is none."""
    held = ~np.isnan(x)
    values = np.where(held, x, 0.0)
    others = held.sum(axis=1)[:, None] - held
    total = values.sum(axis=1)[:, None] - values
    mean: Array = np.divide(total, others, out=np.full(x.shape, np.nan), where=others > 0)
    return mean


def discrimination(x: Array, low: float, high: float) -> Array:
    """Upper-minus-lower index: difference of the item's mean in the extreme groups, as a share of its range, (k,).

    The groups are those at or beyond the 27th and 73rd percentile (type 7) of the mean of the other items. Kelley
    (1939), doi:10.1037/h0057123, showed that 27 % are best; the other items make the groups here, so that an item does
    not choose its own, and ties belong to their group together, so that the order of rows changes nothing.
    """
    found = np.full(x.shape[1], np.nan)
    rest = rest_means(x)
    for item in range(x.shape[1]):
        used = ~np.isnan(x[:, item]) & ~np.isnan(rest[:, item])
        if not used.any():
            continue
        answers, others = x[used, item], rest[used, item]
        bottom, top = np.quantile(others, [EXTREME_SHARE, 1 - EXTREME_SHARE])
        if bottom < top:
            found[item] = (answers[others >= top].mean() - answers[others <= bottom].mean()) / (high - low)
    return found


def without_each(covariance: Array) -> Array:
    """Leave out each item in turn, (k, k − 1, k − 1)."""
    k = len(covariance)
    kept = np.array([np.delete(np.arange(k), item) for item in range(k)])
    return np.asarray(covariance[kept[:, :, None], kept[:, None, :]])


def omega_if_dropped(covariance: Array) -> Array:
    """Omega of the other items, from one factor by maximum likelihood with the denominator that it implies, (k,).

    NaN where no solution is found. In R: ``semTools::compRelSEM(lavaan::cfa(...), obs.var = FALSE)`` of the others.
    """
    others = without_each(covariance)
    return omega.fitted(others, omega.solution(others))


def one_factor_residuals(covariance: Array) -> tuple[Array, Array]:
    """Fit one factor by maximum likelihood: loadings, (k,), and residual correlations r_ij − λ_i λ_j, (k, k).

    NaN where no solution is found; the diagonal of the residuals is 0. In R: ``factanal(covmat =, factors = 1)``.
    """
    r = consistency.correlation(covariance)
    loadings = one_factor(r[None]).loadings[0]
    residuals = r - np.outer(loadings, loadings)
    np.fill_diagonal(residuals, 0.0)
    return loadings, residuals


def item_rest_gradients(covariance: Array) -> Array:
    """Gradients of item–rest correlations with respect to the covariance matrix, (k, k, k), item first.

    r_i = c / sqrt(v u), c the covariance with the rest, v the item's variance and u that of the rest.
    """
    k, variance = len(covariance), np.diag(covariance)
    rest = consistency.rest_variance(covariance)
    r = consistency.item_rest(covariance)
    found = np.empty((k, k, k))
    for item in range(k):
        slope = np.full((k, k), -r[item] / (2 * rest[item]))
        slope[item, :] = slope[:, item] = 1 / (2 * np.sqrt(variance[item] * rest[item]))
        slope[item, item] = -r[item] / (2 * variance[item])
        found[item] = slope
    return found


def minres_gradients(covariance: Array, loadings: Array) -> Array:
    """Gradients of loadings on one minres factor with respect to the covariance matrix, (k, k, k), item first.

    At the solution Σ_j≠i (r_ij − λ_i λ_j) λ_j = 0 for each i; the implicit function theorem gives the change of λ with
    the correlations, which is carried to the covariances.
    """
    r = consistency.correlation(covariance)
    k = len(r)
    towards = r - 2 * np.outer(loadings, loadings)
    np.fill_diagonal(towards, loadings**2 - (loadings**2).sum())
    inverse = np.linalg.inv(towards)
    found = np.empty((k, k, k))
    for item in range(k):
        slope = -np.outer(inverse[item], loadings)
        np.fill_diagonal(slope, 0.0)
        found[item] = consistency_gradients.through_correlations(covariance, (slope + slope.T) / 2)
    return found
