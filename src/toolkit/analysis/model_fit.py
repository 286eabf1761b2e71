"""Fit a structural equation model to its data, with all that is to be said about it."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import ParamSpec, TypeVar

import numpy as np

from .. import format as fmt
from ..checks import counted, listed
from ..errors import MergedCategoryWarning, ModelWarning, NotConverged, SmallSampleWarning, ToolkitWarning
from ..kernels.sem.bootstrap import Draws, acceleration, bca, bootstrap, percentile
from ..kernels.sem.defaults import TableOptions, parameter_table
from ..kernels.sem.definitions import Functions, definitions_of
from ..kernels.sem.fitted import Fitted, fit_model
from ..kernels.sem.inference import delta_method
from ..kernels.sem.ram import AnyArray, Array
from ..kernels.sem.solution import FitOptions
from ..kernels.sem.standardized import unstandardized
from ..kernels.sem.table import ParameterTable
from .inputs import random_stream, warn
from .model_data import ModelData, ModelText
from .model_plan import Choice, Plan

Arguments = ParamSpec("Arguments")
Value = TypeVar("Value")


@dataclass(frozen=True)
class Estimated:
    """A fitted model with where it came from.

    Attributes
    ----------
    text, data, plan, choice : what was fitted to what, how.
    fitted : the solution.
    draws : bootstrap samples, or None.
    notes : what a careful reader must know.
    """

    text: ModelText
    data: ModelData
    plan: Plan
    choice: Choice
    fitted: Fitted
    draws: Draws | None
    notes: tuple[str, ...]

    @property
    def table(self) -> ParameterTable:
        """The parameter table, exogenous moments filled in."""
        return self.fitted.model.table

    @cached_property
    def definitions(self) -> Functions:
        """Defined parameters as functions of the free ones."""
        return definitions_of(self.table)

    def values(self, x: AnyArray) -> AnyArray:
        """Compute each row of the table and then each defined parameter, (…, rows)."""
        return np.concatenate([unstandardized(self.fitted.model, x), self.definitions(x)], axis=-1)

    @cached_property
    def errors(self) -> Array:
        """Standard errors of `values`; not a number for what is not estimated."""
        free = list(self.table.free)
        rows = len(self.table.parameters)
        if self.draws is not None:
            spread = np.asarray(self.values(self.draws.x).std(axis=0))
        else:
            spread = np.full(rows + len(self.definitions.names), np.nan)
            spread[free] = self.fitted.se
            defined = np.diagonal(delta_method(self.definitions, self.fitted.x, self.fitted.covariance))
            spread[rows:] = np.sqrt(np.maximum(defined, 0.0))
        estimated = np.zeros(len(spread), dtype=bool)
        estimated[free] = estimated[rows:] = True
        return np.where(estimated & (spread > 0), spread, np.nan)

    def interval(self, estimates: Array, z: float) -> tuple[Array, Array]:
        """Compute intervals of `values`: normal ones, or of the bootstrap."""
        if self.draws is None:
            return estimates - z * self.errors, estimates + z * self.errors
        options, known = self.plan.options, ~np.isnan(self.errors)
        low, high = np.full(len(estimates), np.nan), np.full(len(estimates), np.nan)
        values = self.values(self.draws.x)[:, known]
        if options.interval == "percentile":
            low[known], high[known] = percentile(values, options.confidence)
        else:
            speed = acceleration(self.fitted, lambda x: self.values(x)[..., known])
            low[known], high[known] = bca(values, estimates[known], speed, options.confidence)
        return low, high

    def standardised(self, solution: Array) -> Array:
        """Add the defined parameters, computed from standardised ones, to a standardised solution, (rows,)."""
        return np.concatenate([solution, self.definitions(solution[list(self.table.free)])])


def estimate(
    text: ModelText, data: ModelData, plan: Plan, choice: Choice, earlier: Estimated | None = None
) -> Estimated:
    """Fit a model; what the kernels warn of is warned of at the caller's line, and noted.

    `earlier` is another model of the same data, fitted in the same way, from whose estimates the search begins.
    """
    (fitted, draws), said = heard(_fit, text, data, plan, choice, None if earlier is None else earlier.fitted)
    notes = [*said, *_notes(text, data, choice, fitted)]
    if draws is not None and draws.n_failed:
        notes.append(
            f"{fmt.count(draws.n_failed)} of {fmt.count(plan.bootstrap)} bootstrap samples have no solution and are"
            " left out"
        )
        warn(notes[-1], ModelWarning)
    return Estimated(text, data, plan, choice, fitted, draws, tuple(note for note in notes if note))


def _fit(
    text: ModelText, data: ModelData, plan: Plan, choice: Choice, earlier: Fitted | None
) -> tuple[Fitted, Draws | None]:
    options = plan.options
    fixed = not choice.ordinal if options.fixed_x is None else options.fixed_x
    table = parameter_table(
        text.syntax,
        TableOptions(
            std_lv=plan.std_lv,
            orthogonal=options.orthogonal,
            meanstructure=True if choice.missing == "fiml" else options.meanstructure,
            groups=data.labels,
            group_equal=plan.equal,
            group_partial=options.group_partial,
            ordinal=data.categories(choice.ordinal),
            parameterization=plan.parameterization,
            fixed_x=fixed,
        ),
    )
    fitted = fit_model(table, data.rows, _fit_options(data, plan, choice), earlier)
    _ = fitted.fit_measures, fitted.covariance
    return fitted, _draws(fitted, data, plan) if plan.bootstrap else None


def _fit_options(data: ModelData, plan: Plan, choice: Choice) -> FitOptions:
    unscaled = has_no_clustered_test(data, choice) and plan.options.test is None
    return FitOptions(
        estimator=choice.estimator,
        missing=choice.missing,
        information=plan.options.information,
        test="standard" if unscaled else plan.options.test,
        likelihood=plan.likelihood,
    )


def has_no_clustered_test(data: ModelData, choice: Choice) -> bool:
    """Tell whether the test cannot allow for clusters: least squares of continuous variables."""
    return choice.estimator == "ULS" and not choice.ordinal and data.rows.cluster is not None


def _draws(fitted: Fitted, data: ModelData, plan: Plan) -> Draws:
    draws = bootstrap(fitted, data.rows, plan.bootstrap, random_stream(plan.seed, "bootstrap"))
    if len(draws.x) < 2:
        raise NotConverged(
            f"Of {counted(plan.bootstrap, 'bootstrap sample')} {draws.n_failed} have no solution: too few are left for "
            "errors. Simplify the model, draw more samples, or leave bootstrap out."
        )
    return draws


def heard(
    function: Callable[Arguments, Value], *args: Arguments.args, **kwargs: Arguments.kwargs
) -> tuple[Value, list[str]]:
    """Call; give the toolkit's warnings again at the line that called the toolkit, and return their texts as well."""
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        value = function(*args, **kwargs)
    texts: dict[str, None] = {}
    for one in found:
        if not issubclass(one.category, ToolkitWarning):
            warnings.warn_explicit(one.message, one.category, one.filename, one.lineno)
        elif str(one.message) not in texts:
            warn(str(one.message), one.category)
            texts[str(one.message)] = None
    return value, [text.rstrip(".") for text in texts]


def _notes(text: ModelText, data: ModelData, choice: Choice, fitted: Fitted) -> list[str]:
    """Say what is particular about data and model."""
    notes = [*_single_indicators(text), *_unused_options(data, choice), *_small_groups(data, fitted)]
    if has_no_clustered_test(data, choice):
        notes.append("the test and what rests on it take rows as independent, though they are clustered")
    if data.spans_groups and choice.ordinal:
        notes.append("clusters have rows in several groups, which WLSMV takes as independent of each other")
    if choice.ordinal and text.roles.held:
        notes.append(f"means, variances and covariances of {listed(text.roles.held)} are parameters of the model")
    return notes


def _single_indicators(text: ModelText) -> list[str]:
    single = [(one.lhs, one.rhs) for one in text.syntax.terms if one.op == "=~" and one.rhs in text.roles.single]
    stated = {one.lhs for one in text.syntax.terms if one.op == "~~" and one.lhs == one.rhs}
    notes = [
        f"{factor} has one indicator, {item}, which is taken as free of error (its residual variance is fixed at 0)"
        for factor, item in single
        if item not in stated
    ]
    for note in notes:
        warn(note, ModelWarning)
    return notes


def _unused_options(data: ModelData, choice: Choice) -> list[str]:
    """Say which options of items nobody chose."""
    responses = data.sample.responses
    used = data.x[data.order]
    found = []
    for name in (name for name in choice.ordinal if name in responses.items):
        low, high = responses.declared(name)
        unused = np.setdiff1d(np.arange(low, high + 1), used[:, data.names.index(name)])
        found += [f"{name}: {', '.join(fmt.number(value, 0) for value in unused)}"] if len(unused) else []
    return _warned("options that nobody chose have no threshold", found, MergedCategoryWarning)


def _small_groups(data: ModelData, fitted: Fitted) -> list[str]:
    """Name the groups with fewer rows than parameters."""
    small = []
    for group, (label, values) in enumerate(zip(data.labels, data.rows.groups, strict=True)):
        free = sum(one.group == group for one in fitted.model.parameters)
        if len(values) < free:
            small.append(f"{f'group {label}: ' if label else ''}{counted(len(values), 'row')}, {free} parameters")
    return _warned("there are fewer rows than free parameters", small, SmallSampleWarning)


def _warned(what: str, found: Sequence[str], category: type[ToolkitWarning]) -> list[str]:
    if not found:
        return []
    more = f" and {len(found) - 8} more" if len(found) > 8 else ""
    note = f"{what} ({'; '.join(found[:8])}{more})"
    warn(note, category)
    return [note]
