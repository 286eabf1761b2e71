"""Find the parameters that minimise a discrepancy: Fisher scoring in the space that linear constraints leave free."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .ram import AnyArray, Array

LARGEST_GRADIENT = 1e-8
MOST_STEPS = 500
SHORTEST = 1e-10


@dataclass(frozen=True)
class Constraints:
    """What constraints leave free: x = basis · u + origin, on which further equations may hold.

    Attributes
    ----------
    basis, origin : (q, u) with orthonormal columns, and (q,).
    equations : non-linear equations, (…, q) → (…, c), zero where they hold and safe for complex steps; or None.
    """

    basis: Array
    origin: Array
    equations: Callable[[AnyArray], AnyArray] | None = None

    @classmethod
    def none(cls, n_free: int) -> Constraints:
        """Leave everything free."""
        return cls(np.eye(n_free), np.zeros(n_free))


@dataclass(frozen=True)
class Problem:
    """A discrepancy to minimise.

    Attributes
    ----------
    value, gradient, information : functions of x (…, q): F (…), dF/dx (…, q), and a positive semi-definite stand-in
        for the Hessian (…, q, q).
    constraints : where x may lie.
    hessian : the Hessian itself (…, q, q), with which the last steps are quick; or None.
    """

    value: Callable[[AnyArray], AnyArray]
    gradient: Callable[[AnyArray], AnyArray]
    information: Callable[[AnyArray], AnyArray]
    constraints: Constraints
    hessian: Callable[[AnyArray], AnyArray] | None = None


@dataclass(frozen=True)
class Minimum:
    """Where the search stopped.

    Attributes
    ----------
    x : all free parameters, (…, q).
    value : the discrepancy, (…).
    largest_gradient : the largest absolute derivative along the free directions, (…).
    converged : whether that is small enough, (…).
    iterations : steps taken.
    """

    x: Array
    value: Array
    largest_gradient: Array
    converged: npt.NDArray[np.bool_]
    iterations: int


def minimise(problem: Problem, start: Array) -> Minimum:
    """Minimise by Fisher scoring with step halving, for every row of start values (…, q) at once.

    A step solves information · step = −gradient, ridged where the information is singular; it is halved until the
    discrepancy falls (Armijo's rule). The search ends where every gradient is below 1e-8 or no step lowers the value.
    """
    u = np.linalg.lstsq(problem.constraints.basis, (start - problem.constraints.origin).T, rcond=None)[0].T
    x = u @ problem.constraints.basis.T + problem.constraints.origin
    value = problem.value(x)
    active = np.ones(value.shape, dtype=bool)
    for _ in range(1, MOST_STEPS + 1):
        slope = problem.gradient(x) @ problem.constraints.basis
        active = active & (np.abs(slope).max(axis=-1, initial=0.0) > LARGEST_GRADIENT)
        if not active.any():
            break
        step = _step(problem, x, slope)
        u, x, value, moved = _shortened(problem, u, step, value, slope, active)
        active = active & moved
    largest = np.abs(problem.gradient(x) @ problem.constraints.basis).max(axis=-1, initial=0.0)
    return Minimum(x, value, largest, np.asarray(largest <= 1e3 * LARGEST_GRADIENT), MOST_STEPS)


def _step(problem: Problem, x: Array, slope: Array) -> Array:
    information = problem.constraints.basis.T @ problem.information(x) @ problem.constraints.basis
    size = np.maximum(np.diagonal(information, axis1=-2, axis2=-1), 1e-8)
    ridge = 1e-10 * size[..., None] * np.eye(size.shape[-1])
    return np.asarray(-np.linalg.solve(information + ridge, slope[..., None])[..., 0])


def _shortened(
    problem: Problem, u: Array, step: Array, value: Array, slope: Array, active: npt.NDArray[np.bool_]
) -> tuple[Array, Array, Array, npt.NDArray[np.bool_]]:
    """Halve the step of each search until its value falls; searches that cannot fall stay where they are."""
    length = np.where(active, 1.0, 0.0)
    fall = (step * slope).sum(axis=-1)
    while True:
        tried = u + length[..., None] * step
        x = tried @ problem.constraints.basis.T + problem.constraints.origin
        found = problem.value(x)
        good = (found <= value + 1e-4 * length * fall + 1e-14 * np.abs(value)) | (length == 0.0)
        if good.all():
            return tried, x, found, length > 0.0
        length = np.where(good, length, np.where(length < SHORTEST, 0.0, length / 2))
