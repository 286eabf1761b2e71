"""A structural equation model in words: how it was fitted, and how well it fits."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import format as fmt
from .model_fit import Estimated

KINDS = {"cfa": "Confirmatory factor analysis", "sem": "Structural equation model"}
ROWS = {"listwise": "complete rows", "pairwise": "pairwise rows", "fiml": "FIML"}
VARIANTS = ("robust", "scaled")


def method(found: Estimated) -> str:
    """Say how the model was fitted, for `fit`."""
    choice, plan = found.choice, found.plan
    parts = [choice.estimator, ROWS[choice.missing]]
    if choice.ordinal:
        parts.append(f"{plan.parameterization} parameterization")
    if plan.likelihood == "wishart":
        parts.append("Wishart likelihood")
    if found.data.rows.cluster is not None:
        parts.append(f"errors clustered by {found.data.sample.settings['cluster']}")
    if plan.bootstrap:
        drawn = "clusters" if found.data.rows.cluster is not None else "rows"
        interval = {"percentile": "percentile", "bca": "BCa"}[plan.options.interval]
        parts.append(f"errors and {interval} intervals from {fmt.count(plan.bootstrap)} bootstrap samples of {drawn}")
    return ", ".join(parts)


def sentence(kind: str, found: Estimated, fit: dict[str, Any]) -> str:
    """Report the fit in APA style; scaled and robust versions are named."""
    head = f"{KINDS[kind]} ({method(found)}; n = {fmt.count(fit['n_used'])}{_dropped(fit)}{_groups(found)}): "
    parts = [_test(fit), _index(fit, "cfi"), _index(fit, "tli"), _rmsea(fit), f"SRMR = {_three(fit['srmr'])}"]
    because = f" Estimator: {found.choice.reason}." if found.choice.reason else ""
    return f"{head}{', '.join(part for part in parts if part)}.{because}"


def _dropped(fit: dict[str, Any]) -> str:
    return f", {fmt.count(fit['n_dropped'])} dropped" if fit["n_dropped"] else ""


def _groups(found: Estimated) -> str:
    if len(found.data.labels) == 1:
        return ""
    sizes = zip(found.data.labels, found.data.rows.groups, strict=True)
    return f"; {', '.join(f'{label}: {fmt.count(len(rows))}' for label, rows in sizes)}"


def _test(fit: dict[str, Any]) -> str:
    if not fit["df"]:
        return "df = 0, so that fit cannot be tested"
    scaled = "chisq_scaled" in fit
    ending = "_scaled" if scaled else ""
    value, df, p = (fit[f"{name}{ending}"] for name in ("chisq", "df", "pvalue"))
    digits = 0 if float(df).is_integer() else 2
    test = f"{'scaled ' if scaled else ''}χ²({fmt.number(df, digits)}) = {fmt.number(value)}"
    return test if np.isnan(p) else f"{test}, p {fmt.p_value(p)}"


def _index(fit: dict[str, Any], name: str) -> str:
    """Give an index in the version that allows for what the estimator allows for, where it is defined."""
    variant = _variant(fit, name)
    value = fit[f"{name}_{variant}" if variant else name]
    return f"{_named(variant)}{name.upper()} = {_three(value)}" if fit["df"] else ""


def _rmsea(fit: dict[str, Any]) -> str:
    if not fit["df"]:
        return ""
    variant = _variant(fit, "rmsea")
    ending = f"_{variant}" if variant else ""
    low, high = fit[f"rmsea_ci_lower{ending}"], fit[f"rmsea_ci_upper{ending}"]
    interval = fmt.interval(low, high, 3, bounded=True)
    return f"{_named(variant)}RMSEA = {_three(fit[f'rmsea{ending}'])}, 90% CI {interval}"


def _variant(fit: dict[str, Any], name: str) -> str:
    return next((one for one in VARIANTS if not np.isnan(fit.get(f"{name}_{one}", np.nan))), "")


def _named(variant: str) -> str:
    return f"{variant} " if variant else ""


def _three(value: float) -> str:
    return fmt.number(value, 3, bounded=True)
