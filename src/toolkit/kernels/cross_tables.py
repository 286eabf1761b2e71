"""All two-way tables of categorical variables in one pass: the Burt matrix, which merges with `+`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from ..errors import ArgumentError
from .moments import Array

Indices = npt.NDArray[np.intp]
BLOCK = 8_192
WIDEST_RANGE = 1_000


@dataclass(frozen=True)
class CrossTables:
    """Two-way tables of all pairs of k variables; two sets of rows merge with `+`.

    Attributes
    ----------
    categories : the values of each variable, in order.
    burt : (C, C) counts of the rows that hold both categories, C all categories of all variables. The block of two
        variables is their table over the rows that hold both; the diagonal holds each variable's own counts.
    n_rows : rows seen.

    Examples
    --------
    >>> x = np.array([[1, 2], [1, 3], [2, 3], [2, np.nan]])
    >>> tables = CrossTables.of(x[:2]) + CrossTables.of(x[2:])
    >>> tables.table(0, 1).tolist(), tables.margin(0).tolist()
    ([[1.0, 1.0], [0.0, 1.0]], [2.0, 2.0])
    """

    categories: tuple[Array, ...]
    burt: Array
    n_rows: int

    @classmethod
    def of(cls, x: npt.ArrayLike, categories: Sequence[Array] | None = None) -> CrossTables:
        """Tabulate an (n, k) array block by block; NaN means missing, and is left out of the tables it concerns.

        Parameters
        ----------
        categories : the values of each variable in order; by default those that occur.
        """
        values = np.asarray(x, dtype=np.float64)
        if values.ndim != 2:
            raise ArgumentError(f"x has {values.ndim} dimensions, but must have two: rows by variables.")
        known = tuple(categories) if categories is not None else found_categories(values)
        n_categories = sum(len(one) for one in known)
        burt = np.zeros((n_categories, n_categories))
        for block in _blocks(values):
            indicator = _indicator(block, known)
            burt += indicator @ indicator.T
        return cls(known, burt, len(values))

    def __add__(self, other: CrossTables) -> CrossTables:
        """Merge the tables of two disjoint sets of rows; a category that one of them lacks has no counts there."""
        if len(self.categories) != len(other.categories):
            raise ArgumentError(
                f"tables of {len(self.categories)} and of {len(other.categories)} variables cannot be added."
            )
        union = tuple(np.union1d(one, two) for one, two in zip(self.categories, other.categories, strict=True))
        burt = _widened(self, union) + _widened(other, union)
        return CrossTables(union, burt, self.n_rows + other.n_rows)

    @cached_property
    def sizes(self) -> Indices:
        """Categories of each variable, (k,)."""
        return np.array([len(one) for one in self.categories], dtype=np.intp)

    @cached_property
    def starts(self) -> Indices:
        """Where each variable's categories begin in `burt`, (k,)."""
        return np.asarray(np.cumsum(self.sizes) - self.sizes)

    @property
    def n(self) -> Array:
        """Rows that hold both variables of each pair, (k, k)."""
        return np.asarray(np.add.reduceat(np.add.reduceat(self.burt, self.starts, axis=0), self.starts, axis=1))

    @property
    def empty_cells(self) -> Indices:
        """Empty cells in the table of each pair, (k, k)."""
        empty = (self.burt == 0).astype(np.intp)
        return np.asarray(np.add.reduceat(np.add.reduceat(empty, self.starts, axis=0), self.starts, axis=1))

    def margin(self, variable: int) -> Array:
        """Give how often each category of a variable occurs, over all rows that hold it."""
        start, size = self.starts[variable], self.sizes[variable]
        counts: Array = np.diag(self.burt)[start : start + size].copy()
        return counts

    def table(self, row: int, column: int) -> Array:
        """Give the table of two variables."""
        stacked: Array = self.stacked(np.array([row]), np.array([column]))
        return np.asarray(stacked[0])

    def stacked(self, rows: Indices, columns: Indices) -> Array:
        """Give the tables of P pairs whose row variables all have a categories and whose columns b, (P, a, b)."""
        starts, sizes = self.starts, self.sizes
        first = starts[rows][:, None] + np.arange(sizes[rows[0]])
        second = starts[columns][:, None] + np.arange(sizes[columns[0]])
        return np.asarray(self.burt[first[:, :, None], second[:, None, :]])


def found_categories(x: Array) -> tuple[Array, ...]:
    """List the values that occur in each column, in order."""
    found = [np.empty(0)] * x.shape[1]
    for block in _blocks(x):
        found = [np.union1d(known, _values_of(column)) for known, column in zip(found, block, strict=True)]
    return tuple(found)


def _blocks(x: Array) -> Iterator[Array]:
    """Give the rows block by block, turned: (k, rows), each variable in one piece of memory."""
    for start in range(0, len(x), BLOCK):
        yield np.ascontiguousarray(x[start : start + BLOCK].T)


def _values_of(values: Array) -> Array:
    """List the values that occur; whole numbers in a narrow range are counted, which is faster than sorting."""
    empty = np.isnan(values)
    values = values[~empty] if empty.any() else values
    if not len(values):
        return values
    low, high = values.min(), values.max()
    if high - low > WIDEST_RANGE or (values != np.floor(values)).any():
        return np.unique(values)
    return np.asarray(np.flatnonzero(np.bincount((values - low).astype(np.intp))) + low, dtype=np.float64)


def _indicator(block: Array, categories: tuple[Array, ...]) -> npt.NDArray[np.float32]:
    """Mark the categories of each row, (C, rows); single precision counts a block exactly and twice as fast."""
    indicator = np.empty((sum(len(one) for one in categories), block.shape[1]), dtype=np.float32)
    start = 0
    for column, values in zip(block, categories, strict=True):
        np.equal(column, values[:, None], out=indicator[start : start + len(values)])
        start += len(values)
    return indicator


def _widened(tables: CrossTables, union: tuple[Array, ...]) -> Array:
    """Place the counts among the categories of a union."""
    sizes = [len(one) for one in union]
    starts = np.cumsum([0, *sizes[:-1]])
    places = [
        start + np.searchsorted(wide, own) for start, wide, own in zip(starts, union, tables.categories, strict=True)
    ]
    where = np.concatenate(places) if places else np.empty(0, dtype=np.intp)
    burt = np.zeros((sum(sizes), sum(sizes)))
    burt[np.ix_(where, where)] = tables.burt
    return burt


def merged_categories(counts: Array, least: float) -> Indices:
    """Merge categories that occur fewer than `least` times: the number of the merged category of each.

    The rarest is joined to the rarer of its neighbours (the lower one of two alike), until all are frequent enough or
    only two are left.

    Examples
    --------
    >>> merged_categories(np.array([2.0, 30.0, 1.0, 40.0, 9.0]), 5).tolist()
    [0, 0, 0, 1, 2]
    """
    groups = [[position] for position in range(len(counts))]
    totals = [float(count) for count in counts]
    while len(groups) > 2 and min(totals) < least:
        rarest = int(np.argmin(totals))
        beside = [place for place in (rarest - 1, rarest + 1) if 0 <= place < len(totals)]
        low, high = sorted((rarest, min(beside, key=lambda place: totals[place])))
        groups[low] += groups.pop(high)
        totals[low] += totals.pop(high)
    return np.repeat(np.arange(len(groups)), [len(group) for group in groups])
