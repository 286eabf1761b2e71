"""Criteria of rotation: value and gradient of each in the loadings, for a stack of loading matrices.

A criterion takes loadings L (..., k, m) and the options, and returns its values (...,) and its gradients (..., k, m).
A rotation is added by an entry in `CRITERIA`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class RotationOptions:
    """How to rotate.

    Attributes
    ----------
    gamma : oblimin's parameter; 0 is quartimin, negative values make factors less correlated.
    epsilon : what geomin adds to squared loadings.
    power : promax' exponent of the loadings.
    kaiser : whether rows are scaled to unit length while rotating; None takes the habit of the criterion (yes for
        varimax and promax, as in R's ``varimax`` and ``factanal``, no for the others, as in GPArotation).
    n_starts : random starts beside the one from the unrotated loadings; they need a seed. None means 30 where there is
        a seed, otherwise none.
    target : items by factors for target rotation; NaN where a loading is not specified.
    maximum_iterations, tolerance : when to stop; the tolerance is on the norm of the projected gradient.
    """

    gamma: float = 0.0
    epsilon: float = 0.01
    power: float = 4.0
    kaiser: bool | None = None
    n_starts: int | None = None
    target: npt.ArrayLike | None = None
    maximum_iterations: int = 5000
    tolerance: float = 1e-10


DEFAULT = RotationOptions()
Evaluated = tuple[Array, Array]


@dataclass(frozen=True)
class Criterion:
    """A criterion, whether factors may correlate, whether rows are Kaiser-normalised by habit, and its columns.

    `ordered` criteria fix which column is which; of the others columns may be put in any order and turned round.
    """

    evaluate: Callable[[Array, RotationOptions], Evaluated]
    oblique: bool
    kaiser: bool = False
    ordered: bool = False


def _total(values: Array) -> Array:
    return np.asarray(values.sum(axis=(-2, -1)))


def varimax(loadings: Array, options: RotationOptions) -> Evaluated:
    """Variance of the squared loadings within columns, −Σ (λ²_ij − mean_j)² / 4. Kaiser (1958)."""
    squares = loadings**2
    centred = squares - squares.mean(axis=-2, keepdims=True)
    return -_total(centred**2) / 4, -loadings * centred


def quartimax(loadings: Array, options: RotationOptions) -> Evaluated:
    """Fourth powers, −Σ λ⁴ / 4. Neuhaus & Wrigley (1954)."""
    return -_total(loadings**4) / 4, -(loadings**3)


def oblimin(loadings: Array, options: RotationOptions) -> Evaluated:
    """Products of squared loadings between columns, ¼ Σ_{j≠l} (Σ_i λ²_ij λ²_il − γ/k Σ_i λ²_ij Σ_i λ²_il).

    Clarkson & Jennrich (1988). GPArotation's ``oblimin(gam = γ)``.
    """
    squares = loadings**2
    others = squares.sum(axis=-1, keepdims=True) - squares
    if options.gamma:
        others = others - options.gamma * others.mean(axis=-2, keepdims=True)
    return _total(squares * others) / 4, loadings * others


def quartimin(loadings: Array, options: RotationOptions) -> Evaluated:
    """Oblimin with γ = 0. Carroll (1953)."""
    return oblimin(loadings, DEFAULT)


def geomin(loadings: Array, options: RotationOptions) -> Evaluated:
    """Geometric mean of the squared loadings of an item, Σ_i (Π_j (λ²_ij + ε))^(1/m). Yates (1987)."""
    squares = loadings**2 + options.epsilon
    n_factors = loadings.shape[-1]
    mean = np.exp(np.log(squares).mean(axis=-1, keepdims=True))
    return np.asarray(mean.sum(axis=(-2, -1))), 2 / n_factors * loadings / squares * mean


def target(loadings: Array, options: RotationOptions) -> Evaluated:
    """Squared distance from the loadings that are specified, Σ (λ_ij − b_ij)². Browne (1972, 2001)."""
    wanted = np.asarray(options.target, dtype=np.float64)
    away = np.where(np.isnan(wanted), 0.0, loadings - np.nan_to_num(wanted))
    return _total(away**2), 2 * away


CRITERIA: dict[str, Criterion] = {
    "varimax": Criterion(varimax, oblique=False, kaiser=True),
    "quartimax": Criterion(quartimax, oblique=False),
    "oblimin": Criterion(oblimin, oblique=True),
    "quartimin": Criterion(quartimin, oblique=True),
    "geomin": Criterion(geomin, oblique=True),
    "geomin_orthogonal": Criterion(geomin, oblique=False),
    "target": Criterion(target, oblique=True, ordered=True),
    "target_orthogonal": Criterion(target, oblique=False, ordered=True),
}
