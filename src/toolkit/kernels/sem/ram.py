"""A parameter table as matrices: paths A, (co)variances S and intercepts M of all variables, observed ones first.

McArdle & McDonald (1984), doi:10.1111/j.2044-8317.1984.tb00802.x: with F the selection of the observed variables,
Σ = F (I − A)⁻¹ S (I − A)⁻ᵀ F' and μ = F (I − A)⁻¹ M.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from .table import Parameter, ParameterTable

Array = npt.NDArray[np.float64]
Positions = npt.NDArray[np.intp]
AnyArray = npt.NDArray[Any]


@dataclass(frozen=True)
class Cells:
    """The cells of one matrix that free parameters fill: `row`, `column` and the parameter's position."""

    row: Positions
    column: Positions
    parameter: Positions

    @classmethod
    def of(cls, places: Sequence[tuple[int, int, int]]) -> Cells:
        """Build from (row, column, parameter) triples."""
        table = np.array(places, dtype=np.intp).reshape(-1, 3)
        return cls(table[:, 0], table[:, 1], table[:, 2])

    def filled(self, base: Array, x: AnyArray) -> AnyArray:
        """Put parameters (…, q) into a copy of the base matrix, (…, rows, columns)."""
        matrix = base.astype(x.dtype)
        if x.ndim > 1:
            matrix = np.broadcast_to(matrix, (*x.shape[:-1], *base.shape)).copy()
        matrix[..., self.row, self.column] = x[..., self.parameter]
        return matrix


@dataclass(frozen=True)
class SlopeOrder:
    """A group's q free parameters: those of paths, of (co)variances and of intercepts, in this order.

    Attributes
    ----------
    parameter : position of each among all free parameters, (q,).
    left : the variable whose effects move with it, (q,).
    right : the other one, for (co)variances; for intercepts, whose covariances stay, any.
    scale : 1, ½ for a variance, 0 for an intercept, (q,).
    """

    parameter: Positions
    left: Positions
    right: Positions
    scale: Array

    def complete(self, n_free: int) -> bool:
        """Whether these are all free parameters, in order."""
        return len(self.parameter) == n_free and bool((self.parameter == np.arange(n_free)).all())


@dataclass(frozen=True)
class GroupMatrices:
    """One group's model.

    Attributes
    ----------
    paths, covariances, intercepts : fixed values, (v, v), (v, v) and (v, 1); the covariances are symmetric.
    path_cells, covariance_cells, intercept_cells : where free parameters go; a covariance has one cell, whose mirror
        image follows it.
    thresholds, scales : fixed values of the ordinal variables' thresholds (t, 1) and of the scaling factors (p, 1).
    threshold_cells, scale_cells : where free ones go.
    threshold_variable, threshold_number : the observed variable of each threshold, and its number from 0, (t,).
    ordinal : the observed variables that have thresholds.
    theta : whether residual variances of ordinal variables are parameters; else they are what the variances, 1 over the
        squared scaling factors, leave.
    n_observed : p; the observed variables are the first p of the v variables.
    mean_structure : whether the model speaks of means; where it does not, means are left as they are in the sample.
    """

    paths: Array
    covariances: Array
    intercepts: Array
    path_cells: Cells
    covariance_cells: Cells
    intercept_cells: Cells
    thresholds: Array
    scales: Array
    threshold_cells: Cells
    scale_cells: Cells
    threshold_variable: Positions
    threshold_number: Positions
    ordinal: Positions
    theta: bool
    n_observed: int
    mean_structure: bool

    @cached_property
    def order(self) -> SlopeOrder:
        """How derivatives of the implied moments are put together."""
        path, spread, level = self.path_cells, self.covariance_cells, self.intercept_cells
        halves = np.where(spread.row == spread.column, 0.5, 1.0)
        return SlopeOrder(
            parameter=np.concatenate([path.parameter, spread.parameter, level.parameter]),
            left=np.concatenate([path.row, spread.row, level.row]),
            right=np.concatenate([spread.column, level.row]),
            scale=np.concatenate([np.ones(len(path.row)), halves, np.zeros(len(level.row))]),
        )

    @cached_property
    def continuous(self) -> Positions:
        """The observed variables that have no thresholds."""
        return np.setdiff1d(np.arange(self.n_observed), self.ordinal)

    def filled(self, x: AnyArray) -> tuple[AnyArray, AnyArray, AnyArray]:
        """Put parameters (…, q) into paths (…, v, v), (co)variances (…, v, v) and intercepts (…, v, 1)."""
        paths, covariances, intercepts = self.given(x)
        if self.follows:
            self.complete(np.linalg.inv(np.eye(paths.shape[-1]) - paths), covariances, x)
        return paths, covariances, intercepts

    def given(self, x: AnyArray) -> tuple[AnyArray, AnyArray, AnyArray]:
        """Put in parameters alone: residual variances that follow from others stay at what they were."""
        cells = self.covariance_cells
        covariances = cells.filled(self.covariances, x)
        covariances[..., cells.column, cells.row] = x[..., cells.parameter]
        return self.path_cells.filled(self.paths, x), covariances, self.intercept_cells.filled(self.intercepts, x)

    @property
    def follows(self) -> bool:
        """Whether there are residual variances that follow from others: those of ordinal variables, by delta."""
        return len(self.ordinal) > 0 and not self.theta

    def complete(self, total: AnyArray, covariances: AnyArray, x: AnyArray) -> None:
        """Put in the residual variances that give ordinal variables, which cause nothing, their variances.

        `total` are the total effects (I − A)⁻¹.
        """
        own = self.ordinal
        covariances[..., own, own] = 0.0
        effects = total[..., own, :]
        explained = ((effects @ covariances) * effects).sum(axis=-1)
        scales = self.scale_cells.filled(self.scales, x)[..., own, 0]
        covariances[..., own, own] = scales**-2.0 - explained


@dataclass(frozen=True)
class Model:
    """A parameter table compiled to matrices.

    Attributes
    ----------
    table : the table.
    groups : one set of matrices per group.
    free : positions in the table of the q free parameters.
    places : matrix (`A`, `S`, `M`, `tau`, `delta`), row and column of each row of the table.
    """

    table: ParameterTable
    groups: tuple[GroupMatrices, ...]
    free: tuple[int, ...]
    places: tuple[tuple[str, int, int], ...]

    @property
    def n_free(self) -> int:
        """The number q of free parameters, equal ones counted each."""
        return len(self.free)

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """The free parameters."""
        return tuple(self.table.parameters[index] for index in self.free)


def compile_model(table: ParameterTable) -> Model:
    """Turn a parameter table into matrices."""
    free = {index: position for position, index in enumerate(table.free)}
    variables = {name: index for index, name in enumerate((*table.observed, *table.latent))}
    groups, orders = [], []
    for group in range(len(table.groups)):
        rows = [(one, free.get(index)) for index, one in enumerate(table.parameters) if one.group == group]
        orders.append(_order([one for one, _ in rows]))
        groups.append(_group(table, rows, variables, orders[-1]))
    places = [_place(one, variables, orders[one.group]) for one in table.parameters]
    return Model(table, tuple(groups), table.free, tuple(places))


Order = dict[tuple[str, str], int]


def _order(parameters: Sequence[Parameter]) -> Order:
    """Give a group's thresholds their positions."""
    return {(one.lhs, one.rhs): index for index, one in enumerate(one for one in parameters if one.op == "|")}


def _group(
    table: ParameterTable, rows: Sequence[tuple[Parameter, int | None]], variables: dict[str, int], order: Order
) -> GroupMatrices:
    v, p = len(variables), len(table.observed)
    base = {"A": np.zeros((v, v)), "S": np.zeros((v, v)), "M": np.zeros((v, 1))}
    base |= {"tau": np.zeros((len(order), 1)), "delta": np.ones((p, 1))}
    places: dict[str, list[tuple[int, int, int]]] = {name: [] for name in base}
    for one, position in rows:
        name, row, column = _place(one, variables, order)
        if position is not None:
            places[name].append((row, column, position))
        elif one.fixed is not None:
            base[name][row, column] = one.fixed
            if name == "S":
                base[name][column, row] = one.fixed
    cells = {name: Cells.of(entries) for name, entries in places.items()}
    return GroupMatrices(
        paths=base["A"],
        covariances=base["S"],
        intercepts=base["M"],
        path_cells=cells["A"],
        covariance_cells=cells["S"],
        intercept_cells=cells["M"],
        thresholds=base["tau"],
        scales=base["delta"],
        threshold_cells=cells["tau"],
        scale_cells=cells["delta"],
        threshold_variable=np.array([variables[name] for name, _ in order], dtype=np.intp),
        threshold_number=np.array([int(rhs[1:]) - 1 for _, rhs in order], dtype=np.intp),
        ordinal=np.array([variables[name] for name in table.ordinal], dtype=np.intp),
        theta=table.parameterization == "theta",
        n_observed=p,
        mean_structure=any(one.op == "~1" for one, _ in rows),
    )


def _place(one: Parameter, variables: dict[str, int], thresholds: Order) -> tuple[str, int, int]:
    """Find the matrix, row and column of a parameter."""
    match one.op:
        case "=~":
            return "A", variables[one.rhs], variables[one.lhs]
        case "~":
            return "A", variables[one.lhs], variables[one.rhs]
        case "~~":
            return "S", variables[one.lhs], variables[one.rhs]
        case "~1":
            return "M", variables[one.lhs], 0
        case "|":
            return "tau", thresholds[one.lhs, one.rhs], 0
        case _:
            return "delta", variables[one.lhs], 0
