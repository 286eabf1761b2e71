"""Covariance matrices of the estimates, and of functions of them.

All matrices are (q, q) for the free parameters; constraints enter through the basis K of what they leave free: the
inverse of an information matrix is K (K'IK)⁻¹ K'.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np

from .clusters import cluster_count, cluster_sums
from .estimate import Constraints
from .estimator import Estimator
from .ram import AnyArray, Array, Positions

Information = Literal["expected", "observed", "first_order"]
STEP = 1e-30


def information(estimator: Estimator, x: Array, kind: Information) -> Array:
    """Compute the information per row, (q, q)."""
    if kind == "expected":
        return np.asarray(estimator.expected_information(x))
    return np.asarray(estimator.observed_information(x)) if kind == "observed" else first_order(estimator, x)


def first_order(estimator: Estimator, x: Array) -> Array:
    """Compute the mean outer product of the scores, or of their sums within clusters, times G/(G − 1)."""
    scores, cluster = estimator.scores(x), estimator.cluster
    if cluster is None:
        return np.asarray(scores.T @ scores / estimator.weight)
    total = cluster_sums(scores * _roots_of_factors(estimator, cluster)[:, None], cluster)[0]
    return np.asarray(total.T @ total / estimator.weight)


def _roots_of_factors(estimator: Estimator, cluster: Positions) -> Array:
    """Give each row the square root of its group's G/(G − 1), as lavaan, which counts the clusters of each group."""
    sizes = np.array([int(one.n) for one in estimator.samples])
    of_group = np.split(cluster, np.cumsum(sizes)[:-1])
    counts = [cluster_count(one) for one in of_group]
    return np.repeat(np.sqrt([count / (count - 1) for count in counts]), sizes)


def constrained_inverse(matrix: Array, basis: Array) -> Array:
    """Compute K (K'MK)⁻¹ K'."""
    if basis.shape[0] == basis.shape[1]:
        return np.asarray(np.linalg.inv(matrix))
    return np.asarray(basis @ np.linalg.solve(basis.T @ matrix @ basis, basis.T))


def covariance(estimator: Estimator, x: Array, basis: Array, kind: Information) -> Array:
    """Compute the covariance matrix of the estimates from an information matrix."""
    return constrained_inverse(information(estimator, x, kind), basis) / estimator.weight


def sandwich(estimator: Estimator, x: Array, basis: Array, bread: Information) -> Array:
    """Compute the robust covariance matrix: bread⁻¹ · first-order information · bread⁻¹.

    With the observed information this is Huber's and White's, lavaan's for `estimator = "MLR"`; rows may come in
    clusters (``cluster =``). White (1982), doi:10.2307/1912526; Muthén & Satorra (1995), doi:10.2307/271070.
    """
    inverse = constrained_inverse(information(estimator, x, bread), basis)
    return np.asarray(inverse @ first_order(estimator, x) @ inverse / estimator.weight)


def jacobian(function: Callable[[AnyArray], AnyArray], x: Array) -> Array:
    """Differentiate a function (…, q) → (…, m) that is safe for complex steps, (m, q), to machine precision."""
    return np.asarray(np.imag(function(x + 1j * STEP * np.eye(len(x)))) / STEP).T


def delta_method(function: Callable[[AnyArray], AnyArray], x: Array, covariance: Array) -> Array:
    """Compute the covariance matrix of a function of the parameters, J V J', (m, m)."""
    slope = jacobian(function, x)
    return np.asarray(slope @ covariance @ slope.T)


def errors_of(covariance: Array) -> Array:
    """Take standard errors from a covariance matrix; 0 where rounding leaves a variance of nothing below 0."""
    return np.asarray(np.sqrt(np.maximum(np.diagonal(covariance), 0.0)))


def tangent(constraints: Constraints, x: Array) -> Array:
    """Return the basis of the directions that all constraints leave free at x, (q, u)."""
    if constraints.equations is None:
        return constraints.basis
    slope = jacobian(constraints.equations, x) @ constraints.basis
    _, roots, vectors = np.linalg.svd(slope)
    rank = int((roots > 1e-10 * max(roots.max(initial=0.0), 1.0)).sum())
    return np.asarray(constraints.basis @ vectors[rank:].T)
