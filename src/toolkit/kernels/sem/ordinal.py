"""Least squares for ordinal variables: diagonally weighted (DWLS, WLSMV) and unweighted.

F = ½ Σ_g n_g/N Σ_k w_k (s_k − σ_k)², with s the thresholds, correlations and moments of continuous variables, and w
1 over their asymptotic variances, or 1. Muthén, du Toit & Spisic (1997); Jöreskog (1994), doi:10.1007/BF02296131.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

import numpy as np
from scipy import linalg

from ...checks import listed
from ...errors import AnalysisError
from ..moments import Missing
from .chisquare import MomentStructure
from .estimate import Constraints, Problem
from .estimator import SampleRows, Saturated
from .inference import constrained_inverse
from .moments import SampleMoments
from .ordinal_moments import OrdinalPoints, ordinal_points, remembered
from .ordinal_sample import OrdinalSample, ordinal_samples
from .ram import AnyArray, Array, Model, Positions
from .table import Parameter, ParameterTable

Weighting = Literal["diagonal", "unit"]


@dataclass(frozen=True)
class OrdinalLeastSquares:
    """Least squares from thresholds and correlations; ``lavaan::cfa(ordered =, estimator = "DWLS")`` or ``"ULS"``.

    Clusters enter errors and tests by Γ; the weights are those of independent rows.

    Attributes
    ----------
    model : the compiled model.
    parts : the groups' moments.
    rows : the rows they come from.
    weighting : `diagonal` or `unit`.
    """

    model: Model
    parts: tuple[OrdinalSample, ...]
    rows: SampleRows
    weighting: Weighting = "diagonal"

    @classmethod
    def of(cls, model: Model, rows: SampleRows, weighting: Weighting, missing: Missing) -> OrdinalLeastSquares:
        """Prepare the estimator: complete rows, or pairwise all."""
        refuse_unsupported(model.table)
        return cls(model, ordinal_samples(model.table, rows, missing), rows, weighting)

    @property
    def weight(self) -> float:
        """N − G."""
        return float(sum(one.n - 1 for one in self.parts))

    @cached_property
    def samples(self) -> tuple[SampleMoments, ...]:
        """Each group's correlations and means."""
        return tuple(one.plain for one in self.parts)

    @property
    def cluster(self) -> Positions | None:
        """The cluster of each row."""
        return self.rows.cluster

    @cached_property
    def weights(self) -> tuple[Array, ...]:
        """Each group's w, (m,)."""
        if self.weighting == "unit":
            return tuple(np.ones(one.places.size) for one in self.parts)
        return tuple(1 / one.variances for one in self.parts)

    @property
    def shares(self) -> tuple[float, ...]:
        """n_g/N."""
        n = sum(one.n for one in self.parts)
        return tuple(one.n / n for one in self.parts)

    def with_model(self, model: Model) -> OrdinalLeastSquares:
        """Return the same estimator of the same data for another model of the same variables."""
        return replace(self, model=model)

    def problem(self, constraints: Constraints) -> Problem:
        """Return the discrepancy to minimise."""
        at = remembered(self.model, self.parts)
        return Problem(
            value=lambda x: self._value(at(x)),
            gradient=lambda x: self._gradient(at(x)),
            information=lambda x: self._information(at(x)),
            constraints=constraints,
        )

    def _value(self, points: OrdinalPoints) -> AnyArray:
        """Compute F with (n_g − 1)/(N − G) for n_g/N, as lavaan; +∞ where a variance is negative."""
        total = sum(
            (one.n - 1) / self.weight * 0.5 * (point.away**2 @ weight)
            for one, point, weight in zip(self.parts, points, self.weights, strict=True)
        )
        return np.where(np.isnan(total), np.inf, total)

    def _gradient(self, points: OrdinalPoints) -> AnyArray:
        return np.asarray(
            sum(
                -(one.n - 1) / self.weight * (point.jacobian @ (weight * point.away)[..., None])[..., 0]
                for one, point, weight in zip(self.parts, points, self.weights, strict=True)
            )
        )

    def _information(self, points: OrdinalPoints) -> AnyArray:
        return np.asarray(
            sum(
                share * (point.jacobian * weight) @ np.swapaxes(point.jacobian, -1, -2)
                for share, point, weight in zip(self.shares, points, self.weights, strict=True)
            )
        )

    def expected_information(self, x: AnyArray) -> AnyArray:
        """Compute Δ'WΔ, the Hessian where the model fits exactly."""
        return self._information(ordinal_points(self.model, self.parts, x))

    def observed_information(self, x: AnyArray) -> AnyArray:
        """Refuse: errors of least squares rest on the expected information."""
        raise AnalysisError("Least squares for ordinal variables knows the expected information alone.")

    def scores(self, x: Array) -> Array:
        """Compute each row's part of minus the gradient, Δ'W · its influence on the moments, (n, q)."""
        parts = zip(ordinal_points(self.model, self.parts, x), self.weights, self.rows.groups, strict=True)
        return np.concatenate(
            [point.sample.influence(values) @ (point.jacobian * weight).T for point, weight, values in parts]
        )

    def structure(self, x: Array) -> MomentStructure:
        """Return the moments' derivatives, weights and covariances."""
        points = ordinal_points(self.model, self.parts, x)
        return MomentStructure(
            np.concatenate([point.jacobian.T for point in points]),
            np.concatenate([share * weight for share, weight in zip(self.shares, self.weights, strict=True)]),
            self.gamma,
        )

    def sandwich(self, structure: MomentStructure, basis: Array) -> Array:
        """Compute the robust covariance matrix of the estimates, (q, q): lavaan's `robust.sem`.

        E⁻¹ Δ'WΓWΔ E⁻¹ / N', E = Δ'WΔ.
        """
        weighted = structure.weighted(structure.jacobian)
        inverse = constrained_inverse(structure.jacobian.T @ weighted, basis)
        meat = weighted.T @ (structure.gamma @ weighted)
        return np.asarray(inverse @ meat @ inverse / self.weight)

    @cached_property
    def gamma(self) -> Array:
        """Γ of all groups, each block times N/n_g."""
        if len(self.parts) == 1:
            return self.parts[0].gamma
        return np.asarray(
            linalg.block_diag(*[one.gamma / share for one, share in zip(self.parts, self.shares, strict=True)])
        )

    def saturated(self) -> Saturated:
        """Describe the unrestricted model."""
        return Saturated(None, sum(one.places.size for one in self.parts), None)

    def start_thresholds(self) -> list[Array]:
        """Give each group's sample thresholds in the order of the model's."""
        return [
            one.thresholds(group.threshold_variable, group.threshold_number)
            for one, group in zip(self.parts, self.model.groups, strict=True)
        ]


def refuse_unsupported(table: ParameterTable) -> None:
    """Refuse by name what least squares for ordinal variables cannot fit."""
    if not table.ordinal:
        raise AnalysisError("DWLS and WLSMV are for ordinal variables: name them in ordered=, or use ML or MLR.")
    if table.exogenous:
        raise AnalysisError(
            f"{listed(table.exogenous)} only predict; beside ordinal variables predictors must be part of the model: "
            "set fixed_x=False, which lets their means, variances and covariances be parameters."
        )
    if table.parameterization == "theta":
        _refuse([one for one in _scale_rows(table) if one.fixed is None], "scaling factors", "delta")
        return
    causes = [one for one in table.parameters if one.op == "~" and one.rhs in table.ordinal]
    if causes:
        raise AnalysisError(
            f"{listed(dict.fromkeys(one.rhs for one in causes))} are ordinal and predict others, which the delta "
            "parameterization does not allow: set parameterization='theta'."
        )
    own = [one for one in table.parameters if one.op == "~~" and one.lhs == one.rhs and one.lhs in table.ordinal]
    _refuse([one for one in own if one.fixed is None], "residual variances", "theta")


def _scale_rows(table: ParameterTable) -> list[Parameter]:
    return [one for one in table.parameters if one.op == "~*~"]


def _refuse(free: Sequence[Parameter], kind: str, needed: str) -> None:
    if free:
        names = listed(dict.fromkeys(one.name for one in free))
        raise AnalysisError(
            f"{names} are free, but {kind} of ordinal variables are parameters in the {needed} parameterization alone: "
            f"set parameterization='{needed}', or take them out of the model."
        )
