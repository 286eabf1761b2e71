"""Split-half reliability over all splits of a scale, or a sample of them."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt

from ..errors import ArgumentError

Array = npt.NDArray[np.float64]
Masks = npt.NDArray[np.bool_]

MOST_EXHAUSTIVE = 16
SAMPLED = 10_000
BLOCK = 4_096


@dataclass(frozen=True)
class SplitHalves:
    """The coefficients of many splits.

    Attributes
    ----------
    low, mean, high : least, mean and greatest coefficient; the greatest of all splits is Guttman's lambda 4.
    best : (k,) the items of one half of the split with the greatest coefficient.
    n_splits : splits that were looked at.
    exhaustive : whether these are all.
    """

    low: float
    mean: float
    high: float
    best: Masks
    n_splits: int
    exhaustive: bool


def split_halves(covariance: Array, generator: np.random.Generator | None = None) -> SplitHalves:
    """Compute 4 cov(A, B) / var(A + B) for the splits of k items into halves A and B.

    With an odd number of items one half has an item more. All splits are taken up to 16 items, beyond that 10,000
    drawn at random, for which a generator is needed. For an even number of items the mean over all splits is alpha.
    Guttman (1945), doi:10.1007/BF02288892. In R: ``psych::splitHalf(s, covar = TRUE, brute = TRUE)``, which for an odd
    number of items looks at one half of the splits only.
    """
    k = len(covariance)
    exhaustive = k <= MOST_EXHAUSTIVE
    if exhaustive:
        masks = every_split(k)
    elif generator is not None:
        masks = sampled_splits(k, SAMPLED, generator)
    else:
        raise ArgumentError(f"{k} items have too many splits to look at all: give a generator, which draws some.")
    found = coefficients(covariance, masks)
    best = masks[int(found.argmax())]
    return SplitHalves(float(found.min()), float(found.mean()), float(found.max()), best, len(masks), exhaustive)


def every_split(k: int) -> Masks:
    """List the splits of k items into halves that differ by at most one item; each once, (splits, k)."""
    small = k // 2
    chosen = np.array(list(combinations(range(k), small)), dtype=np.intp)
    if k % 2 == 0:
        chosen = chosen[: len(chosen) // 2]
    masks = np.zeros((len(chosen), k), dtype=bool)
    np.put_along_axis(masks, chosen, True, axis=1)
    return masks


def sampled_splits(k: int, n_splits: int, generator: np.random.Generator) -> Masks:
    """Draw splits at random, (n_splits, k)."""
    ranks = generator.random((n_splits, k)).argsort(axis=1).argsort(axis=1)
    return np.asarray(ranks < k // 2)


def coefficients(covariance: Array, masks: Masks) -> Array:
    """4 cov(A, B) / var(A + B) of each split, (splits,)."""
    found = np.empty(len(masks))
    for start in range(0, len(masks), BLOCK):
        half = masks[start : start + BLOCK].astype(np.float64)
        found[start : start + BLOCK] = ((half @ covariance) * (1.0 - half)).sum(axis=1)
    return np.asarray(4.0 * found / covariance.sum())
