"""Moments of ordinal and continuous variables that a model implies, and their derivatives.

Behind an ordinal variable is a normal one with mean μ and variance σ², cut at thresholds τ. With δ its scaling factor
(1 of a continuous variable) the moments are δ(τ − μ), −μ and σ² of continuous variables, and δᵢδⱼσᵢⱼ. Delta
parameterization: δ is a parameter and σ² = 1/δ²; theta: δ = 1/σ. Muthén & Asparouhov (2002), Mplus Web Note 4.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from .implied import Implied, Slopes, implied_moments, scaling_factors, slopes
from .ordinal_sample import OrdinalSample
from .ram import AnyArray, GroupMatrices, Model, Positions


@dataclass(frozen=True)
class Layout:
    """Where a group's thresholds, in the order of the table, and its continuous variables stand among the moments."""

    cuts: Positions
    means: Positions
    variances: Positions

    @classmethod
    def of(cls, group: GroupMatrices, sample: OrdinalSample) -> Layout:
        """Lay out the moments of a group."""
        both = [sample.places.own[index] for index in group.continuous]
        own = np.array(both, dtype=np.intp).reshape(-1, 2)
        cuts = sample.threshold_places(group.threshold_variable, group.threshold_number)
        return cls(cuts, own[:, 0], own[:, 1])


@dataclass(frozen=True)
class OrdinalPoint:
    """One group's model and sample at parameters x (…, q)."""

    group: GroupMatrices
    sample: OrdinalSample
    layout: Layout
    x: AnyArray

    @cached_property
    def found(self) -> Implied:
        """The implied moments of the variables behind."""
        return implied_moments(self.group, self.x)

    @cached_property
    def move(self) -> Slopes:
        """Their derivatives, in which residual variances that follow do not move."""
        return slopes(self.group, self.found)

    @cached_property
    def scales(self) -> AnyArray:
        """δ, (…, p)."""
        return scaling_factors(self.group, self.found, self.x)

    @cached_property
    def cuts(self) -> AnyArray:
        """δ(τ − μ) in the order of the table, (…, t)."""
        cells, variable = self.group.threshold_cells, self.group.threshold_variable
        away = cells.filled(self.group.thresholds, self.x)[..., 0] - self.found.mean[..., variable]
        return np.asarray(self.scales[..., variable] * away)

    @cached_property
    def pairs(self) -> AnyArray:
        """Correlations, and covariances with continuous variables, (…, pairs)."""
        rows, columns = self.sample.places.rows, self.sample.places.columns
        return np.asarray(self.found.covariance[..., rows, columns] * self._pair_scales)

    @cached_property
    def _pair_scales(self) -> AnyArray:
        rows, columns = self.sample.places.rows, self.sample.places.columns
        return np.asarray(self.scales[..., rows] * self.scales[..., columns])

    @cached_property
    def moments(self) -> AnyArray:
        """All moments in the order of the sample's, (…, m)."""
        own, layout = self.group.continuous, self.layout
        result = np.empty((*self.x.shape[:-1], self.sample.places.size), dtype=self.x.dtype)
        result[..., layout.cuts] = self.cuts
        result[..., layout.means] = -self.found.mean[..., own]
        result[..., layout.variances] = self.found.covariance[..., own, own]
        result[..., self.sample.places.pairs] = self.pairs
        return result

    @cached_property
    def away(self) -> AnyArray:
        """Sample moments minus implied ones, (…, m)."""
        return np.asarray(self.sample.moments - self.moments)

    @cached_property
    def jacobian(self) -> AnyArray:
        """Derivatives of the moments for all free parameters, turned, (…, q, m)."""
        result = np.zeros((*self.x.shape, self.sample.places.size), dtype=self.x.dtype)
        result[..., self.move.parameter, :] = self._of_structure()
        thresholds = self.group.threshold_cells
        where = self.layout.cuts[thresholds.row]
        result[..., thresholds.parameter, where] = self.scales[..., self.group.threshold_variable[thresholds.row]]
        if len(self.group.scale_cells.row):
            result[..., self.group.scale_cells.parameter, :] = self._of_scales()
        return result

    def _of_structure(self) -> AnyArray:
        """Differentiate for paths, (co)variances and intercepts, (…, k, m)."""
        move, places = self.move, self.sample.places
        own, layout = self.group.continuous, self.layout
        rows, columns, variable = places.rows, places.columns, self.group.threshold_variable
        scale = move.scale[:, None]
        result = np.zeros((*move.left.shape[:-1], places.size), dtype=self.x.dtype)
        crossed = move.left[..., rows] * move.right[..., columns] + move.left[..., columns] * move.right[..., rows]
        result[..., places.pairs] = scale * crossed * self._pair_scales[..., None, :]
        result[..., layout.cuts] = -self.scales[..., None, variable] * move.mean[..., variable]
        result[..., layout.means] = -move.mean[..., own]
        result[..., layout.variances] = 2 * scale * move.left[..., own] * move.right[..., own]
        if self.group.theta:
            result += self._rescaled(self._scale_moves)
        return result

    @property
    def _scale_moves(self) -> AnyArray:
        """Theta: relative changes of δ with paths and (co)variances, −½ δ² dσ², (…, k, p)."""
        moves = -self.move.scale[:, None] * self.move.left * self.move.right * self.scales[..., None, :] ** 2
        moves[..., self.group.continuous] = 0.0
        return np.asarray(moves)

    def _rescaled(self, moves: AnyArray) -> AnyArray:
        """Differentiate where only δ moves, by relative changes (…, k, p), (…, k, m)."""
        places = self.sample.places
        result = np.zeros((*moves.shape[:-1], places.size), dtype=self.x.dtype)
        result[..., places.pairs] = self.pairs[..., None, :] * (moves[..., places.rows] + moves[..., places.columns])
        result[..., self.layout.cuts] = self.cuts[..., None, :] * moves[..., self.group.threshold_variable]
        return result

    def _of_scales(self) -> AnyArray:
        """Differentiate for scaling factors, (…, d, m)."""
        variables = self.group.scale_cells.row
        moves = np.zeros((*self.x.shape[:-1], len(variables), self.group.n_observed), dtype=self.x.dtype)
        moves[..., np.arange(len(variables)), variables] = 1 / self.scales[..., variables]
        return self._rescaled(moves)


OrdinalPoints = tuple[OrdinalPoint, ...]


def ordinal_points(
    model: Model, samples: Sequence[OrdinalSample], x: AnyArray, layouts: Sequence[Layout] = ()
) -> OrdinalPoints:
    """Set the groups' models and samples side by side; `layouts` may be known already."""
    known = layouts or layouts_of(model, samples)
    return tuple(OrdinalPoint(*of_group, x) for of_group in zip(model.groups, samples, known, strict=True))


def layouts_of(model: Model, samples: Sequence[OrdinalSample]) -> tuple[Layout, ...]:
    """Lay out the moments of all groups."""
    return tuple(Layout.of(group, one) for group, one in zip(model.groups, samples, strict=True))


def remembered(model: Model, samples: Sequence[OrdinalSample]) -> Callable[[AnyArray], OrdinalPoints]:
    """Return a function of x that keeps its last result."""
    layouts, last = layouts_of(model, samples), list[OrdinalPoints]()

    def at(x: AnyArray) -> OrdinalPoints:
        if not last or last[0][0].x is not x:
            last[:] = [ordinal_points(model, samples, x, layouts)]
        return last[0]

    return at
