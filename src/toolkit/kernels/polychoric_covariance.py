"""Influence of rows on polychoric correlations; their standard errors and asymptotic covariance.

The order of the parameters is lavaan's: for each variable its thresholds, or minus its mean where it is continuous;
the variances of the continuous variables; the correlations below the diagonal, down the columns.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from ..errors import ArgumentError, NotIdentified, TooFewCases
from .cross_tables import Indices
from .moments import Array
from .polychoric import Booleans, Polychoric
from .polychoric_influence import Influences, Information, Parameters, cell_influences, own_of_categories


def moments_of(fit: Polychoric) -> Array:
    """List the estimates in the order of `asymptotic_covariance`: covariances for pairs with a continuous variable.

    As lavaan's ``lavInspect(fit, "wls.obs")``.
    """
    parameters = Parameters.of(fit)
    found = np.empty(parameters.size)
    for places, cuts, mean, variance in zip(parameters.own, fit.thresholds, fit.mean, fit.variance, strict=True):
        found[places] = cuts if len(cuts) else (-mean, variance)
    spread = np.sqrt(fit.variance)
    covariance = fit.r * np.outer(spread, spread)
    found[parameters.pairs] = covariance[parameters.rows, parameters.columns]
    return found


def influence(x: npt.ArrayLike, fit: Polychoric, *, information: Information = "outer") -> Array:
    """Influence of each row on each parameter, (n, q): an estimate's error is their mean over the rows used.

    A row that is not used has no influence; that on a correlation at ±1 is NaN. Thresholds, means and variances that
    were estimated first are accounted for.

    Parameters
    ----------
    x : the rows that the fit was made from.
    information : how the estimating equations' sensitivities are taken: `outer` products of scores, as lavaan and
        Mplus, or `observed`, their derivatives, which give the sandwich that holds where normality does not. For
        ordinal variables the two differ little; the errors of a skewed continuous variable are right only with
        `observed`.
    """
    values, used = _used(x, fit)
    found = np.zeros((len(used), Parameters.of(fit).size))
    found[used] = np.vstack(list(Influences.of(values, fit, information).blocks()))
    return found


def covariance_influence(x: npt.ArrayLike, fit: Polychoric, *, information: Information = "outer") -> Array:
    """Influence of each row on the estimates of `moments_of`, (n, q): as `influence`, on covariances where they are."""
    return _as_covariances(influence(x, fit, information=information), fit)


def asymptotic_covariance(
    x: npt.ArrayLike,
    fit: Polychoric,
    cluster: npt.ArrayLike | None = None,
    *,
    information: Information = "outer",
) -> Array:
    """Asymptotic covariance of sqrt(n) times the estimates of `moments_of`, (q, q); n is the rows used.

    The matrix that weighted least squares needs, lavaan's NACOV: ``lavInspect(fit, "gamma")`` of
    ``lavCor(x, ordered =, output = "fit")``. With clusters Σ_g u_g u_g' / n · G/(G − 1), u_g the sum of the influences
    in cluster g. Muthén (1984), doi:10.1007/BF02294210; Muthén & Satorra (1995), doi:10.1007/BF02294325.

    Parameters
    ----------
    x, fit, information : see `influence`.
    cluster : the cluster of each row of x.

    Raises
    ------
    NotIdentified
        If a correlation is at ±1 or undefined, so that it has no covariances.
    TooFewCases
        If there is but one cluster.
    """
    unknown = np.argwhere(np.tril(fit.boundary | np.isnan(fit.r), -1))
    if len(unknown):
        row, column = unknown[0] + 1
        raise NotIdentified(
            f"the correlation of variables {column} and {row} is at its boundary or undefined, so that it has no"
            " asymptotic covariance: add to empty cells, or leave one of the two out."
        )
    values, used = _used(x, fit)
    blocks = (_as_covariances(block, fit) for block in Influences.of(values, fit, information).blocks())
    if cluster is None:
        return np.asarray(sum(block.T @ block for block in blocks) / used.sum())
    sums = _cluster_sums(blocks, _numbers(cluster, used))
    return np.asarray(sums.T @ sums * (len(sums) / (len(sums) - 1) / used.sum()))


def standard_errors(
    x: npt.ArrayLike,
    fit: Polychoric,
    cluster: npt.ArrayLike | None = None,
    *,
    information: Information = "outer",
) -> tuple[Array, tuple[Array, ...]]:
    """Give the standard errors of the correlations, (k, k), and of each variable's thresholds (or mean and variance).

    NaN for a correlation at ±1 or undefined, 0 on the diagonal. See `asymptotic_covariance`.
    """
    values, used = _used(x, fit)
    blocks = Influences.of(values, fit, information).blocks()
    if cluster is None:
        squares = np.asarray(sum((block**2).sum(axis=0) for block in blocks))
    else:
        sums = _cluster_sums(blocks, _numbers(cluster, used))
        squares = (sums**2).sum(axis=0) * len(sums) / (len(sums) - 1)
    return _placed(np.sqrt(squares) / used.sum(), fit)


def standard_errors_of_tables(
    fit: Polychoric, *, information: Information = "outer"
) -> tuple[Array, tuple[Array, ...]]:
    """Give the same as `standard_errors` for ordinal variables in independent rows, from the tables alone.

    The cost does not depend on the number of rows.
    """
    if not fit.ordinal.all():
        raise ArgumentError("a continuous variable has no table: use standard_errors with the rows.")
    se = np.zeros_like(fit.r)
    margins = [fit.tables.margin(number) for number in range(len(fit.ordinal))]
    for rows, columns, counts, cells in cell_influences(fit, 1.0, information):
        whole = np.zeros_like(cells)
        whole[:, :-1, :-1] = counts
        whole[:, :-1, -1] = np.array([margins[row] for row in rows]) - counts.sum(axis=2)
        whole[:, -1, :-1] = np.array([margins[column] for column in columns]) - counts.sum(axis=1)
        se[rows, columns] = se[columns, rows] = np.sqrt((whole * cells**2).sum(axis=(1, 2)))
    own = [own_of_categories(fit, number, 1.0)[:-1] for number in range(len(fit.ordinal))]
    return se, tuple(
        np.sqrt((margin[:, None] * table**2).sum(axis=0)) for margin, table in zip(margins, own, strict=True)
    )


def _placed(se: Array, fit: Polychoric) -> tuple[Array, tuple[Array, ...]]:
    parameters = Parameters.of(fit)
    square = np.zeros_like(fit.r)
    square[parameters.rows, parameters.columns] = square[parameters.columns, parameters.rows] = se[parameters.pairs]
    return square, tuple(se[places] for places in parameters.own)


def _used(x: npt.ArrayLike, fit: Polychoric) -> tuple[Array, Booleans]:
    """Take the rows that are used, the complete ones or pairwise those with any answer, and tell which they are."""
    values = np.asarray(x, dtype=np.float64)
    held = ~np.isnan(values)
    used = np.asarray(held.all(axis=1) if fit.missing == "listwise" else held.any(axis=1))
    return values[used], used


def _numbers(cluster: npt.ArrayLike, used: Booleans) -> Indices:
    labels = np.asarray(cluster)
    if labels.shape != used.shape:
        raise ArgumentError(f"cluster has {labels.size} entries for {len(used)} rows.")
    found, numbers = np.unique(labels[used], return_inverse=True)
    if len(found) < 2:
        raise TooFewCases(f"clustered errors need two clusters with answers, but there is {len(found)}.")
    return np.asarray(numbers)


def _cluster_sums(blocks: Iterator[Array], numbers: Indices) -> Array:
    sums, start = np.zeros((0, 0)), 0
    for block in blocks:
        sums = sums if sums.size else np.zeros((int(numbers.max()) + 1, block.shape[1]))
        np.add.at(sums, numbers[start : start + len(block)], block)
        start += len(block)
    return sums


def _as_covariances(block: Array, fit: Polychoric) -> Array:
    """Turn influences on the correlations with continuous variables into those on the covariances."""
    parameters, spread = Parameters.of(fit), np.sqrt(fit.variance)
    for place, row, column in zip(parameters.pairs, parameters.rows, parameters.columns, strict=True):
        if fit.ordinal[row] and fit.ordinal[column]:
            continue
        scale, r = spread[row] * spread[column], fit.r[row, column]
        block[:, place] *= scale
        for one in (row, column):
            if not fit.ordinal[one]:
                block[:, place] += block[:, parameters.own[one][1]] * (r * scale / (2.0 * fit.variance[one]))
    return block
