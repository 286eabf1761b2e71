"""Mergeable sufficient statistics: n, means, covariances, third and fourth moments, answer counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from ..checks import check_one_of
from ..errors import ArgumentError, TooFewCases

Array = npt.NDArray[np.float64]
Missing = Literal["listwise", "pairwise"]
BLOCK = 65_536


@dataclass(frozen=True)
class Sums:
    """Counts, means and centred cross-products of k variables, for each pair over its own rows.

    Attributes
    ----------
    n : (k, k) rows that hold both variables.
    mean : (k, k) mean of the row variable over the rows that hold the column variable too.
    cross : (k, k) Σ (x_i − mean_ij)(x_j − mean_ji) over these rows.
    """

    n: Array
    mean: Array
    cross: Array

    def __add__(self, other: Sums) -> Sums:
        """Merge two disjoint sets of rows (Chan, Golub & LeVeque 1983)."""
        n = self.n + other.n
        share = np.divide(other.n, n, out=np.zeros_like(n), where=n > 0)
        shift = other.mean - self.mean
        mean = self.mean + shift * share
        cross = self.cross + other.cross + shift * shift.T * self.n * share
        return Sums(n, mean, cross)

    @classmethod
    def of(cls, x: Array) -> Sums:
        """Compute the sums of an (n, k) array in which NaN means missing.

        The values are centred on the variables' means first, so that nothing cancels.
        """
        held = ~np.isnan(x)
        count = held.sum(axis=0)
        centre = np.divide(np.where(held, x, 0.0).sum(axis=0), count, out=np.zeros(x.shape[1]), where=count > 0)
        centred = np.where(held, x - centre, 0.0)
        present = held.astype(np.float64)
        n = present.T @ present
        total = centred.T @ present
        mean = np.divide(total, n, out=np.zeros_like(n), where=n > 0)
        cross = centred.T @ centred - mean * mean.T * n
        return cls(n, np.where(n > 0, mean + centre[:, None], 0.0), cross)


@dataclass(frozen=True)
class Moments:
    """Sufficient statistics of k variables; two sets of rows merge with `+`.

    Attributes
    ----------
    names : the k variables.
    n_rows : rows seen, complete or not.
    pairwise : sums over the rows that each pair of variables has in common.
    listwise : sums over the rows in which all variables are present.
    third, fourth : (k,) Σ (x − mean)³ and Σ (x − mean)⁴ over the rows that hold the variable.

    Examples
    --------
    >>> x = np.array([[1.0, 2.0], [2.0, 1.0], [3.0, np.nan]])
    >>> whole = Moments.of(x, ("a", "b"))
    >>> parts = Moments.of(x[:1], ("a", "b")) + Moments.of(x[1:], ("a", "b"))
    >>> whole.covariance("listwise").tolist() == parts.covariance("listwise").tolist()
    True
    >>> int(whole.n_listwise), whole.mean("pairwise").tolist()
    (2, [2.0, 1.5])
    """

    names: tuple[str, ...]
    n_rows: int
    pairwise: Sums
    listwise: Sums
    third: Array
    fourth: Array

    @classmethod
    def of(cls, x: npt.ArrayLike, names: tuple[str, ...] | None = None) -> Moments:
        """Compute the statistics of an (n, k) array in one pass, block by block; NaN means missing."""
        values = np.asarray(x, dtype=np.float64)
        if values.ndim != 2:
            raise ArgumentError(f"x has {values.ndim} dimensions, but must have two: rows by variables.")
        labels = names or tuple(f"x{index + 1}" for index in range(values.shape[1]))
        if len(labels) != values.shape[1]:
            raise ArgumentError(f"names has {len(labels)} entries for {values.shape[1]} variables.")
        merged = cls._block(values[:BLOCK], labels)
        for start in range(BLOCK, len(values), BLOCK):
            merged = merged + cls._block(values[start : start + BLOCK], labels)
        return merged

    @classmethod
    def _block(cls, x: Array, names: tuple[str, ...]) -> Moments:
        complete = x[~np.isnan(x).any(axis=1)]
        pairwise = Sums.of(x)
        deviation = np.nan_to_num(x - np.diag(pairwise.mean), nan=0.0)
        third, fourth = (deviation**3).sum(axis=0), (deviation**4).sum(axis=0)
        return cls(names, len(x), pairwise, Sums.of(complete), third, fourth)

    def __add__(self, other: Moments) -> Moments:
        """Merge the statistics of two disjoint sets of rows."""
        if self.names != other.names:
            raise ArgumentError(f"moments of {self.names} and of {other.names} cannot be added: the names differ.")
        third, fourth = _merged_higher(self, other)
        return Moments(
            self.names,
            self.n_rows + other.n_rows,
            self.pairwise + other.pairwise,
            self.listwise + other.listwise,
            third,
            fourth,
        )

    @property
    def n_listwise(self) -> int:
        """Rows in which all variables are present."""
        return int(self.listwise.n.flat[0]) if len(self.names) else 0

    def sums(self, missing: Missing) -> Sums:
        """Choose the listwise or the pairwise sums."""
        check_one_of("missing", missing, ("listwise", "pairwise"))
        return self.listwise if missing == "listwise" else self.pairwise

    def n(self, missing: Missing) -> Array:
        """Give each variable's n, (k,)."""
        return np.diag(self.sums(missing).n).copy()

    def mean(self, missing: Missing) -> Array:
        """Give each variable's mean over its own rows, (k,)."""
        return np.diag(self.sums(missing).mean).copy()

    def covariance(self, missing: Missing) -> Array:
        """Compute the covariance matrix with denominator n − 1, each cell over its rows.

        As ``cov(x, use = "complete.obs")`` and ``cov(x, use = "pairwise")`` in R.

        Raises
        ------
        TooFewCases
            If a pair of variables has fewer than two rows in common.
        """
        sums = self.sums(missing)
        if sums.n.size == 0 or sums.n.min() < 2:
            least = 0 if sums.n.size == 0 else int(sums.n.min())
            raise TooFewCases(f"a covariance needs two rows that hold both variables, but there are {least}.")
        return sums.cross / (sums.n - 1)

    def skew(self) -> Array:
        """Compute the skewness m₃ / s³ of each variable (s with n − 1), (k,); NaN where it does not vary.

        As ``psych::skew(x, type = 3)``, Joanes & Gill (1998), doi:10.1111/1467-9884.00122.
        """
        n, variance = self.n("pairwise"), self._variance()
        return _ratio(_ratio(self.third, n), variance**1.5)

    def kurtosis(self) -> Array:
        """Compute the excess kurtosis m₄ / s⁴ − 3 of each variable (s with n − 1), (k,).

        As ``psych::kurtosi(x, type = 3)``.
        """
        n, variance = self.n("pairwise"), self._variance()
        return np.asarray(_ratio(_ratio(self.fourth, n), variance**2) - 3.0)

    def _variance(self) -> Array:
        return _ratio(np.diag(self.pairwise.cross), self.n("pairwise") - 1)


def _ratio(top: Array, bottom: Array) -> Array:
    quotient: Array = np.divide(top, bottom, out=np.full(top.shape, np.nan), where=bottom > 0)
    return quotient


def _merged_higher(one: Moments, two: Moments) -> tuple[Array, Array]:
    """Merge third and fourth central sums (Pébay 2008, Sandia report 2008-6212)."""
    n1, n2 = one.n("pairwise"), two.n("pairwise")
    n = np.where(n1 + n2 > 0, n1 + n2, 1.0)
    square1, square2 = np.diag(one.pairwise.cross), np.diag(two.pairwise.cross)
    shift = np.where((n1 > 0) & (n2 > 0), two.mean("pairwise") - one.mean("pairwise"), 0.0)
    third = one.third + two.third + shift**3 * n1 * n2 * (n1 - n2) / n**2
    third += 3 * shift * (n1 * square2 - n2 * square1) / n
    fourth = one.fourth + two.fourth + shift**4 * n1 * n2 * (n1**2 - n1 * n2 + n2**2) / n**3
    fourth += 6 * shift**2 * (n1**2 * square2 + n2**2 * square1) / n**2
    fourth += 4 * shift * (n1 * two.third - n2 * one.third) / n
    return third, fourth


def pairwise_correlation(x: Array) -> tuple[Array, Array]:
    """Correlate the columns of an (n, k) array, each pair over the rows that hold both; also give the n of each pair.

    NaN where one of the two does not vary over these rows. In R: ``cor(x, use = "pairwise")``.
    """
    sums = Sums.of(x)
    held = ~np.isnan(x)
    centre = np.diag(sums.mean)
    squares = np.where(held, x - centre, 0.0) ** 2
    spread = squares.T @ held - sums.n * (sums.mean - centre[:, None]) ** 2
    scale = np.sqrt(np.maximum(spread, 0.0) * np.maximum(spread.T, 0.0))
    return np.clip(_ratio(sums.cross, scale), -1.0, 1.0), sums.n


def tabulate(codes: npt.NDArray[np.integer], minimum: int, maximum: int) -> npt.NDArray[np.int64]:
    """Count the answers of one item at each option; counts of two sets of rows add up.

    Parameters
    ----------
    codes : answers within `minimum` and `maximum`, without missing values.
    """
    return np.bincount(codes.astype(np.int64) - minimum, minlength=maximum - minimum + 1)
