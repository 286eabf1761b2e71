"""Rotation of factors by gradient projection.

L = A (T⁻¹)', Φ = T'T, with A the unrotated loadings and the columns of T of unit length (T orthogonal for orthogonal
rotations). Steps go against the gradient that is projected on the surface of such T, are put back on it, and are
accepted where the criterion falls enough. Jennrich (2001), doi:10.1007/BF02294840, and (2002),
doi:10.1007/BF02294706; Bernaards & Jennrich (2005), doi:10.1177/0013164404272507. Where they double the last step, the
length here is Barzilai and Borwein's (1988), doi:10.1093/imanum/8.1.141, and the criterion need only be lower than the
highest of the last few, so that a tight tolerance takes few steps. All starts (or bootstrap samples) go at once, as a
stack.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from .rotation_criteria import CRITERIA, DEFAULT, Criterion, RotationOptions

Array = npt.NDArray[np.float64]

ROTATIONS = ("none", "promax", *CRITERIA)
RANDOM_STARTS = 30
SAME_OPTIMUM = 1e-6
ENOUGH = 1e-4
MEMORY = 8
HALVINGS = 40
ROUNDING = 1e-14
LONGEST_STEP = 1e5


@dataclass(frozen=True)
class Rotation:
    """Rotated factors.

    Attributes
    ----------
    loadings : (k, m), the pattern: columns by decreasing variance accounted for, each with a sum that is not negative
        (left as they are where a target says which is which).
    phi : (m, m) correlations of the factors.
    transformation : T, with loadings = unrotated · (T⁻¹)' and Φ = T'T.
    criterion : value that was reached (of varimax for promax).
    optima : (o, 2) the different values at which starts ended, lowest first, and how many ended at each.
    converged : whether the projected gradient came below the tolerance.
    """

    loadings: Array
    phi: Array
    transformation: Array
    criterion: float
    optima: Array
    converged: bool

    @property
    def n_optima(self) -> int:
        """How many different optima were found."""
        return len(self.optima)


@dataclass(frozen=True)
class Rotations:
    """A stack of rotations: transformations (s, m, m), values and convergence (s,)."""

    transformations: Array
    values: Array
    converged: npt.NDArray[np.bool_]


def rotate(
    loadings: Array,
    criterion: str,
    *,
    options: RotationOptions = DEFAULT,
    generator: np.random.Generator | None = None,
) -> Rotation:
    """Rotate loadings; of several starts the one that ends lowest is kept.

    In R: ``GPArotation::oblimin(L, gam)``, ``quartimin``, ``geominQ``, ``geominT``, ``quartimax``, ``targetQ``,
    ``targetT``, ``stats::varimax(L)`` and ``stats::promax(L, m = power)``.
    """
    n_factors = loadings.shape[1]
    if criterion == "none" or n_factors == 1:
        return arranged(loadings, np.eye(n_factors), ordered=False)
    starts = _starts(n_factors, options, generator)
    found = rotate_stack(loadings[None], criterion, starts, options)
    usable = np.where(found.converged, found.values, np.inf) if found.converged.any() else found.values
    best = int(np.argmin(usable > usable.min() + SAME_OPTIMUM))
    ordered = criterion in CRITERIA and CRITERIA[criterion].ordered
    result = arranged(loadings, found.transformations[best], ordered=ordered)
    return replace(
        result,
        criterion=float(found.values[best]),
        optima=_different(found.values[found.converged]),
        converged=bool(found.converged[best]),
    )


def rotate_stack(loadings: Array, criterion: str, starts: Array, options: RotationOptions) -> Rotations:
    """Rotate a stack (s, k, m) of loadings, or one (1, k, m) from several starts (s, m, m)."""
    rule = CRITERIA["varimax" if criterion == "promax" else criterion]
    shape = len(starts), *loadings.shape[1:]
    scaled = np.broadcast_to(_normalised(loadings, rule, options), shape)
    found = _descend(_Surface(scaled, rule, options), starts)
    if criterion != "promax":
        return found
    turned, regular = _promax(np.broadcast_to(loadings, shape), found.transformations, options.power)
    return replace(found, transformations=turned, converged=found.converged & regular)


def arranged(loadings: Array, transformation: Array, *, ordered: bool) -> Rotation:
    """Rotate by T, put the factors in order of the variance that they account for, and turn them to positive sums."""
    pattern = np.asarray(np.linalg.solve(transformation, loadings.T).T, dtype=np.float64)
    if not ordered:
        phi = transformation.T @ transformation
        order = np.argsort(-(phi * (pattern.T @ pattern)).sum(axis=0), kind="stable")
        signs = np.where(pattern[:, order].sum(axis=0) < 0, -1.0, 1.0)
        pattern, transformation = pattern[:, order] * signs, transformation[:, order] * signs
    phi = transformation.T @ transformation
    np.fill_diagonal(phi, 1.0)
    return Rotation(pattern, phi, transformation, np.nan, np.empty((0, 2)), True)


def _starts(n_factors: int, options: RotationOptions, generator: np.random.Generator | None) -> Array:
    """Start from the unrotated loadings, and from random orthogonal rotations of them."""
    first = np.eye(n_factors)[None]
    if generator is None:
        return first
    n_starts = RANDOM_STARTS if options.n_starts is None else options.n_starts
    q, r = np.linalg.qr(generator.standard_normal((n_starts, n_factors, n_factors)))
    return np.concatenate([first, q * np.sign(np.diagonal(r, axis1=1, axis2=2))[:, None, :]])


def _different(values: Array) -> Array:
    """List the values that differ by more than rounding, and how often each occurs."""
    ordered = np.sort(values)
    apart = np.diff(ordered) > SAME_OPTIMUM * max(1.0, float(np.abs(values).max(initial=0.0)))
    groups = np.split(ordered, np.flatnonzero(apart) + 1)
    return np.array([(group[0], len(group)) for group in groups if len(group)]).reshape(-1, 2)


def _normalised(loadings: Array, rule: Criterion, options: RotationOptions) -> Array:
    if not (rule.kaiser if options.kaiser is None else options.kaiser):
        return loadings
    length = np.sqrt((loadings**2).sum(axis=-1, keepdims=True))
    return np.asarray(loadings / np.where(length > 0, length, 1.0))


def _promax(loadings: Array, varimax: Array, power: float) -> tuple[Array, npt.NDArray[np.bool_]]:
    """Make factors oblique towards powers of their varimax loadings. Hendrickson & White (1964).

    Gives the transformations and which of them exist: where loadings depend on each other the varimax ones stay.
    """
    pattern = loadings @ varimax
    wanted = pattern * np.abs(pattern) ** (power - 1)
    regular = (np.linalg.matrix_rank(pattern) == pattern.shape[-1]) & (
        np.linalg.matrix_rank(np.swapaxes(pattern, -1, -2) @ wanted) == pattern.shape[-1]
    )
    across = np.swapaxes(pattern[regular], -1, -2)
    towards = np.linalg.solve(across @ pattern[regular], across @ wanted[regular])
    size = np.diagonal(np.linalg.inv(np.swapaxes(towards, -1, -2) @ towards), axis1=-2, axis2=-1)
    turned = varimax.copy()
    turned[regular] = np.swapaxes(np.linalg.inv(varimax[regular] @ (towards * np.sqrt(size)[:, None, :])), -1, -2)
    return turned, regular


@dataclass(frozen=True)
class _Surface:
    """The criterion over the transformations of a stack of loadings."""

    loadings: Array
    rule: Criterion
    options: RotationOptions

    def of(self, rows: npt.NDArray[np.intp]) -> _Surface:
        return self if len(rows) == len(self.loadings) else replace(self, loadings=self.loadings[rows])

    def evaluate(self, t: Array) -> tuple[Array, Array]:
        """Give the criterion, and its gradient in T projected on the surface."""
        if not self.rule.oblique:
            value, slope = self.rule.evaluate(self.loadings @ t, self.options)
            gradient = _across(self.loadings) @ slope
            product = _across(t) @ gradient
            return value, gradient - t @ (product + _across(product)) / 2
        inverse = np.asarray(np.linalg.inv(t), dtype=np.float64)
        pattern = self.loadings @ _across(inverse)
        value, slope = self.rule.evaluate(pattern, self.options)
        gradient = -_across(_across(pattern) @ slope @ inverse)
        return value, gradient - t * (t * gradient).sum(axis=-2, keepdims=True)

    def put_back(self, t: Array) -> Array:
        """Give columns unit length, or take the nearest orthogonal matrix."""
        if self.rule.oblique:
            return np.asarray(t / np.sqrt((t**2).sum(axis=-2, keepdims=True)))
        left, _, right = np.linalg.svd(t)
        return np.asarray(left @ right)


def _across(stack: Array) -> Array:
    return np.swapaxes(stack, -1, -2)


def _dot(one: Array, two: Array) -> Array:
    return np.asarray((one * two).sum(axis=(-2, -1)))


def _descend(surface: _Surface, starts: Array) -> Rotations:
    """Go down from all starts; one that has arrived, or finds no way down, rests."""
    options = surface.options
    ended = Rotations(starts.copy(), np.full(len(starts), np.inf), np.zeros(len(starts), dtype=bool))
    rows: npt.NDArray[np.intp] = np.arange(len(starts))
    t = starts
    value, slope = surface.evaluate(t)
    length = 1.0 / np.maximum(np.sqrt(_dot(slope, slope)), 1.0)
    recent = np.repeat(value[:, None], MEMORY, axis=1)
    found = np.ones(len(starts), dtype=bool)
    for iteration in range(options.maximum_iterations + 1):
        arrived = np.sqrt(_dot(slope, slope)) <= options.tolerance
        resting = arrived | ~found | (iteration == options.maximum_iterations)
        if resting.any():
            place = rows[resting]
            ended.transformations[place], ended.values[place] = t[resting], value[resting]
            ended.converged[place] = arrived[resting]
            rows = rows[~resting]
            t, value, slope, length, recent = (one[~resting] for one in (t, value, slope, length, recent))
            surface = surface.of(np.flatnonzero(~resting))
        if not len(rows):
            break
        before, before_slope = t, slope
        t, value, slope, found = _Step(t, slope, length, recent.max(axis=1)).taken(surface)
        length = _next_length(t - before, slope - before_slope)
        recent[:, iteration % MEMORY] = value
    return ended


def _next_length(moved: Array, change: Array) -> Array:
    """Take Barzilai and Borwein's step, Σ d² / Σ d·y, or a long one where the curvature is not positive."""
    square, curvature = _dot(moved, moved), _dot(moved, change)
    bent = curvature * LONGEST_STEP > square
    return np.where(bent, square / np.where(bent, curvature, 1.0), 1.0)


@dataclass(frozen=True)
class _Step:
    """Where the transformations of a stack stand, which way is down, how far to go, and what may not be exceeded."""

    t: Array
    slope: Array
    length: Array
    ceiling: Array

    def taken(self, surface: _Surface) -> tuple[Array, Array, Array, npt.NDArray[np.bool_]]:
        """Go down, with halved steps where the criterion does not fall enough: T, values, gradients, and whether."""
        moved = surface.put_back(self.t - self.length[:, None, None] * self.slope)
        value, gradient = surface.evaluate(moved)
        allowed = self.ceiling + ROUNDING * np.maximum(1.0, np.abs(self.ceiling))
        fall = ENOUGH * self.length * _dot(self.slope, self.slope)
        length, found = self.length, value <= allowed - fall
        for _ in range(HALVINGS):
            rows = np.flatnonzero(~found)
            if not len(rows):
                break
            length, fall = length / 2, fall / 2
            part = surface.of(rows)
            moved[rows] = part.put_back(self.t[rows] - length[rows, None, None] * self.slope[rows])
            value[rows], gradient[rows] = part.evaluate(moved[rows])
            found[rows] = value[rows] <= allowed[rows] - fall[rows]
        return moved, value, gradient, found
