"""Parallel analysis: eigenvalues of correlations of data in which nothing goes together.

Horn (1965), doi:10.1007/BF02289447, drew normal data; Buja & Eyuboglu (1992), doi:10.1207/s15327906mbr2704_2, permuted
each variable's own answers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .consistency import correlation
from .moments import Array, pairwise_correlation
from .one_factor_minres import communalities
from .retention import LEAST_ITEMS, eigenvalues, with_diagonal

Indices = npt.NDArray[np.intp]
Streams = Sequence[np.random.Generator]

MOST_CELLS = 500_000


@dataclass(frozen=True)
class Blocks:
    """Answers to one item from the clusters that hold the same number of them: rows (G, c) and answers (G, c)."""

    rows: Indices
    answers: Array


@dataclass(frozen=True)
class Layout:
    """What is kept of data when their answers are drawn anew: where they are missing, and each item's own answers.

    Rows and answers are in an order of their own, which depends neither on the order of the rows nor on the direction
    in which an item is coded; random data drawn by it are therefore the same in distribution and in every draw.

    Attributes
    ----------
    n_rows : rows, those without answers included.
    items : per item its blocks, those of independent rows of one row each.
    """

    n_rows: int
    items: tuple[tuple[Blocks, ...], ...]

    @classmethod
    def of(cls, x: Array, clusters: Indices | None = None, *, ordinal: bool = False) -> Layout:
        """Take an (n, k) array, NaN missing, whose columns are in an order that does not depend on the data's.

        Parameters
        ----------
        clusters : the cluster of each row; None where rows are independent.
        ordinal : keep the answers as the numbers 0, 1, … of their categories in place of standardised ones.
        """
        order, numbers = _canonical_rows(np.isnan(x), clusters)
        columns = (_directed(column, ordinal) for column in x[order].T)
        return cls(len(x), tuple(tuple(_blocks(column, numbers)) for column in columns))

    @property
    def is_complete(self) -> bool:
        """Whether no answer is missing."""
        return all(sum(block.rows.size for block in item) == self.n_rows for item in self.items)


def _canonical_rows(missing: npt.NDArray[np.bool_], clusters: Indices | None) -> tuple[Indices, Indices]:
    """Order rows by cluster, and clusters by the holes in their rows; give the order and the cluster of each row."""
    pattern = np.unique(missing, axis=0, return_inverse=True)[1].reshape(-1)
    if clusters is None:
        return np.argsort(pattern, kind="stable"), np.arange(len(pattern))
    order = np.lexsort([pattern, clusters])
    parts = np.split(order, np.flatnonzero(np.diff(clusters[order])) + 1)
    parts.sort(key=lambda rows: pattern[rows].tolist())
    return np.concatenate(parts), np.repeat(np.arange(len(parts)), [len(rows) for rows in parts])


def _directed(column: Array, ordinal: bool) -> Array:
    """Standardise an item, or number its categories, in the direction in which it is skewed to the right."""
    centred = column - np.nanmean(column)
    turned = -centred if np.nansum(centred**3) < 0 else centred
    if ordinal:
        numbers = np.searchsorted(np.unique(turned[~np.isnan(turned)]), turned)
        return np.where(np.isnan(turned), np.nan, numbers)
    return np.asarray(turned / np.nanstd(turned))


def _blocks(column: Array, clusters: Indices) -> Iterator[Blocks]:
    """Put an item's answers together by cluster, those with as many answers in one array, sorted."""
    held = np.flatnonzero(~np.isnan(column))
    _, starts, sizes = np.unique(clusters[held], return_index=True, return_counts=True)
    for size in np.unique(sizes):
        rows = held[starts[sizes == size][:, None] + np.arange(size)]
        answers = np.sort(column[rows], axis=1)
        yield Blocks(rows, answers[np.lexsort(answers.T)])


def permuted(layout: Layout, streams: Streams) -> Array:
    """Permute the answers of each item; those of a cluster move together, in random order within it."""
    x = np.full((layout.n_rows, len(layout.items)), np.nan, order="F")
    for column, item, stream in zip(x.T, layout.items, streams, strict=True):
        for block in item:
            column[block.rows] = _moved(block.answers, stream)
    return x


def _moved(answers: Array, stream: np.random.Generator) -> Array:
    """Put clusters in random order, and the answers within each."""
    if answers.shape[1] == 1:
        return stream.permutation(answers[:, 0])[:, None]
    return stream.permuted(stream.permutation(answers), axis=1)


def normal(layout: Layout, streams: Streams) -> Array:
    """Draw independent standard normal answers, missing where the data's are."""
    x = np.full((layout.n_rows, len(layout.items)), np.nan, order="F")
    for column, item, stream in zip(x.T, layout.items, streams, strict=True):
        for block in item:
            column[block.rows] = stream.standard_normal(block.rows.shape)
    return x


def normal_categories(layout: Layout, streams: Streams) -> Array:
    """Draw independent normal answers cut at the items' thresholds: categories with the shares that they have."""
    x = np.full((layout.n_rows, len(layout.items)), np.nan, order="F")
    for column, item, stream in zip(x.T, layout.items, streams, strict=True):
        pool = np.concatenate([block.answers.ravel() for block in item])
        for block in item:
            column[block.rows] = pool[stream.integers(0, len(pool), block.rows.shape)]
    return x


def pearson(x: Array) -> Array:
    """Correlate the columns of random data, each pair over the rows that hold both."""
    if np.isnan(x).any():
        return pairwise_correlation(x)[0]
    centred = x - x.mean(axis=0)
    return np.asarray(correlation(centred.T @ centred))


def wishart_correlation(n: int, k: int, stream: np.random.Generator) -> Array:
    """Draw the correlation matrix of n rows of k independent normal variables without drawing the rows.

    The matrix of cross-products is A A', A lower triangular with χ on n − 1, n − 2, … degrees of freedom in its
    diagonal and normal numbers below (Bartlett 1933); with fewer degrees of freedom than variables A has n − 1 columns.
    """
    df = n - 1
    factor = np.tril(stream.standard_normal((k, min(k, df))), -1)
    places = np.arange(min(k, df))
    factor[places, places] = np.sqrt(stream.chisquare(df - places))
    return np.asarray(correlation(factor @ factor.T))


@dataclass(frozen=True)
class RandomEigenvalues:
    """Eigenvalues of random data, (replications, k), each row from the largest.

    Attributes
    ----------
    components : of the correlation matrices.
    factors : of the same with the communalities of one minres factor in the diagonal; NaN for fewer than three items.
    n_redrawn : data sets that were drawn again, since a pair of items did not vary over the rows that hold both.
    """

    components: Array
    factors: Array
    n_redrawn: int


def random_eigenvalues(draw: Callable[[], Array], replications: int) -> RandomEigenvalues:
    """Draw correlation matrices and take their eigenvalues, as many matrices at a time as fit the cache.

    Raises
    ------
    numpy.linalg.LinAlgError
        If as many matrices of a part are undefined as are asked for.
    """
    parts, n_redrawn, missing = [], 0, replications
    while missing:
        drawn, redrawn = _drawn(draw, missing)
        parts.append((eigenvalues(drawn), _factor_eigenvalues(drawn)))
        missing, n_redrawn = missing - len(drawn), n_redrawn + redrawn
    components, factors = (np.concatenate(part) for part in zip(*parts, strict=True))
    return RandomEigenvalues(components, factors, n_redrawn)


def _drawn(draw: Callable[[], Array], most: int) -> tuple[Array, int]:
    """Draw a part of the matrices, and count those that had to be drawn again."""
    matrices: list[Array] = []
    redrawn = 0
    while len(matrices) < most and (not matrices or (len(matrices) + 1) * matrices[0].size <= MOST_CELLS):
        r = draw()
        if np.isfinite(r).all():
            matrices.append(r)
        else:
            redrawn += 1
        if redrawn > most:
            raise np.linalg.LinAlgError("Random correlations are not defined")
    return np.stack(matrices), redrawn


def _factor_eigenvalues(r: Array) -> Array:
    if r.shape[-1] < LEAST_ITEMS:
        return np.full(r.shape[:-1], np.nan)
    return eigenvalues(with_diagonal(r, communalities(r)))
