"""Fit a model to data, and everything that follows from the estimates."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from ...checks import listed
from ...errors import AnalysisError, ImproperSolutionWarning, NotConverged
from . import measures, residuals, standardized
from .admissible import improper, require_identified
from .constraints import constraints_of
from .continuous import MaximumLikelihood, UnweightedLeastSquares
from .estimate import Constraints
from .estimator import Estimator, SampleRows
from .exogenous import fix_exogenous
from .fiml import FullInformation
from .ordinal import OrdinalLeastSquares, Weighting, refuse_unsupported
from .ram import AnyArray, Array, Model, compile_model
from .solution import FitOptions, Solution, continued, search
from .table import ParameterTable

DEFAULT = FitOptions()


@dataclass(frozen=True)
class Fitted(Solution):
    """A model that has met data: a solution, described.

    Attributes
    ----------
    faults : what is impossible about the solution, in words.
    """

    faults: tuple[str, ...] = ()

    @cached_property
    def fit_measures(self) -> dict[str, float]:
        """Fit measures under lavaan's names, `_` for `.`; not a number where one is not defined."""
        return measures.fit_measures(self)

    @cached_property
    def std_lv(self) -> Array:
        """Parameters standardised for latent variables, one for each row of the table."""
        return np.asarray(standardized.std_lv(self.model, self.x))

    @cached_property
    def std_all(self) -> Array:
        """Parameters standardised for all variables, one for each row of the table."""
        return np.asarray(standardized.std_all(self.model, self.x))

    def residuals(self, kind: residuals.Kind = residuals.bollen) -> tuple[residuals.Residuals, ...]:
        """Compute sample moments minus implied ones of each group; of correlations unless told otherwise."""
        return residuals.residuals(self.model, self.estimator.samples, self.x, kind)

    def standardized_se(self, function: Callable[[Model, AnyArray], AnyArray] = standardized.std_all) -> Array:
        """Compute standard errors of a standardised solution by the delta method, one for each row of the table."""
        return standardized.standard_errors(function, self.model, self.x, self.covariance)


def fit_model(
    table: ParameterTable, rows: SampleRows, options: FitOptions = DEFAULT, earlier: Solution | None = None
) -> Fitted:
    """Estimate the parameters of a table from rows; with an earlier solution for the same rows in less time.

    ``lavaan::lavaan(table, data, estimator =, missing =, information =, test =, likelihood =, cluster =)``.

    Raises
    ------
    NotConverged, NotIdentified
        Where the search does not end, or ends where other values fit as well.
    """
    model = compile_model(table)
    estimator = _of_same_data(earlier, model) or estimator_of(model, rows, options)
    if table.exogenous:
        estimator = estimator.with_model(compile_model(fix_exogenous(table, estimator.samples)))
    found = replace(_searched(estimator, constraints_of(estimator.model.table), options, earlier), earlier=earlier)
    require_identified(found.model, found.expected_information, found.basis)
    return _with_faults(found)


def _of_same_data(earlier: Solution | None, model: Model) -> Estimator | None:
    """Take the moments of an earlier solution for a model of the same variables."""
    if earlier is None:
        return None
    known, table = earlier.model.table, model.table
    if (known.observed, known.ordinal, known.exogenous) != (table.observed, table.ordinal, table.exogenous):
        return None
    if table.ordinal:
        refuse_unsupported(table)
    return earlier.estimator.with_model(model)


def _searched(
    estimator: Estimator, constraints: Constraints, options: FitOptions, earlier: Solution | None
) -> Solution:
    """Search from the estimates of an earlier solution, or where these lead nowhere from the usual start values."""
    start = None if earlier is None else continued(earlier, estimator, constraints)
    if start is not None:
        with suppress(NotConverged):
            return search(estimator, constraints, options, start)
    return search(estimator, constraints, options)


def refitted(fitted: Solution, rows: SampleRows) -> Solution:
    """Fit the same model to other rows, without looking at the solution."""
    table = fitted.model.table
    estimator = estimator_of(fitted.model, rows, fitted.options)
    if table.exogenous:
        estimator = estimator.with_model(compile_model(fix_exogenous(table, estimator.samples)))
    return search(estimator, fitted.constraints, fitted.options, fitted.x)


def estimator_of(model: Model, rows: SampleRows, options: FitOptions) -> Estimator:
    """Choose the estimator."""
    if model.table.ordinal or options.estimator in ("DWLS", "WLSMV", "ULSMV"):
        return _of_ordinal(model, rows, options)
    if options.missing == "fiml":
        return FullInformation.of(model, rows)
    if options.estimator == "ULS":
        return UnweightedLeastSquares.of(model, rows)
    return MaximumLikelihood.of(model, rows, options.likelihood)


def _of_ordinal(model: Model, rows: SampleRows, options: FitOptions) -> OrdinalLeastSquares:
    """Choose the estimator of ordinal variables."""
    if options.estimator in ("ML", "MLR"):
        raise AnalysisError(
            f"{options.estimator} takes all variables as continuous, and {listed(model.table.ordinal)} are ordinal: "
            "use WLSMV, or leave them out of ordered=."
        )
    if options.missing == "fiml":
        raise AnalysisError("missing='fiml' is for continuous variables; for ordinal ones use listwise or pairwise.")
    weighting: Weighting = "diagonal" if options.estimator in ("DWLS", "WLSMV") else "unit"
    return OrdinalLeastSquares.of(model, rows, weighting, options.missing)


def _with_faults(found: Solution) -> Fitted:
    """Name what is impossible about a solution."""
    faults = improper(found.model, found.x)
    if faults:
        warnings.warn(
            f"The solution is improper: {'; '.join(faults)}. Look for too many factors, too few indicators or people, "
            "outliers, or a model that does not fit.",
            ImproperSolutionWarning,
            stacklevel=3,
        )
    return Fitted(found.estimator, found.constraints, found.options, found.minimum, found.earlier, faults)
