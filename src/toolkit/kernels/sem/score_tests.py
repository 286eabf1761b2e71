"""Score tests of equality constraints: by how much chi-square would fall, about, if they were released.

With s the derivatives of the discrepancy, I the expected information per row, K what the constraints leave free and D
directions that release them, the statistic is N g'W⁻¹g with g = D's and W = D'(I − IK(K'IK)⁻¹K'I)D. Rao (1948),
doi:10.1017/S0305004100023987; ``lavaan::lavTestScore``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy import special

from .admissible import names_of
from .constraints import equal_parameters, equations_of
from .inference import constrained_inverse, jacobian
from .modification import slope_per_row
from .ram import Array
from .solution import Solution
from .table import Parameter

REDUNDANT = 1e-8
UNDETERMINED = 1e-8


@dataclass(frozen=True)
class Restriction:
    """One constraint.

    Attributes
    ----------
    text : in words, such as `visual=~x2 (Pasteur) == visual=~x2 (Grant-White)`.
    left, right : the two parameters that share a label; None for a constraint that the text states.
    """

    text: str
    left: Parameter | None = None
    right: Parameter | None = None


@dataclass(frozen=True)
class ScoreTests:
    """Tests of each constraint, and of all of them.

    Attributes
    ----------
    restrictions : the constraints.
    statistic : chi-square with 1 degree of freedom of each; not a number for one that follows from the others.
    change : the expected difference, left side minus right side, if it alone were released.
    total, df : the test of all; df counts what the data can tell of what is released.
    scale : tr(UΓ)/df of the model's scaled test, by which robust methods divide; else 1.
    """

    restrictions: tuple[Restriction, ...]
    statistic: Array
    change: Array
    total: float
    df: int
    scale: float

    @property
    def pvalue(self) -> Array:
        """P(chi-square with 1 degree of freedom > statistic / scale)."""
        return np.asarray(special.chdtrc(1, self.statistic / self.scale))

    @property
    def total_pvalue(self) -> float:
        """P(chi-square with df > total / scale)."""
        return float(special.chdtrc(self.df, self.total / self.scale)) if self.df else float("nan")


def score_tests(fitted: Solution) -> ScoreTests:
    """Test the constraints that equal labels and `==` make, each alone and all together.

    Where releasing all leaves parameters that the data do not determine (factor means and intercepts), `df` counts the
    determined ones; lavaan counts all.
    """
    restrictions, rows = _restrictions(fitted)
    inverse = np.linalg.pinv(rows)
    alone = np.abs(rows @ inverse - np.eye(len(rows))).max(axis=0, initial=0.0) < REDUNDANT
    slope = slope_per_row(fitted, fitted.estimator, fitted.x)
    information, basis = fitted.expected_information, fitted.basis
    moved = information @ inverse
    left = inverse.T @ moved - moved.T @ constrained_inverse(information, basis) @ moved
    away = inverse.T @ slope
    size = np.diagonal(left)
    known = alone & (size > UNDETERMINED * np.maximum((inverse * moved).sum(axis=0), np.finfo(float).tiny))
    size = np.where(known, size, np.nan)
    total, df = _joint(left, away)
    return ScoreTests(
        restrictions=restrictions,
        statistic=fitted.n * away**2 / size,
        change=-away / size,
        total=fitted.n * total,
        df=df,
        scale=1.0 if fitted.scaled is None else fitted.scaled.inflation,
    )


def _joint(left: Array, away: Array) -> tuple[float, int]:
    """Compute g'W⁺g and the rank of W, in units in which W has a diagonal of 1."""
    unit = np.sqrt(np.maximum(np.diagonal(left), np.finfo(float).tiny))
    roots, vectors = np.linalg.eigh(left / np.outer(unit, unit))
    kept = roots > UNDETERMINED * max(float(roots.max(initial=0.0)), 1.0)
    along = (away / unit) @ vectors[:, kept]
    return float(along**2 @ (1 / roots[kept])), int(kept.sum())


def _restrictions(fitted: Solution) -> tuple[tuple[Restriction, ...], Array]:
    """List the constraints and their slopes, (m, q)."""
    table, n_free = fitted.model.table, fitted.model.n_free
    found = list(_equal(fitted))
    slopes = np.zeros((len(found), n_free))
    for row, (_, first, second) in enumerate(found):
        slopes[row, first], slopes[row, second] = 1.0, -1.0
    stated = equations_of(table)
    texts = [Restriction(text) for text in stated.names]
    return (*(one for one, _, _ in found), *texts), np.vstack([slopes, jacobian(stated, fitted.x)])


def _equal(fitted: Solution) -> Iterator[tuple[Restriction, int, int]]:
    """Pair each parameter with the first one of its label."""
    names, parameters = names_of(fitted.model), fitted.model.parameters
    first: dict[int, int] = {}
    for index, number in enumerate(equal_parameters(fitted.model.table)):
        origin = first.setdefault(int(number), index)
        if origin != index:
            text = f"{names[origin]} == {names[index]}"
            yield Restriction(text, parameters[origin], parameters[index]), origin, index
