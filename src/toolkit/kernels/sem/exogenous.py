"""Variables that a model only conditions on: their moments are the sample's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from .moments import SampleMoments
from .ram import Positions
from .table import Parameter, ParameterTable


def exogenous_positions(table: ParameterTable) -> Positions:
    """Find the exogenous variables among the observed ones."""
    return np.array([table.observed.index(name) for name in table.exogenous], dtype=np.intp)


def fix_exogenous(table: ParameterTable, samples: Sequence[SampleMoments]) -> ParameterTable:
    """Fix the variances, covariances and means of the exogenous variables at the sample's."""
    if not table.exogenous:
        return table
    place = {name: index for index, name in enumerate(table.observed)}
    return table.with_parameters(tuple(_fixed(one, place, table.exogenous, samples) for one in table.parameters))


def _fixed(
    one: Parameter, place: dict[str, int], exogenous: tuple[str, ...], samples: Sequence[SampleMoments]
) -> Parameter:
    sample = samples[one.group]
    if one.op == "~1" and one.lhs in exogenous:
        return replace(one, fixed=float(sample.mean[place[one.lhs]]))
    if one.op == "~~" and one.lhs in exogenous and one.rhs in exogenous:
        return replace(one, fixed=float(sample.covariance[place[one.lhs], place[one.rhs]]))
    return one
