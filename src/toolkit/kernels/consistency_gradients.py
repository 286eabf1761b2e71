"""Gradients of coefficients of internal consistency with respect to the covariance matrix.

Each function gives the symmetric (k, k) matrix G for which a small change dS moves the coefficient by Σ G_ij dS_ij.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from . import consistency

Array = npt.NDArray[np.float64]


def through_correlations(covariance: Array, slope: Array) -> Array:
    """Turn a gradient with respect to the correlations into one with respect to the covariances."""
    r = consistency.correlation(covariance)
    variance = np.diag(covariance)
    moved = slope / np.sqrt(np.outer(variance, variance))
    return np.asarray(moved - np.diag((slope * r).sum(axis=1) / variance))


def lambda1(covariance: Array) -> Array:
    """(tr S / (1'S1)²) 11' − I / 1'S1."""
    k, total = len(covariance), covariance.sum()
    return np.asarray(np.trace(covariance) / total**2 - np.eye(k) / total)


def alpha(covariance: Array) -> Array:
    """k/(k−1) times the gradient of lambda 1."""
    k = len(covariance)
    return k / (k - 1) * lambda1(covariance)


def alpha_standardised(covariance: Array) -> Array:
    """Gradient of alpha at the correlations, carried to the covariances."""
    return through_correlations(covariance, alpha(consistency.correlation(covariance)))


def lambda2(covariance: Array) -> Array:
    """Gradient of lambda 1 plus that of sqrt(q) / 1'S1, q = k/(k−1) Σ_{i≠j} s_ij²."""
    k, total = len(covariance), covariance.sum()
    off = covariance - np.diag(np.diag(covariance))
    root = np.sqrt(k / (k - 1) * (off**2).sum())
    return np.asarray(lambda1(covariance) + k / (k - 1) * off / (root * total) - root / total**2)


def lambda5(covariance: Array) -> Array:
    """Gradient of lambda 1 plus that of 2 sqrt(q) / 1'S1, q = Σ_{j≠i} s_ij² of the item where it is largest."""
    total = covariance.sum()
    off = covariance - np.diag(np.diag(covariance))
    largest = int((off**2).sum(axis=1).argmax())
    root = np.sqrt((off[largest] ** 2).sum())
    column = np.zeros_like(off)
    column[largest] = off[largest] / root
    return np.asarray(lambda1(covariance) + (column + column.T) / total - 2 * root / total**2)


def lambda6(covariance: Array) -> Array:
    """Gradient of 1 − Σ u_i / 1'R1 with u = 1 / diag(R⁻¹), carried to the covariances."""
    r = consistency.correlation(covariance)
    return through_correlations(covariance, _lambda6(r, 1.0))


def lambda6_covariance(covariance: Array) -> Array:
    """Gradient of 1 − Σ u_i / 1'S1 with u = 1 / diag(S⁻¹)."""
    scale = np.sqrt(np.diag(covariance))
    return _lambda6(consistency.correlation(covariance), scale)


def _lambda6(r: Array, scale: Array | float) -> Array:
    """Differentiate at S = scale R scale: du_i = u_i² Σ_jl (S⁻¹)_ij (S⁻¹)_il dS_jl."""
    inverse = consistency.inverse(r) / np.multiply.outer(scale, scale)
    total = float((r * np.multiply.outer(scale, scale)).sum())
    unexplained = 1.0 / np.diag(inverse)
    return np.asarray(unexplained.sum() / total**2 - (inverse * unexplained**2) @ inverse / total)


def mean_r(covariance: Array) -> Array:
    """(11' − I) / (k(k−1)), carried to the covariances."""
    k = len(covariance)
    return through_correlations(covariance, (1.0 - np.eye(k)) / (k * (k - 1)))


def standard_error_of_measurement(covariance: Array) -> Array:
    """Gradient of SEM = sqrt(1'S1 (1 − alpha)) / k: (11' (1 − alpha) − 1'S1 ∂alpha) / (2 k² SEM)."""
    k, total = len(covariance), covariance.sum()
    unreliable = 1.0 - consistency.alpha(covariance)
    error = consistency.standard_error_of_measurement(covariance)
    return np.asarray((unreliable - total * alpha(covariance)) / (2 * k**2 * error))
