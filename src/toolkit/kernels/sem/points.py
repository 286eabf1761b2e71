"""A model and a sample at given parameters: what discrepancies and their derivatives share, computed once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from .implied import Implied, Slopes, implied_moments, slopes
from .moments import SampleMoments, shares
from .ram import AnyArray, GroupMatrices, Model


@dataclass(frozen=True)
class Point:
    """One group's model and sample at parameters x.

    Attributes
    ----------
    group, sample : the matrices and the moments.
    share : the group's share of the weight.
    x : all free parameters, (…, q).
    """

    group: GroupMatrices
    sample: SampleMoments
    share: AnyArray
    x: AnyArray

    @cached_property
    def found(self) -> Implied:
        """The implied moments."""
        return implied_moments(self.group, self.x)

    @cached_property
    def move(self) -> Slopes:
        """Their derivatives."""
        return slopes(self.group, self.found)

    @cached_property
    def away(self) -> AnyArray:
        """Sample means minus implied ones, (…, p, 1); zeros where the model does not speak of means."""
        if self.group.mean_structure:
            return (self.sample.mean - self.found.mean)[..., None]
        return np.zeros_like(self.found.mean)[..., None]

    @cached_property
    def spread(self) -> AnyArray:
        """S + (m − μ)(m − μ)', (…, p, p)."""
        if not self.group.mean_structure:
            return self.sample.covariance
        return np.asarray(self.sample.covariance + self.away @ np.swapaxes(self.away, -1, -2))

    @cached_property
    def factor(self) -> AnyArray | None:
        """The lower Cholesky factor of Σ, (…, p, p); None where some Σ is not positive definite."""
        try:
            return np.asarray(np.linalg.cholesky(self.found.covariance))
        except np.linalg.LinAlgError:
            return None

    @cached_property
    def usable(self) -> tuple[AnyArray, AnyArray]:
        """Which Σ are positive definite, (…), and Σ with the identity in the place of others."""
        if self.factor is not None:
            return np.ones(self.factor.shape[:-2], dtype=bool), self.found.covariance
        return positive_definite(self.found.covariance)

    @property
    def definite(self) -> AnyArray:
        """Which Σ are positive definite, (…)."""
        return self.usable[0]

    @cached_property
    def log_determinant(self) -> AnyArray:
        """ln|Σ|, (…)."""
        if self.factor is not None:
            return np.asarray(2 * np.log(np.diagonal(self.factor, axis1=-2, axis2=-1)).sum(axis=-1))
        return np.asarray(np.linalg.slogdet(self.usable[1])[1])

    @cached_property
    def inverse(self) -> AnyArray:
        """Σ⁻¹, (…, p, p); the identity where a real Σ is not positive definite."""
        sigma = self.found.covariance
        return np.asarray(np.linalg.inv(self.usable[1] if np.isrealobj(sigma) else sigma))


Part = Callable[[Point], AnyArray]
Points = tuple[Point, ...]


@dataclass(frozen=True)
class Discrepancy:
    """A discrepancy F and its derivatives: F, dF/dx, the information that stands in for the Hessian, the Hessian."""

    value: Callable[[Points], AnyArray]
    gradient: Callable[[Points], AnyArray]
    information: Callable[[Points], AnyArray]
    hessian: Callable[[Points], AnyArray]


def points_at(model: Model, samples: Sequence[SampleMoments], x: AnyArray) -> Points:
    """Set the groups' models and samples side by side."""
    return tuple(
        Point(group, one, share, x) for group, one, share in zip(model.groups, samples, shares(samples), strict=True)
    )


def remembered(model: Model, samples: Sequence[SampleMoments]) -> Callable[[AnyArray], Points]:
    """Return a function of x that keeps its last result: value and derivatives are asked for at one and the same x."""
    last: list[Points] = []

    def at(x: AnyArray) -> Points:
        if not last or last[0][0].x is not x:
            last[:] = [points_at(model, samples, x)]
        return last[0]

    return at


def positive_definite(matrix: AnyArray) -> tuple[AnyArray, AnyArray]:
    """Tell which matrices are positive definite, (…), and put identity matrices in the place of the others."""
    try:
        np.linalg.cholesky(matrix)
    except np.linalg.LinAlgError:
        definite = np.asarray(np.linalg.eigvalsh(matrix)[..., 0] > 0)
        return definite, np.where(definite[..., None, None], matrix, np.eye(matrix.shape[-1]))
    return np.ones(matrix.shape[:-2], dtype=bool), matrix


def summed(points: Points, part: Part) -> AnyArray:
    """Add the groups' first (…, q) or second (…, q, q) derivatives, each at its own parameters, weighted by shares."""
    x = points[0].x
    if len(points) == 1 and points[0].group.order.complete(x.shape[-1]):
        return part(points[0])
    result: AnyArray | None = None
    for point in points:
        value = part(point)
        rank = value.ndim - x.ndim + 1
        if result is None:
            result = np.zeros((*x.shape, *[x.shape[-1]] * (rank - 1)), dtype=value.dtype)
        value = point.share.reshape(point.share.shape + (1,) * rank) * value
        place = point.move.parameter
        if rank == 1:
            result[..., place] += value
        else:
            result[..., place[:, None], place] += value
    return np.zeros_like(x) if result is None else result
