"""Full-information maximum likelihood: every row tells what it holds (Arbuckle 1996; Enders 2010)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from ...errors import AnalysisError
from . import incomplete
from .clusters import cluster_sums
from .curvature import bend
from .estimate import Constraints, Problem
from .estimator import SampleRows, Saturated
from .exogenous import exogenous_positions
from .implied import Slopes, implied_moments, slopes
from .incomplete import Slope, Triangle
from .moments import SampleMoments
from .patterns import Patterns
from .points import positive_definite
from .ram import AnyArray, Array, Model, Positions
from .saturated import SaturatedMoments, check_coverage, saturated_moments
from .table import ParameterTable


@dataclass(frozen=True)
class IncompleteData:
    """Rows with missing answers, without those that hold nothing.

    Attributes
    ----------
    names : the observed variables.
    rows : the rows that hold something, and their clusters.
    patterns, row_patterns : of each group: its patterns, and the pattern of each row.
    given : positions of exogenous variables, which every row holds.
    n_dropped : rows left out because they hold nothing, or lack an exogenous variable.
    """

    names: tuple[str, ...]
    rows: SampleRows
    patterns: tuple[Patterns, ...]
    row_patterns: tuple[Positions, ...]
    given: Positions
    n_dropped: int

    @classmethod
    def of(cls, rows: SampleRows, table: ParameterTable) -> IncompleteData:
        """Group rows by pattern; refuse data that cannot tell every mean and variance."""
        given = exogenous_positions(table)
        holes = [np.isnan(values) for values in rows.groups]
        held = [~(one.all(axis=1) | one[:, given].any(axis=1)) for one in holes]
        groups = tuple(values[kept] for values, kept in zip(rows.groups, held, strict=True))
        cluster = rows.cluster
        if cluster is not None:
            cluster = np.unique(cluster[np.concatenate(held)], return_inverse=True)[1]
        grouped = [Patterns.with_rows(values) for values in groups]
        for patterns, _ in grouped:
            check_coverage(patterns, table.observed)
        kept_rows = SampleRows(groups, cluster)
        by_pattern, of_rows = tuple(one for one, _ in grouped), tuple(each for _, each in grouped)
        return cls(table.observed, kept_rows, by_pattern, of_rows, given, rows.n - kept_rows.n)

    @cached_property
    def moments(self) -> tuple[SaturatedMoments, ...]:
        """The unrestricted moments of each group; raises where the data do not tell them all."""
        return tuple(saturated_moments(patterns, self.names) for patterns in self.patterns)

    @property
    def shares(self) -> list[float]:
        """Each group's share of the rows."""
        return [patterns.n_rows / self.rows.n for patterns in self.patterns]

    @property
    def least(self) -> float:
        """Minus the log-likelihood per row of the unrestricted model."""
        return float(np.dot(self.shares, [one.value for one in self.moments]))

    @cached_property
    def free_moments(self) -> Positions:
        """Positions of the moments, means first, that are not of exogenous variables alone."""
        p = len(self.names)
        free = np.ones(p, dtype=bool)
        free[self.given] = False
        triangle = Triangle.of(p)
        return np.flatnonzero(np.concatenate([free, free[triangle.row] | free[triangle.column]]))

    @cached_property
    def observed_information(self) -> list[Array]:
        """The observed information per row about each group's free unrestricted moments."""
        return [
            self.of_free(incomplete.observed_information(patterns, one.covariance, one.mean))
            for patterns, one in zip(self.patterns, self.moments, strict=True)
        ]

    @cached_property
    def expected_information(self) -> list[Array]:
        """The expected information per row about each group's free unrestricted moments."""
        return [
            self.of_free(incomplete.expected_information(patterns, one.covariance))
            for patterns, one in zip(self.patterns, self.moments, strict=True)
        ]

    def of_free(self, matrix: Array) -> Array:
        """Take the free moments' part of a matrix of all moments."""
        return matrix[np.ix_(self.free_moments, self.free_moments)]

    @cached_property
    def first_order(self) -> list[Array]:
        """The first-order information per row about each group's free unrestricted moments, clusters summed first."""
        matrices = []
        for group, patterns in enumerate(self.patterns):
            one, cluster = self.moments[group], self._cluster(group)
            rows = self.rows.groups[group]
            blocks = incomplete.scores(rows, self.row_patterns[group], patterns, one.covariance, one.mean)
            if cluster is None:
                total, factor = sum(scores.T @ scores for _, scores in blocks), 1.0
            else:
                order, scores = zip(*blocks, strict=True)
                sums, factor = cluster_sums(np.concatenate(scores), cluster[np.concatenate(order)])
                total = sums.T @ sums
            matrices.append(self.of_free(np.asarray(factor / patterns.n_rows * total)))
        return matrices

    def _cluster(self, group: int) -> Positions | None:
        first = sum(len(values) for values in self.rows.groups[:group])
        whole = self.rows.cluster
        return None if whole is None else whole[first : first + len(self.rows.groups[group])]


@dataclass(frozen=True)
class FullInformation:
    """Full-information maximum likelihood of a model from rows with missing answers.

    F is the log-likelihood per row of the unrestricted model minus that of the model; with complete rows it is the
    discrepancy of maximum likelihood.

    Attributes
    ----------
    model : the compiled model; it must have a mean structure.
    data : the rows by pattern.
    """

    model: Model
    data: IncompleteData

    @classmethod
    def of(cls, model: Model, rows: SampleRows) -> FullInformation:
        """Meet a model with rows, in which NaN means missing."""
        if not all(group.mean_structure for group in model.groups):
            raise AnalysisError(
                "Full-information maximum likelihood needs intercepts: rows with missing answers tell means and "
                "covariances together. Give the model a mean structure."
            )
        return cls(model, IncompleteData.of(rows, model.table))

    @property
    def weight(self) -> float:
        """N, the rows that hold something."""
        return float(self.data.rows.n)

    @property
    def cluster(self) -> Positions | None:
        """The cluster of each row of `scores`."""
        return self.data.rows.cluster

    @cached_property
    def samples(self) -> tuple[SampleMoments, ...]:
        """Each group's n and unrestricted moments."""
        return tuple(
            SampleMoments(patterns.n_rows, one.covariance, one.mean)
            for patterns, one in zip(self.data.patterns, self.data.moments, strict=True)
        )

    def with_model(self, model: Model) -> FullInformation:
        """Return the same data with another model of the same variables."""
        return replace(self, model=model)

    def problem(self, constraints: Constraints) -> Problem:
        """Return the discrepancy to minimise."""
        at = _remembered(self._slopes)
        least = self.data.least

        def value(x: Array) -> Array:
            return np.asarray(sum(part.value for part in at(x)) - least)

        return Problem(
            _each(value),
            _each(lambda x: self._gradient(x, at(x))),
            _each(self.expected_information),
            constraints,
            _each(lambda x: self._hessian(x, at(x))),
        )

    def log_likelihood(self, x: Array) -> float:
        """Compute the log-likelihood of the model, without the exogenous variables' own part."""
        return -self.weight * sum(part.value for part in self._slopes(x)) - self._given()

    def expected_information(self, x: Array) -> Array:
        """Compute the expected information per row, given the patterns, (q, q)."""
        result = np.zeros((len(x), len(x)))
        for group, patterns, share in zip(self.model.groups, self.data.patterns, self.data.shares, strict=True):
            found = implied_moments(group, x)
            move = moment_slopes(slopes(group, found), len(x))
            result += share * move @ incomplete.expected_information(patterns, found.covariance) @ move.T
        return result

    def observed_information(self, x: Array) -> Array:
        """Compute the Hessian of F, (q, q)."""
        return self._hessian(x, self._slopes(x))

    def scores(self, x: Array) -> Array:
        """Differentiate each row's log-likelihood, (n, q), groups one after the other."""
        parts = []
        for index, group in enumerate(self.model.groups):
            found = implied_moments(group, x)
            move = moment_slopes(slopes(group, found), len(x))
            values, patterns = self.data.rows.groups[index], self.data.row_patterns[index]
            part = np.empty((len(values), len(x)))
            for rows, scores in incomplete.scores(
                values, patterns, self.data.patterns[index], found.covariance, found.mean
            ):
                part[rows] = scores @ move.T
            parts.append(part)
        return np.concatenate(parts)

    def saturated(self) -> Saturated:
        """Describe the unrestricted model, without the exogenous variables' own part."""
        count = len(self.data.patterns) * len(self.data.free_moments)
        return Saturated(-self.weight * self.data.least - self._given(), count, self._trace)

    def _trace(self) -> float:
        """Compute tr(B₁ A₁⁻¹) of the unrestricted model."""
        pairs = zip(self.data.first_order, self.data.observed_information, strict=True)
        return sum(float(np.trace(np.linalg.solve(bent, first))) for first, bent in pairs)

    def _given(self) -> float:
        """Compute the log-likelihood of the exogenous variables."""
        cells = np.ix_(self.data.given, self.data.given)
        logs = [one.n * np.linalg.slogdet(one.covariance[cells])[1] for one in self.samples]
        return float(-0.5 * (sum(logs) + self.weight * len(self.data.given) * (np.log(2 * np.pi) + 1)))

    def _slopes(self, x: Array) -> list[Slope]:
        """Differentiate each group's part of F for its implied moments; +∞ where these are not positive definite."""
        parts = []
        for group, patterns, share in zip(self.model.groups, self.data.patterns, self.data.shares, strict=True):
            found = implied_moments(group, x)
            definite, covariance = positive_definite(found.covariance)
            part = incomplete.slope(patterns, covariance, found.mean)
            value = share * part.value if definite else np.inf
            parts.append(Slope(value, share * part.covariance, share * part.mean))
        return parts

    def _gradient(self, x: Array, parts: list[Slope]) -> Array:
        result = np.zeros(len(x))
        for group, part in zip(self.model.groups, parts, strict=True):
            move = slopes(group, implied_moments(group, x))
            level = 2.0 * move.scale * ((move.left @ part.covariance) * move.right).sum(axis=-1)
            result[move.parameter] += level + move.mean @ part.mean
        return result

    def _hessian(self, x: Array, parts: list[Slope]) -> Array:
        result = np.zeros((len(x), len(x)))
        rows = zip(self.model.groups, self.data.patterns, self.data.shares, parts, strict=True)
        for group, patterns, share, part in rows:
            found = implied_moments(group, x)
            move = slopes(group, found)
            jacobian = moment_slopes(move, len(x))
            bent = incomplete.observed_information(patterns, found.covariance, found.mean)
            result += share * jacobian @ bent @ jacobian.T
            cells = np.ix_(move.parameter, move.parameter)
            result[cells] += bend(group, found, 2.0 * part.covariance, -part.mean)
        return (result + result.T) / 2


def moment_slopes(move: Slopes, n_free: int) -> Array:
    """Write the derivatives of means and lower triangle of Σ for all free parameters, (q, p + t)."""
    triangle = Triangle.of(move.left.shape[-1])
    row, column = triangle.row, triangle.column
    spread = move.left[:, row] * move.right[:, column] + move.left[:, column] * move.right[:, row]
    result = np.zeros((n_free, move.mean.shape[-1] + len(row)))
    result[move.parameter] = np.hstack([move.mean, move.scale[:, None] * spread])
    return result


def _each(function: Callable[[Array], Array]) -> Callable[[AnyArray], AnyArray]:
    """Let a function of one (q,) take (…, q)."""

    def call(x: AnyArray) -> AnyArray:
        if x.ndim == 1:
            return function(x)
        found = np.array([function(one) for one in x.reshape(-1, x.shape[-1])])
        return found.reshape(x.shape[:-1] + found.shape[1:])

    return call


def _remembered(function: Callable[[Array], list[Slope]]) -> Callable[[Array], list[Slope]]:
    """Keep the last result: value, gradient and Hessian are asked for at one and the same x."""
    last: dict[bytes, list[Slope]] = {}

    def call(x: Array) -> list[Slope]:
        key = x.tobytes()
        if key not in last:
            last.clear()
            last[key] = function(x)
        return last[key]

    return call
