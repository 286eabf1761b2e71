"""Parameters of polychoric correlations in their order, and the influence of each row on each of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ..checks import check_one_of
from . import ordinal_pairs, polyserial
from .cross_tables import Indices
from .moments import Array
from .polychoric import Polychoric, mixed_pair, standardised_pair, table_groups

Information = Literal["outer", "observed"]
BLOCK = 8_192


@dataclass(frozen=True)
class Parameters:
    """Where each parameter stands.

    Attributes
    ----------
    own : for each variable, the places of its thresholds, or of minus its mean and its variance.
    rows, columns : variables of the pairs, in their order.
    pairs : places of the pairs' correlations.
    size : number of parameters.
    """

    own: tuple[Indices, ...]
    rows: Indices
    columns: Indices
    pairs: Indices
    size: int

    @classmethod
    def of(cls, fit: Polychoric) -> Parameters:
        """Lay out the parameters of a fit."""
        k = len(fit.ordinal)
        columns, rows = np.triu_indices(k, 1)
        lengths = [len(cuts) if ordinal else 1 for cuts, ordinal in zip(fit.thresholds, fit.ordinal, strict=True)]
        starts = np.cumsum([0, *lengths])
        variance = starts[-1] + np.cumsum(~fit.ordinal) - 1
        own = tuple(
            np.arange(start, start + length) if ordinal else np.array([start, place])
            for start, length, ordinal, place in zip(starts, lengths, fit.ordinal, variance, strict=False)
        )
        first = int(starts[-1] + (~fit.ordinal).sum())
        return cls(own, rows, columns, first + np.arange(len(rows)), first + len(rows))

    def place(self, rows: Indices, columns: Indices) -> Indices:
        """Find the places of some pairs' correlations."""
        low, high = np.minimum(rows, columns), np.maximum(rows, columns)
        k = len(self.own)
        return np.asarray(self.pairs[0] + low * (2 * k - low - 1) // 2 + high - low - 1)


@dataclass(frozen=True)
class Influences:
    """Influences of rows on the parameters, ready to be looked up block by block.

    Attributes
    ----------
    parameters : where each parameter stands.
    codes : (n, number of ordinal variables) position of each answer among its categories; the number of these where
        there is none.
    own_categories : variable, number among the ordinal ones, and its influences by category.
    own_numbers : continuous variable, and its influences by row.
    cells : places of correlations, their rows and columns among the ordinal variables, influences by cell.
    rows : place of a correlation with a continuous variable, influences by row.
    """

    parameters: Parameters
    codes: Indices
    own_categories: tuple[tuple[int, int, Array], ...]
    own_numbers: tuple[tuple[int, Array], ...]
    cells: tuple[tuple[Indices, Indices, Indices, Array], ...]
    rows: tuple[tuple[int, Array], ...]

    @classmethod
    def of(cls, x: Array, fit: Polychoric, information: Information) -> Influences:
        """Prepare the influences of the rows that a fit was made from (all of them used)."""
        check_one_of("information", information, ("outer", "observed"))
        parameters, n = Parameters.of(fit), float(len(x))
        places = [int(place) for place in np.flatnonzero(fit.ordinal)]
        codes = np.empty((len(x), len(places)), dtype=np.intp)
        for number, place in enumerate(places):
            codes[:, number] = np.searchsorted(fit.categories[place], x[:, place])
        categories = tuple((place, number, own_of_categories(fit, number, n)) for number, place in enumerate(places))
        continuous = [int(place) for place in np.flatnonzero(~fit.ordinal)]
        numbers = tuple((place, _own_of_numbers(x[:, place], fit, place, information)) for place in continuous)
        cells = tuple(
            (parameters.place(fit.positions[rows], fit.positions[columns]), rows, columns, table)
            for rows, columns, _, table in cell_influences(fit, n, information)
        )
        own = dict(numbers)
        if continuous:
            own |= {place: table[codes[:, number]] for place, number, table in categories}
        return cls(parameters, codes, categories, numbers, cells, _row_influences(x, fit, own, information))

    def blocks(self) -> Iterator[Array]:
        """Give the influences of the rows, (rows of the block, q), block by block."""
        for start in range(0, len(self.codes), BLOCK):
            yield self._block(slice(start, start + BLOCK))

    def _block(self, part: slice) -> Array:
        codes, own = self.codes[part], self.parameters.own
        block = np.empty((len(codes), self.parameters.size))
        for place, number, table in self.own_categories:
            block[:, own[place]] = table[codes[:, number]]
        for place, moved in self.own_numbers:
            block[:, own[place]] = moved[part] * (-1.0, 1.0)
        for places, rows, columns, cells in self.cells:
            flat = codes[:, rows] * cells.shape[2] + codes[:, columns]
            flat += np.arange(len(rows)) * (cells.shape[1] * cells.shape[2])
            block[:, places] = cells.ravel()[flat]
        for target, moved in self.rows:
            block[:, target] = moved[part]
        return block


def own_of_categories(fit: Polychoric, number: int, n: float) -> Array:
    """Influence of an answer on the thresholds of its item: (1[x ≤ m] − F_m) / φ(τ_m), (c + 1, c − 1).

    The last row is that of no answer.
    """
    margin = fit.tables.margin(number)
    size, total = len(margin), margin.sum()
    share = np.cumsum(margin)[:-1] / total
    cuts = ordinal_pairs.thresholds(margin)
    below = np.arange(size)[:, None] <= np.arange(size - 1)
    table = np.zeros((size + 1, size - 1))
    table[:-1] = (below - share) * np.sqrt(2.0 * np.pi) * np.exp(0.5 * cuts**2) * (n / total)
    return table


def _own_of_numbers(y: Array, fit: Polychoric, place: int, information: Information) -> Array:
    """Influence of each row on the mean and the variance of a continuous variable, (n, 2)."""
    held = ~np.isnan(y)
    deviation = np.where(held, y - fit.mean[place], 0.0)
    variance = fit.variance[place]
    moved = np.stack([deviation, np.where(held, deviation**2 - variance, 0.0)], axis=1)
    if information == "outer":
        scores = moved / (variance, 2.0 * variance**2)
        return np.asarray(scores @ np.linalg.inv(scores.T @ scores) * len(y))
    return np.asarray(moved * (len(y) / held.sum()))


def cell_influences(
    fit: Polychoric, n: float, information: Information
) -> Iterator[tuple[Indices, Indices, Array, Array]]:
    """Influence of the answers on the correlations of ordinal variables, tables of one shape at a time.

    Gives the numbers of the row and column variables among the ordinal ones, their tables, and the influences
    n / A₂₂ (s − A₂₁ IF(τ) / n), (P, a + 1, b + 1); the last row and column are those of no answer.
    """
    places = fit.positions
    cuts = [fit.thresholds[place] for place in places]
    own = [own_of_categories(fit, number, 1.0) for number in range(len(places))]
    for rows, columns, pairs in table_groups(fit.tables, cuts):
        rho, lost = fit.r[places[rows], places[columns]], fit.boundary[places[rows], places[columns]]
        lost = lost | np.isnan(rho)
        found = ordinal_pairs.sensitivities(pairs, np.where(lost, 0.0, rho), observed=information == "observed")
        cells = np.zeros((len(rows), *(np.array(found.score.shape[1:]) + 1)))
        cells[:, :-1, :-1] = found.score
        cells -= np.einsum("pam,pm->pa", np.array([own[row] for row in rows]), found.first)[:, :, None]
        cells -= np.einsum("pbm,pm->pb", np.array([own[column] for column in columns]), found.second)[:, None, :]
        cells *= np.divide(n, found.correlation, out=np.full(len(rows), np.nan), where=~lost)[:, None, None]
        yield rows, columns, pairs.counts, cells


def _row_influences(
    x: Array, fit: Polychoric, own: Mapping[int, Array], information: Information
) -> tuple[tuple[int, Array], ...]:
    """Influence of each row on the correlations with continuous variables: place, (n,)."""
    parameters, found = Parameters.of(fit), []
    for place, row, column in zip(parameters.pairs, parameters.rows, parameters.columns, strict=True):
        one, other = (int(row), int(column)) if fit.ordinal[row] else (int(column), int(row))
        if not fit.ordinal[other]:
            found.append((int(place), _of_pair(x, fit, (one, other), own, information)))
    return tuple(found)


def _of_pair(
    x: Array, fit: Polychoric, pair: tuple[int, int], own: Mapping[int, Array], information: Information
) -> Array:
    """Influence of each row on the correlation of two variables of which the second is continuous."""
    one, other = pair
    rho, observed = float(fit.r[one, other]), information == "observed"
    if fit.boundary[one, other] or np.isnan(rho):
        return np.full(len(x), np.nan)
    if fit.ordinal[one]:
        held, mixed = mixed_pair(x, fit, one, other)
        found = polyserial.mixed_sensitivities(mixed, rho, fit.variance[other], observed=observed)
    else:
        held, z = standardised_pair(x, fit, one, other)
        variances = fit.variance[[one, other]]
        found = polyserial.continuous_sensitivities(z[held], rho, variances, observed=observed)
    moved = np.zeros(len(x))
    moved[held] = found.score * len(x)
    moved -= own[one] @ found.first + own[other] @ found.second
    return moved / found.correlation if found.correlation else np.full(len(x), np.nan)
