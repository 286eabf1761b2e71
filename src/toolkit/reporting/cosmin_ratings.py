"""Ratings of measurement properties by the COSMIN criteria, each with its number and where that is found."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from .. import format as fmt
from ..checks import check_known, quoted
from ..errors import ArgumentError
from ..results import Result, Unavailable

Outcome = Result | Unavailable
SUFFICIENT, INDETERMINATE, INSUFFICIENT = "+", "?", fmt.MINUS
CRITERIA = {
    "content validity": "at least 85% of items relevant, no key concept missing, at least 85% comprehensible",
    "structural validity": "CFI or TLI > .95, or RMSEA < .06, or SRMR < .08",
    "internal consistency": "at least low evidence of structural validity, and alpha ≥ .70 (unidimensional scales)",
    "reliability": "ICC or weighted kappa ≥ .70",
    "measurement error": "smallest detectable change (SDC) < minimal important change",
    "hypotheses testing": "the result agrees with the hypothesis",
    "cross-cultural validity": "invariance: no important differences between groups in multi-group factor analysis",
}
MARKS = {"cfi": 0.95, "tli": 0.95, "rmsea": 0.06, "srmr": 0.08}
UPWARD = ("cfi", "tli")
VARIANTS = ("_robust", "_scaled", "")
ALPHA_MARK = ICC_MARK = 0.70
AGREEMENT = "ICC2"
FULL_STEP, HOLDS, FAILS = "scalar", "holds", "fails"
HYPOTHESIS = re.compile(r"^(?P<x>\S+) with (?P<y>\S+) from (?P<low>\S+) to (?P<high>\S+)$")


@dataclass(frozen=True)
class Hypothesis:
    """An expectation that was stated before the data were seen: the correlation of x and y lies from low to high.

    As text: ``"rws.total with rel.intimacy from -1 to -0.3"``.
    """

    x: str
    y: str
    low: float
    high: float

    @classmethod
    def of(cls, text: str) -> Hypothesis:
        """Read one from text."""
        found = HYPOTHESIS.match(" ".join(text.split()))
        try:
            bounds = (float(found["low"]), float(found["high"])) if found else (1.0, 0.0)
        except ValueError:
            bounds = (1.0, 0.0)
        if found is None or not -1 <= bounds[0] <= bounds[1] <= 1:
            raise ArgumentError(
                f"the hypothesis {quoted(text)} is not understood: write, for example, 'rws.total with rel.intimacy "
                "from -1 to -0.3', with bounds between -1 and 1."
            )
        return cls(found["x"], found["y"], *bounds)

    @property
    def subject(self) -> str:
        """What is expected, in words."""
        low, high = (fmt.number(one, bounded=True) for one in (self.low, self.high))
        return f"{self.x} with {self.y}: r from {low} to {high}"


@dataclass(frozen=True)
class Line:
    """One rating with where its number is found."""

    property: str
    subject: str
    rating: str
    statistic: str = ""
    value: float = np.nan
    ci_low: float = np.nan
    ci_high: float = np.nan
    n: int | None = None
    source_cell: str = ""
    note: str = ""

    def row(self) -> dict[str, Any]:
        """Give the row of the table."""
        return {**vars(self), "criterion_text": CRITERIA[self.property]}


@dataclass(frozen=True)
class Index:
    """An index of fit of one model against its mark."""

    model: str
    index: str
    value: float
    mark: float
    meets: bool | None
    column: str
    usable: bool

    def row(self) -> dict[str, Any]:
        """Give the row of the table."""
        named = {"model": self.model, "index": self.index.upper(), "version": self.version or "plain"}
        return {**named, "value": self.value, "mark": self.mark, "meets": self.meets}

    @property
    def version(self) -> str:
        """`robust`, `scaled`, or nothing."""
        return self.column.removeprefix(self.index).removeprefix("_")


def indices_of(name: str, model: Outcome) -> Iterator[Index]:
    """Take CFI, TLI, RMSEA and SRMR of a model, in the version that allows for most."""
    if isinstance(model, Unavailable):
        return
    fit = model.fit.iloc[0]
    for index, mark in MARKS.items():
        column = next((f"{index}{one}" for one in VARIANTS if np.isfinite(fit.get(f"{index}{one}", np.nan))), index)
        value = float(fit.get(column, np.nan)) if fit.get("df", 0) else np.nan
        meets = None if np.isnan(value) else bool(value > mark if index in UPWARD else value < mark)
        yield Index(name, index, value, mark, meets, column, bool(fit["converged"]) and not _faults(model))


def _faults(model: Result) -> tuple[str, ...]:
    return tuple(model.source.fitted.faults) if model.source is not None else ()


def structural_validity(models: Mapping[str, Outcome], indices: Sequence[Index]) -> Iterator[Line]:
    """Rate each model's fit."""
    for name, model in models.items():
        if isinstance(model, Unavailable):
            yield Line("structural validity", name, INDETERMINATE, note=str(model))
            continue
        mine = [one for one in indices if one.model == name]
        shown = next((one for one in mine if one.meets), mine[0])
        yield _with_fit(model, name, shown, _rating_of(mine), _structural_note(model, mine))


def _rating_of(mine: Sequence[Index]) -> str:
    known = [one for one in mine if one.meets is not None]
    if not known or not all(one.usable for one in mine):
        return INDETERMINATE
    if any(one.meets for one in known):
        return SUFFICIENT
    return INSUFFICIENT if len(known) == len(mine) else INDETERMINATE


def _structural_note(model: Result, mine: Sequence[Index]) -> str:
    if _faults(model):
        return f"the solution is improper: {'; '.join(_faults(model))}"
    if all(one.meets is None for one in mine):
        return "a model without degrees of freedom cannot be tested"
    missed = [one.index.upper() for one in mine if one.meets is False]
    return f"not met: {', '.join(missed)}" if missed and _rating_of(mine) == SUFFICIENT else ""


def _with_fit(model: Result, name: str, shown: Index, rating: str, note: str) -> Line:
    fit = model.fit.iloc[0]
    variant = shown.column.removeprefix(shown.index)
    bounds = [
        fit.get(f"rmsea_ci_{end}{variant}", np.nan) if shown.index == "rmsea" else np.nan for end in ("lower", "upper")
    ]
    words = f"{shown.version} {shown.index.upper()}".strip()
    return Line(
        "structural validity",
        name,
        rating,
        statistic=words[0].upper() + words[1:],
        value=shown.value,
        ci_low=float(bounds[0]),
        ci_high=float(bounds[1]),
        n=int(fit["n_used"]),
        source_cell=_cell(model, "fit", str(fit["model"]), shown.column),
        note=note,
    )


def _cell(result: Result, table: str, row: str, column: str) -> str:
    return f"{result.name}-{table}: row {row}, column {column}"


def internal_consistency(
    reliability: Outcome | None, models: Mapping[str, Outcome], indices: Sequence[Index]
) -> Iterator[Line]:
    """Rate each scale's alpha."""
    if isinstance(reliability, Unavailable):
        yield Line("internal consistency", "", INDETERMINATE, note=str(reliability))
    if not isinstance(reliability, Result):
        return
    for row in fmt.rows(reliability.estimates):
        if np.isnan(row.alpha):
            continue
        missing = _why_not_unidimensional(row.scale, models, indices)
        judged = SUFFICIENT if row.alpha >= ALPHA_MARK else INSUFFICIENT
        yield Line(
            "internal consistency",
            row.scale,
            INDETERMINATE if missing else judged,
            statistic="Alpha",
            value=row.alpha,
            ci_low=row.alpha_ci_low,
            ci_high=row.alpha_ci_high,
            n=int(row.n_used),
            source_cell=_cell(reliability, "estimates", row.scale, "alpha"),
            note=missing,
        )


def _why_not_unidimensional(scale: str, models: Mapping[str, Outcome], indices: Sequence[Index]) -> str:
    """Say what is missing for a scale to count as unidimensional, or nothing."""
    owner, _, name = scale.partition(".")
    key = scale if scale in models else owner
    model = models.get(key)
    if not isinstance(model, Result):
        return "no evidence of structural validity"
    loadings = model.estimates[model.estimates["op"] == "=~"]
    if key == owner and not {name, f"{name}_factor"} & set(loadings["lhs"]):
        return "the scale is no factor of the model"
    rating = _rating_of([one for one in indices if one.model == key])
    return "" if rating == SUFFICIENT else f"structural validity is rated {rating}"


def stability(retest: Outcome | None) -> Iterator[Line]:
    """Rate agreement over occasions."""
    if isinstance(retest, Unavailable):
        yield Line("reliability", "", INDETERMINATE, note=str(retest))
    if not isinstance(retest, Result):
        return
    n = dict(zip(retest.fit["model"], retest.fit["n_used"], strict=True))
    for row in fmt.rows(retest.estimates[retest.estimates["form"] == AGREEMENT]):
        known = not np.isnan(row.icc)
        yield Line(
            "reliability",
            row.variable,
            (SUFFICIENT if row.icc >= ICC_MARK else INSUFFICIENT) if known else INDETERMINATE,
            statistic=AGREEMENT,
            value=row.icc,
            ci_low=row.ci_low,
            ci_high=row.ci_high,
            n=int(n[row.variable]),
            source_cell=_cell(retest, "estimates", f"{row.variable} {AGREEMENT}", "icc"),
            note="" if known else "not defined",
        )


def measurement_error(reliability: Outcome | None, important: Mapping[str, float]) -> Iterator[Line]:
    """Rate each scale's smallest detectable change."""
    if not isinstance(reliability, Result):
        return
    check_known("minimal_important_change", important, list(reliability.estimates["scale"]), "scale")
    for row in fmt.rows(reliability.estimates):
        change = row.smallest_detectable_change
        if np.isnan(change):
            continue
        mark = important.get(row.scale)
        judged = SUFFICIENT if mark is not None and change < mark else INSUFFICIENT
        against = "" if mark is None else f"minimal important change {fmt.number(mark)}"
        yield Line(
            "measurement error",
            row.scale,
            INDETERMINATE if mark is None else judged,
            statistic="SDC",
            value=change,
            n=int(row.n_used),
            source_cell=_cell(reliability, "estimates", row.scale, "smallest_detectable_change"),
            note=against or "the minimal important change is not defined",
        )


def hypotheses_testing(hypotheses: Iterable[Hypothesis | str], correlations: Outcome | None) -> Iterator[Line]:
    """Rate whether correlations lie where they were expected."""
    for one in hypotheses:
        stated = Hypothesis.of(one) if isinstance(one, str) else one
        if not isinstance(correlations, Result):
            note = "no correlations" if correlations is None else str(correlations)
            yield Line("hypotheses testing", stated.subject, INDETERMINATE, note=note)
            continue
        row = _pair(correlations.estimates, stated)
        column = "r_corrected" if correlations.kind == "attenuation" else "r"
        value = float(row[column])
        agrees = SUFFICIENT if stated.low <= value <= stated.high else INSUFFICIENT
        yield Line(
            "hypotheses testing",
            stated.subject,
            INDETERMINATE if np.isnan(value) else agrees,
            statistic="Corrected r" if column == "r_corrected" else "r",
            value=value,
            ci_low=float(row["ci_low"]),
            ci_high=float(row["ci_high"]),
            n=int(row["n"]),
            source_cell=_cell(correlations, "estimates", f"{row['x']} with {row['y']}", column),
            note="the correlation is not defined" if np.isnan(value) else "",
        )


def _pair(table: pd.DataFrame, stated: Hypothesis) -> pd.Series[Any]:
    check_known("hypotheses", [stated.x, stated.y], list(dict.fromkeys([*table["x"], *table["y"]])), "scale")
    wanted = {stated.x, stated.y}
    for place, (x, y) in enumerate(zip(table["x"], table["y"], strict=True)):
        if {x, y} == wanted:
            return table.iloc[place]
    raise ArgumentError(f"hypotheses: {quoted(stated.x)} with {quoted(stated.y)} is not among the correlations.")


def group_differences(invariance: Mapping[str, Outcome]) -> Iterator[Line]:
    """Rate each ladder of invariance."""
    for name, found in invariance.items():
        if isinstance(found, Unavailable):
            yield Line("cross-cultural validity", name, INDETERMINATE, note=str(found))
        else:
            yield _ladder(name, found)


def _ladder(name: str, found: Result) -> Line:
    """Rate a ladder: whether loadings (thresholds) and intercepts may be taken as equal, by Chen's marks."""
    ladder = found.to_frame("ladder").set_index("step")
    verdicts = ladder["chen"].iloc[1:]
    if FULL_STEP not in verdicts.index:
        note = f"the step {FULL_STEP} was not fitted"
        return Line("cross-cultural validity", name, INDETERMINATE, note=note)
    needed = verdicts.loc[:FULL_STEP]
    kept, lost = bool((needed == HOLDS).all()), bool((needed == FAILS).any())
    return Line(
        "cross-cultural validity",
        name,
        SUFFICIENT if kept else INSUFFICIENT if lost else INDETERMINATE,
        statistic=f"ΔCFI ({FULL_STEP})",
        value=float(ladder["delta_cfi"][FULL_STEP]),
        n=int(found.fit["n_used"].iloc[0]),
        source_cell=_cell(found, "ladder", FULL_STEP, "delta_cfi"),
        note=", ".join(f"{step}: {verdict or 'not judged'}" for step, verdict in needed.items()),
    )
