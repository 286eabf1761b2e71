"""Coefficients of internal consistency as functions of a covariance matrix.

All functions take a (k, k) covariance or correlation matrix, or a stack (..., k, k) of them, and are analytic, so that
`intervals.gradient` may differentiate them by complex steps. The gradients of those that have intervals are written out
in `consistency_gradients`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import special

Matrix = npt.NDArray[Any]
LARGEST_CONDITION = 1e12
NO_VARIANCE = 1e-12


def correlation(covariance: Matrix) -> Matrix:
    """Scale a covariance matrix to correlations, as R's ``cov2cor``."""
    scale = 1.0 / np.sqrt(_diagonal(covariance))
    return np.asarray(covariance * scale[..., :, None] * scale[..., None, :])


def _diagonal(covariance: Matrix) -> Matrix:
    return np.diagonal(covariance, axis1=-2, axis2=-1)


def _total(covariance: Matrix) -> Any:
    return covariance.sum(axis=(-2, -1))


def _off(covariance: Matrix) -> Matrix:
    """Empty the diagonal."""
    return np.where(np.eye(covariance.shape[-1], dtype=bool), 0.0, covariance)


def lambda1(covariance: Matrix) -> Any:
    """Guttman's lambda 1: 1 − tr S / 1'S1."""
    return 1.0 - _diagonal(covariance).sum(axis=-1) / _total(covariance)


def alpha(covariance: Matrix) -> Any:
    """Cronbach's alpha and Guttman's lambda 3, k/(k−1) (1 − tr S / 1'S1)."""
    k = covariance.shape[-1]
    return k / (k - 1) * lambda1(covariance)


def alpha_standardised(covariance: Matrix) -> Any:
    """Alpha of the correlation matrix."""
    return alpha(correlation(covariance))


def lambda2(covariance: Matrix) -> Any:
    """Guttman's lambda 2: 1 − tr S / 1'S1 + sqrt(k/(k−1) Σ_{i≠j} s_ij²) / 1'S1."""
    k = covariance.shape[-1]
    squares = (_off(covariance) ** 2).sum(axis=(-2, -1))
    return lambda1(covariance) + np.sqrt(k / (k - 1) * squares) / _total(covariance)


def lambda5(covariance: Matrix) -> Any:
    """Guttman's lambda 5: 1 − tr S / 1'S1 + 2 sqrt(max_i Σ_{j≠i} s_ij²) / 1'S1."""
    squares = (_off(covariance) ** 2).sum(axis=-1).max(axis=-1)
    return lambda1(covariance) + 2.0 * np.sqrt(squares) / _total(covariance)


def singular(r: Matrix) -> npt.NDArray[np.bool_]:
    """Tell which correlation matrices are singular, those that are so but for rounding included."""
    known = np.asarray(np.isfinite(r).all(axis=(-2, -1)))
    safe = np.where(known[..., None, None], r.real, np.eye(r.shape[-1]))
    sizes = np.abs(np.linalg.eigvalsh(safe))
    return np.asarray(~known | (sizes.max(axis=-1) > LARGEST_CONDITION * sizes.min(axis=-1)))


def inverse(r: Matrix) -> Matrix:
    """Invert correlation matrices; of a stack, those that are singular give NaN.

    Raises
    ------
    numpy.linalg.LinAlgError
        If a single matrix is singular.
    """
    lost = singular(r)
    if r.ndim == 2 and lost:
        raise np.linalg.LinAlgError("Singular matrix")
    safe = np.where(lost[..., None, None], np.eye(r.shape[-1]), r)
    return np.asarray(np.where(lost[..., None, None], np.nan, np.linalg.inv(safe)))


def lambda6(covariance: Matrix) -> Any:
    """Guttman's lambda 6 of the correlations: 1 − Σ (1 − smc_i) / 1'R1, psych's ``G6(smc)``."""
    return lambda6_covariance(correlation(covariance))


def lambda6_covariance(covariance: Matrix) -> Any:
    """Guttman's lambda 6 of the covariances: 1 − Σ s_ii (1 − smc_i) / 1'S1."""
    unexplained = _diagonal(covariance) * (1.0 - squared_multiple_correlations(covariance))
    return 1.0 - unexplained.sum(axis=-1) / _total(covariance)


def mean_r(covariance: Matrix) -> Any:
    """Mean correlation between different items."""
    k = covariance.shape[-1]
    return (_total(correlation(covariance)) - k) / (k * (k - 1))


def standard_deviation_of_mean(covariance: Matrix) -> Any:
    """Compute the standard deviation of the mean of the items, sqrt(1'S1) / k."""
    return np.sqrt(_total(covariance)) / covariance.shape[-1]


def standard_error_of_measurement(covariance: Matrix) -> Any:
    """Compute the standard error of measurement of the mean of the items, SD sqrt(1 − alpha)."""
    return standard_deviation_of_mean(covariance) * np.sqrt(1.0 - alpha(covariance))


def detectable_change_factor(confidence: float) -> float:
    """Give what turns a standard error of measurement into the smallest detectable change: z sqrt(2).

    z is the quantile of the normal distribution at (1 + confidence) / 2: 1.96 sqrt(2) = 2.77 at 95 %. Two measurements
    of a person who has not changed differ by less than that in a `confidence` share of cases.
    """
    return float(special.ndtri((1 + confidence) / 2) * np.sqrt(2.0))


def squared_multiple_correlations(covariance: Matrix) -> Matrix:
    """Squared multiple correlation of each item with the others, 1 − 1 / diag(R⁻¹), (..., k)."""
    return np.asarray(1.0 - 1.0 / _diagonal(inverse(correlation(covariance))))


def item_total(covariance: Matrix) -> Matrix:
    """Correlation of each item with the sum of all, (k,)."""
    return np.asarray(covariance.sum(axis=0) / np.sqrt(np.diag(covariance) * covariance.sum()))


def item_total_corrected(covariance: Matrix) -> Matrix:
    """Item–total correlation with overlap replaced by common variance, psych's ``r.cor``, (k,).

    The diagonal of R is replaced by the squared multiple correlations: column sum / sqrt(total).
    """
    r = correlation(covariance)
    np.fill_diagonal(r, squared_multiple_correlations(covariance))
    if r.sum() <= 0:
        raise np.linalg.LinAlgError("The common variance is not positive")
    return np.asarray(r.sum(axis=0) / np.sqrt(r.sum()))


def item_rest(covariance: Matrix) -> Matrix:
    """Correlation of each item with the sum of the others, psych's ``r.drop``, (k,); NaN where that does not vary."""
    variance = np.diag(covariance)
    return np.asarray((covariance.sum(axis=0) - variance) / np.sqrt(variance * rest_variance(covariance)))


def rest_variance(covariance: Matrix) -> Matrix:
    """Variance of the sum of the other items, for each item, (k,); NaN where they do not vary."""
    rest = covariance.sum() - 2.0 * covariance.sum(axis=0) + np.diag(covariance)
    return np.asarray(np.where(rest > NO_VARIANCE * np.trace(covariance), rest, np.nan))
