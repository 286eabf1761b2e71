"""The baseline of incremental fit indices: free variances and means, covariances of predictors alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from .moments import SampleMoments
from .ram import Array, Model
from .table import Parameter, ParameterTable


def baseline_table(table: ParameterTable) -> ParameterTable:
    """Build the independence model of a table's variables, in which lavaan's baseline is."""
    rows: list[Parameter] = []
    for group in range(len(table.groups)):
        rows += [one for one in table.parameters if one.group == group and one.op == "|"]
        rows += [Parameter(name, "~~", name, group, _variance(name, table)) for name in table.observed]
        rows += [
            Parameter(name, "~~", other, group)
            for index, name in enumerate(table.predictors)
            for other in table.predictors[index + 1 :]
        ]
        if any(one.op == "~1" for one in table.parameters):
            rows += [Parameter(name, "~1", "", group, _mean(name, table)) for name in table.observed]
    rows = [replace(one, label="", fixed=None) if one.op == "|" else one for one in rows]
    return replace(table, parameters=tuple(rows), latent=(), definitions=(), constraints=())


def _variance(name: str, table: ParameterTable) -> float | None:
    return 1.0 if name in table.ordinal else None


def _mean(name: str, table: ParameterTable) -> float | None:
    return 0.0 if name in table.ordinal else None


def sample_values(model: Model, samples: Sequence[SampleMoments], thresholds: Sequence[Array] = ()) -> Array:
    """Give variances, covariances, means and thresholds of observed variables the sample's values, (q,)."""
    values = []
    for index in model.free:
        group = model.table.parameters[index].group
        matrix, row, column = model.places[index]
        if matrix == "tau":
            values.append(thresholds[group][row])
        else:
            values.append(samples[group].covariance[row, column] if matrix == "S" else samples[group].mean[row])
    return np.array(values)
