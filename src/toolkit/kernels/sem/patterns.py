"""Rows with missing answers, grouped by which variables they hold."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from .ram import Array, Positions

Mask = npt.NDArray[np.bool_]
BLOCK = 1024
SMALL = 100_000


@dataclass(frozen=True)
class Patterns:
    """Sufficient statistics of p variables for each of K patterns of missing answers; disjoint rows merge with `+`.

    Patterns of several rows come first: the others need no cross-products.

    Attributes
    ----------
    observed : which variables a pattern holds, (K, p); no pattern is without any.
    n : rows of each, (K,).
    mean : means, zero where missing, (K, p).
    cross : Σ (x − mean)(x − mean)' of the first R patterns, which are those of several rows, (R, p, p).
    n_empty : rows that hold nothing and tell nothing.
    """

    observed: Mask
    n: Array
    mean: Array
    cross: Array
    n_empty: int

    @classmethod
    def of(cls, x: Array) -> Patterns:
        """Group the rows of an (n, p) array in which NaN means missing."""
        return cls.with_rows(x)[0]

    @classmethod
    def with_rows(cls, x: Array) -> tuple[Patterns, Positions]:
        """Group rows, and tell the pattern of each, (n,); −1 for a row that holds nothing."""
        held = ~np.isnan(x)
        observed, first = _distinct(held)
        count = np.bincount(first, minlength=len(observed)).astype(np.float64)
        empty = ~observed.any(axis=1)
        order = np.lexsort((np.arange(len(count)), -count, empty))
        rank = np.empty(len(order), dtype=np.intp)
        rank[order] = np.arange(len(order))
        n_patterns = len(order) - int(empty.sum())
        kept = order[:n_patterns]
        row = rank[first]
        used = np.flatnonzero(row < n_patterns)
        mean, cross = _moments(x, held, used[np.argsort(row[used], kind="stable")], count[kept])
        row[row >= n_patterns] = -1
        return cls(observed[kept], count[kept], mean, cross, int(count[empty].sum())), row

    @property
    def n_rows(self) -> int:
        """Rows that hold something."""
        return int(self.n.sum())

    @property
    def coverage(self) -> Array:
        """The share of rows that hold both of two variables, (p, p)."""
        held = self.observed.astype(np.float64)
        return np.asarray((held.T * self.n) @ held / self.n.sum())

    @property
    def available(self) -> tuple[Array, Array]:
        """Mean and variance (denominator n) of each variable over the rows that hold it."""
        n = self.n @ self.observed
        mean = self.n @ self.mean / n
        away = np.where(self.observed, self.mean - mean, 0.0)
        within = np.diagonal(self.cross, axis1=1, axis2=2).sum(axis=0)
        return mean, (within + self.n @ away**2) / n

    def __add__(self, other: Patterns) -> Patterns:
        """Merge two disjoint sets of rows."""
        observed, group = _distinct(np.vstack([self.observed, other.observed]))
        count = np.zeros(len(observed))
        np.add.at(count, group, np.concatenate([self.n, other.n]))
        order = np.lexsort((np.arange(len(count)), -count))
        rank = np.empty(len(order), dtype=np.intp)
        rank[order] = np.arange(len(order))
        place = rank[group]
        n, mean = np.concatenate([self.n, other.n]), np.vstack([self.mean, other.mean])
        merged = np.zeros(observed.shape)
        np.add.at(merged, place, n[:, None] * mean)
        merged /= count[order][:, None]
        cross = np.zeros((int((count > 1).sum()), *self.cross.shape[1:]))
        np.add.at(cross, place[: len(self.cross)], self.cross)
        np.add.at(cross, place[len(self.n) : len(self.n) + len(other.cross)], other.cross)
        several = np.flatnonzero(place < len(cross))
        away = mean[several] - merged[place[several]]
        np.add.at(cross, place[several], n[several, None, None] * away[:, :, None] * away[:, None, :])
        return Patterns(observed[order], count[order], merged, cross, self.n_empty + other.n_empty)

    @cached_property
    def blocks(self) -> tuple[Patterns, ...]:
        """The patterns in blocks that bound the memory which work on all of them needs."""
        return tuple(self.part(first, first + BLOCK) for first in range(0, len(self.n), BLOCK))

    def part(self, first: int, last: int) -> Patterns:
        """Take the patterns from `first` to before `last`."""
        one = slice(first, last)
        return Patterns(self.observed[one], self.n[one], self.mean[one], self.cross[one], 0)

    @cached_property
    def holes(self) -> Holes:
        """The patterns by how many variables they lack."""
        return Holes.of(self.observed)


@dataclass(frozen=True)
class Holes:
    """Patterns by how many variables they lack.

    Attributes
    ----------
    few : patterns that lack the same small number c of variables, (k,), and which these are, (k, c).
    many : the other patterns.
    """

    few: tuple[tuple[Positions, Positions], ...]
    many: Positions

    @classmethod
    def of(cls, observed: Mask) -> Holes:
        """Sort the patterns of a mask (K, p); in small problems all are in `many`."""
        n_patterns, p = observed.shape
        if n_patterns * p**3 < SMALL:
            return cls((), np.arange(n_patterns))
        lacks = p - observed.sum(axis=1)
        few = []
        for count in np.unique(lacks[2 * lacks <= p]):
            which = np.flatnonzero(lacks == count)
            few.append((which, np.nonzero(~observed[which])[1].reshape(len(which), count)))
        return cls(tuple(few), np.flatnonzero(2 * lacks > p))


def never_together(patterns: Patterns) -> list[tuple[int, int]]:
    """Find the pairs of variables (i < j) that no row holds together, and (i, i) for a variable that no row holds."""
    rows, columns = np.nonzero(np.triu(patterns.coverage == 0.0))
    return list(zip(rows.tolist(), columns.tolist(), strict=True))


def _distinct(held: Mask) -> tuple[Mask, Positions]:
    """Find the distinct rows of a mask, and which of them each row is; their order depends on their content alone."""
    packed = np.packbits(held, axis=1)
    padded = np.zeros((len(held), -(-packed.shape[1] // 8) * 8), dtype=np.uint8)
    padded[:, : packed.shape[1]] = packed
    words = padded.view(">u8")
    keys = words[:, 0] if words.shape[1] == 1 else words
    _, where, group = np.unique(keys, return_index=True, return_inverse=True, axis=0)
    return held[where], group.reshape(-1)


def _moments(x: Array, held: Mask, rows: Positions, count: Array) -> tuple[Array, Array]:
    """Compute means and cross-products of rows that are sorted by pattern."""
    ends = np.cumsum(count).astype(np.intp)
    starts = ends - count.astype(np.intp)
    values = np.where(held[rows], x[rows], 0.0)
    p = x.shape[1]
    if not len(count):
        return np.zeros((0, p)), np.zeros((0, p, p))
    mean = np.add.reduceat(values, starts, axis=0) / count[:, None]
    several = int((count > 1).sum())
    cross = np.empty((several, p, p))
    for index in range(several):
        away = values[starts[index] : ends[index]] - mean[index]
        cross[index] = away.T @ away
    return mean, cross
