"""Sample moments of one group with ordinal variables: thresholds, polychoric correlations, and their covariances."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ...checks import counted, quoted
from ...errors import AnalysisError, ModelWarning, NotIdentified, NotPositiveDefiniteWarning, TooFewCases
from ..moments import Missing
from ..polychoric import Polychoric, polychoric_correlations
from ..polychoric_covariance import asymptotic_covariance, covariance_influence, moments_of
from ..polychoric_influence import Parameters
from .estimator import SampleRows
from .moments import SampleMoments
from .ram import Array, Positions
from .table import ParameterTable

MANY = 20
UNKNOWN_SHOWN = 6


@dataclass(frozen=True)
class OrdinalSample:
    """One group's sample.

    Attributes
    ----------
    n : rows used.
    correlations : polychoric, polyserial and Pearson correlations, thresholds, means and variances.
    places : where each moment stands.
    moments : for each variable its thresholds, or minus its mean; variances of continuous variables; correlations
        (covariances with continuous variables) down the columns, (m,).
    gamma : Γ, the covariance matrix of sqrt(n) moments, with clusters that of rows in clusters, (m, m).
    variances : the diagonal of Γ for independent rows, so that clusters do not change the estimates, (m,).
    """

    n: int
    correlations: Polychoric
    places: Parameters
    moments: Array
    gamma: Array
    variances: Array

    @classmethod
    def of(cls, values: Array, ordinal: Sequence[bool], missing: Missing, cluster: Positions | None) -> OrdinalSample:
        """Compute the moments of rows (n, p)."""
        found = polychoric_correlations(values, missing=missing, ordinal=ordinal)
        answered = ~np.isnan(values)
        used = answered.all(axis=1) if missing == "listwise" else answered.any(axis=1)
        gamma = asymptotic_covariance(values, found)
        variances = np.diagonal(gamma)
        if cluster is not None:
            gamma = asymptotic_covariance(values, found, cluster)
        return cls(int(used.sum()), found, Parameters.of(found), moments_of(found), gamma, variances)

    @cached_property
    def plain(self) -> SampleMoments:
        """The correlations (covariances with continuous variables) and means, for fit measures that need no weights."""
        spread = np.sqrt(self.correlations.variance)
        covariance = self.correlations.r * np.outer(spread, spread)
        return SampleMoments(self.n, covariance, self.correlations.mean, 1)

    def thresholds(self, variables: Positions, numbers: Positions) -> Array:
        """Find thresholds by their variables and their numbers from 0."""
        return self.moments[self.threshold_places(variables, numbers)]

    def threshold_places(self, variables: Positions, numbers: Positions) -> Positions:
        """Find where thresholds stand among the moments."""
        starts = np.array([own[0] for own in self.places.own], dtype=np.intp)
        return np.asarray(starts[variables] + numbers)

    def influence(self, values: Array) -> Array:
        """Compute each row's influence on the moments, (rows, m); rows that are not used have none."""
        return covariance_influence(values, self.correlations)


def ordinal_samples(table: ParameterTable, rows: SampleRows, missing: Missing) -> tuple[OrdinalSample, ...]:
    """Compute each group's moments; refuse what leaves them undefined, and say so where they rest on few answers."""
    ordinal = [name in table.ordinal for name in table.observed]
    _check_categories(table, rows, missing)
    sizes = np.cumsum([len(values) for values in rows.groups])[:-1]
    clusters = [None] * len(rows.groups) if rows.cluster is None else np.split(rows.cluster, sizes)
    samples = []
    for label, values, cluster in zip(table.groups, rows.groups, clusters, strict=True):
        try:
            samples.append(OrdinalSample.of(values, ordinal, missing, cluster))
        except NotIdentified as fault:
            raise NotIdentified(_undefined(table, values, ordinal, missing, _of_group(label))) from fault
        _warn_indefinite(samples[-1], _of_group(label))
    return tuple(samples)


def _of_group(label: str) -> str:
    return f" of group {quoted(label)}" if label else ""


def _check_categories(table: ParameterTable, rows: SampleRows, missing: Missing) -> None:
    """Require in every group an answer to each category that the model has, and two of each variable."""
    used = [values[~np.isnan(values).any(axis=1)] if missing == "listwise" else values for values in rows.groups]
    for label, values in zip(table.groups, used, strict=True):
        if len(values) < 2:
            raise TooFewCases(f"The data{_of_group(label)} have {counted(len(values), 'row')} that can be used.")
    for name in table.ordinal:
        place = table.observed.index(name)
        found = [np.unique(values[:, place][~np.isnan(values[:, place])]) for values in used]
        everywhere = np.unique(np.concatenate(found))
        for label, own in zip(table.groups, found, strict=True):
            if len(own) < len(everywhere):
                lost = ", ".join(f"{value:g}" for value in np.setdiff1d(everywhere, own))
                raise AnalysisError(
                    f"The data{_of_group(label)} hold no answer {lost} to {quoted(name)}, other groups do, so that "
                    "thresholds cannot be compared: join categories in all groups, or leave the item out."
                )
        _check_count(table, name, everywhere)
    for name in (name for name in table.observed if name not in table.ordinal):
        _check_continuous(table, name, used)


def _check_continuous(table: ParameterTable, name: str, groups: Sequence[Array]) -> None:
    place = table.observed.index(name)
    for label, values in zip(table.groups, groups, strict=True):
        count = len(np.unique(values[:, place][~np.isnan(values[:, place])]))
        if count < 3:
            raise AnalysisError(
                f"{quoted(name)} has {counted(count, 'value')} in the data{_of_group(label)}: a continuous variable "
                "beside ordinal ones needs more. Name it in ordered=, or leave it out."
            )


def _check_count(table: ParameterTable, name: str, values: Array) -> None:
    count = sum(one.op == "|" and one.lhs == name and one.group == 0 for one in table.parameters) + 1
    if len(values) < 2:
        raise AnalysisError(f"All answers to {quoted(name)} are the same: leave the item out.")
    if len(values) != count:
        raise AnalysisError(
            f"The model has {counted(count - 1, 'threshold')} of {quoted(name)}, but the data hold {len(values)} "
            f"different values: give the model {len(values)} categories."
        )
    if count > MANY:
        warnings.warn(
            f"{quoted(name)} has {count} categories. Thresholds between so many rest on few answers each: leave it out "
            "of ordered=, so that it is taken as continuous, or join categories.",
            ModelWarning,
            stacklevel=5,
        )


def _undefined(table: ParameterTable, values: Array, ordinal: Sequence[bool], missing: Missing, of_group: str) -> str:
    found = polychoric_correlations(values, missing=missing, ordinal=ordinal)
    pairs = np.argwhere(np.triu(found.boundary | np.isnan(found.r), 1))
    named = [f"{table.observed[row]} with {table.observed[column]}" for row, column in pairs[:UNKNOWN_SHOWN]]
    more = f" and {len(pairs) - UNKNOWN_SHOWN} more" if len(pairs) > UNKNOWN_SHOWN else ""
    return (
        f"The data{of_group} do not determine the correlation of {', '.join(named)}{more}: no answers hold both, or "
        "empty cells put it at 1 or -1. Join rare categories, or leave one of the items out."
    )


def _warn_indefinite(sample: OrdinalSample, of_group: str) -> None:
    if float(np.linalg.eigvalsh(sample.correlations.r)[0]) < 0:
        warnings.warn(
            f"The matrix of polychoric correlations{of_group} is not positive definite; indices that compare it as a "
            "whole (cfi_robust, rmsea_robust) are not defined.",
            NotPositiveDefiniteWarning,
            stacklevel=6,
        )
