"""Correlation matrices of ordinal and continuous variables: polychoric, tetrachoric, polyserial, Pearson."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..checks import check_one_of
from ..errors import AnalysisError, ArgumentError, TooFewCases
from . import ordinal_pairs, polyserial
from .cross_tables import CrossTables, Indices
from .moments import Array, Missing
from .ordinal_pairs import PairTables

Booleans = npt.NDArray[np.bool_]
MOST_CELLS = 1_000_000
SMALLEST_EIGENVALUE = 1e-12


@dataclass(frozen=True)
class Polychoric:
    """Correlations of k variables, with the thresholds of those that are ordinal.

    Attributes
    ----------
    r : (k, k) correlations; NaN for a pair that no row holds.
    n : (k, k) rows of each pair; each variable's own on the diagonal.
    thresholds : per variable; empty for a continuous one.
    categories : per variable the values that its thresholds lie between; empty for a continuous one.
    mean, variance : (k,) of the continuous variables (denominator n); 0 and 1 for ordinal ones.
    ordinal : (k,) which variables are ordinal.
    boundary : (k, k) pairs whose likelihood is highest at −1 or 1.
    missing : `listwise` or `pairwise`.
    tables : two-way tables of the ordinal variables, in their order.
    """

    r: Array
    n: Array
    thresholds: tuple[Array, ...]
    categories: tuple[Array, ...]
    mean: Array
    variance: Array
    ordinal: Booleans
    boundary: Booleans
    missing: Missing
    tables: CrossTables

    @property
    def positions(self) -> Indices:
        """Where the ordinal variables stand, in the order of `tables`."""
        return np.asarray(np.flatnonzero(self.ordinal))


def polychoric_correlations(
    x: npt.ArrayLike,
    *,
    missing: Missing = "listwise",
    ordinal: Sequence[bool] | None = None,
    add_to_empty_cells: float = 0.0,
) -> Polychoric:
    """Two-step maximum likelihood correlations of all pairs.

    Thresholds come from each variable's answers, then each correlation from its pair's. Two ordinal variables give a
    polychoric (with two categories each: tetrachoric) correlation, an ordinal and a continuous one a polyserial, two
    continuous ones Pearson's (pairwise: maximum likelihood given all means and variances). As
    ``lavaan::lavCor(x, ordered =, missing =)``, Olsson (1979), doi:10.1007/BF02296207.

    Parameters
    ----------
    x : (n, k) numbers, NaN missing. The categories of an ordinal variable are the values that occur.
    missing : `listwise`, or `pairwise`: thresholds from all answers to an item, a correlation from its pair's rows.
    ordinal : which variables are ordinal; all by default.
    add_to_empty_cells : what is put into each empty cell of a table before its correlation is estimated, the margins
        being kept; nothing by default.

    Raises
    ------
    TooFewCases, AnalysisError
        If no row can be used, or a variable does not vary.
    """
    check_one_of("missing", missing, ("listwise", "pairwise"))
    values = used_rows(x, missing)
    kinds = np.ones(values.shape[1], dtype=bool) if ordinal is None else np.asarray(ordinal, dtype=bool)
    if len(kinds) != values.shape[1]:
        raise ArgumentError(f"ordinal has {len(kinds)} entries for {values.shape[1]} variables.")
    tables = CrossTables.of(values if kinds.all() else values[:, kinds])
    if kinds.all():
        return of_tables(tables, missing=missing, add_to_empty_cells=add_to_empty_cells)
    return _with_continuous(values, kinds, of_tables(tables, missing=missing, add_to_empty_cells=add_to_empty_cells))


def used_rows(x: npt.ArrayLike, missing: Missing) -> Array:
    """Take the rows that are used: the complete ones, or pairwise all."""
    values = np.asarray(x, dtype=np.float64)
    if values.ndim != 2:
        raise ArgumentError(f"x has {values.ndim} dimensions, but must have two: rows by variables.")
    if missing == "listwise":
        complete = ~np.isnan(values).any(axis=1)
        values = values if complete.all() else values[complete]
    if not len(values):
        raise TooFewCases("there is no complete row, but correlations need several.")
    return values


def of_tables(tables: CrossTables, *, missing: Missing = "listwise", add_to_empty_cells: float = 0.0) -> Polychoric:
    """Polychoric correlations from two-way tables alone; the cost does not depend on the number of rows."""
    k = len(tables.categories)
    for position, size in enumerate(tables.sizes):
        if size < 2:
            raise AnalysisError(f"variable {position + 1} does not vary, so that it has no polychoric correlation.")
    cuts = tuple(ordinal_pairs.thresholds(tables.margin(position)) for position in range(k))
    r, boundary = np.eye(k), np.zeros((k, k), dtype=bool)
    for rows, columns, pairs in table_groups(tables, cuts):
        filled = PairTables(ordinal_pairs.filled(pairs.counts, add_to_empty_cells), pairs.first, pairs.second)
        found, at_boundary = ordinal_pairs.estimate(filled)
        found[pairs.counts.sum(axis=(1, 2)) == 0] = np.nan
        r[rows, columns] = r[columns, rows] = found
        boundary[rows, columns] = boundary[columns, rows] = at_boundary
    everything = np.ones(k, dtype=bool)
    return Polychoric(
        r, tables.n, cuts, tables.categories, np.zeros(k), np.ones(k), everything, boundary, missing, tables
    )


def table_groups(tables: CrossTables, cuts: Sequence[Array]) -> Iterator[tuple[Indices, Indices, PairTables]]:
    """Gather the pairs below the diagonal whose tables have one shape, in parts that fit the cache."""
    rows, columns = np.tril_indices(len(tables.categories), -1)
    sizes = tables.sizes
    shapes = sizes[rows] * (sizes.max(initial=0) + 1) + sizes[columns]
    for shape in np.unique(shapes):
        chosen = np.flatnonzero(shapes == shape)
        part = max(1, MOST_CELLS // int(sizes[rows[chosen[0]]] * sizes[columns[chosen[0]]]))
        for start in range(0, len(chosen), part):
            first, second = rows[chosen[start : start + part]], columns[chosen[start : start + part]]
            cut = np.array([cuts[position] for position in first]), np.array([cuts[position] for position in second])
            yield first, second, PairTables(tables.stacked(first, second), *cut)


def _with_continuous(x: Array, ordinal: Booleans, among: Polychoric) -> Polychoric:
    """Add polyserial and Pearson correlations to the polychoric ones."""
    k, places = len(ordinal), np.flatnonzero(ordinal)
    held = (~np.isnan(x)).astype(np.float64)
    mean, variance = np.zeros(k), np.ones(k)
    mean[~ordinal], variance[~ordinal] = np.nanmean(x[:, ~ordinal], axis=0), np.nanvar(x[:, ~ordinal], axis=0)
    if (variance == 0).any():
        raise AnalysisError(f"variable {int(np.argmin(variance)) + 1} does not vary, so that it has no correlation.")
    empty = np.empty(0)
    cuts, categories = [empty] * k, [empty] * k
    for place, own, values in zip(places, among.thresholds, among.categories, strict=True):
        cuts[place], categories[place] = own, values
    r, boundary = np.eye(k), np.zeros((k, k), dtype=bool)
    r[np.ix_(places, places)], boundary[np.ix_(places, places)] = among.r, among.boundary
    found = Polychoric(
        r, held.T @ held, tuple(cuts), tuple(categories), mean, variance, ordinal, boundary, among.missing, among.tables
    )
    for row in range(k):
        for column in range(row):
            if not (ordinal[row] and ordinal[column]):
                r[row, column] = r[column, row] = _of_pair(x, found, row, column)
    boundary |= np.abs(r) >= 1.0
    np.fill_diagonal(boundary, False)
    return found


def _of_pair(x: Array, found: Polychoric, row: int, column: int) -> float:
    if found.n[row, column] == 0:
        return np.nan
    if found.ordinal[row] or found.ordinal[column]:
        return polyserial.estimate(mixed_pair(x, found, row, column)[1])
    held, z = standardised_pair(x, found, row, column)
    return polyserial.of_two_continuous(z[held, 0], z[held, 1])


def standardised_pair(x: Array, found: Polychoric, row: int, column: int) -> tuple[Booleans, Array]:
    """Tell which rows hold two continuous variables, and standardise these with their own means and variances."""
    both = [row, column]
    z = (x[:, both] - found.mean[both]) / np.sqrt(found.variance[both])
    return np.asarray(~np.isnan(z).any(axis=1)), z


def mixed_pair(x: Array, found: Polychoric, row: int, column: int) -> tuple[Booleans, polyserial.MixedPair]:
    """Take an ordinal and a continuous variable, in either order, over the rows that hold both, and say which."""
    one, other = (row, column) if found.ordinal[row] else (column, row)
    held = np.asarray(~np.isnan(x[:, one]) & ~np.isnan(x[:, other]))
    category = np.searchsorted(found.categories[one], x[held, one])
    z = (x[held, other] - found.mean[other]) / np.sqrt(found.variance[other])
    return held, polyserial.MixedPair(category, z, found.thresholds[one])


def bivariate_fit(fit: Polychoric) -> tuple[Array, Array]:
    """Test bivariate normality of each pair of ordinal variables: G² and df, (k, k); NaN for other pairs."""
    g2, df = np.full_like(fit.r, np.nan), np.full_like(fit.r, np.nan)
    places = fit.positions
    for rows, columns, pairs in table_groups(fit.tables, [fit.thresholds[place] for place in places]):
        held = pairs.counts.sum(axis=(1, 2)) > 0
        one, other = places[rows[held]], places[columns[held]]
        found = ordinal_pairs.bivariate_fit(pairs.counts[held])
        g2[one, other], df[one, other] = g2[other, one], df[other, one] = found
    return g2, df


def smoothed(r: Array) -> Array:
    """Make a correlation matrix positive definite by raising eigenvalues below 1e-12 to 1e-10.

    The eigenvalues are scaled to sum to k again, and the matrix to a diagonal of ones. As ``psych::cor.smooth(r)``.
    """
    values, vectors = np.linalg.eigh(r)
    raised = np.where(values < SMALLEST_EIGENVALUE, 100.0 * SMALLEST_EIGENVALUE, values)
    again = (vectors * (raised * len(r) / raised.sum())) @ vectors.T
    scale = np.sqrt(np.diag(again))
    return np.asarray(again / np.outer(scale, scale))
