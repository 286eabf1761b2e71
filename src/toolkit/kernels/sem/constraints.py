"""What equal labels and constraints (`==`) leave free."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from ...checks import listed, quoted
from ...errors import Fault
from .definitions import Functions, Names, definitions_of, refuse
from .estimate import Constraints
from .expressions import Affine, Expression, Sum, affine, parse_expression, unknown_names
from .ram import Array, Positions
from .table import Assignment, ParameterTable

TINY = 1e-10


@dataclass(frozen=True)
class Equation:
    """A linear equation, slopes · x = right, and where it comes from."""

    slopes: Array
    right: float
    text: str
    place: str = ""


@dataclass
class Elimination:
    """Equations solved one after another for one parameter each (Gauss–Jordan)."""

    n: int
    pivots: list[int] = field(default_factory=list)
    slopes: Array = field(init=False)
    right: Array = field(init=False)

    def __post_init__(self) -> None:
        self.slopes, self.right = np.zeros((0, self.n)), np.zeros(0)

    def take(self, one: Equation) -> bool:
        """Add an equation; one that follows from those before changes nothing. Return whether it can hold."""
        scale = max(np.abs(one.slopes).max(initial=0.0), TINY)
        row = one.slopes - one.slopes[self.pivots] @ self.slopes
        right = one.right - one.slopes[self.pivots] @ self.right
        size = np.abs(row).max(initial=0.0)
        if size <= TINY * scale:
            return bool(abs(right) <= 1e-8 * max(scale, abs(one.right)))
        pivot = int(np.flatnonzero(np.abs(row) >= 0.999 * size)[-1])
        row, right = row / row[pivot], right / row[pivot]
        self.right = np.append(self.right - self.slopes[:, pivot] * right, right)
        self.slopes = np.vstack([self.slopes - np.outer(self.slopes[:, pivot], row), row])
        self.pivots.append(pivot)
        return True

    def solution(self) -> tuple[Array, Array]:
        """Return a basis of what stays free, (n, u), and a solution, (n,)."""
        free = np.setdiff1d(np.arange(self.n), self.pivots)
        basis, origin = np.zeros((self.n, len(free))), np.zeros(self.n)
        basis[free, np.arange(len(free))] = 1.0
        basis[self.pivots] = -self.slopes[:, free]
        origin[self.pivots] = self.right
        return basis, origin


def constraints_of(table: ParameterTable) -> Constraints:
    """Find what equal labels and `==` leave of the free parameters of a table.

    Linear constraints give a basis; others are kept as equations (left side − right side), for
    `minimise_constrained`.

    Raises
    ------
    ModelError
        With the place of every constraint that uses an unknown name or contradicts those before it.
    """
    defined, labels = definitions_of(table).defined, Names.of(table)
    expressions = _read(table, [*defined], labels)
    known: dict[str, Affine | None] = {name: Affine({}, value) for name, value in labels.fixed.items()}
    for name, expression in defined.items():
        known[name] = affine(expression, known)
    member = equal_parameters(table)
    solved, faults = Elimination(int(member.max(initial=-1)) + 1), list(_conflicting_labels(table))
    equations, others = list(_fixed_labels(table, labels, member, solved.n)), []
    for one, expression in expressions:
        line = affine(expression, known)
        if line is None:
            others.append((one, expression))
        else:
            slopes = _slopes(line.slopes, labels, member, solved.n)
            equations.append(Equation(slopes, -line.constant, _text(one), one.place))
    for equation in equations:
        if not solved.take(equation):
            faults.append(Fault(equation.place, f"{quoted(equation.text)} contradicts the constraints before it"))
    refuse(faults)
    functions = Functions(tuple(_text(one) for one, _ in others), tuple(one for _, one in others), defined, labels)
    basis, origin = solved.solution()
    return Constraints(_orthonormal(basis[member]), origin[member], functions if others else None)


def equations_of(table: ParameterTable) -> Functions:
    """Return the constraints (`==`) of a table as functions that are 0 where they hold."""
    defined, labels = definitions_of(table).defined, Names.of(table)
    found = _read(table, [*defined], labels)
    return Functions(tuple(_text(one) for one, _ in found), tuple(one for _, one in found), defined, labels)


def equal_parameters(table: ParameterTable) -> Positions:
    """Give each free parameter a number, the same to all of one label, (q,)."""
    numbers: dict[str | int, int] = {}
    keys = [table.parameters[index].label or index for index in table.free]
    return np.array([numbers.setdefault(key, len(numbers)) for key in keys], dtype=np.intp)


def _orthonormal(basis: Array) -> Array:
    overlap = basis.T @ basis
    if np.count_nonzero(overlap) > len(overlap):
        return np.asarray(np.linalg.qr(basis)[0])
    return np.asarray(basis / np.sqrt(np.diagonal(overlap)))


def _text(one: Assignment) -> str:
    return f"{one.left} == {one.expression}"


def _read(table: ParameterTable, defined: list[str], labels: Names) -> list[tuple[Assignment, Expression]]:
    """Read each constraint as left side − right side."""
    known, shown = {*labels.free, *labels.fixed, *defined}, [*labels.known(), *defined]
    found: list[tuple[Assignment, Expression]] = []
    faults: list[Fault] = []
    for one in table.constraints:
        expression = Sum((parse_expression(one.left), parse_expression(one.expression)), (False, True))
        faults += unknown_names(expression, known, one.place, shown)
        found.append((one, expression))
    refuse(faults)
    return found


def _slopes(slopes: dict[str, float], labels: Names, member: Positions, n: int) -> Array:
    """Put the slopes of labels at the numbers of their parameters."""
    found = np.zeros(n)
    for name, slope in slopes.items():
        found[member[labels.free[name]]] += slope
    return found


def _fixed_labels(table: ParameterTable, labels: Names, member: Positions, n: int) -> Iterator[Equation]:
    """Set free parameters equal to a fixed one with their label."""
    values = {one.label: one.fixed for one in table.parameters if one.label and one.fixed is not None}
    for label in dict.fromkeys(table.parameters[index].label for index in table.free):
        if label in values:
            yield Equation(_slopes({label: 1.0}, labels, member, n), values[label], label)


def _conflicting_labels(table: ParameterTable) -> Iterator[Fault]:
    """Find labels of parameters that are fixed at different values."""
    values: dict[str, set[float]] = {}
    for one in table.parameters:
        if one.label and one.fixed is not None:
            values.setdefault(one.label, set()).add(one.fixed)
    for label, found in values.items():
        if len(found) > 1:
            yield Fault(
                "", f"parameters with the label {quoted(label)} are fixed at different values, {listed(sorted(found))}"
            )
