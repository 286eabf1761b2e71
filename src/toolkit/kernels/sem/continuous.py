"""Estimators of continuous variables from moments of complete rows: maximum likelihood, unweighted least squares."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, Literal, Self

import numpy as np

from ...errors import AnalysisError, TooFewCases
from . import least_squares, likelihood
from .asymptotic import normal_structure
from .chisquare import MomentStructure
from .clusters import cluster_sums
from .estimate import Constraints, Problem
from .estimator import SampleRows, Saturated
from .exogenous import exogenous_positions
from .moments import SampleMoments
from .points import Discrepancy, points_at, remembered
from .ram import AnyArray, Array, Model, Positions
from .table import ParameterTable

Likelihood = Literal["normal", "wishart"]
COLLINEAR = 1e-10
CONSTANT = 1e-10


def sample_moments(table: ParameterTable, rows: SampleRows, lost: int = 0) -> tuple[SampleMoments, ...]:
    """Compute the moments of each group's complete rows; refuse groups and variables that leave none to invert."""
    p = len(table.observed)
    for label, values in zip(table.groups, rows.groups, strict=True):
        of_group = f" of group {label}" if label else ""
        if len(values) <= p:
            raise TooFewCases(
                f"{p} variables need more than {p} complete rows; the data{of_group} have {len(values)}. "
                "Use fewer variables, join groups, or use answers that are missing in part (missing='fiml')."
            )
    samples = tuple(SampleMoments.of(values, lost) for values in rows.groups)
    for label, one in zip(table.groups, samples, strict=True):
        _refuse_collinear(table, one, f" of group {label}" if label else "")
    return samples


def _refuse_collinear(table: ParameterTable, sample: SampleMoments, of_group: str) -> None:
    spread = np.sqrt(np.diag(sample.covariance))
    if (spread <= CONSTANT * np.abs(sample.mean)).any():
        names = ", ".join(np.array(table.observed)[spread <= CONSTANT * np.abs(sample.mean)])
        raise AnalysisError(f"All rows{of_group} have the same value on {names}: leave the variable out.")
    roots, vectors = np.linalg.eigh(sample.covariance / np.outer(spread, spread))
    if roots[0] < COLLINEAR:
        weights = np.abs(vectors[:, 0])
        names = ", ".join(np.array(table.observed)[weights > 0.1 * weights.max()])
        raise AnalysisError(
            f"Some variables{of_group} are sums or copies of others, so that their covariance matrix has no inverse: "
            f"{names}. Leave one of them out."
        )


@dataclass(frozen=True)
class FromMoments:
    """What both estimators share.

    Attributes
    ----------
    model : the compiled model.
    samples : the groups' moments; leading dimensions hold bootstrap draws.
    rows : the rows they come from, without which there are no casewise scores; or None.
    """

    model: Model
    samples: tuple[SampleMoments, ...]
    rows: SampleRows | None = None
    discrepancy: ClassVar[Discrepancy]

    @property
    def weight(self) -> float:
        """N, or N − G."""
        return float(sum(one.weight for one in self.samples))

    @property
    def cluster(self) -> Positions | None:
        """The cluster of each row."""
        return None if self.rows is None else self.rows.cluster

    def with_model(self, model: Model) -> Self:
        """Return the same estimator of the same data for another model."""
        return replace(self, model=model)

    def problem(self, constraints: Constraints) -> Problem:
        """Return the discrepancy to minimise."""
        at, parts = remembered(self.model, self.samples), self.discrepancy
        return Problem(
            value=lambda x: parts.value(at(x)),
            gradient=lambda x: parts.gradient(at(x)),
            information=lambda x: parts.information(at(x)),
            constraints=constraints,
            hessian=lambda x: parts.hessian(at(x)),
            subset=lambda draws: self.chosen(draws).problem(constraints),
        )

    def expected_information(self, x: AnyArray) -> AnyArray:
        """Compute the expected information per row."""
        return self.discrepancy.information(points_at(self.model, self.samples, x))

    def observed_information(self, x: AnyArray) -> AnyArray:
        """Compute the Hessian of the discrepancy."""
        return self.discrepancy.hessian(points_at(self.model, self.samples, x))

    def chosen(self, draws: Positions) -> Self:
        """Return the estimator of some of the draws that the samples hold."""
        return replace(self, samples=tuple(one.chosen(draws) for one in self.samples))

    def _complete_rows(self) -> tuple[Array, ...]:
        if self.rows is None:
            raise AnalysisError("Robust errors and tests need the rows; these data are means and covariances only.")
        return self.rows.groups


@dataclass(frozen=True)
class MaximumLikelihood(FromMoments):
    """Normal-theory maximum likelihood; ``lavaan::cfa(estimator = "ML")``.

    With the Wishart likelihood several groups weigh n_g − 1 throughout; lavaan lets them weigh n_g while it searches.
    """

    discrepancy = likelihood.NORMAL

    @classmethod
    def of(cls, model: Model, rows: SampleRows, kind: Likelihood = "normal") -> MaximumLikelihood:
        """Prepare the estimator for complete rows."""
        return cls(model, sample_moments(model.table, rows, int(kind == "wishart")), rows)

    def scores(self, x: Array) -> Array:
        """Compute each row's derivative of the log-likelihood."""
        return likelihood.scores(self.model, self._complete_rows(), x)

    def structure(self, x: Array) -> MomentStructure:
        """Return the moments' derivatives, normal theory's weights, and covariances of the moments."""
        if self.model.table.exogenous:
            raise AnalysisError(
                "Tests scaled by the covariances of the moments do not know predictors that the model conditions on; "
                "use MLR, or let the predictors' variances and covariances be parameters (fixed_x=False)."
            )
        return normal_structure(self.model, self.samples, self._complete_rows(), self.cluster, x)

    def saturated(self) -> Saturated:
        """Describe the unrestricted model: −½ Σ n_g (p ln 2π + ln|S| + p) without the exogenous variables' part."""
        parts = [self._unrestricted(group) for group in range(len(self.samples))]
        count = sum(count for _, count in parts)
        return Saturated(sum(part for part, _ in parts), count, self._whole_trace)

    def _whole_trace(self) -> float:
        return sum(self._trace(group) for group in range(len(self.samples)))

    def _unrestricted(self, group: int) -> tuple[float, int]:
        one, means = self.samples[group], self.model.groups[group].mean_structure
        given = exogenous_positions(self.model.table)
        p, k = len(one.mean), len(given)
        logs = one.log_determinant - np.linalg.slogdet(one.covariance[np.ix_(given, given)])[1]
        value = -0.5 * one.n * ((p - k) * (np.log(2 * np.pi) + 1) + logs)
        return float(value), moments_count(p, means) - moments_count(k, means)

    def _trace(self, group: int) -> float:
        values = self._complete_rows()[group]
        cluster = self.cluster
        if cluster is not None:
            start = sum(len(rows) for rows in self._complete_rows()[:group])
            cluster = cluster[start : start + len(values)]
        means, given = self.model.groups[group].mean_structure, exogenous_positions(self.model.table)
        whole = unrestricted_trace(values, self.samples[group], means, cluster)
        if not len(given):
            return whole
        one = self.samples[group]
        part = SampleMoments(one.n, one.covariance[np.ix_(given, given)], one.mean[given], one.lost)
        return whole - unrestricted_trace(values[:, given], part, means, cluster)


def moments_count(p: int, means: bool) -> int:
    """Count the variances, covariances and means of p variables."""
    return p * (p + 1) // 2 + (p if means else 0)


def unrestricted_trace(values: Array, sample: SampleMoments, means: bool, cluster: Positions | None) -> float:
    """Compute tr(B₁ A₁⁻¹) of the unrestricted normal model of one group.

    With z the rows made uncorrelated (variance 1) and sums within clusters c: mean over rows of |Σ_c z|² (means) plus
    ½ |Σ_c (zz' − I)|² (covariances); for independent rows the latter is ½ (Mardia's kurtosis − p).
    """
    z = np.asarray(np.linalg.solve(np.linalg.cholesky(sample.covariance), (values - sample.mean).T).T, np.float64)
    p = z.shape[1]
    if cluster is None:
        square = (z**2).sum(axis=1)
        spread = 0.5 * float((square**2 - 2 * square + p).mean())
        return spread + (float(square.mean()) if means else 0.0)
    row, column = np.tril_indices(p)
    products: Array = z[:, row] * z[:, column] - np.equal(row, column)
    total, factor = cluster_sums(products, cluster)
    weight = np.where(row == column, 0.5, 1.0)
    spread = float((total**2 @ weight).sum())
    level = float((cluster_sums(z, cluster)[0] ** 2).sum()) if means else 0.0
    return factor * (spread + level) / len(z)


@dataclass(frozen=True)
class UnweightedLeastSquares(FromMoments):
    """Unweighted least squares; ``lavaan::cfa(estimator = "ULS")``: covariances with denominator n − 1."""

    discrepancy = least_squares.UNWEIGHTED

    @classmethod
    def of(cls, model: Model, rows: SampleRows) -> UnweightedLeastSquares:
        """Prepare the estimator for complete rows."""
        return cls(model, sample_moments(model.table, rows, 1), rows)

    def scores(self, x: Array) -> Array:
        """Compute each row's part of the gradient, with the sign of a log-likelihood's."""
        return least_squares.scores(self.model, self._complete_rows(), x)

    def saturated(self) -> Saturated:
        """Describe the unrestricted model."""
        p, k = len(self.model.table.observed), len(self.model.table.exogenous)
        counts = [
            moments_count(p, one.mean_structure) - moments_count(k, one.mean_structure) for one in self.model.groups
        ]
        return Saturated(None, sum(counts), None)
