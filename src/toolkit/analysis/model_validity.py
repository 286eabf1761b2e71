"""What follows from a fitted model about its items and factors: local misfit, reliability, validity, scores."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from scipy import special

from ..checks import listed
from ..kernels.sem.discriminant import discriminant_validity
from ..kernels.sem.model_reliability import Reliability, Structure, reliability, total_reliability
from ..kernels.sem.modification import modification_indices
from ..kernels.sem.scores import Method, factor_scores
from .inputs import warn_undefined
from .model_fit import Estimated

NOTABLE = float(special.chdtri(1, 0.05))
EVERYTHING = "all items"
RELIABILITY = (
    "group",
    "factor",
    "n_items",
    "omega",
    "omega_observed",
    "omega_categorical",
    "omega_categorical_observed",
    "ave",
    "ave_observed",
)
DISCRIMINANT = (
    "group",
    "factor",
    "with_factor",
    "r",
    "r_squared",
    "htmt",
    "htmt2",
    "ave",
    "ave_with",
    "fornell_larcker",
)


@dataclass(frozen=True)
class AfterFit:
    """Tables that rest on a solution, each made when it is asked for, scores, and what is to be said about them."""

    tables: dict[str, Callable[[], pd.DataFrame]]
    cases: pd.DataFrame | None
    notes: tuple[str, ...]


def after_fit(found: Estimated) -> AfterFit:
    """Compute what follows from the solution; without factors, or pairs of them, their tables are empty."""
    turned = reversed_items(found)
    tables: dict[str, Callable[[], pd.DataFrame]] = {
        "modification_indices": partial(notable_indices, found),
        "reliability": partial(reliability_table, found, turned),
        "discriminant": partial(discriminant_table, found),
    }
    notes = [*_turned(found, turned), *_undefined(found)]
    cases = None if found.plan.options.scores == "none" else scores(found, notes)
    return AfterFit(tables, cases, tuple(notes))


def notable_indices(found: Estimated) -> pd.DataFrame:
    """List the modification indices with p < .05, largest first."""
    indices = modification_indices(found.fitted)
    rows = indices.parameters
    table = pd.DataFrame(
        {
            "lhs": [one.lhs for one in rows],
            "op": [one.op for one in rows],
            "rhs": [one.rhs for one in rows],
            "group": [found.data.labels[one.group] for one in rows],
            "mi": indices.mi,
            "mi_scaled": indices.mi_scaled,
            "p": indices.pvalue,
            "epc": indices.epc,
            "sepc_lv": indices.sepc_lv,
            "sepc_all": indices.sepc_all,
        }
    )
    left_out = [] if len(found.data.labels) > 1 else ["group"]
    left_out += [] if found.fitted.scaled is not None else ["mi_scaled"]
    largest = table[table["mi"] >= NOTABLE].sort_values("mi", ascending=False, kind="stable")
    return largest.drop(columns=left_out).reset_index(drop=True)


def reversed_items(found: Estimated) -> tuple[str, ...]:
    """List the items that a sum turns around: by the key; of variables without one those that load negatively."""
    responses = found.data.sample.responses
    first: dict[str, float] = {}
    for one, value in zip(found.table.parameters, found.fitted.std_all, strict=True):
        if one.op == "=~" and one.rhs in found.data.names:
            first.setdefault(one.rhs, float(value))
    return tuple(
        name
        for name, loading in first.items()
        if (responses.is_reversed(name) if name in responses.items else loading < 0)
    )


def reliabilities(found: Estimated, turned: Sequence[str]) -> list[Reliability]:
    """Compute omega of each factor, and of all items where there are several factors."""
    rows = list(reliability(found.fitted, turned))
    simple = [one for one in found.table.latent if any(row.factor == one for row in rows)]
    return [*rows, *total_reliability(found.fitted, turned)] if len(simple) > 1 else rows


def reliability_table(found: Estimated, turned: Sequence[str]) -> pd.DataFrame:
    """List omega, the reliability of ordinal sums and the average variance extracted of each factor."""
    rows = reliabilities(found, turned) if found.table.latent else []
    table = pd.DataFrame([_reliability(found, one) for one in rows], columns=list(RELIABILITY))
    if not found.choice.ordinal:
        table = table.drop(columns=["omega_categorical", "omega_categorical_observed"])
    return _grouped(table, found)


def _reliability(found: Estimated, one: Reliability) -> dict[str, Any]:
    return {
        "group": found.data.labels[one.group],
        "factor": one.factor or EVERYTHING,
        "n_items": len(one.items),
        "omega": one.omega,
        "omega_observed": one.omega_observed,
        "omega_categorical": one.categorical,
        "omega_categorical_observed": one.categorical_observed,
        "ave": one.variance,
        "ave_observed": one.variance_observed,
    }


def discriminant_table(found: Estimated) -> pd.DataFrame:
    """Compare each pair of factors: correlation, HTMT, and average variance extracted by Fornell & Larcker's rule."""
    rows = [
        {
            "group": found.data.labels[one.group],
            "factor": one.first,
            "with_factor": one.second,
            "r": one.correlation,
            "r_squared": one.correlation**2,
            "htmt": one.htmt,
            "htmt2": one.htmt2,
            "ave": one.first_variance,
            "ave_with": one.second_variance,
            "fornell_larcker": None if np.isnan(one.margin) else one.margin > 0,
        }
        for one in (discriminant_validity(found.fitted) if found.table.latent else ())
    ]
    return _grouped(pd.DataFrame(rows, columns=list(DISCRIMINANT)), found)


def _grouped(table: pd.DataFrame, found: Estimated) -> pd.DataFrame:
    return table.drop(columns="group") if len(found.data.labels) == 1 else table


def scores(found: Estimated, notes: list[str]) -> pd.DataFrame:
    """Score each row on each factor; rows that are not used, and factors that answers do not tell, have no scores."""
    by_group = np.concatenate(factor_scores(found.fitted, found.data.rows, _method(found)))
    values = np.full((len(found.data.x), by_group.shape[1]), np.nan)
    values[found.data.order] = by_group
    lost = [name for name, column in zip(found.table.latent, by_group.T, strict=True) if np.isnan(column).all()]
    if lost:
        notes.append(f"answers alone do not determine Bartlett scores of {listed(lost)}; use scores='regression'")
        warn_undefined(notes[-1])
    responses = found.data.sample.responses
    keys = responses.frame[list(responses.keys)].reset_index(drop=True)
    return pd.concat([keys, pd.DataFrame(values, columns=list(found.table.latent))], axis=1)


def _method(found: Estimated) -> Method:
    if found.choice.ordinal:
        return "ebm"
    return "bartlett" if found.plan.options.scores == "bartlett" else "regression"


def _turned(found: Estimated, turned: Sequence[str]) -> list[str]:
    """Say which variables without a key are turned around in the sums whose reliability is reported."""
    unkeyed = [name for name in turned if name not in found.data.sample.responses.items]
    if not unkeyed:
        return []
    return [f"reliability is that of sums in which {listed(unkeyed)}, which load negatively, are turned around"]


def _undefined(found: Estimated) -> list[str]:
    """Say which quantities the design of the model leaves empty, and why: a note, since no data would change it."""
    if not found.table.latent:
        return []
    structures = [Structure.of(found.fitted, group) for group in range(len(found.data.labels))]
    factors = range(len(found.table.latent))
    sums = [(one, factor, items) for one in structures for factor in factors if len(items := one.items(factor)) > 1]
    several = len({factor for _, factor, _ in sums}) > 1
    notes = []
    if any(one.shared(factor, items) for one, factor, items in sums):
        notes.append("average variance extracted is not defined where items load on several factors, or through others")
    if any(one.mixed(one.measured if several else items) for one, _, items in sums):
        notes.append("reliability is not defined for ordinal beside continuous items")
    if any(_lacks_pairs(one) for one in structures):
        notes.append("HTMT needs two items that load on one factor alone")
    return notes


def _lacks_pairs(structure: Structure) -> bool:
    """Tell whether one of several factors has fewer than two items that load on it alone."""
    members = structure.members
    own = [len(members[factor]) for factor in np.flatnonzero(structure.direct.any(axis=0))]
    return len(own) > 1 and min(own) < 2
