"""Estimates of a model with what they are judged by: errors, tests, the baseline and the unrestricted model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from ...errors import AnalysisError, NotConverged
from . import inference
from .admissible import names_of
from .baseline import baseline_table, sample_values
from .chisquare import ChiSquare, MomentStructure, mean_adjusted, residual_traces, scaled_and_shifted
from .constrained import minimise_constrained
from .continuous import Likelihood
from .estimate import Constraints, Minimum
from .estimator import Estimator, Saturated, StructuredEstimator
from .exogenous import fix_exogenous
from .inference import Information
from .ordinal import OrdinalLeastSquares
from .ram import Array, Model, compile_model
from .standardized import unstandardized
from .start import start_values

EstimatorName = Literal["ML", "MLR", "ULS", "DWLS", "WLSMV", "ULSMV"]
ROBUST = ("MLR", "WLSMV", "ULSMV")
TestName = Literal["standard", "yuan_bentler", "satorra_bentler", "scaled_shifted"]


@dataclass(frozen=True)
class FitOptions:
    """How to fit; the names are lavaan's.

    Attributes
    ----------
    estimator : `ML`, `MLR` (ML with robust errors and test), `ULS`; for ordinal variables `DWLS`, `WLSMV` (DWLS with
        robust errors and test), `ULS`, `ULSMV`.
    missing : `listwise` (rows are complete) or `fiml`; for ordinal variables `listwise` or `pairwise`.
    information : behind standard errors; None: `expected` for complete rows, `observed` for incomplete or robust ones.
    test : the scaled test beside the plain one; None: where errors are robust `yuan_bentler` (for
        ordinal variables `scaled_shifted`), else none (`standard`).
    likelihood : `normal`, or `wishart` (denominators n − 1).
    """

    estimator: EstimatorName = "ML"
    missing: Literal["listwise", "pairwise", "fiml"] = "listwise"
    information: Information | None = None
    test: TestName | None = None
    likelihood: Likelihood = "normal"


@dataclass(frozen=True)
class Solution:
    """Estimates of a model from data.

    Attributes
    ----------
    estimator, constraints, options : what was minimised, where, and how it is judged.
    minimum : the estimates and how the search ended.
    earlier : a solution of another model of the same variables in the same data, whose baseline may serve; or None.
    """

    estimator: Estimator
    constraints: Constraints
    options: FitOptions
    minimum: Minimum
    earlier: Solution | None = None

    @property
    def model(self) -> Model:
        """The compiled model, exogenous moments fixed at the sample's."""
        return self.estimator.model

    @property
    def x(self) -> Array:
        """Estimates of the free parameters, (q,)."""
        return self.minimum.x

    @property
    def n(self) -> int:
        """Rows in all groups."""
        sizes: list[int] = [int(one.n) for one in self.estimator.samples]
        return sum(sizes)

    @cached_property
    def basis(self) -> Array:
        """Directions that all constraints leave free at the estimates, (q, u)."""
        return inference.tangent(self.constraints, self.x)

    @property
    def npar(self) -> int:
        """Free parameters, equal ones counted once."""
        return int(self.basis.shape[1])

    @property
    def robust(self) -> bool:
        """Whether errors and test allow for distributions that are not normal, and for clusters."""
        return self.options.estimator in ROBUST or self.estimator.cluster is not None

    @property
    def information(self) -> Information:
        """The information behind standard errors."""
        if self.options.information is not None:
            return self.options.information
        if self.options.estimator not in ("ML", "MLR"):
            return "expected"
        return "observed" if self.robust or self.options.missing == "fiml" else "expected"

    @cached_property
    def expected_information(self) -> Array:
        """The expected information per row, (q, q)."""
        return np.asarray(self.estimator.expected_information(self.x))

    @cached_property
    def covariance(self) -> Array:
        """The covariance matrix of the estimates, (q, q)."""
        if self.robust and isinstance(self.estimator, OrdinalLeastSquares):
            return self.estimator.sandwich(self.structure, self.basis)
        if self.robust:
            return inference.sandwich(self.estimator, self.x, self.basis, self.information)
        if self.information == "expected":
            return inference.constrained_inverse(self.expected_information, self.basis) / self.estimator.weight
        return inference.covariance(self.estimator, self.x, self.basis, self.information)

    @property
    def se(self) -> Array:
        """Standard errors of the free parameters, (q,)."""
        return inference.errors_of(self.covariance)

    @cached_property
    def saturated(self) -> Saturated:
        """The unrestricted model."""
        return self.estimator.saturated()

    @property
    def df(self) -> int:
        """Moments minus free parameters."""
        return self.saturated.n_parameters - self.npar

    @property
    def chisq(self) -> ChiSquare:
        """The plain test."""
        statistic = 2 * self.estimator.weight * float(self.minimum.value) if self.df else 0.0
        return ChiSquare(max(statistic, 0.0), self.df)

    @cached_property
    def structure(self) -> MomentStructure:
        """The moments' derivatives, weights and covariances at the estimates."""
        if not isinstance(self.estimator, StructuredEstimator):
            raise AnalysisError(
                "The tests satorra_bentler and scaled_shifted are for ML of complete rows and for ordinal variables: "
                "leave test out, or use estimator='MLR' and its own test."
            )
        return self.estimator.structure(self.x)

    @property
    def _usual_test(self) -> TestName:
        if not self.robust:
            return "standard"
        return "scaled_shifted" if isinstance(self.estimator, OrdinalLeastSquares) else "yuan_bentler"

    @cached_property
    def scaled(self) -> ChiSquare | None:
        """The scaled test, or None where the plain one stands alone."""
        name = self.options.test or self._usual_test
        if name == "standard":
            return None
        plain = self.chisq
        if name == "yuan_bentler":
            return mean_adjusted(plain.statistic, plain.df, self.unrestricted_trace - self.trace)
        trace, squares = residual_traces(self.structure, self.basis)
        if name == "satorra_bentler":
            return mean_adjusted(plain.statistic, plain.df, trace)
        return scaled_and_shifted(plain.statistic, plain.df, trace, squares)

    @cached_property
    def trace(self) -> float:
        """tr(B A⁻¹) of the model: its first-order and observed information."""
        bread = inference.constrained_inverse(inference.information(self.estimator, self.x, "observed"), self.basis)
        return float((bread * inference.first_order(self.estimator, self.x)).sum())

    @property
    def unrestricted_trace(self) -> float:
        """tr(B A⁻¹) of the unrestricted model."""
        if self.saturated.trace is None:
            raise AnalysisError("The test yuan_bentler needs the likelihood of the rows: use estimator='MLR'.")
        return self.saturated.trace

    @property
    def log_likelihood(self) -> float | None:
        """The log-likelihood, or None for least squares."""
        top = self.saturated.log_likelihood
        return None if top is None else top - self.n * float(self.minimum.value)

    @cached_property
    def baseline(self) -> Solution:
        """The independence model of the same data."""
        table = fix_exogenous(baseline_table(self.model.table), self.estimator.samples)
        if self.earlier is not None and self.earlier.baseline.model.table == table:
            return self.earlier.baseline
        estimator = self.estimator.with_model(compile_model(table))
        start = sample_values(estimator.model, estimator.samples, _thresholds(estimator))
        return search(estimator, Constraints.none(estimator.model.n_free), self.options, start)


def search(estimator: Estimator, constraints: Constraints, options: FitOptions, start: Array | None = None) -> Solution:
    """Minimise from start values; refuse to go on where the search did not end."""
    problem = estimator.problem(constraints)
    begin = start_values(estimator.model, estimator.samples, _thresholds(estimator)) if start is None else start
    minimum = minimise_constrained(problem, begin)
    if not minimum.converged:
        slope = np.abs(np.asarray(problem.gradient(minimum.x)))
        worst = names_of(estimator.model)[int(slope.argmax())]
        raise NotConverged(
            f"The search stopped after {minimum.iterations} steps where there is no minimum (steepest along {worst}). "
            "Simplify the model, give start values with start(), or check that items of a factor correlate."
        )
    return Solution(estimator, constraints, options, minimum)


def continued(earlier: Solution, estimator: Estimator, constraints: Constraints) -> Array | None:
    """Take the estimates of another model as start values, what was fixed there where it was fixed.

    None where the other model lacks a parameter, or its estimates, brought within the constraints, imply no moments.
    """
    known, model = earlier.model.table, estimator.model
    values = unstandardized(earlier.model, earlier.x)
    at = {(one.lhs, one.op, one.rhs, one.group): value for one, value in zip(known.parameters, values, strict=True)}
    names = [(one.lhs, one.op, one.rhs, one.group) for one in model.parameters]
    if known.parameterization != model.table.parameterization or any(name not in at for name in names):
        return None
    x = constraints.point(constraints.inside(np.array([at[name] for name in names], dtype=np.float64)))
    return x if np.isfinite(estimator.problem(constraints).value(x)) else None


def _thresholds(estimator: Estimator) -> Sequence[Array]:
    """Give each group's sample thresholds in the order of the model's."""
    return estimator.start_thresholds() if isinstance(estimator, OrdinalLeastSquares) else ()
