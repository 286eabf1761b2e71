"""Minimise a discrepancy under equations that are not linear: the augmented Lagrangian.

Hestenes (1969), doi:10.1007/BF00927673; Nocedal & Wright (2006), doi:10.1007/978-0-387-40065-5, chapter 17.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from ...checks import listed, quoted
from ...errors import NotConverged
from .definitions import Functions
from .estimate import Constraints, Minimum, Problem, minimise
from .ram import AnyArray, Array

STEP = 1e-30
NUDGE = 1e-5
PENALTY = 100.0
PATIENCE = 6
MOST_STEPS = 200
HOLDS = 1e-9


@dataclass(frozen=True)
class Equations:
    """Equations h(x) = 0, each divided by its standard error per row, so that one penalty suits all.

    Attributes
    ----------
    function : (…, q) → (…, c).
    scale : (…, c).
    """

    function: Callable[[AnyArray], AnyArray]
    scale: Array

    @classmethod
    def of(cls, function: Callable[[AnyArray], AnyArray], problem: Problem, x: Array) -> Equations:
        """Scale equations by what the information of a problem says at x."""
        plain = cls(function, np.ones(function(x).shape))
        basis = problem.constraints.basis
        slope = plain.jacobian(x) @ basis
        information = basis.T @ problem.information(x) @ basis
        size = np.diagonal(information, axis1=-2, axis2=-1)[..., None, :]
        spread = (slope**2 / np.maximum(size, 1e-12)).sum(axis=-1)
        return replace(plain, scale=1.0 / np.sqrt(np.maximum(spread, 1e-12)))

    def __call__(self, x: AnyArray) -> AnyArray:
        """Compute h."""
        return self.function(x) * self.scale

    def jacobian(self, x: Array) -> Array:
        """Differentiate h by complex steps, (…, c, q)."""
        moved = x[..., None, :] + 1j * STEP * np.eye(x.shape[-1])
        slope = np.imag(self.function(moved)) / STEP
        return np.asarray(np.swapaxes(slope, -1, -2) * self.scale[..., :, None])

    def curvature(self, x: Array, weight: Array) -> Array:
        """Compute Σ weight · second derivatives of h, (…, q, q), by differences of the exact first ones."""
        columns = []
        for direction in np.eye(x.shape[-1]) * NUDGE:
            change = (self.jacobian(x + direction) - self.jacobian(x - direction)) / (2 * NUDGE)
            columns.append((weight[..., None] * change).sum(axis=-2))
        found = np.stack(columns, axis=-1)
        return np.asarray((found + np.swapaxes(found, -1, -2)) / 2)


def minimise_constrained(problem: Problem, start: Array) -> Minimum:
    """Minimise as `minimise` does, where the constraints' equations hold as well.

    Rounds of `minimise` on F + λ'h + ½ρ h'h, with λ moved by ρh after each; the search has converged where the scaled
    gradient of the Lagrangian is small and every equation holds to 1e-9 of its standard error per row.
    """
    function = problem.constraints.equations
    if function is None:
        return minimise(problem, start)
    require_possible(function, problem.constraints, start)
    linear = replace(problem, constraints=replace(problem.constraints, equations=None))
    equations = Equations.of(function, linear, start)
    multiplier, penalty, iterations = np.zeros(equations.scale.shape), PENALTY, 0
    x, left, patience = start, np.inf, PATIENCE
    while patience:
        found = minimise(_augmented(linear, equations, multiplier, penalty), x)
        x, iterations = found.x, iterations + found.iterations
        away = equations(x)
        worst = np.abs(away).max(axis=-1)
        holds = worst <= HOLDS
        if bool(holds.all()):
            break
        slow = not float(np.max(worst)) <= left / 10
        multiplier, penalty, patience = multiplier + penalty * away, penalty * (10.0 if slow else 1.0), patience - slow
        left = float(np.max(worst))
    return replace(found, value=problem.value(x), converged=found.converged & holds, iterations=iterations)


def require_possible(function: Callable[[AnyArray], AnyArray], constraints: Constraints, start: Array) -> None:
    """Refuse equations that do not come to hold near the start values."""
    equations = Equations(function, np.ones(function(start).shape[-1:]))
    for u in np.atleast_2d((start - constraints.origin) @ constraints.basis):
        away = np.abs(_nearest(equations, constraints, u))
        if not away.max() <= HOLDS:
            names = function.names if isinstance(function, Functions) else ("the equations",)
            worst = names[int(np.nan_to_num(away, nan=np.inf).argmax()) % len(names)]
            raise NotConverged(
                f"No values were found for which the constraints {listed(names)} hold; {quoted(worst)} is furthest "
                "from it. Look for a contradiction among them, or give start values with start() nearer to a solution."
            )


def _nearest(equations: Equations, constraints: Constraints, u: Array) -> Array:
    """Bring equations as near to 0 as Gauss–Newton steps on them alone do; return what is left."""
    for _ in range(MOST_STEPS):
        x = u @ constraints.basis.T + constraints.origin
        away = equations(x)
        if np.abs(away).max() <= HOLDS or not np.isfinite(away).all():
            break
        step = np.linalg.lstsq(equations.jacobian(x) @ constraints.basis, -away, rcond=None)[0]
        while not _sum_of_squares(equations, constraints, u + step) < (away**2).sum():
            step = step / 2
            if np.abs(step).max() < HOLDS:
                return np.asarray(away)
        u = u + step
    return np.asarray(away)


def _sum_of_squares(equations: Equations, constraints: Constraints, u: Array) -> float:
    return float((equations(u @ constraints.basis.T + constraints.origin) ** 2).sum())


def _augmented(problem: Problem, equations: Equations, multiplier: Array, penalty: float) -> Problem:
    def weight(x: AnyArray) -> AnyArray:
        return multiplier + penalty * equations(x)

    def value(x: AnyArray) -> AnyArray:
        away = equations(x)
        return np.asarray(problem.value(x) + (multiplier * away + penalty / 2 * away**2).sum(axis=-1))

    def gradient(x: AnyArray) -> AnyArray:
        return np.asarray(problem.gradient(x) + (weight(x)[..., None, :] @ equations.jacobian(x))[..., 0, :])

    def stiff(x: AnyArray) -> AnyArray:
        slope = equations.jacobian(x)
        return np.asarray(penalty * np.swapaxes(slope, -1, -2) @ slope)

    def hessian(x: AnyArray) -> AnyArray:
        bent = problem.hessian or problem.information
        return np.asarray(bent(x) + stiff(x) + equations.curvature(x, weight(x)))

    return Problem(value, gradient, lambda x: problem.information(x) + stiff(x), problem.constraints, hessian)
