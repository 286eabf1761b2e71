"""Standard errors and intervals: normal theory, and the delta method with clustered rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import special

from .moments import Sums

Array = npt.NDArray[np.float64]
Statistic = Callable[[npt.NDArray[Any]], Any]

STEP = 1e-20
TINY = 1e-12


def feldt(alpha: float, n: float, k: int, confidence: float) -> tuple[float, float]:
    """Feldt's interval of alpha: 1 − (1 − α) F at 1 − p/2 and p/2 with n − 1 and (n − 1)(k − 1) df.

    Feldt, Woodruff & Salih (1987), doi:10.1177/014662168701100107; ``psych::alpha.ci``.
    """
    tail = (1 - confidence) / 2
    df = n - 1, (n - 1) * (k - 1)
    low = 1 - (1 - alpha) * special.fdtri(*df, 1 - tail)
    high = 1 - (1 - alpha) * special.fdtri(*df, tail)
    return float(low), float(high)


def duhachek(covariance: Array, n: float) -> float:
    """Compute the standard error of alpha under multivariate normality.

    sqrt(Q / n), Q = 2k² / ((k−1)² (1'S1)³) · [1'S1 (tr S² + tr² S) − 2 tr S · 1'S²1].
    Duhachek & Iacobucci (2004), doi:10.1037/0021-9010.89.5.792; `ase` of ``psych::alpha``.
    """
    k, total, trace = len(covariance), covariance.sum(), np.trace(covariance)
    square = covariance @ covariance
    inner = total * (np.trace(square) + trace**2) - 2 * trace * square.sum()
    return float(np.sqrt(2 * k**2 / ((k - 1) ** 2 * total**3) * inner / n))


def normal(estimate: float, se: float, confidence: float, df: float = np.inf) -> tuple[float, float]:
    """Interval estimate ± quantile · se; Student's t where degrees of freedom are given."""
    upper = (1 + confidence) / 2
    quantile = special.ndtri(upper) if np.isinf(df) else special.stdtrit(df, upper)
    return float(estimate - quantile * se), float(estimate + quantile * se)


def of_reliability(estimate: float, se: float, confidence: float, df: float = np.inf) -> tuple[float, float]:
    """Interval of a reliability on the scale ln(1 − ρ), on which its distribution is nearly symmetric.

    1 − (1 − ρ) exp(± quantile · se / (1 − ρ)): it never exceeds 1. The scale of Feldt's F and of Bonett (2002),
    doi:10.3102/10769986027004335.
    """
    low, high = normal(0.0, float(np.divide(se, 1.0 - estimate)), confidence, df)
    return float(1 - (1 - estimate) * np.exp(high)), float(1 - (1 - estimate) * np.exp(low))


def positive(estimate: float, se: float, confidence: float, df: float = np.inf) -> tuple[float, float]:
    """Interval of a positive quantity, such as a standard deviation, on the scale of its logarithm."""
    low, high = normal(0.0, float(np.divide(se, estimate)), confidence, df)
    return float(estimate * np.exp(low)), float(estimate * np.exp(high))


def of_correlation(r: float, se: float, confidence: float, df: float = np.inf) -> tuple[float, float]:
    """Interval of a correlation with a known standard error, through z = atanh r."""
    low, high = normal(np.arctanh(r), float(np.divide(se, 1.0 - r**2)), confidence, df)
    return float(np.tanh(low)), float(np.tanh(high))


def fisher_z(r: float, n: float, confidence: float) -> tuple[float, float]:
    """Interval of a correlation through z = atanh r with standard error 1 / sqrt(n − 3), as R's ``cor.test``."""
    low, high = normal(np.arctanh(r), 1 / np.sqrt(n - 3), confidence)
    return float(np.tanh(low)), float(np.tanh(high))


def gradient(statistic: Statistic, covariance: Array) -> Array:
    """Differentiate a statistic of a covariance matrix, to machine precision, by complex steps.

    Returns the symmetric (k, k) matrix G for which a small change dS moves the statistic by Σ G_ij dS_ij.
    """
    k = len(covariance)
    slope = np.zeros((k, k))
    for i in range(k):
        for j in range(i, k):
            moved = covariance.astype(np.complex128)
            moved[i, j] += 1j * STEP
            moved[j, i] = moved[i, j]
            change = np.imag(statistic(moved)) / STEP
            slope[i, j] = slope[j, i] = change if i == j else change / 2
    return slope


def influence(statistic: Statistic, x: Array) -> Array:
    """Influence of each row on a statistic of the covariance matrix, (n,); it sums to 0.

    d'Gd − Σ G_ij S_ij with d the row's deviation from the mean, S the covariance matrix and G the gradient at S.
    Where answers are missing (NaN), S is pairwise, and each of its cells moves only with the rows that hold both
    variables: the row's term is n / n_ij · G_ij · [(x_i − m_ij)(x_j − m_ji) − S_ij] for these, m_ij the mean of i
    where j is there.
    """
    return influence_along(lambda covariance: gradient(statistic, covariance), x)


def influence_along(slope_at: Callable[[Array], Array], x: Array) -> Array:
    """Influence of each row, as `influence`, on a statistic whose gradient at a covariance matrix is known."""
    centred = x - np.nanmean(x, axis=0)
    sums = Sums.of(centred)
    covariance = sums.cross / sums.n
    slope = slope_at(covariance) * (len(x) / sums.n)
    held = (~np.isnan(x)).astype(np.float64)
    deviation = np.nan_to_num(centred, nan=0.0)
    moved = ((deviation @ slope) * deviation).sum(axis=1)
    moved -= 2 * ((held @ (slope * sums.mean)) * deviation).sum(axis=1)
    moved += ((held @ (slope * (sums.mean * sums.mean.T - covariance))) * held).sum(axis=1)
    return np.asarray(moved)


def cluster_sums(influences: Array, cluster: npt.NDArray[np.integer]) -> Array:
    """Sum the influences of the rows of each cluster, (G,); they sum to 0."""
    return np.asarray(np.bincount(cluster, weights=influences), dtype=np.float64)


def sandwich(influences: Array, cluster: npt.NDArray[np.integer]) -> float:
    """Cluster-robust standard error: sqrt(G/(G−1) Σ_g u_g²) / n, u_g the sum of influences in cluster g.

    With every row its own cluster this is the distribution-free standard error for independent rows. The factor
    G/(G−1) is lavaan's (``estimator = "MLR", cluster =``).
    """
    return sandwich_of_sums(cluster_sums(influences, cluster), len(influences))


def sandwich_of_sums(sums: Array, n: int) -> float:
    """Compute the standard error of `sandwich` from the clusters' sums and the number of rows."""
    n_clusters = len(sums)
    return float(np.sqrt(n_clusters / (n_clusters - 1) * (sums**2).sum()) / n)


def sandwich_df(sums: Array) -> float:
    """Degrees of freedom of the squared sandwich error: 2G / (κ − 1), at most G − 1.

    κ is the kurtosis of the clusters' sums u_g (3 for normal ones): Σ u² has a relative variance of (κ − 1) / G, and a
    chi-square of f degrees of freedom one of 2 / f. Satterthwaite (1946), doi:10.2307/3002019.
    """
    n_clusters = len(sums)
    kurtosis = n_clusters * (sums**4).sum() / (sums**2).sum() ** 2
    return float(min(2 * n_clusters / max(kurtosis - 1, TINY), n_clusters - 1))
