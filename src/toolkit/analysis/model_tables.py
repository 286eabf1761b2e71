"""Tables of a structural equation model."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy import special

from ..kernels.sem import standardized
from ..kernels.sem.ram import Array
from ..kernels.sem.table import Parameter, ParameterTable
from .model_fit import Estimated

FIT = (
    "npar",
    "chisq",
    "df",
    "pvalue",
    "chisq_scaled",
    "df_scaled",
    "pvalue_scaled",
    "scaling_factor",
    "shift_parameter",
    "baseline_chisq",
    "baseline_df",
    "cfi",
    "tli",
    "cfi_scaled",
    "tli_scaled",
    "cfi_robust",
    "tli_robust",
    "rmsea",
    "rmsea_ci_lower",
    "rmsea_ci_upper",
    "rmsea_pvalue",
    "rmsea_scaled",
    "rmsea_ci_lower_scaled",
    "rmsea_ci_upper_scaled",
    "rmsea_pvalue_scaled",
    "rmsea_robust",
    "rmsea_ci_lower_robust",
    "rmsea_ci_upper_robust",
    "rmsea_pvalue_robust",
    "srmr",
    "logl",
    "aic",
    "bic",
    "bic2",
)
RENAMED = {"chisq_scaling_factor": "scaling_factor", "chisq_shift_parameters": "shift_parameter"}
LARGE_RESIDUAL = 0.10
WHOLE = ("npar", "df", "baseline_df")


def measures(found: Estimated) -> dict[str, Any]:
    """Choose the measures of fit for `fit`: those of lavaan's that the estimator has, in a fixed order."""
    known = {RENAMED.get(name, name): value for name, value in found.fitted.fit_measures.items()}
    return {name: int(known[name]) if name in WHOLE else known[name] for name in FIT if name in known}


def why_undefined(found: Estimated, fit: dict[str, Any]) -> str:
    """Say which measures are empty and why, or nothing."""
    empty = [name for name in FIT if name in fit and np.isnan(fit[name])]
    if not empty:
        return ""
    why = []
    if found.fitted.df == 0:
        why.append("a model with df = 0 cannot be tested")
    if "pvalue" in empty and found.choice.estimator == "ULS":
        why.append("without normality and weights chi-square of ULS has no known distribution")
    if found.choice.ordinal and "cfi_robust" in empty:
        why.append(
            "robust indices of ordinal variables are not defined beside continuous variables, with restricted "
            "thresholds or where correlations are not positive definite"
        )
    return f"not defined: {', '.join(empty)} ({'; '.join(why) or 'no value can be computed'})"


def fit_measures(found: Estimated) -> pd.DataFrame:
    """List all measures of fit under lavaan's names, with `_` for `.`."""
    known = found.fitted.fit_measures
    return pd.DataFrame({"measure": list(known), "value": list(known.values())})


def estimates(found: Estimated) -> pd.DataFrame:
    """List the parameters in lavaan's order, and then the defined ones."""
    return pd.DataFrame(estimate_columns(found))


def estimate_columns(found: Estimated) -> dict[str, Array | list[str]]:
    """Give the columns of `estimates`."""
    fitted, rows = found.fitted, found.table.parameters
    defined = found.table.definitions
    est = np.asarray(found.values(fitted.x))
    se = found.errors
    z = est / se
    low, high = found.interval(est, float(special.ndtri((1 + found.plan.options.confidence) / 2)))
    return {
        "lhs": [*(one.lhs for one in rows), *(one.left for one in defined)],
        "op": [*(one.op for one in rows), *(":=" for _ in defined)],
        "rhs": [*(one.rhs for one in rows), *(one.expression for one in defined)],
        "group": [*(found.data.labels[one.group] for one in rows), *("" for _ in defined)],
        "label": [*(one.label for one in rows), *(one.left for one in defined)],
        "est": est,
        "se": se,
        "z": z,
        "p": 2 * special.ndtr(-np.abs(z)),
        "ci_low": low,
        "ci_high": high,
        "std_lv": found.standardised(fitted.std_lv),
        "std_all": found.standardised(fitted.std_all),
    }


def parameter_table(found: Estimated) -> pd.DataFrame:
    """Set the model out as lavaan's ``parTable`` does, before anything is estimated."""
    table = found.table
    number = {place: count for count, place in enumerate(table.free, start=1)}
    rows = [
        {
            "lhs": one.lhs,
            "op": one.op,
            "rhs": one.rhs,
            "group": one.group + 1,
            "free": number.get(place, 0),
            "ustart": one.start if one.fixed is None else one.fixed,
            "exo": int(_is_exogenous(one, table)),
            "label": one.label,
        }
        for place, one in enumerate(table.parameters)
    ]
    for op, assignments in ((":=", table.definitions), ("==", table.constraints)):
        rows += [
            {"lhs": one.left, "op": op, "rhs": one.expression, "group": 0, "free": 0, "exo": 0} for one in assignments
        ]
    filled = pd.DataFrame(rows).fillna({"label": ""})
    filled.insert(0, "id", range(1, len(rows) + 1))
    return filled.astype({"ustart": "float64"})


def _is_exogenous(one: Parameter, table: ParameterTable) -> bool:
    moment = one.op in ("~~", "~1") and one.lhs in table.exogenous
    return moment and (not one.rhs or one.rhs in table.exogenous)


def shown(table: pd.DataFrame) -> list[str]:
    """Choose the columns of the estimates that hold something."""
    return [name for name in table.columns if name not in ("group", "label") or any(table[name].tolist())]


def residual_correlations(found: Estimated) -> pd.DataFrame:
    """Set sample correlations minus implied ones out as a square, one for each group below the other."""
    squares = [
        _square(found, one.covariance, label)
        for label, one in zip(found.data.labels, found.fitted.residuals(), strict=True)
    ]
    return pd.concat(squares, ignore_index=True)


def _square(found: Estimated, values: Array, label: str) -> pd.DataFrame:
    names = list(found.data.names)
    table = pd.DataFrame(values, columns=names)
    table.insert(0, "item", names, allow_duplicates=True)
    return _with_group(table, label, found)


def _with_group(table: pd.DataFrame, label: str, found: Estimated) -> pd.DataFrame:
    if len(found.data.labels) > 1:
        table.insert(0, "group", label, allow_duplicates=True)
    return table


def largest_residuals(found: Estimated) -> pd.DataFrame:
    """List the pairs of variables whose residual correlation is .10 or larger in size, largest first."""
    names = np.array(found.data.names, dtype=object)
    row, column = np.tril_indices(len(names), -1)
    parts = []
    for label, one in zip(found.data.labels, found.fitted.residuals(), strict=True):
        pairs = {"item": names[column], "with_item": names[row], "residual": one.covariance[row, column]}
        parts.append(_with_group(pd.DataFrame(pairs), label, found))
    table = pd.concat(parts, ignore_index=True)
    large = table[table["residual"].abs() >= LARGE_RESIDUAL]
    return large.sort_values("residual", key=abs, ascending=False, kind="stable").reset_index(drop=True)


def r_squared(found: Estimated) -> pd.DataFrame:
    """List the share of each variable's variance that the model explains."""
    model = found.fitted.model
    names = np.array([*model.table.observed, *model.table.latent], dtype=object)
    parts = []
    for label, shares in zip(found.data.labels, standardized.r_squared(model, found.fitted.x), strict=True):
        known = ~np.isnan(shares)
        table = pd.DataFrame({"variable": names[known], "r_squared": shares[known]})
        parts.append(_with_group(table, label, found))
    return pd.concat(parts, ignore_index=True)
