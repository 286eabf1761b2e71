"""The baseline of incremental fit indices: free variances and means, covariances of exogenous variables alone."""

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
        rows += [Parameter(name, "~~", name, group) for name in table.observed]
        rows += [
            Parameter(name, "~~", other, group)
            for index, name in enumerate(table.exogenous)
            for other in table.exogenous[index + 1 :]
        ]
        if any(one.op == "~1" for one in table.parameters):
            rows += [Parameter(name, "~1", "", group) for name in table.observed]
    return replace(table, parameters=tuple(rows), latent=(), definitions=(), constraints=())


def sample_values(model: Model, samples: Sequence[SampleMoments]) -> Array:
    """Give variances, covariances and means of observed variables the sample's values, (q,)."""
    values = []
    for index in model.free:
        sample = samples[model.table.parameters[index].group]
        matrix, row, column = model.places[index]
        values.append(sample.covariance[row, column] if matrix == "S" else sample.mean[row])
    return np.array(values)
