"""Modification indices: by how much chi-square would fall, about, if one fixed parameter were free.

With s the derivative of the discrepancy for the fixed parameter, I the expected information per row and V what the
free parameters leave of the fixed one's, I₁₁ − I₁₂ I₂₂⁻¹ I₂₁, the index is N s²/V and the expected change −s/V.
Sörbom (1989), doi:10.1007/BF02294623; Saris, Satorra & Sörbom (1987), doi:10.2307/271030. ``lavaan::modindices``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import combinations, product

import numpy as np
from scipy import special

from .estimate import Constraints
from .estimator import Estimator
from .inference import constrained_inverse
from .ram import Array, Model, Positions, compile_model
from .solution import Solution
from .standardized import scale_factors
from .table import Parameter, ParameterTable

UNDETERMINED = 1e-8
KEPT = 1e-12

Triple = tuple[str, str, str]


@dataclass(frozen=True)
class ModificationIndices:
    """Fixed parameters that the data would determine if they were free.

    Attributes
    ----------
    parameters : which they are, group by group.
    mi : chi-square with 1 degree of freedom.
    mi_scaled : the same divided by tr(UΓ)/df of the model's scaled test; as `mi` where there is none.
    epc : expected change.
    sepc_lv, sepc_all : expected change standardised for latent variables, and for all; of a covariance in the units of
        the residual standard deviations.
    """

    parameters: tuple[Parameter, ...]
    mi: Array
    mi_scaled: Array
    epc: Array
    sepc_lv: Array
    sepc_all: Array

    @property
    def pvalue(self) -> Array:
        """P(chi-square with 1 degree of freedom > index)."""
        return np.asarray(special.chdtrc(1, self.mi))


def modification_indices(fitted: Solution) -> ModificationIndices:
    """Compute modification indices and expected changes of all fixed parameters, those that the table omits included.

    Candidates are lavaan's: all cross-loadings, covariances of residuals and of factors, regressions among variables
    that a regression names, and what the model fixes at a value. What other parameters make up for (the loading of a
    marker) is left out.
    """
    model, estimator, values = _extended(fitted)
    parameters = model.parameters
    known = np.flatnonzero(~np.isnan(values))
    x = np.where(np.isnan(values), [_held(one) for one in parameters], values)
    extra = np.setdiff1d(np.arange(len(x)), known)
    slope = slope_per_row(fitted, estimator, x)[extra]
    left = _left_over(np.asarray(estimator.expected_information(x)), known, extra, fitted.basis)
    determined = left > 0
    extra, slope, left = extra[determined], slope[determined], left[determined]
    change = -slope / left
    mi = fitted.n * slope**2 / left
    return ModificationIndices(
        parameters=tuple(parameters[index] for index in extra),
        mi=mi,
        mi_scaled=mi / (1.0 if fitted.scaled is None else fitted.scaled.inflation),
        epc=change,
        sepc_lv=change * _factors(model, x, observed=False)[extra],
        sepc_all=change * _factors(model, x, observed=True)[extra],
    )


def slope_per_row(fitted: Solution, estimator: Estimator, x: Array) -> Array:
    """Differentiate the discrepancy; that of least squares, whose weights are n − 1, counted by N, as lavaan does."""
    slope = np.asarray(estimator.problem(Constraints.none(len(x))).gradient(x))
    return slope if fitted.saturated.log_likelihood is not None else slope * estimator.weight / fitted.n


def _extended(fitted: Solution) -> tuple[Model, Estimator, Array]:
    """Free everything; return the model, its estimator, and the estimates, not a number where something was fixed."""
    table = fitted.model.table
    estimates = iter(fitted.x)
    rows, values = [], []
    for one in (*table.parameters, *_omitted(table)):
        if one.fixed is None:
            rows.append(one)
            values.append(float(next(estimates)))
        elif not _follows(one, table):
            rows.append(replace(one, fixed=None, start=one.fixed))
            values.append(np.nan)
        else:
            rows.append(one)
    model = compile_model(table.with_parameters(tuple(rows)))
    return model, fitted.estimator.with_model(model), np.array(values)


def _held(one: Parameter) -> float:
    """Give the value at which a parameter that is now free was fixed; of others any."""
    return 0.0 if one.start is None else one.start


def _follows(one: Parameter, table: ParameterTable) -> bool:
    """Tell whether a fixed parameter cannot be free: moments of exogenous variables, scales that others determine."""
    if one.lhs in table.exogenous and (one.rhs in table.exogenous or one.op == "~1"):
        return True
    theta = table.parameterization == "theta"
    return (one.op == "~*~" and theta) or (one.op == "~~" and one.lhs == one.rhs in table.ordinal and not theta)


def _omitted(table: ParameterTable) -> Iterator[Parameter]:
    """Make rows, fixed at 0, of what a model could have and does not name."""
    named = {(one.lhs, one.op, one.rhs, one.group) for one in table.parameters}
    named |= {(one.rhs, one.op, one.lhs, one.group) for one in table.parameters if one.op == "~~"}
    possible = list(_possible(table))
    for group in range(len(table.groups)):
        for lhs, op, rhs in possible:
            if (lhs, op, rhs, group) not in named:
                yield Parameter(lhs, op, rhs, group, fixed=0.0)


def _possible(table: ParameterTable) -> Iterator[Triple]:
    """Name loadings, covariances and regressions as lavaan does."""
    rows = [one for one in table.parameters if one.group == 0]
    regressions = [one for one in rows if one.op == "~"]
    named = dict.fromkeys([*(one.lhs for one in regressions), *(one.rhs for one in regressions)])
    indicators = {one.rhs for one in rows if one.op == "=~"}
    inner = [name for name in table.observed if name not in table.exogenous]
    for factor, item in product(table.latent, inner):
        if item not in named:
            yield factor, "=~", item
    for left, right in combinations([name for name in inner if name in indicators], 2):
        yield left, "~~", right
    for left, right in combinations(table.latent, 2):
        yield left, "~~", right
    for outcome, cause in product(named, repeat=2):
        within = outcome in indicators and cause in table.latent
        if outcome != cause and outcome not in table.exogenous and not within:
            yield outcome, "~", cause


def _left_over(information: Array, known: Positions, extra: Positions, basis: Array) -> Array:
    """Compute V of each extra parameter; 0 where the known ones make up for it."""
    own = np.diagonal(information)[extra]
    crossed = information[np.ix_(extra, known)]
    inverse = constrained_inverse(information[np.ix_(known, known)], basis)
    left = own - ((crossed @ inverse) * crossed).sum(axis=1)
    return np.where(left > UNDETERMINED * np.maximum(own, KEPT), left, 0.0)


def _factors(model: Model, x: Array, observed: bool) -> Array:
    """Find what standardising multiplies each free parameter with."""
    by_group = [scale_factors(group, x, observed) for group in model.groups]
    found = []
    for index in model.free:
        name, row, column = model.places[index]
        of_group = by_group[model.table.parameters[index].group]
        found.append(1.0 if name == "delta" else float(of_group[name][row, column]))
    return np.array(found)
