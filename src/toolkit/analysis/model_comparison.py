"""Models of the same answers side by side."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from .. import format as fmt
from ..checks import listed, quoted
from ..errors import ArgumentError
from ..kernels.sem.chisquare import ChiSquare
from ..kernels.sem.difference import (
    difference_traces,
    plain_difference,
    scaled_difference_2000,
    scaled_difference_2001,
)
from ..kernels.sem.fitted import Fitted
from ..kernels.sem.nesting import in_order_of, is_nested
from ..kernels.sem.ordinal import OrdinalLeastSquares
from ..results import Result, Unavailable, fit_table
from .inputs import one_blas_thread
from .model_fit import Estimated

COLUMNS = (
    "model",
    "estimator",
    "npar",
    "chisq",
    "df",
    "p",
    "cfi",
    "tli",
    "rmsea",
    "rmsea_ci_low",
    "rmsea_ci_high",
    "srmr",
    "aic",
    "bic",
    "compared_with",
    "chisq_diff",
    "df_diff",
    "p_diff",
    "note",
)
VARIANTS = ("_robust", "_scaled", "")
INDICES = {
    "cfi": "cfi",
    "tli": "tli",
    "rmsea": "rmsea",
    "rmsea_ci_low": "rmsea_ci_lower",
    "rmsea_ci_high": "rmsea_ci_upper",
}
LEVEL = 0.05


@one_blas_thread
def compare_models(models: Mapping[str, Result | Unavailable]) -> Result:
    """Set fitted models of the same answers side by side, with tests of the restrictions that tell nested ones apart.

    A model is nested in another where the other can reproduce all moments that it implies; that is found out from the
    models themselves (Bentler & Satorra 2010), not from their names. Each model is tested against the next less
    restricted one that it is nested in: the one with the most degrees of freedom of those with fewer.

    Parameters
    ----------
    models : results of `cfa` or `sem` by name; what `attempt` returned for a model that could not be fitted keeps a row
        with the reason.

    Returns
    -------
    Result
        `estimates`: one row per model, in the order given. `chisq`, `df` and `p` are those of the scaled test where the
        estimator has one. `cfi`, `tli` and `rmsea` (with its interval at 90 %) are all robust, or all scaled, or all
        plain: the first of these that every model has; `settings["indices"]` says which. `aic` and `bic` are empty
        without a likelihood. `compared_with`, `chisq_diff`, `df_diff`, `p_diff`: the test of the difference; empty
        where there is no model to compare with. `note`: an improper solution, a test that is not defined, a model of
        other rows.

    Raises
    ------
    ArgumentError
        If there is no model, or something that is no result of `cfa` or `sem`.

    Notes
    -----
    Differences are tested only between models of the same variables and rows by the same estimator, with or without
    means in both. ML: the difference of the chi-squares. MLR: scaled by Satorra & Bentler (2001), which may not be
    defined (a negative factor). WLSMV: scaled and shifted by Satorra (2000). A difference test rejects small
    restrictions in large samples, and it assumes that the less restricted model fits.

    References
    ----------
    Bentler & Satorra (2010), doi:10.1037/a0019625. Satorra & Bentler (2001), doi:10.1007/BF02296192. Satorra (2000).
    In R: ``lavaan::lavTestLRT(fit1, fit2)``, ``semTools::net(fit1, fit2)``, ``semTools::compareFit``.

    Examples
    --------
    >>> from toolkit import cfa
    >>> draw = np.random.default_rng(1)
    >>> factors = draw.multivariate_normal([0, 0], [[1, 0.4], [0.4, 1]], 300)
    >>> answers = factors[:, [0, 0, 0, 1, 1, 1]] + draw.standard_normal((300, 6))
    >>> frame = pd.DataFrame(answers, columns=["x1", "x2", "x3", "y1", "y2", "y3"])
    >>> one = cfa(frame, "g =~ x1 + x2 + x3 + y1 + y2 + y3", estimator="ML")
    >>> two = cfa(frame, "f =~ x1 + x2 + x3; h =~ y1 + y2 + y3", estimator="ML")
    >>> both = compare_models({"one": one, "two": two})
    >>> print(both.table(columns=["model", "df", "compared_with", "p_diff"]).to_text())
    Models side by side
    Model  df  Compared with  p (Δχ²)
    one     9  two             < .001
    two     8  —                    —
    Method: ML, complete rows.
    """
    _check(models)
    fitted = {name: one.source for name, one in models.items() if isinstance(one, Result)}
    variant = _common_variant([_measures(one) for one in models.values() if isinstance(one, Result)])
    steps = {name: _step(name, fitted) for name in fitted}
    rows = [
        _row(name, one, variant, steps[name]) if isinstance(one, Result) else {"model": name, "note": str(one)}
        for name, one in models.items()
    ]
    estimates = pd.DataFrame(rows, columns=list(COLUMNS))
    return Result(
        kind="compare_models",
        title="Models side by side",
        estimates=estimates.astype(dict.fromkeys(("npar", "df", "df_diff"), "Int64")),
        fit=fit_table(
            [_fit(name, one, str(row["note"])) for (name, one), row in zip(models.items(), rows, strict=True)]
        ),
        settings={"models": list(models), "indices": variant.removeprefix("_") or "plain"},
        statement=_sentence(estimates, variant),
        captions={"estimates": "Models side by side"},
        view={"columns": _shown(estimates)},
    )


def _check(models: Mapping[str, Result | Unavailable]) -> None:
    if not models:
        raise ArgumentError("models is empty: give at least one result of cfa or sem by name.")
    for name, one in models.items():
        if not isinstance(one, Unavailable) and not (isinstance(one, Result) and isinstance(one.source, Estimated)):
            kind = one.kind if isinstance(one, Result) else type(one).__name__
            raise ArgumentError(f"models[{quoted(name)}] is {kind}, but must be what cfa or sem returned.")


def _common_variant(fits: list[dict[str, Any]]) -> str:
    """Choose the version of the indices that every model has."""
    for variant in VARIANTS:
        tested = [fit for fit in fits if fit["df"]]
        if all(np.isfinite(fit.get(f"{name}{variant}", np.nan)) for fit in tested for name in INDICES.values()):
            return variant
    return ""


@dataclass(frozen=True)
class _Step:
    """A model against the next less restricted one.

    Attributes
    ----------
    other : the name of that one; empty where there is none.
    test : of the difference, or None.
    note : why there is no comparison.
    """

    other: str = ""
    test: ChiSquare | None = None
    note: str = ""


def _step(name: str, found: Mapping[str, Estimated]) -> _Step:
    """Find the next less restricted model that one is nested in, and test the difference."""
    mine = found[name]
    others = {key: one for key, one in found.items() if key != name}
    alike = {key: one for key, one in others.items() if not _why_not_alike(mine, one)}
    less = sorted(
        (key for key, one in alike.items() if one.fitted.df < mine.fitted.df), key=lambda key: -found[key].fitted.df
    )
    equal = {key: one.fitted for key, one in alike.items() if one.fitted.df == mine.fitted.df}
    same = [key for key, one in equal.items() if is_nested(mine.fitted, one)]
    notes = [f"no data can tell it from {listed(same)}, which implies the same moments"] if same else []
    notes += [
        f"not compared with {key}: {_why_not_alike(mine, one)}" for key, one in others.items() if key not in alike
    ]
    for key in less:
        if is_nested(mine.fitted, found[key].fitted):
            return _Step(key, difference(found[key].fitted, mine.fitted), "; ".join(notes))
    notes += [f"not nested in {listed(less)}"] if less else []
    return _Step(note="; ".join(notes))


def _why_not_alike(one: Estimated, other: Estimated) -> str:
    """Say why two models cannot be compared, or nothing."""
    if set(one.table.observed) != set(other.table.observed):
        return "other variables"
    if set(one.table.ordinal) != set(other.table.ordinal) or one.table.exogenous != other.table.exogenous:
        return "variables are taken in another way"
    if not _same_rows(one, other):
        return "other rows"
    if (one.fitted.options, one.plan.likelihood) != (other.fitted.options, other.plan.likelihood):
        return "another estimator or test"
    means = [[group.mean_structure for group in model.fitted.model.groups] for model in (one, other)]
    return "means in one of them alone" if means[0] != means[1] else ""


def _same_rows(one: Estimated, other: Estimated) -> bool:
    if one.data.labels != other.data.labels or not np.array_equal(one.data.order, other.data.order):
        return False
    columns = [other.data.names.index(name) for name in one.data.names]
    return np.array_equal(one.data.x, other.data.x[:, columns], equal_nan=True)


def difference(less: Fitted, more: Fitted) -> ChiSquare:
    """Test the restrictions that lead from one model to a model within it, as the estimator asks for."""
    plain = less.chisq, more.chisq
    if more.scaled is None:
        return plain_difference(*plain)
    if not isinstance(less.estimator, OrdinalLeastSquares):
        factors = (less.scaled.factor if less.scaled is not None else np.nan), more.scaled.factor
        return scaled_difference_2001(*plain, factors)
    within = in_order_of(more.model, less.model)
    jacobian = less.estimator.with_model(within).structure(more.x).jacobian @ more.basis
    return scaled_difference_2000(*plain, difference_traces(less.structure, less.basis, jacobian))


def _measures(one: Result) -> dict[str, Any]:
    return {str(key): value for key, value in one.fit.iloc[0].items()}


def _row(name: str, one: Result, variant: str, step: _Step) -> dict[str, Any]:
    fit = _measures(one)
    found: Estimated = one.source
    scaled = "_scaled" if "chisq_scaled" in fit else ""
    row = {"model": name, "estimator": found.choice.estimator, "npar": fit["npar"]}
    row |= {key: fit[f"{key}{scaled}"] for key in ("chisq", "df")} | {"p": fit[f"pvalue{scaled}"]}
    if fit["df"]:
        row |= {name: fit[f"{theirs}{variant}"] for name, theirs in INDICES.items()}
    row |= {key: fit.get(key, np.nan) for key in ("srmr", "aic", "bic")}
    notes = [f"improper: {'; '.join(found.fitted.faults)}" if found.fitted.faults else "", step.note]
    if step.test is not None:
        row |= {"compared_with": step.other, "chisq_diff": step.test.statistic, "df_diff": step.test.df}
        row["p_diff"] = _p_value(found, step.test)
        notes.append(_why_no_test(found, step.test))
    return {**row, "note": "; ".join(filter(None, notes))}


def _p_value(found: Estimated, test: ChiSquare) -> float:
    return float("nan") if found.choice.estimator == "ULS" or np.isnan(test.statistic) else test.pvalue


def _why_no_test(found: Estimated, test: ChiSquare) -> str:
    if np.isnan(test.statistic):
        return "the scaled difference is not defined (a negative scaling factor)"
    return "the difference of ULS has no known distribution" if found.choice.estimator == "ULS" else ""


def _fit(name: str, one: Result | Unavailable, note: str) -> dict[str, Any]:
    if isinstance(one, Unavailable):
        return {"model": name, "n_used": 0, "n_dropped": 0, "method": "", "converged": False, "note": note}
    line = one.fit.iloc[0]
    return {"model": name, **{key: line[key] for key in ("n_used", "n_dropped", "method", "converged")}, "note": note}


def _shown(estimates: pd.DataFrame) -> list[str]:
    """Choose the columns that hold something; notes stand below the table, and one estimator in its method."""
    left_out = {"npar", "note"} if estimates["estimator"].nunique() > 1 else {"npar", "note", "estimator"}
    held = [name for name in COLUMNS if name == "model" or not estimates[name].isna().all()]
    return [name for name in held if name not in left_out]


def _sentence(estimates: pd.DataFrame, variant: str) -> str:
    """Say how each model fits, and what the differences are; no model is called true."""
    known = estimates.dropna(subset=["chisq"])
    if known.empty:
        return "None of the models could be fitted."
    named = f"{variant.removeprefix('_')} " if variant else ""
    parts = [
        f"{row.model}: CFI = {_three(row.cfi)}, RMSEA = {_three(row.rmsea)}, SRMR = {_three(row.srmr)}"
        for row in fmt.rows(known)
    ]
    text = f"Fit ({named}indices) – {'; '.join(parts)}."
    text += "".join(f" {_difference(row)}" for row in fmt.rows(known[known["compared_with"].notna()]))
    left = len(estimates) - len(known)
    return f"{text} {left} of {len(estimates)} models could not be fitted." if left else text


def _difference(row: Any) -> str:
    if np.isnan(row.p_diff):
        return f"The model {row.model} is nested in {row.compared_with}, but the difference cannot be tested."
    test = f"Δχ²({fmt.number(row.df_diff, 0)}) = {fmt.number(row.chisq_diff)}, p {fmt.p_value(row.p_diff)}"
    verdict = "fits worse than" if row.p_diff < LEVEL else "fits no detectably worse than"
    return f"The model {row.model} {verdict} {row.compared_with}, {test}."


def _three(value: float) -> str:
    return fmt.number(value, 3, bounded=True)
