"""Find the parameters that minimise a discrepancy: Fisher scoring, then Newton's steps, within linear constraints."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .ram import AnyArray, Array, Positions

LARGEST_GRADIENT = 1e-8
ROUNDING = 1e-6
MOST_STEPS = 500
SHORTEST = 1e-10
NEAR = 0.05
RIDGE = 1e-12


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

    @property
    def all_free(self) -> bool:
        """Whether the basis leaves everything free, so that u may stand for x itself."""
        return bool(self.basis.shape[0] == self.basis.shape[1])

    def inside(self, x: Array) -> Array:
        """Find u of the nearest x that is free, (…, u)."""
        return x if self.all_free else np.asarray((x - self.origin) @ self.basis)

    def point(self, u: Array) -> Array:
        """Compute x, (…, q)."""
        return u if self.all_free else np.asarray(u @ self.basis.T + self.origin)

    def slope(self, gradient: AnyArray) -> AnyArray:
        """Take derivatives (…, q) along u, (…, u)."""
        return gradient if self.all_free else np.asarray(gradient @ self.basis)

    def bent(self, hessian: AnyArray) -> AnyArray:
        """Take second derivatives (…, q, q) along u, (…, u, u)."""
        return hessian if self.all_free else np.asarray(self.basis.T @ hessian @ self.basis)

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
    subset : the problem of some of the draws that leading dimensions hold; or None.
    """

    value: Callable[[AnyArray], AnyArray]
    gradient: Callable[[AnyArray], AnyArray]
    information: Callable[[AnyArray], AnyArray]
    constraints: Constraints
    hessian: Callable[[AnyArray], AnyArray] | None = None
    subset: Callable[[Positions], Problem] | None = None


@dataclass(frozen=True)
class Minimum:
    """Where the search stopped.

    Attributes
    ----------
    x : all free parameters, (…, q).
    value : the discrepancy, (…).
    largest_gradient : the largest absolute derivative along the free directions, each divided by the square root of its
        information, so that units of measurement do not matter, (…).
    converged : whether that is small enough, (…).
    iterations : steps taken.
    """

    x: Array
    value: Array
    largest_gradient: Array
    converged: npt.NDArray[np.bool_]
    iterations: int


def minimise(problem: Problem, start: Array, near: bool = False) -> Minimum:
    """Minimise for every row of start values (…, q) at once.

    A step solves information · step = −gradient (Fisher scoring); once the discrepancy is about to fall by less than
    0.05 the Hessian takes the information's place wherever that leads downhill (Newton). A step is halved until the
    discrepancy falls (Armijo's rule). The search ends where every scaled derivative is below 1e-8 or no step lowers the
    value; below 1e-6, where rounding may stop it, it counts as converged. `near` takes the Hessian from the beginning.
    """
    free = problem.constraints
    u = free.inside(start)
    x = free.point(u)
    value = problem.value(x)
    moving, close = np.ones(value.shape, dtype=bool), np.full(value.shape, near)
    slope = free.slope(problem.gradient(x))
    step, size = _step(problem, x, slope, near)
    for iterations in range(MOST_STEPS + 1):
        largest = np.abs(slope / size).max(axis=-1, initial=0.0)
        active = moving & (largest > LARGEST_GRADIENT)
        if not active.any() or iterations == MOST_STEPS:
            break
        if iterations:
            if problem.subset is not None and 2 * active.sum() <= active.size and x.ndim == 2:
                rest = np.flatnonzero(active)
                found = minimise(problem.subset(rest), x[rest], bool(close[rest].all()))
                return _merged(Minimum(x, value, largest, largest <= ROUNDING, iterations), found, rest)
            step, size = _step(problem, x, slope, bool(close.all()))
        close = close | ~active | (-(step * slope).sum(axis=-1) < NEAR)
        u, x, value, moving = _shortened(problem, u, step, value, slope, active)
        slope = free.slope(problem.gradient(x))
    return Minimum(x, value, largest, np.asarray(largest <= ROUNDING), iterations)


def _merged(reached: Minimum, found: Minimum, rest: Positions) -> Minimum:
    """Put the ends of the searches that went on beside the ends of the others."""
    x, value, largest = reached.x.copy(), np.array(reached.value), np.array(reached.largest_gradient)
    x[rest], value[rest], largest[rest] = found.x, found.value, found.largest_gradient
    return Minimum(x, value, largest, largest <= ROUNDING, reached.iterations + found.iterations)


def _step(problem: Problem, x: Array, slope: Array, near: bool) -> tuple[Array, Array]:
    """Find the step, and the square roots of the information of each direction."""
    free = problem.constraints
    newton = near and problem.hessian is not None
    bent = problem.hessian(x) if near and problem.hessian is not None else problem.information(x)
    step, size = _solved(free.bent(bent), slope)
    uphill = (step * slope).sum(axis=-1) >= 0
    if newton and bool(uphill.any()):
        other, other_size = _solved(free.bent(problem.information(x)), slope)
        step = np.where(uphill[..., None], other, step)
        size = np.where(uphill[..., None], other_size, size)
    return step, size


def _solved(information: Array, slope: Array) -> tuple[Array, Array]:
    size = np.sqrt(np.maximum(np.abs(np.diagonal(information, axis1=-2, axis2=-1)), 1e-16))
    scaled = information / (size[..., :, None] * size[..., None, :])
    place = np.arange(size.shape[-1])
    scaled[..., place, place] += RIDGE
    step = -np.linalg.solve(scaled, (slope / size)[..., None])[..., 0] / size
    return np.asarray(step), size


def _shortened(
    problem: Problem, u: Array, step: Array, value: Array, slope: Array, active: npt.NDArray[np.bool_]
) -> tuple[Array, Array, Array, npt.NDArray[np.bool_]]:
    """Halve the step of each search until its value falls; searches that cannot fall stay where they are."""
    length = np.where(active, 1.0, 0.0)
    fall = (step * slope).sum(axis=-1)
    free = problem.constraints
    while True:
        tried = u + length[..., None] * step
        x = free.point(tried)
        found = problem.value(x)
        good = (found <= value + 1e-4 * length * fall + 1e-13 * (1 + np.abs(value))) | (length == 0.0)
        if good.all():
            return tried, x, found, length > 0.0
        length = np.where(good, length, np.where(length < SHORTEST, 0.0, length / 2))
