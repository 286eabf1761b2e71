"""Bootstrap of a factor solution: each sample is extracted and rotated as the whole was, then aligned with it.

Unrotated loadings of a sample are brought near those of the whole by orthogonal Procrustes, rotated by the same
criterion from where the whole ended, and the factors are matched in order and direction. So the intervals hold the
uncertainty of rotation too. Zhang, Preacher & Luo (2010), Multivariate Behavioral Research 45, 104–134.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..errors import AnalysisError
from .factor_alignment import matched, procrustes
from .factoring import Extraction
from .rotation import Rotation, rotate_stack
from .rotation_criteria import CRITERIA, RotationOptions

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Whole:
    """The solution of the whole sample, and how it was made.

    Attributes
    ----------
    extract : makes unrotated loadings of a correlation matrix, from given uniquenesses on.
    extraction, rotation : what was found.
    criterion, options : how it was rotated.
    """

    extract: Callable[[Array, Array], Extraction]
    extraction: Extraction
    rotation: Rotation
    criterion: str
    options: RotationOptions


@dataclass(frozen=True)
class Draws:
    """Loadings (draws, k, m) and factor correlations (draws, m, m); NaN for samples without a solution."""

    loadings: Array
    phi: Array


def resampled_rows(
    cluster: npt.NDArray[np.integer], draws: int, generator: np.random.Generator
) -> Iterator[npt.NDArray[np.intp]]:
    """Draw whole clusters with replacement, as many as there are; give the rows of each sample."""
    order = np.argsort(cluster, kind="stable")
    size = np.bincount(cluster)
    first = np.cumsum(size) - size
    for _ in range(draws):
        drawn = generator.integers(0, len(size), len(size))
        length = size[drawn]
        within = np.arange(length.sum()) - np.repeat(np.cumsum(length) - length, length)
        yield order[np.repeat(first[drawn], length) + within]


def aligned_solutions(matrices: Iterable[Array | None], whole: Whole) -> Draws:
    """Factor each correlation matrix as the whole was; a matrix that is None has no solution."""
    unrotated = np.array([_near(one, whole) for one in matrices])
    held = ~np.isnan(unrotated).any(axis=(1, 2))
    n_factors = unrotated.shape[2]
    draws = Draws(np.full(unrotated.shape, np.nan), np.full((len(unrotated), n_factors, n_factors), np.nan))
    if not held.any():
        return draws
    transformations, converged = _rotated(unrotated[held], whole)
    for place, transformation, good in zip(np.flatnonzero(held), transformations, converged, strict=True):
        if good:
            draws.loadings[place], draws.phi[place] = _matched(unrotated[place], transformation, whole)
    return draws


def _near(r: Array | None, whole: Whole) -> Array:
    """Extract factors of one matrix and bring them near those of the whole; NaN where there is no solution."""
    nothing = np.full(whole.extraction.loadings.shape, np.nan)
    if r is None or not np.isfinite(r).all():
        return nothing
    try:
        found = whole.extract(r, whole.extraction.uniquenesses)
    except AnalysisError:
        return nothing
    if not found.converged:
        return nothing
    return np.asarray(found.loadings @ procrustes(found.loadings, whole.extraction.loadings))


def _rotated(unrotated: Array, whole: Whole) -> tuple[Array, npt.NDArray[np.bool_]]:
    """Rotate all from where the whole ended."""
    if whole.criterion == "none" or unrotated.shape[2] == 1:
        ending = np.repeat(whole.rotation.transformation[None], len(unrotated), axis=0)
        return ending, np.ones(len(unrotated), dtype=bool)
    start = _start(whole)
    found = rotate_stack(unrotated, whole.criterion, np.repeat(start[None], len(unrotated), axis=0), whole.options)
    return found.transformations, found.converged


def _start(whole: Whole) -> Array:
    """Give the transformation that the criterion starts from: where the whole ended; for promax, its varimax."""
    if whole.criterion != "promax":
        return whole.rotation.transformation
    left, _, right = np.linalg.svd(whole.rotation.transformation)
    return np.asarray(left @ right)


def _matched(unrotated: Array, transformation: Array, whole: Whole) -> tuple[Array, Array]:
    loadings = np.asarray(np.linalg.solve(transformation, unrotated.T).T, dtype=np.float64)
    phi = transformation.T @ transformation
    if whole.criterion in CRITERIA and CRITERIA[whole.criterion].ordered:
        return loadings, phi
    places, signs = matched(loadings, whole.rotation.loadings)
    return loadings[:, places] * signs, phi[np.ix_(places, places)] * np.outer(signs, signs)
