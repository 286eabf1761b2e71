"""One common factor by maximum likelihood, for many correlation matrices at once.

The method is that of `factoring.maximum_likelihood` (Jöreskog 1967, doi:10.1007/BF02289658), with every step taken for
the whole stack: Newton steps on ln ψ, ψ the uniquenesses, kept between .005 and 1. The rare matrix for which they come
to a halt is left to `factoring`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from . import consistency
from .factoring import GAP, LEAST_CURVATURE, LOWEST_UNIQUENESS, TOLERANCE, maximum_likelihood

Array = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

STILL = 1e-11
MOST_STEPS = 100
MOST_HALVINGS = 30
LARGEST_STEP = 2.0
LOW = float(np.log(LOWEST_UNIQUENESS))


@dataclass(frozen=True)
class OneFactor:
    """One factor of each of B correlation matrices.

    Attributes
    ----------
    loadings : (B, k) standardised, with a sum that is not negative; NaN where there is no solution.
    uniquenesses : (B, k), within [.005, 1].
    converged : (B,) whether the gradient came below 1e-8; a singular matrix has no solution.
    improper : (B,) whether a uniqueness is at its lower bound (a Heywood case).
    """

    loadings: Array
    uniquenesses: Array
    converged: Flags
    improper: Flags


def one_factor(r: Array) -> OneFactor:
    """Fit one factor to each of a stack (B, k, k) of correlation matrices.

    In R: ``factanal(covmat = r, factors = 1)``; one-factor ``lavaan::cfa`` has the same standardised loadings.
    """
    usable = np.asarray(np.isfinite(r).all(axis=(1, 2)))
    usable[usable] = np.linalg.eigvalsh(r[usable])[:, 0] >= GAP
    x, slope = np.full(r.shape[:2], np.nan), np.full(r.shape[:2], np.inf)
    x[usable], slope[usable] = _minimise(r[usable])
    for place in np.flatnonzero(usable & (np.abs(slope).max(axis=1) > TOLERANCE)):
        alone = maximum_likelihood(r[place], 1)
        x[place], slope[place] = np.log(alone.uniquenesses), 0.0 if alone.converged else np.inf
    loadings = np.full_like(x, np.nan)
    loadings[usable] = _loadings(r[usable], x[usable])
    converged = usable & (np.abs(slope).max(axis=1) <= TOLERANCE)
    loadings[~converged] = np.nan
    improper = usable & (np.exp(np.where(usable[:, None], x, 0.0)) <= LOWEST_UNIQUENESS * (1 + 1e-9)).any(axis=1)
    return OneFactor(loadings, np.exp(x), converged, improper)


def _minimise(r: Array) -> tuple[Array, Array]:
    """Give ln ψ and the gradient with respect to the variables that are free, for each matrix."""
    x = np.clip(np.log(1.0 - consistency.squared_multiple_correlations(r)), LOW, 0.0)
    x = np.where(np.isfinite(x), x, np.log(0.5))
    slope = np.full_like(x, np.inf)
    active, state = np.arange(len(r)), _derivatives(r, x)
    for _ in range(MOST_STEPS):
        at = x[active]
        free = ~(((at <= LOW) & (state.gradient > 0)) | ((at >= 0.0) & (state.gradient < 0)))
        slope[active] = np.where(free, state.gradient, 0.0)
        moving = np.abs(slope[active]).max(axis=1) > STILL
        active, state, free = active[moving], state.of(moving), free[moving]
        if not active.size:
            break
        step = _step(slope[active], state.hessian, free)
        moved, state = _descend(r[active], x[active], step, state.value)
        going = (moved != x[active]).any(axis=1)
        x[active] = moved
        active, state = active[going], state.of(going)
    return x, slope


@dataclass(frozen=True)
class _State:
    """Value (B,), gradient (B, k) and Hessian (B, k, k) of the discrepancy in ln ψ."""

    value: Array
    gradient: Array
    hessian: Array

    def of(self, chosen: Flags) -> _State:
        """Keep some of the matrices."""
        return _State(self.value[chosen], self.gradient[chosen], self.hessian[chosen])


def _derivatives(r: Array, x: Array) -> _State:
    """Give value, gradient and Hessian of Σ_{j>1} (θ_j − ln θ_j − 1), θ the eigenvalues of Ψ^-½ R Ψ^-½.

    The formulas are those of `factoring`; where no eigenvalue exceeds 1 the factor is nil and all count as the rest.
    """
    theta, vectors = np.linalg.eigh(_scaled(r, x))
    largest = theta[:, -1:]
    nil = largest <= 1
    rest = np.concatenate([vectors[..., :-1], vectors[..., -1:] * nil[..., None]], axis=2)
    basis = vectors[..., -1] * ~nil
    gradient = ((1 - theta)[:, None, :] * rest**2).sum(axis=2)
    share = (1 - theta) * (largest + theta) / np.maximum(largest - theta, GAP)
    share[:, -1] = 0.0
    rests = rest.transpose(0, 2, 1)
    hessian = (rest @ rests) * ((rest * theta[:, None, :]) @ rests)
    hessian += basis[:, :, None] * basis[:, None, :] * ((rest * share[:, None, :]) @ rests)
    terms = theta - np.log(np.maximum(theta, GAP)) - 1
    terms[:, -1] *= nil[:, 0]
    return _State(terms.sum(axis=1), gradient, hessian)


def _scaled(r: Array, x: Array) -> Array:
    scale = np.exp(-x / 2)
    return np.asarray(r * scale[:, :, None] * scale[:, None, :])


def _step(slope: Array, hessian: Array, free: Flags) -> Array:
    """Solve for Newton steps in the free variables; where curvature is negative it is taken as positive."""
    both = free[:, :, None] & free[:, None, :]
    curvature = np.where(both, hessian, np.eye(hessian.shape[-1]))
    try:
        np.linalg.cholesky(curvature)
        step = -np.linalg.solve(curvature, slope[:, :, None])[:, :, 0]
    except np.linalg.LinAlgError:
        step = _downhill(slope, curvature)
    return np.asarray(np.clip(step, -LARGEST_STEP, LARGEST_STEP) * free)


def _downhill(slope: Array, curvature: Array) -> Array:
    values, vectors = np.linalg.eigh(curvature)
    size = np.abs(values)
    size = np.maximum(size, LEAST_CURVATURE * size.max(axis=1, keepdims=True))
    along = (vectors * slope[:, :, None]).sum(axis=1) / size
    return np.asarray(-(vectors * along[:, None, :]).sum(axis=2))


def _descend(r: Array, x: Array, step: Array, value: Array) -> tuple[Array, _State]:
    """Take each step, halved until it does not go up, else none; give the derivatives where it ends."""
    moved = np.clip(x + step, LOW, 0.0)
    state = _derivatives(r, moved)
    up = np.flatnonzero(state.value > value + GAP)
    if not up.size:
        return moved, state
    length = 0.5
    for _ in range(MOST_HALVINGS):
        moved[up] = np.clip(x[up] + length * step[up], LOW, 0.0)
        up = up[_value(r[up], moved[up]) > value[up] + GAP]
        if not up.size:
            break
        length /= 2
    moved[up] = x[up]
    return moved, _derivatives(r, moved)


def _value(r: Array, x: Array) -> Array:
    theta = np.linalg.eigvalsh(_scaled(r, x))
    terms = theta - np.log(np.maximum(theta, GAP)) - 1
    terms[:, -1] *= theta[:, -1] <= 1
    return np.asarray(terms.sum(axis=1))


def _loadings(r: Array, x: Array) -> Array:
    theta, vectors = np.linalg.eigh(_scaled(r, x))
    size = np.sqrt(np.maximum(theta[:, -1:] - 1.0, 0.0))
    loadings = np.exp(x / 2) * vectors[..., -1] * size
    return np.asarray(loadings * np.where(loadings.sum(axis=1, keepdims=True) < 0, -1.0, 1.0))
