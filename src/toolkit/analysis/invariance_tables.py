"""Tables of measurement invariance: the ladder, what to free first, differences of means, effect sizes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from scipy import special

from ..errors import ModelWarning
from ..kernels.sem.chisquare import ChiSquare
from ..kernels.sem.implied import implied_moments
from ..kernels.sem.modification import modification_indices
from ..kernels.sem.noninvariance import ItemCurves, noninvariance
from ..kernels.sem.ram import Array
from ..kernels.sem.score_tests import Restriction, score_tests
from ..kernels.sem.table import Parameter
from .inputs import warn
from .invariance_fits import Comparison, Rung, step_difference
from .invariance_verdicts import Marks, chen, chen_marks, cheung_rensvold
from .model_tables import estimate_columns, estimates

VARIANTS = ("_robust", "_scaled", "")
DIFFERENCES = ("chisq_diff", "df_diff", "p_diff")


def indices(rungs: Sequence[Rung]) -> str:
    """Choose the version of CFI and RMSEA that every step has: `_robust`, `_scaled` or the plain one."""
    for variant in VARIANTS:
        values = [rung.measures.get(f"{name}{variant}", np.nan) for rung in rungs for name in ("cfi", "rmsea")]
        if np.isfinite(values).all():
            return variant
    return ""


def ladder(comparison: Comparison, rungs: Sequence[Rung]) -> tuple[pd.DataFrame, list[str]]:
    """Set the steps out one below the other, each with its test against the one before and with changes of fit."""
    variant = indices(rungs)
    notes: list[str] = []
    rows: list[dict[str, Any]] = []
    n = len(comparison.data.order)
    for before, rung in zip([None, *rungs[:-1]], rungs, strict=True):
        row = _fit_row(rung, variant)
        if before is not None:
            test = step_difference(before.found, rung.found)
            row |= _difference(test)
            notes += _no_test(rung.step, test)
            change = _change(rows[-1], row)
            row |= {"delta_cfi": change.cfi, "delta_rmsea": change.rmsea, "delta_srmr": change.srmr}
            row |= {"chen": chen(change, chen_marks(rung.step, n)), "cheung_rensvold": cheung_rensvold(change.cfi)}
        rows.append(row)
    for note in notes:
        warn(note, ModelWarning)
    table = pd.DataFrame(rows).astype({"df": "Int64", "df_diff": "Int64"})
    return table.fillna({"chen": "", "cheung_rensvold": ""}), notes


def _fit_row(rung: Rung, variant: str) -> dict[str, Any]:
    known = rung.measures
    scaled = "_scaled" if "chisq_scaled" in known else ""
    row: dict[str, Any] = {"step": rung.step, "equal": ", ".join(rung.equal)}
    row |= {"chisq": known["chisq"], "df": known["df"], "p": known["pvalue"]}
    if scaled:
        row |= {"chisq_scaled": known["chisq_scaled"], "pvalue_scaled": known["pvalue_scaled"]}
    return row | {"cfi": known[f"cfi{variant}"], "rmsea": known[f"rmsea{variant}"], "srmr": known["srmr"]}


def _difference(test: ChiSquare) -> dict[str, Any]:
    tested = test.df > 0 and not np.isnan(test.statistic)
    return dict(zip(DIFFERENCES, (test.statistic, test.df, test.pvalue if tested else np.nan), strict=True))


def _no_test(step: str, test: ChiSquare) -> list[str]:
    if test.df <= 0:
        return [f"{step} is no restriction beyond the step before (df = 0), so there is nothing to test"]
    if np.isnan(test.statistic):
        return [f"the scaled difference of {step} is not defined (a negative scaling factor)"]
    return []


def _change(before: dict[str, Any], row: dict[str, Any]) -> Marks:
    return Marks(*(row[name] - before[name] for name in ("cfi", "rmsea", "srmr")))


@dataclass(frozen=True)
class _Released:
    """One constraint of a step, and what releasing it would do."""

    constraint: str
    parameter: str
    kind: str
    block: str
    chisq: float
    p: float
    change: float


def freed_first(comparison: Comparison, rungs: Sequence[Rung]) -> pd.DataFrame:
    """List the constraints of each step, those first whose release would lower chi-square most."""
    columns = ["step", "constraint", "parameter", "kind", comparison.over, "chisq", "df", "p", "change"]
    rows = []
    for rung in rungs[1:]:
        released = [*_equalities(comparison, rung), *_zeros(comparison, rung)]
        for one in sorted(released, key=lambda one: -np.nan_to_num(one.chisq, nan=-1.0)):
            values = (one.constraint, one.parameter, one.kind, one.block, one.chisq, 1, one.p, one.change)
            rows.append(dict(zip(columns, (rung.step, *values), strict=True)))
    return pd.DataFrame(rows, columns=columns)


def _equalities(comparison: Comparison, rung: Rung) -> Iterator[_Released]:
    tests = score_tests(rung.found.fitted)
    for one, chisq, p, change in zip(tests.restrictions, tests.statistic, tests.pvalue, tests.change, strict=True):
        if one.left is None or one.right is None:
            yield _Released(one.text, "", "", "", float(chisq), float(p), float(change))
            continue
        block = comparison.block(one.right.lhs, one.right.group)
        name = _plain_name(comparison, one.left)
        text = _constraint(comparison, one, name)
        yield _Released(text, name, kind_of(one.left), comparison.labels[block], float(chisq), float(p), float(change))


def _constraint(comparison: Comparison, one: Restriction, name: str) -> str:
    if one.left is None or one.right is None:
        return one.text
    blocks = [comparison.labels[comparison.block(side.lhs, side.group)] for side in (one.left, one.right)]
    return f"{name} ({blocks[0]}) == {name} ({blocks[1]})"


def _zeros(comparison: Comparison, rung: Rung) -> Iterator[_Released]:
    """List intercepts of ordinal items that equality puts at 0, and residual variances that it puts at 1."""
    if not comparison.ordinal or not {"intercepts", "residuals"} & set(rung.equal):
        return
    found = modification_indices(rung.found.fitted)
    scale = 1.0 if rung.found.fitted.scaled is None else rung.found.fitted.scaled.inflation
    for one, chisq, change in zip(found.parameters, found.mi, found.epc, strict=True):
        residual = one.op == "~~" and one.lhs == one.rhs and "residuals" in rung.equal
        block = comparison.block(one.lhs, one.group) if one.lhs in rung.found.table.ordinal else 0
        name = _plain_name(comparison, one)
        if block == 0 or name in comparison.model.partial or not (one.op == "~1" or residual):
            continue
        label = comparison.labels[block]
        text = f"{name} ({label}) == {1 if residual else 0}"
        yield _Released(
            text, name, kind_of(one), label, float(chisq), float(special.chdtrc(1, chisq / scale)), float(-change)
        )


def _plain_name(comparison: Comparison, one: Parameter) -> str:
    """Name a parameter without its occasion."""
    block = comparison.block(one.lhs, one.group)
    lhs, rhs = (comparison.plain(name, block) for name in (one.lhs, one.rhs))
    return f"{lhs}{one.op}{rhs}"


def kind_of(one: Parameter) -> str:
    """Name the kind of a parameter of an item."""
    return {"=~": "loading", "|": "threshold", "~1": "intercept"}.get(one.op, "residual")


def linking(rungs: Sequence[Rung]) -> Rung | None:
    """Find the first step whose factors are on one scale over groups (occasions)."""
    return next((one for one in rungs if "intercepts" in one.equal), None)


def latent_means(comparison: Comparison, rung: Rung) -> pd.DataFrame:
    """List the factor means of later groups (occasions), differences from the first, at a step that compares them."""
    table = estimates(rung.found)
    parameters = rung.found.table.parameters
    latent = comparison.model.roles.latent
    rows = []
    for one, row in zip(parameters, table.itertuples(index=False), strict=False):
        if one.op != "~1" or one.fixed is not None or one.lhs not in rung.found.table.latent:
            continue
        block = comparison.block(one.lhs, one.group)
        name = comparison.plain(one.lhs, block)
        if name in latent and block:
            shown = {"step": rung.step, "factor": name, comparison.over: comparison.labels[block]}
            values = {key: getattr(row, key) for key in ("se", "z", "p", "ci_low", "ci_high")}
            spread = _factor_sd(comparison, rung, name)
            rows.append({**shown, "difference": row.est, **values, "sd_first": spread[0], "sd": spread[block]})
    return pd.DataFrame(rows)


def _factor_sd(comparison: Comparison, rung: Rung, name: str) -> list[float]:
    blocks = range(len(comparison.labels))
    return [float(np.sqrt(_moments(comparison, rung, block, (name,))[1][0, 0])) for block in blocks]


def _moments(comparison: Comparison, rung: Rung, block: int, factors: Sequence[str]) -> tuple[Array, Array]:
    """Give the implied means and covariances of factors in a group or on an occasion."""
    fitted, latent = rung.found.fitted, rung.found.table.latent
    found = implied_moments(fitted.model.groups[comparison.group(block)], fitted.x)
    place = found.n_observed + np.array([latent.index(comparison.name(one, block)) for one in factors])
    return found.means[place], found.covariances[np.ix_(place, place)]


def effect_sizes(comparison: Comparison, configural: Rung, linking: Rung) -> pd.DataFrame:
    """Compute dMACS of each item in each later group (occasion) against the first.

    The items' parameters are those of the configural model; the factors of all groups are put on one scale by their
    means and variances at the linking step.
    """
    rows = []
    for factors, items in _by_factors(comparison).items():
        curves = [
            _linked(comparison, configural, linking, block, items, factors) for block in range(len(comparison.labels))
        ]
        for block, focal in enumerate(curves[1:], start=1):
            found = noninvariance(curves[0], focal)
            for place, item in enumerate(items):
                shown = {"item": item, "factor": ", ".join(factors), comparison.over: comparison.labels[block]}
                sizes = {"dmacs": found.dmacs[place], "signed": found.signed[place]}
                rows.append({**shown, **sizes, "difference": found.difference[place]})
    order = {name: place for place, name in enumerate(comparison.model.items)}
    return pd.DataFrame(rows).sort_values(
        "item", key=lambda column: column.map(order), kind="stable", ignore_index=True
    )


def _by_factors(comparison: Comparison) -> dict[tuple[str, ...], list[str]]:
    """Group items by the factors that they load on."""
    found: dict[tuple[str, ...], list[str]] = {}
    for item in comparison.model.items:
        factors = tuple(one.lhs for one in comparison.model.loadings if one.rhs == item)
        found.setdefault(factors, []).append(item)
    return found


def _linked(
    comparison: Comparison, first: Rung, linking: Rung, block: int, items: Sequence[str], factors: Sequence[str]
) -> ItemCurves:
    """Read the items' curves from the configural model, its factors put where those of the linking step are."""
    named = [comparison.name(one, block) for one in items]
    columns = [comparison.name(one, block) for one in factors]
    group = comparison.group(block)
    own = ItemCurves.of(first.found.fitted, first.found.data.rows, group, named, columns)
    mean, covariance = _moments(comparison, linking, block, factors)
    stretch = np.sqrt(np.diag(covariance) / np.diag(own.factor_covariance))
    loadings = own.loadings / stretch
    return replace(
        own,
        loadings=loadings,
        intercepts=own.intercepts + own.loadings @ own.factor_mean - loadings @ mean,
        factor_mean=mean,
        factor_covariance=own.factor_covariance * np.outer(stretch, stretch),
    )


def parameters(comparison: Comparison, rungs: Sequence[Rung]) -> pd.DataFrame:
    """List the parameters of all steps."""
    columns = [estimate_columns(rung.found) for rung in rungs]
    sizes = [len(one["est"]) for one in columns]
    steps = [rung.step for rung, size in zip(rungs, sizes, strict=True) for _ in range(size)]
    table = pd.DataFrame(
        {"step": steps, **{name: np.concatenate([one[name] for one in columns]) for name in columns[0]}}
    )
    return table if comparison.over == "group" else table.drop(columns="group")
