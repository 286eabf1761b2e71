"""Prepare and fit the steps of measurement invariance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from ..checks import check_one_of, check_share, listed, quoted
from ..errors import AnalysisError, ArgumentError
from ..instrument_model import Instrument
from ..kernels.sem.chisquare import ChiSquare
from ..kernels.sem.difference import plain_difference
from ..kernels.sem.solution import EstimatorName
from ..occasions import KEYS
from ..pairing import wide
from ..responses import Responses
from .inputs import AUTO, Array, Sample, sample
from .invariance_models import (
    MeasurementModel,
    check_steps,
    equal_kinds,
    group_text,
    repeated_text,
)
from .model_comparison import difference
from .model_data import ModelData, ModelText, model_data, read_for
from .model_fit import Estimated, estimate
from .model_plan import Choice, Missing, ModelOptions, Plan, choose

ESTIMATORS = (None, "ML", "MLR", "WLSMV")
ROUNDING = 1e-8
SHOWN = 12
UNITS = {"wave": "person", "role": "couple"}


@dataclass(frozen=True)
class Request:
    """The arguments of a call."""

    group: str | None
    over: str | None
    steps: Sequence[str] | None
    estimator: EstimatorName | None
    ordered: bool | str | Sequence[str] | None
    missing: Missing | None
    partial: str | Sequence[str]
    std_lv: bool
    wave: Any
    day: Any
    cluster: str | None
    confidence: float

    def check(self) -> None:
        """Refuse arguments that cannot be used."""
        check_one_of("estimator", self.estimator, ESTIMATORS)
        check_one_of("over", self.over, (None, *UNITS))
        check_share("confidence", self.confidence)
        if (self.group is None) == (self.over is None):
            raise ArgumentError(
                "invariance compares groups (group='gender'), occasions (over='wave') or partners (over='role'): give "
                f"{'one of them' if self.group is None else 'group or over, not both'}."
            )
        if self.over == "wave" and self.wave is not None:
            raise ArgumentError("over='wave' compares all waves: leave wave out, or keep the rows of some beforehand.")
        if self.over and not self.std_lv:
            raise ArgumentError("std_lv=False is for groups of continuous variables alone: leave it out with over=.")

    @property
    def free(self) -> frozenset[str]:
        """Parameters that no step makes equal, without blanks."""
        names = [self.partial] if isinstance(self.partial, str) else list(self.partial)
        return frozenset("".join(name.split()) for name in names)

    def plan(self) -> Plan:
        """Write how each step is fitted."""
        return Plan(
            estimator=self.estimator,
            ordered=self.ordered,
            missing=self.missing,
            group=self.group,
            group_equal=(),
            std_lv=self.std_lv,
            parameterization="delta",
            likelihood="normal",
            bootstrap=0,
            seed=None,
            options=ModelOptions(day=self.day, confidence=self.confidence),
        )


@dataclass(frozen=True)
class Comparison:
    """What is compared, and how each step is fitted.

    Attributes
    ----------
    over : what is compared: `group`, `wave` or `role`.
    text : the model of one group or occasion, as the caller gave it.
    model : the same, with what the steps need to know.
    labels, suffixes : the groups, occasions or partners, and what the names of variables end in (none for groups).
    steps : in order, configural first.
    data, plan, choice : the rows, and how models are fitted to them.
    note : what became of the rows on the way.
    """

    over: str
    text: ModelText
    model: MeasurementModel
    labels: tuple[str, ...]
    suffixes: tuple[str, ...]
    steps: tuple[str, ...]
    data: ModelData
    plan: Plan
    choice: Choice
    note: str = ""

    @property
    def ordinal(self) -> bool:
        """Whether items are ordinal."""
        return bool(self.choice.ordinal)

    def equal(self, step: str) -> tuple[str, ...]:
        """List what is equal at a step."""
        return equal_kinds(step, self.ordinal)

    def name(self, variable: str, block: int) -> str:
        """Give a variable's name in a group or on an occasion."""
        return f"{variable}_{self.suffixes[block]}" if self.suffixes else variable

    def plain(self, name: str, block: int) -> str:
        """Take the occasion off a variable's name."""
        return name.removesuffix(f"_{self.suffixes[block]}") if self.suffixes else name

    def group(self, block: int) -> int:
        """Give the number of the group that an occasion or group is in."""
        return 0 if self.suffixes else block

    def block(self, lhs: str, group: int) -> int:
        """Find the group or occasion that a variable of a fitted model belongs to."""
        return self._blocks[lhs] if self.suffixes else group

    @cached_property
    def _blocks(self) -> dict[str, int]:
        names = (*self.model.roles.latent, *self.model.roles.observed)
        return {self.name(one, block): block for block in range(len(self.suffixes)) for one in names}

    def step_text(self, step: str) -> str:
        """Write the model of a step."""
        equal, theta = self.equal(step), self.theta(step)
        if self.suffixes:
            return repeated_text(self.model, self.suffixes, equal, theta)
        if self.ordinal:
            return group_text(self.model, equal, theta)
        means = [name for name in self.model.higher if "intercepts" in equal]
        return "\n".join([self.text.text, *(f"{name} ~ 0*1" for name in means)])

    def theta(self, step: str) -> bool:
        """Tell whether residual variances of ordinal items are parameters: only their equality needs that."""
        return self.ordinal and step == "strict"

    def step_plan(self, step: str) -> Plan:
        """Say how a step is fitted."""
        plan = replace(self.plan, parameterization="theta" if self.theta(step) else "delta")
        equal = self.equal(step)
        if self.suffixes or self.ordinal or not equal:
            return plan
        alone = [f"{name}{ending}" for name in self.model.others for ending in ("~1", f"~~{name}")]
        partial = (*sorted(self.model.partial), *alone)
        return replace(plan, group_equal=equal, options=replace(plan.options, group_partial=partial))


@dataclass(frozen=True)
class Rung:
    """A step that has been fitted.

    Attributes
    ----------
    step, equal : its name, and what is equal.
    found : the fitted model.
    """

    step: str
    equal: tuple[str, ...]
    found: Estimated

    @cached_property
    def measures(self) -> dict[str, float]:
        """All measures of fit."""
        return dict(self.found.fitted.fit_measures)


def climb(comparison: Comparison) -> list[Rung]:
    """Fit all steps, each from the estimates of the one before on."""
    rungs: list[Rung] = []
    for step in comparison.steps:
        text = ModelText.of(comparison.step_text(step))
        before = rungs[-1].found if rungs else None
        try:
            found = estimate(text, comparison.data, comparison.step_plan(step), comparison.choice, before)
        except AnalysisError as problem:
            raise type(problem)(f"Step {step}: {problem}") from problem
        rungs.append(Rung(step, comparison.equal(step), found))
    return rungs


def step_difference(less: Estimated, more: Estimated) -> ChiSquare:
    """Test a step against the one before; a step that is no restriction has no test."""
    if more.fitted.df == less.fitted.df:
        return plain_difference(less.fitted.chisq, more.fitted.chisq)
    test = difference(less.fitted, more.fitted)
    nothing = -ROUNDING * (1 + less.fitted.chisq.statistic) < test.statistic < 0
    return replace(test, statistic=0.0) if nothing else test


def compared(data: Responses | pd.DataFrame, model: str | Instrument, request: Request) -> Comparison:
    """Find what is compared, in the data and in the model."""
    if not isinstance(model, str | Instrument):
        raise ArgumentError(
            f"model is {type(model).__name__}, but must be an instrument or text such as 'f =~ x1 + x2 + x3'."
        )
    request.check()
    text, plan = ModelText.of(model), request.plan()
    responses = read_for(text, data, plan.group, plan.ordered, None if request.cluster == AUTO else request.cluster)
    choice = choose(plan, responses, text.roles)
    if request.over is None:
        return _of_groups(responses, text, plan, choice, request)
    return _of_repeated(responses, text, plan, choice, request)


def _of_groups(responses: Responses, text: ModelText, plan: Plan, choice: Choice, request: Request) -> Comparison:
    chosen = sample(responses, wave=request.wave, day=request.day, cluster=request.cluster)
    found = model_data(chosen, text, choice, request.group)
    if choice.ordinal and not request.std_lv:
        raise ArgumentError("std_lv=False is for groups of continuous variables alone: leave it out.")
    model = MeasurementModel(text.syntax, len(found.labels), found.categories(choice.ordinal), request.free)
    model.check(generated=bool(choice.ordinal))
    answers = {name: [rows[:, found.names.index(name)] for rows in found.rows.groups] for name in choice.ordinal}
    categories_of(answers, found.labels)
    return Comparison("group", text, model, found.labels, (), check_steps(request.steps, model), found, plan, choice)


def _of_repeated(responses: Responses, text: ModelText, plan: Plan, choice: Choice, request: Request) -> Comparison:
    over = str(request.over)
    _check_over(responses, over)
    if over == "role":
        chosen = responses.occasion(wave=request.wave, day=request.day)
    else:
        chosen = _of_day(responses, request.day)
    long = model_data(Sample(chosen, None, {}), text, replace(choice, missing="fiml"), None)
    side = _side_by_side(chosen, long, over, request.cluster)
    names = side.suffixes
    plain = MeasurementModel(text.syntax, len(names), {}, request.free)
    expanded = replace(choice, ordinal=tuple(f"{name}_{suffix}" for name in choice.ordinal for suffix in names))
    found = model_data(side.sample, ModelText.of(repeated_text(plain, names, ())), expanded, None)
    used = dict(zip(found.names, found.x[found.order].T, strict=True))
    answers = {name: [used[f"{name}_{suffix}"] for suffix in names] for name in choice.ordinal}
    model = replace(plain, categories=categories_of(answers, [f"{over} {label}" for label in side.labels]))
    model.check(generated=True)
    steps = check_steps(request.steps, model)
    return Comparison(over, text, model, side.labels, names, steps, found, plan, expanded, side.note)


def _of_day(responses: Responses, day: Any) -> Responses:
    """Keep the rows of one day in all waves."""
    if "day" not in responses.keys:
        return responses
    days = responses.frame["day"]
    if day is None and days.nunique() > 1:
        raise ArgumentError("over='wave': the data have several days as well; choose one with day=.")
    kept = days.astype(str) == str(day) if day is not None else days.notna()
    if not kept.any():
        raise ArgumentError(f"day={quoted(day)} is not in the data. There: {listed(days.unique())}.")
    return responses.keep(kept.to_numpy(dtype=bool))


def _check_over(responses: Responses, over: str) -> None:
    if over in responses.keys:
        return
    if over == "role" and "couple" in responses.keys:
        raise ArgumentError(
            "over='role' compares partners whom a role tells apart, and the data have no role column. Where nothing "
            "tells partners apart, which of them comes first is arbitrary, so that their parameters are equal by "
            "definition and there is nothing to test: fit one model for all persons with errors clustered by couple, "
            "or name the column that tells them apart with role=."
        )
    raise ArgumentError(f"over={quoted(over)}: the data have no {over} column; name it when they are read ({over}=).")


@dataclass(frozen=True)
class _SideBySide:
    sample: Sample
    labels: tuple[str, ...]
    suffixes: tuple[str, ...]
    note: str


def _side_by_side(responses: Responses, long: ModelData, over: str, cluster: str | None) -> _SideBySide:
    """Put the model's variables side by side, one row per person (waves) or couple (roles)."""
    keys = responses.frame[list(responses.keys)]
    values = pd.DataFrame(long.x, columns=list(long.names), index=keys.index)
    found = wide(_read(pd.concat([keys, values], axis=1)), list(long.names), over=over)
    labels = found.columns.drop_duplicates("suffix")[over].astype(str)
    if len(labels) < 2:
        raise AnalysisError(f"over={quoted(over)} has one value in these data, so there is nothing to compare.")
    unit = UNITS[over]
    kept = [unit, *(["couple"] if over == "wave" and "couple" in keys else []), *found.columns["column"]]
    frame = found.frame[kept]
    if cluster not in (AUTO, None, *kept):
        frame = frame.assign(**{str(cluster): _of_unit(responses, unit, str(cluster), frame[unit])})
    rows = sample(_read(frame.rename(columns={unit: "person"})), cluster=cluster)
    versions = {one.id: one.version for one in responses.instruments}
    rows = replace(rows, settings={**rows.settings, **responses.named_occasion(), "instruments": versions})
    return _SideBySide(rows, tuple(labels), found.suffixes, found.note)


def _read(frame: pd.DataFrame) -> Responses:
    """Take a frame whose keys have their own names."""
    person, couple, role, wave, day = (name if name in frame else None for name in KEYS)
    return Responses.from_frame(frame, person=person, couple=couple, role=role, wave=wave, day=day)


def _of_unit(responses: Responses, unit: str, name: str, units: pd.Series[Any]) -> pd.Series[Any]:
    """Take a column that is the same in all rows of a person or couple."""
    if name not in responses.frame.columns:
        raise ArgumentError(f"cluster: there is no column {quoted(name)}.")
    pairs = responses.frame[[unit, name]].drop_duplicates()
    if pairs[unit].duplicated().any():
        raise ArgumentError(f"cluster={quoted(name)} differs between rows of one {unit}, which are side by side here.")
    return units.map(pairs.set_index(unit)[name])


def categories_of(answers: Mapping[str, Sequence[Array]], labels: Sequence[str]) -> dict[str, int]:
    """Count the categories of ordinal items; refuse items with options that were chosen in some groups (waves) only."""
    found: dict[str, int] = {}
    lacking: list[str] = []
    for name, blocks in answers.items():
        own = [np.unique(values[~np.isnan(values)]) for values in blocks]
        everywhere = np.unique(np.concatenate(own))
        found[name] = len(everywhere)
        for label, values in zip(labels, own, strict=True):
            lost = ", ".join(f"{value:g}" for value in np.setdiff1d(everywhere, values))
            lacking += [f"{name} has no answer {lost} in {label}"] if lost else []
    if lacking:
        more = f"; and {len(lacking) - SHOWN} more" if len(lacking) > SHOWN else ""
        raise AnalysisError(
            f"Thresholds cannot be compared where options were chosen on one side only: {'; '.join(lacking[:SHOWN])}"
            f"{more}. Join options everywhere, leave the items out, or take items as continuous (estimator='MLR')."
        )
    return found
