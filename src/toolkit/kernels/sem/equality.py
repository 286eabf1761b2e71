"""Equality over groups as labels: what `group.equal` and `group.partial` do to a parameter table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ...checks import check_known
from .table import Parameter, ParameterTable

GROUP_EQUAL = (
    "loadings",
    "intercepts",
    "means",
    "thresholds",
    "regressions",
    "residuals",
    "residual.covariances",
    "lv.variances",
    "lv.covariances",
)


def with_equal_groups(
    table: ParameterTable, equal: frozenset[str], partial: Sequence[str], held: Sequence[str]
) -> ParameterTable:
    """Give parameters of the wanted kinds one label over groups: `.p2.` where the first group's is the second row.

    A free parameter that has a label of a fixed one is fixed at the same value, as in lavaan.
    """
    exempt = ["".join(name.split()) for name in partial]
    check_known("group_partial", exempt, list(dict.fromkeys(one.name for one in table.parameters)), "parameter")
    first = {(one.lhs, one.op, one.rhs): index for index, one in enumerate(table.parameters) if one.group == 0}
    shared = {}
    for index, one in enumerate(table.parameters):
        origin = first[one.lhs, one.op, one.rhs]
        wanted = kind_of(one, table, held) in equal and one.name not in exempt
        if one.group > 0 and wanted and not one.label and not table.parameters[origin].label:
            shared[index] = shared[origin] = f".p{origin + 1}."
    rows = [replace(one, label=shared[index]) if index in shared else one for index, one in enumerate(table.parameters)]
    values = {one.label: one.fixed for one in rows if one.label and one.fixed is not None}
    rows = [replace(one, fixed=values[one.label]) if one.fixed is None and one.label in values else one for one in rows]
    kept = {one.label for one in rows if one.fixed is None} | {one.label for one in table.parameters}
    return table.with_parameters(tuple(one if one.label in kept else replace(one, label="") for one in rows))


def kind_of(one: Parameter, table: ParameterTable, held: Sequence[str]) -> str:
    """Name the kind of a parameter as `group.equal` does; predictors' own moments are of no kind."""
    if one.lhs in held:
        return ""
    latent = one.lhs in table.latent
    match one.op:
        case "=~":
            return "loadings"
        case "~":
            return "regressions"
        case "|":
            return "thresholds"
        case "~1":
            return "means" if latent else "intercepts"
        case "~~" if one.lhs == one.rhs:
            return "lv.variances" if latent else "residuals"
        case "~~":
            return "lv.covariances" if latent else "residual.covariances"
        case _:
            return ""
