"""Omega: from a one-factor fit by maximum likelihood, and by Schmid and Leiman from three group factors.

McDonald (1999), *Test theory*; Revelle & Zinbarg (2009), doi:10.1007/s11336-008-9102-z.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..errors import NotConverged
from . import consistency, factoring
from .one_factor import one_factor
from .rotation import rotate

Array = npt.NDArray[np.float64]

FEWEST_ITEMS = 3
GROUP_FACTORS = 3
FEWEST_ITEMS_OF_GROUPS = 6


@dataclass(frozen=True)
class OneFactorSolution:
    """A one-factor solution in the units of the items, for one covariance matrix or a stack.

    Attributes
    ----------
    loadings, error_variances : (..., k) covariances of the items with the factor, and what it leaves unexplained.
    converged, improper : (...) whether a solution was found, and whether an error variance is at its lower bound.
    """

    loadings: Array
    error_variances: Array
    converged: npt.NDArray[np.bool_]
    improper: npt.NDArray[np.bool_]


def solution(covariance: Array) -> OneFactorSolution:
    """Fit one factor to covariance matrices (..., k, k): that of the correlations, in the units of the items."""
    k = covariance.shape[-1]
    stack = covariance.reshape(-1, k, k)
    variance = np.diagonal(stack, axis1=1, axis2=2)
    found = one_factor(consistency.correlation(stack))
    shape = covariance.shape[:-2]
    return OneFactorSolution(
        (found.loadings * np.sqrt(variance)).reshape(*shape, k),
        (found.uniquenesses * variance).reshape(*shape, k),
        found.converged.reshape(shape),
        found.improper.reshape(shape),
    )


def at_bound(covariance: Array, found: OneFactorSolution) -> npt.NDArray[np.bool_]:
    """Tell which items have an error variance at its lower bound, .005 of their variance, (k,)."""
    return np.asarray(found.error_variances <= factoring.LOWEST_UNIQUENESS * (1 + 1e-9) * np.diag(covariance))


def fitted(covariance: Array, found: OneFactorSolution) -> Array:
    """(Σλ)² / ((Σλ)² + Σθ): the variance of the sum that the model implies is the denominator.

    In R: ``semTools::compRelSEM(fit, obs.var = FALSE)`` of ``lavaan::cfa("f =~ ...")``.
    """
    common = found.loadings.sum(axis=-1) ** 2
    return np.asarray(common / (common + found.error_variances.sum(axis=-1)))


def observed(covariance: Array, found: OneFactorSolution) -> Array:
    """(Σλ)² / 1'S1: the variance of the sum as observed is the denominator.

    In R: ``semTools::compRelSEM(fit)``, whose default is ``obs.var = TRUE``.
    """
    return np.asarray(found.loadings.sum(axis=-1) ** 2 / covariance.sum(axis=(-2, -1)))


def fitted_gradient(covariance: Array, found: OneFactorSolution) -> Array:
    """Gradient of `fitted` with respect to the covariance matrix, (k, k), as in `consistency_gradients`."""
    total, error = found.loadings.sum(), found.error_variances.sum()
    whole = (total**2 + error) ** 2
    ones = np.ones(len(covariance))
    return _carried(covariance, found, 2 * total * error / whole * ones, -(total**2) / whole * ones)


def observed_gradient(covariance: Array, found: OneFactorSolution) -> Array:
    """Gradient of `observed` with respect to the covariance matrix, (k, k)."""
    total, variance = found.loadings.sum(), covariance.sum()
    ones = np.ones(len(covariance))
    carried = _carried(covariance, found, 2 * total / variance * ones, 0.0 * ones)
    return np.asarray(carried - total**2 / variance**2)


def _carried(covariance: Array, found: OneFactorSolution, by_loading: Array, by_error: Array) -> Array:
    """Carry a gradient with respect to λ and θ to the covariances, by the implicit function theorem.

    The gradient of F = ln|Σ| + tr SΣ⁻¹ is nil at the solution; with V = Σ⁻¹ and h = H⁻¹g, H the Hessian of F, a change
    dS moves the statistic by Σ dS_ij [V (h_λ λ' + λ h_λ' + diag h_θ) V]_ij.
    """
    k, loadings = len(covariance), found.loadings
    precision = _precision(found)
    hessian = _hessian(covariance, loadings, precision)
    moved = np.linalg.solve(hessian, np.concatenate([by_loading, by_error]))
    inner = np.outer(moved[:k], loadings)
    return np.asarray(precision @ (inner + inner.T + np.diag(moved[k:])) @ precision)


def _precision(found: OneFactorSolution) -> Array:
    """Invert λλ' + diag θ (Sherman & Morrison)."""
    scaled = found.loadings / found.error_variances
    return np.diag(1.0 / found.error_variances) - np.outer(scaled, scaled) / (1.0 + scaled @ found.loadings)


def _hessian(covariance: Array, loadings: Array, precision: Array) -> Array:
    """Second derivatives of F in (λ, θ), with V = Σ⁻¹ and U = V S V."""
    weighted = precision @ covariance @ precision
    v, u = precision @ loadings, weighted @ loadings
    by_loadings = 2 * (
        (precision - weighted)
        + _crossed(precision, weighted, v, u, loadings)
        + _crossed(weighted, precision, u, v, loadings)
        - _crossed(precision, precision, v, v, loadings)
    )
    mixed = 2 * (weighted * v[None, :] + precision * u[None, :] - precision * v[None, :])
    by_errors = precision * (2 * weighted - precision)
    return np.block([[by_loadings, mixed], [mixed.T, by_errors]])


def _crossed(a: Array, b: Array, a_loadings: Array, b_loadings: Array, loadings: Array) -> Array:
    """Half of tr A Σ_i B Σ_j for the derivatives Σ_i = e_i λ' + λ e_i' (the other half has A and B exchanged)."""
    return np.outer(b_loadings, a_loadings) + (loadings @ b_loadings) * a


@dataclass(frozen=True)
class SchmidLeiman:
    """Omega from three group factors and the general factor above them.

    Attributes
    ----------
    general : (k,) loadings on the general factor.
    groups : (k, 3) loadings on the group factors with the general one taken out.
    uniquenesses : (k,)
    total, hierarchical : omega total, 1 − Σu / 1'R1, and omega hierarchical, (Σ general)² / 1'R1.
    improper : whether an item, or a factor under the general one, is at its bound (a Heywood case).
    """

    general: Array
    groups: Array
    uniquenesses: Array
    total: float
    hierarchical: float
    improper: bool


def schmid_leiman(r: Array) -> SchmidLeiman:
    """Rotate three minres factors by oblimin, extract one factor of their correlations, and orthogonalise.

    Schmid & Leiman (1957), doi:10.1007/BF02289209. In R: ``psych::omega(r, nfactors = 3, flip = FALSE)``.

    Raises
    ------
    NotConverged
        If the three factors or their rotation do not converge.
    """
    extraction = factoring.minres(r, GROUP_FACTORS)
    rotation = rotate(extraction.loadings, "oblimin")
    if not (extraction.converged and rotation.converged):
        raise NotConverged("three group factors, or their rotation, do not converge")
    above = factoring.minres(rotation.phi, 1)
    on_general = above.loadings[:, 0]
    general = rotation.loadings @ on_general
    general = general if general.sum() >= 0 else -general
    groups = rotation.loadings * np.sqrt(above.uniquenesses)  # 1 − loading², but for factors at their bound
    uniquenesses = 1.0 - general**2 - (groups**2).sum(axis=1)
    return SchmidLeiman(
        general,
        groups,
        uniquenesses,
        float(1.0 - uniquenesses.sum() / r.sum()),
        float(general.sum() ** 2 / r.sum()),
        bool(extraction.heywood or above.heywood),
    )
