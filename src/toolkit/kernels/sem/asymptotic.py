"""Normal theory's weights beside the covariances that moments really have, for tests scaled by tr(UΓ)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import linalg

from .chisquare import MomentStructure
from .clusters import cluster_sums
from .implied import implied_moments, slopes
from .moments import SampleMoments, shares
from .ram import Array, GroupMatrices, Model, Positions


def normal_structure(
    model: Model, samples: Sequence[SampleMoments], rows: Sequence[Array], cluster: Positions | None, x: Array
) -> MomentStructure:
    """Describe means (if modelled) and lower triangles: Δ and W at the model's moments, Γ from the rows."""
    jacobians, weights, gammas, start = [], [], [], 0
    for group, values, share in zip(model.groups, rows, shares(samples), strict=True):
        mine = None if cluster is None else cluster[start : start + len(values)]
        start += len(values)
        jacobian, weight = _normal(group, x)
        jacobians.append(jacobian)
        weights.append(float(share) * weight)
        gammas.append(moment_covariances(values, group.mean_structure, mine) / float(share))
    return MomentStructure(
        np.concatenate(jacobians), linalg.block_diag(*weights), np.asarray(linalg.block_diag(*gammas))
    )


def _normal(group: GroupMatrices, x: Array) -> tuple[Array, Array]:
    """Compute Δ and W = ½ D'(Σ⁻¹ ⊗ Σ⁻¹)D, after Σ⁻¹ for the means."""
    found = implied_moments(group, x)
    move = slopes(group, found)
    row, column = np.tril_indices(group.n_observed)
    inverse = np.linalg.inv(found.covariance)
    spread = move.left[:, row] * move.right[:, column] + move.left[:, column] * move.right[:, row]
    both = inverse[np.ix_(row, row)] * inverse[np.ix_(column, column)]
    both = both + inverse[np.ix_(row, column)] * inverse[np.ix_(column, row)]
    twice = np.where(row == column, 1.0, 2.0)
    weight = both * twice[:, None] * twice / 4
    derivatives = move.scale[:, None] * spread
    if group.mean_structure:
        derivatives = np.hstack([move.mean, derivatives])
        weight = linalg.block_diag(inverse, weight)
    jacobian = np.zeros((derivatives.shape[1], len(x)))
    jacobian[:, move.parameter] = derivatives.T
    return jacobian, np.asarray(weight)


def moment_covariances(values: Array, means: bool, cluster: Positions | None = None) -> Array:
    """Compute Γ, the covariance matrix of sqrt(n) (means and lower triangle of S), without assuming normality."""
    centred = values - values.mean(axis=0)
    row, column = np.tril_indices(centred.shape[1])
    products = centred[:, row] * centred[:, column]
    products -= products.mean(axis=0)
    total, factor = cluster_sums(np.hstack([centred, products]) if means else products, cluster)
    return np.asarray(factor * total.T @ total / len(values))
