"""What every estimator gives to the code that fits, tests and describes a model.

An estimator is one object per model and data set: maximum likelihood from moments or, with missing answers, from rows;
unweighted and weighted least squares. Everything after the estimates (`inference`, `chisquare`, `indices`, …) knows
only this protocol.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol, runtime_checkable

from .chisquare import MomentStructure
from .estimate import Constraints, Problem
from .moments import SampleMoments
from .ram import AnyArray, Array, Model, Positions


@dataclass(frozen=True)
class SampleRows:
    """The data of a model.

    Attributes
    ----------
    groups : the observed variables in the table's order, (n_g, p) for each group, NaN where an answer is missing.
    cluster : the cluster of each row, all groups one after the other, numbered from 0 without gaps, (n,); None for
        independent rows.
    """

    groups: tuple[Array, ...]
    cluster: Positions | None = None

    @property
    def n(self) -> int:
        """Rows in all groups."""
        return sum(len(rows) for rows in self.groups)


@dataclass(frozen=True)
class Saturated:
    """The unrestricted model of the same data.

    Attributes
    ----------
    log_likelihood : of the unrestricted model; None for least squares.
    n_parameters : free moments in all groups.
    find_trace : computes tr(B₁ A₁⁻¹), which the Yuan–Bentler scaling factor needs, with B₁ the first-order
        (cluster-summed where rows are clustered) and A₁ the observed information per row; None for least squares.
    """

    log_likelihood: float | None
    n_parameters: int
    find_trace: Callable[[], float] | None

    @cached_property
    def trace(self) -> float | None:
        """tr(B₁ A₁⁻¹), computed when it is asked for."""
        return None if self.find_trace is None else self.find_trace()


class Estimator(Protocol):
    """One model, one data set, one discrepancy F.

    Chi-square is 2 · `weight` · F; the covariance matrix of the estimates is information⁻¹ / `weight`. `x` are the q
    free parameters of `model`; information is per row.
    """

    @property
    def model(self) -> Model:
        """The compiled model."""

    @property
    def weight(self) -> float:
        """What chi-square and covariances count: N, or N − G (Wishart likelihood, least squares)."""

    @property
    def samples(self) -> tuple[SampleMoments, ...]:
        """Each group's n and its sample (or unrestricted) moments, to which residuals and fit indices compare."""

    @property
    def cluster(self) -> Positions | None:
        """The cluster of each row of `scores`; None for independent rows."""

    def problem(self, constraints: Constraints) -> Problem:
        """Return the discrepancy to minimise; it takes (…, q)."""

    def expected_information(self, x: AnyArray) -> AnyArray:
        """Compute the expected information per row, (…, q, q)."""

    def observed_information(self, x: AnyArray) -> AnyArray:
        """Compute the Hessian of F, (…, q, q)."""

    def scores(self, x: Array) -> Array:
        """Compute each row's −dF/dx, whose mean is −gradient, (n, q)."""

    def saturated(self) -> Saturated:
        """Describe the unrestricted model."""

    def with_model(self, model: Model) -> Estimator:
        """Return the same estimator of the same data for another model of the same variables (the baseline)."""


@runtime_checkable
class StructuredEstimator(Estimator, Protocol):
    """An estimator that knows the covariances of the moments it fits, for tests scaled by tr(UΓ)."""

    def structure(self, x: Array) -> MomentStructure:
        """Return the moments' derivatives, weights and covariances at x."""
