"""Coefficients of internal consistency as functions of a covariance matrix.

All functions take a (k, k) covariance or correlation matrix and are analytic, so that `intervals.gradient` may
differentiate them by complex steps.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Matrix = npt.NDArray[Any]
LARGEST_CONDITION = 1e12


def correlation(covariance: Matrix) -> Matrix:
    """Scale a covariance matrix to correlations, as R's ``cov2cor``."""
    scale = 1.0 / np.sqrt(np.diag(covariance))
    return np.asarray(covariance * scale[:, None] * scale[None, :])


def alpha(covariance: Matrix) -> Any:
    """Cronbach's alpha, k/(k−1) (1 − tr S / 1'S1)."""
    k = len(covariance)
    return k / (k - 1) * (1.0 - np.trace(covariance) / covariance.sum())


def alpha_standardised(covariance: Matrix) -> Any:
    """Alpha of the correlation matrix."""
    return alpha(correlation(covariance))


def lambda2(covariance: Matrix) -> Any:
    """Guttman's lambda 2: 1 − tr S / 1'S1 + sqrt(k/(k−1) Σ_{i≠j} s_ij²) / 1'S1."""
    k = len(covariance)
    total = covariance.sum()
    off = covariance - np.diag(np.diag(covariance))
    return 1.0 - np.trace(covariance) / total + np.sqrt(k / (k - 1) * (off**2).sum()) / total


def _inverse(r: Matrix) -> Matrix:
    """Invert a correlation matrix; one that is singular but for rounding counts as singular."""
    if np.linalg.cond(r.real) > LARGEST_CONDITION:
        raise np.linalg.LinAlgError("Singular matrix")
    return np.asarray(np.linalg.inv(r))


def lambda6(covariance: Matrix) -> Any:
    """Guttman's lambda 6 on the correlations: 1 − Σ (1 − smc_i) / 1'R1, psych's ``G6(smc)``."""
    r = correlation(covariance)
    return 1.0 - (1.0 / np.diag(_inverse(r))).sum() / r.sum()


def mean_r(covariance: Matrix) -> Any:
    """Mean correlation between different items."""
    r = correlation(covariance)
    k = len(r)
    return (r.sum() - k) / (k * (k - 1))


def standard_deviation_of_mean(covariance: Matrix) -> Any:
    """Compute the standard deviation of the mean of the items, sqrt(1'S1) / k."""
    return np.sqrt(covariance.sum()) / len(covariance)


def standard_error_of_measurement(covariance: Matrix) -> Any:
    """Compute the standard error of measurement of the mean of the items, SD sqrt(1 − alpha)."""
    return standard_deviation_of_mean(covariance) * np.sqrt(1.0 - alpha(covariance))


def squared_multiple_correlations(covariance: Matrix) -> Matrix:
    """Squared multiple correlation of each item with the others, 1 − 1 / diag(R⁻¹), (k,)."""
    return np.asarray(1.0 - 1.0 / np.diag(_inverse(correlation(covariance))))


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
    """Correlation of each item with the sum of the others, psych's ``r.drop``, (k,)."""
    variance = np.diag(covariance)
    with_total = covariance.sum(axis=0)
    rest_variance = covariance.sum() - 2.0 * with_total + variance
    return np.asarray((with_total - variance) / np.sqrt(variance * rest_variance))
