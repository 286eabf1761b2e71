"""Extraction of common factors from a correlation matrix: minres, maximum likelihood and principal axis.

All take a (k, k) correlation matrix R and give unrotated loadings. Minres and maximum likelihood minimise a function of
the uniquenesses alone, of which gradient and Hessian follow from the eigenvalues and vectors (Jöreskog 1977; Lawley &
Maxwell 1971), by a Newton method that keeps each uniqueness between .005 (as psych and factanal do) and 1.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..errors import NotIdentified

Array = npt.NDArray[np.float64]
Derivatives = tuple[float, Array, Array]

LOWEST_UNIQUENESS = 0.005
TOLERANCE = 1e-8
TIGHT = 1e-11
MAXIMUM_ITERATIONS = 500
MAXIMUM_AXIS_ITERATIONS = 100_000
AXIS_TOLERANCE = 1e-10
SHORTEST_STEP = 1e-10
LEAST_CURVATURE = 1e-6
GAP = 1e-12


@dataclass(frozen=True)
class Extraction:
    """Unrotated factors.

    Attributes
    ----------
    loadings : (k, m), columns by decreasing sum of squares, each with a sum that is not negative.
    uniquenesses : (k,), within [.005, 1].
    objective : the minimised discrepancy: sum of squared residual correlations (each pair once, and the diagonal
        halved, which is 0 unless a uniqueness is at its bound) for minres and principal axis, the likelihood
        discrepancy for maximum likelihood.
    converged : whether the gradient (the change of the communalities for principal axis) came below 1e-8.
    iterations : steps taken.
    heywood : positions of the items whose uniqueness is at the lower bound.
    """

    loadings: Array
    uniquenesses: Array
    objective: float
    converged: bool
    iterations: int
    heywood: tuple[int, ...]


def minres(r: Array, n_factors: int, *, start: Array | None = None) -> Extraction:
    """Minimum residuals: least squares on the correlations off the diagonal (unweighted least squares).

    f(ψ) = ½ Σ_{j>m} θ_j², θ the eigenvalues of R − Ψ. Harman & Jones (1966), doi:10.1007/BF02289468; Jöreskog (1977).
    In R: ``psych::fa(r, m, fm = "minres", rotate = "none")``. `start` holds uniquenesses to start from.
    """

    def derivatives(psi: Array) -> Derivatives:
        return _least_squares(r, psi, n_factors)

    found = _newton(derivatives, first_guess(r) if start is None else start, LOWEST_UNIQUENESS, 1.0)
    return _extraction(_axes(r, found.x, n_factors), found.x, found)


def maximum_likelihood(r: Array, n_factors: int, *, start: Array | None = None) -> Extraction:
    """Maximum likelihood.

    f(ψ) = Σ_{j>m} (θ_j − ln θ_j − 1) = ln|Σ| − ln|R| + tr Σ⁻¹R − k at the best loadings, θ the eigenvalues of
    Ψ^-½ R Ψ^-½; minimised over ln ψ. Jöreskog (1967), Psychometrika 32, 443–482; Lawley & Maxwell
    (1971). In R: ``factanal(covmat = r, factors = m, rotation = "none")``.

    Raises
    ------
    NotIdentified
        If the matrix is not positive definite: its likelihood is not defined.
    """
    if np.linalg.eigvalsh(r)[0] < GAP:
        raise NotIdentified(
            "maximum likelihood needs a positive definite correlation matrix, but an item is a linear combination of"
            " others (or the matrix is not one of a sample): leave an item out, or use method='minres'."
        )

    def derivatives(log_psi: Array) -> Derivatives:
        return _likelihood(r, log_psi, n_factors)

    guess = first_guess(r) if start is None else start
    found = _newton(derivatives, np.log(guess), np.log(LOWEST_UNIQUENESS), 0.0)
    psi = np.exp(found.x)
    values, vectors = _scaled_axes(r, psi)
    kept, basis = np.maximum(values[:n_factors] - 1.0, 0.0), vectors[:, :n_factors]
    return _extraction(np.sqrt(psi)[:, None] * basis * np.sqrt(kept), psi, found)


def principal_axis(r: Array, n_factors: int, *, start: Array | None = None) -> Extraction:
    """Principal axes of R with communalities in its diagonal, iterated until these stand still (1e-10).

    In R: ``psych::fa(r, m, fm = "pa", rotate = "none", min.err = 1e-10, max.iter = 1e5)``; psych's own default stops
    at a change of .001. Where no uniqueness is at its bound the solution is that of minres.
    """
    psi = first_guess(r) if start is None else start
    change, iterations = np.inf, 0
    while change > AXIS_TOLERANCE and iterations < MAXIMUM_AXIS_ITERATIONS:
        loadings = _axes(r, psi, n_factors)
        moved = np.clip(1.0 - (loadings**2).sum(axis=1), LOWEST_UNIQUENESS, 1.0)
        change, psi, iterations = float(np.abs(moved - psi).max()), moved, iterations + 1
    value = _least_squares(r, psi, n_factors)[0]
    return _extraction(_axes(r, psi, n_factors), psi, _Minimum(psi, value, change <= TOLERANCE, iterations))


Extract = Callable[..., Extraction]
EXTRACTIONS: dict[str, Extract] = {"minres": minres, "ml": maximum_likelihood, "pa": principal_axis}


def degrees_of_freedom(n_items: int, n_factors: int) -> int:
    """Count the correlations that are free after fitting: ((k − m)² − (k + m)) / 2."""
    return ((n_items - n_factors) ** 2 - (n_items + n_factors)) // 2


def first_guess(r: Array) -> Array:
    """Start from the uniquenesses 1 − squared multiple correlation, of one or several R; from ½ where R is singular."""
    try:
        with np.errstate(divide="ignore"):
            guess = 1.0 / np.diagonal(np.linalg.inv(r), axis1=-2, axis2=-1)
    except np.linalg.LinAlgError:
        return np.full(r.shape[:-1], 0.5)
    usable = np.isfinite(guess) & (guess > LOWEST_UNIQUENESS) & (guess <= 1)
    return np.where(usable, guess, 0.5)


def _descending(matrix: Array) -> tuple[Array, Array]:
    values, vectors = np.linalg.eigh(matrix)
    return values[::-1], vectors[:, ::-1]


def _axes(r: Array, psi: Array, n_factors: int) -> Array:
    values, vectors = _descending(r - np.diag(psi))
    return np.asarray(vectors[:, :n_factors] * np.sqrt(np.maximum(values[:n_factors], 0.0)))


def _scaled_axes(r: Array, psi: Array) -> tuple[Array, Array]:
    scale = 1.0 / np.sqrt(psi)
    return _descending(r * scale[:, None] * scale)


def _least_squares(r: Array, psi: Array, n_factors: int) -> Derivatives:
    """Give value, gradient and Hessian of ½ Σ_{j>m} θ_j² in ψ.

    With w the eigenvectors, g_i = −Σ_{j>m} θ_j w_ij² and H_ik = (Σ_{j>m} w_ij w_kj)² +
    2 Σ_{n≤m} w_in w_kn Σ_{j>m} θ_j / (θ_j − θ_n) w_ij w_kj.
    """
    values, vectors = _descending(r - np.diag(psi))
    kept = min(n_factors, int((values > 0).sum()))
    theta, rest, basis = values[kept:], vectors[:, kept:], vectors[:, :kept]
    hessian = (rest @ rest.T) ** 2
    for n in range(kept):
        share = theta / np.minimum(theta - values[n], -GAP)
        hessian += 2 * np.outer(basis[:, n], basis[:, n]) * ((rest * share) @ rest.T)
    return float((theta**2).sum() / 2), -(rest**2) @ theta, hessian


def _likelihood(r: Array, log_psi: Array, n_factors: int) -> Derivatives:
    """Give value, gradient and Hessian of Σ_{j>m} (θ_j − ln θ_j − 1) in ln ψ.

    g_i = Σ_{j>m} (1 − θ_j) w_ij² and H_ik = Σ_{j>m} w_ij w_kj · Σ_{j>m} θ_j w_ij w_kj +
    Σ_{n≤m} w_in w_kn Σ_{j>m} (1 − θ_j)(θ_n + θ_j) / (θ_n − θ_j) w_ij w_kj.
    """
    values, vectors = _scaled_axes(r, np.exp(log_psi))
    kept = min(n_factors, int((values > 1).sum()))
    theta, rest, basis = values[kept:], vectors[:, kept:], vectors[:, :kept]
    hessian = (rest @ rest.T) * ((rest * theta) @ rest.T)
    for n in range(kept):
        share = (1 - theta) * (values[n] + theta) / np.maximum(values[n] - theta, GAP)
        hessian += np.outer(basis[:, n], basis[:, n]) * ((rest * share) @ rest.T)
    return float((theta - np.log(theta) - 1).sum()), (rest**2) @ (1 - theta), hessian


@dataclass(frozen=True)
class _Minimum:
    """Where a function is least."""

    x: Array
    value: float
    converged: bool
    iterations: int


def _newton(derivatives: Callable[[Array], Derivatives], start: Array, low: float, high: float) -> _Minimum:
    """Minimise within bounds: Newton steps in the variables that are free, halved until they go down."""
    x = np.clip(start, low, high)
    value, slope, hessian = derivatives(x)
    for iteration in range(MAXIMUM_ITERATIONS):
        free = ~(((x <= low) & (slope > 0)) | ((x >= high) & (slope < 0)))
        if not free.any() or np.abs(slope[free]).max() <= TIGHT:
            return _Minimum(x, value, True, iteration)
        step = np.zeros_like(x)
        step[free] = _downhill(slope[free], hessian[np.ix_(free, free)])
        length = 1.0
        while length > SHORTEST_STEP:
            moved = np.clip(x + length * step, low, high)
            there = derivatives(moved)
            if there[0] < value:
                break
            length /= 2
        else:
            return _Minimum(x, value, bool(np.abs(slope[free]).max() <= TOLERANCE), iteration)
        x, (value, slope, hessian) = moved, there
    return _Minimum(x, value, False, MAXIMUM_ITERATIONS)


def _downhill(slope: Array, hessian: Array) -> Array:
    """Solve for a Newton step; negative curvature is taken as positive, so that the step goes down."""
    values, vectors = np.linalg.eigh(hessian)
    size = np.abs(values)
    size = np.maximum(size, LEAST_CURVATURE * max(float(size.max()), LEAST_CURVATURE))
    return np.asarray(-vectors @ ((vectors.T @ slope) / size))


def _extraction(loadings: Array, psi: Array, found: _Minimum) -> Extraction:
    order = np.argsort(-(loadings**2).sum(axis=0), kind="stable")
    ordered = loadings[:, order]
    signs = np.where(ordered.sum(axis=0) < 0, -1.0, 1.0)
    heywood = tuple(int(place) for place in np.flatnonzero(psi <= LOWEST_UNIQUENESS * (1 + 1e-9)))
    return Extraction(ordered * signs, psi, found.value, found.converged, found.iterations, heywood)
