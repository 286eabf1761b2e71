"""Standard errors and intervals: normal theory, delta method with clustered rows, bootstrap of clusters."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import special

from .moments import Sums

Array = npt.NDArray[np.float64]
Statistic = Callable[[npt.NDArray[Any]], Any]

STEP = 1e-20


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
    centred = x - np.nanmean(x, axis=0)
    sums = Sums.of(centred)
    covariance = sums.cross / sums.n
    slope = gradient(statistic, covariance) * (len(x) / sums.n)
    held = (~np.isnan(x)).astype(np.float64)
    deviation = np.nan_to_num(centred, nan=0.0)
    moved = ((deviation @ slope) * deviation).sum(axis=1)
    moved -= 2 * ((held @ (slope * sums.mean)) * deviation).sum(axis=1)
    moved += ((held @ (slope * (sums.mean * sums.mean.T - covariance))) * held).sum(axis=1)
    return np.asarray(moved)


def sandwich(influences: Array, cluster: npt.NDArray[np.integer]) -> float:
    """Cluster-robust standard error: sqrt(G/(G−1) Σ_g u_g²) / n, u_g the sum of influences in cluster g.

    With every row its own cluster this is the distribution-free standard error for independent rows. The factor
    G/(G−1) is lavaan's (``estimator = "MLR", cluster =``).
    """
    sums = np.bincount(cluster, weights=influences)
    n_clusters = len(sums)
    return float(np.sqrt(n_clusters / (n_clusters - 1) * (sums**2).sum()) / len(influences))


def bootstrap_covariances(
    x: Array, cluster: npt.NDArray[np.integer], draws: int, generator: np.random.Generator
) -> Iterator[Array]:
    """Covariance matrices (denominator n − 1, pairwise where answers are missing) of samples of whole clusters.

    A sample is a count of how often each cluster was drawn, which weights the cluster's rows.
    """
    held = (~np.isnan(x)).astype(np.float64)
    centred = np.nan_to_num(x - np.diag(Sums.of(x).mean), nan=0.0)
    n_clusters = int(cluster.max()) + 1
    even = np.full(n_clusters, 1 / n_clusters)
    for _ in range(draws):
        weight = generator.multinomial(n_clusters, even)[cluster][:, None]
        n, total = held.T @ (weight * held), centred.T @ (weight * held)
        yield (centred.T @ (weight * centred) - total * total.T / n) / (n - 1)


def percentile(draws: Array, confidence: float) -> tuple[float, float]:
    """Percentile interval of bootstrap draws (quantile type 7, R's default)."""
    low, high = np.quantile(draws, [(1 - confidence) / 2, (1 + confidence) / 2])
    return float(low), float(high)
