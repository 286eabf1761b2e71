"""Bootstrap of rows or of clusters of rows: covariance matrices of all samples at once, and intervals from them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt
from scipy import special

from .moments import Sums

Array = npt.NDArray[np.float64]
Clusters = npt.NDArray[np.integer]

MOST_COUNTS = 8_388_608
MOST_PRODUCTS = 4_194_304
ROUNDING = 1e-12


def bootstrap_covariances(x: Array, cluster: Clusters, draws: int, generator: np.random.Generator) -> Iterator[Array]:
    """Covariance matrices (denominator n − 1, pairwise where answers are missing) of samples of whole clusters.

    A sample is a count of how often each cluster was drawn, which weights the cluster's rows: the sums of all samples
    are one product of the counts with the rows' products. They come in stacks (b, k, k) of bounded size.
    """
    centred = x - np.diag(Sums.of(x).mean)
    n_clusters = int(cluster.max()) + 1
    size = max(1, MOST_COUNTS // n_clusters)
    for start in range(0, draws, size):
        yield _of_counts(centred, cluster, _counts(n_clusters, min(size, draws - start), generator))


def _counts(n_clusters: int, draws: int, generator: np.random.Generator) -> Array:
    """Count how often each cluster is drawn in samples of as many as there are, (draws, G)."""
    drawn = generator.integers(0, n_clusters, size=(draws, n_clusters))
    drawn += n_clusters * np.arange(draws)[:, None]
    counts = np.bincount(drawn.ravel(), minlength=draws * n_clusters)
    return counts.reshape(draws, n_clusters).astype(np.float64)


def _of_counts(centred: Array, cluster: Clusters, counts: Array) -> Array:
    k = centred.shape[1]
    width = k * (k + 1) // 2
    if np.isnan(centred).any():
        sums = _weighted(centred, cluster, counts, _pairwise_products)
        present = _square(sums[:, width : 2 * width], k)
        total = sums[:, 2 * width :].reshape(-1, k, k)
    else:
        sums = _weighted(centred, cluster, counts, _complete_products)
        present = (counts @ np.bincount(cluster))[:, None, None]
        total = np.broadcast_to(sums[:, width:, None], (len(counts), k, k))
    with np.errstate(divide="ignore", invalid="ignore"):
        cross = _square(sums[:, :width], k) - total * total.transpose(0, 2, 1) / present
        return np.asarray(np.where(present > 1, cross / (present - 1), np.nan))


def _weighted(centred: Array, cluster: Clusters, counts: Array, products: Callable[[Array], Array]) -> Array:
    """Sum the rows' products with the counts of their clusters as weights, block by block."""
    block = max(1, MOST_PRODUCTS // centred.shape[1] ** 2)
    parts = (slice(start, start + block) for start in range(0, len(centred), block))
    return np.asarray(sum(counts[:, cluster[rows]] @ products(centred[rows]) for rows in parts))


def _complete_products(centred: Array) -> Array:
    """Products of each row's values (on and below the diagonal), and the values."""
    row, column = np.tril_indices(centred.shape[1])
    return np.concatenate([centred[:, row] * centred[:, column], centred], axis=1)


def _pairwise_products(centred: Array) -> Array:
    """Products of each row's values, of their being there, and of one with the other; what is missing counts as 0."""
    k = centred.shape[1]
    row, column = np.tril_indices(k)
    held = (~np.isnan(centred)).astype(np.float64)
    values = np.nan_to_num(centred, nan=0.0)
    mixed = (values[:, :, None] * held[:, None, :]).reshape(len(values), k * k)
    return np.concatenate([values[:, row] * values[:, column], held[:, row] * held[:, column], mixed], axis=1)


def _square(below: Array, k: int) -> Array:
    """Fill symmetric matrices (b, k, k) from what stands on and below their diagonals."""
    row, column = np.tril_indices(k)
    full = np.empty((len(below), k, k))
    full[:, row, column] = full[:, column, row] = below
    return full


def percentile(draws: Array, confidence: float) -> tuple[float, float]:
    """Percentile interval of bootstrap draws (quantile type 7, R's default)."""
    low, high = np.quantile(draws, [(1 - confidence) / 2, (1 + confidence) / 2])
    return float(low), float(high)


def bca(draws: Array, estimate: float, influences: Array, confidence: float, df: float = np.inf) -> tuple[float, float]:
    """Bias-corrected and accelerated interval; NaN where all draws lie to one side, or no influence differs from 0.

    A constant, whose draws all equal the estimate (to rounding), is its own interval.

    The draws' quantiles at Φ(z₀ + (z₀ + z) / (1 − a (z₀ + z))): z₀ = Φ⁻¹ of the share of draws below the estimate,
    a = Σ u³ / (6 (Σ u²)^1.5) of the clusters' influences u, and z = ∓ the normal quantile. Efron (1987),
    doi:10.1080/01621459.1987.10478410; DiCiccio & Efron (1996), doi:10.1214/ss/1032280214. In R:
    ``boot::boot.ci(b, type = "bca", L = u)``. With degrees of freedom, z is Student's quantile times sqrt(G / (G − 1)),
    which makes up for a bootstrap of G clusters being too narrow (Hesterberg 2015, doi:10.1080/00031305.2015.1089789).
    """
    if np.abs(draws - estimate).max() <= ROUNDING * max(1.0, abs(estimate)):
        return estimate, estimate
    below = (draws < estimate).mean()
    if not 0 < below < 1 or not (influences**2).sum() > 0:
        return np.nan, np.nan
    shift = special.ndtri(below)
    acceleration = (influences**3).sum() / (6 * (influences**2).sum() ** 1.5)
    upper = (1 + confidence) / 2
    widened = special.ndtri(upper)
    if np.isfinite(df):
        widened = special.stdtrit(df, upper) * np.sqrt(len(influences) / (len(influences) - 1))
    ends = shift + np.array([-widened, widened])
    low, high = quantiles(draws, special.ndtr(shift + ends / (1 - acceleration * ends)))
    return float(low), float(high)


def quantiles(draws: Array, shares: Array) -> Array:
    """Quantiles of draws at (R + 1) · share, interpolated on the normal scale, as ``boot::boot.ci``.

    Davison & Hinkley (1997), eq. 5.8.
    """
    ordered, n = np.sort(draws), len(draws)
    place = np.clip((n + 1) * shares, 1, n)
    below = np.minimum(np.floor(place), n - 1)
    start, end = special.ndtri(below / (n + 1)), special.ndtri((below + 1) / (n + 1))
    part = (special.ndtri(place / (n + 1)) - start) / (end - start)
    index = below.astype(np.intp)
    return np.asarray(ordered[index - 1] + part * (ordered[index] - ordered[index - 1]))
