"""Solutions that cannot be: parameters that the data do not determine, negative variances, impossible correlations."""

from __future__ import annotations

import numpy as np

from ...errors import NotIdentified
from .implied import implied_moments
from .ram import Array, GroupMatrices, Model

SINGULAR = 1e-10
CLEAR = 1e-3
SHOWN = 6
LEAST_WEIGHT = 0.1
IMPOSSIBLE = 1e-8


def require_identified(model: Model, information: Array, basis: Array) -> None:
    """Refuse a model whose information matrix is singular along the free directions, naming the parameters."""
    inner = basis.T @ information @ basis
    size = np.sqrt(np.maximum(np.diag(inner), np.finfo(float).tiny))
    scaled = inner / np.outer(size, size)
    if _clearly_definite(scaled):
        return
    roots, vectors = np.linalg.eigh(scaled)
    if roots[0] > SINGULAR:
        return
    weights = np.abs(basis @ (vectors[:, roots <= SINGULAR] / size[:, None])).max(axis=1)
    weights = weights * np.sqrt(np.maximum(np.diag(information), np.finfo(float).tiny))
    order = [index for index in np.argsort(-weights) if weights[index] > LEAST_WEIGHT * weights.max()]
    names = ", ".join(names_of(model)[index] for index in order[:SHOWN])
    more = f" and {len(order) - SHOWN} more" if len(order) > SHOWN else ""
    raise NotIdentified(
        f"The data do not determine {names}{more}: other values fit equally well. Fix one of them (a loading or the "
        "variance of a factor at 1), set some equal, or drop them; a factor of its own needs three indicators."
    )


def _clearly_definite(matrix: Array) -> bool:
    """Tell cheaply whether a matrix is far from singular: a singular one has a pivot of nearly 0."""
    try:
        pivots = np.diag(np.linalg.cholesky(matrix))
    except np.linalg.LinAlgError:
        return False
    return bool((pivots > CLEAR).all())


def names_of(model: Model) -> list[str]:
    """Name the free parameters, with the group where there are several."""
    several = len(model.table.groups) > 1
    return [f"{one.name} ({model.table.groups[one.group]})" if several else one.name for one in model.parameters]


def improper(model: Model, x: Array) -> tuple[str, ...]:
    """Say what is impossible about a solution: negative variances, correlations beyond ±1, indefinite matrices."""
    found: list[str] = []
    for index, group in enumerate(model.groups):
        of_group = f" ({model.table.groups[index]})" if len(model.groups) > 1 else ""
        found += [f"{fault}{of_group}" for fault in _of_group(model, group, x)]
    return tuple(found)


def _of_group(model: Model, group: GroupMatrices, x: Array) -> list[str]:
    variables = (*model.table.observed, *model.table.latent)
    _, own, _ = group.filled(x)
    total = implied_moments(group, x).covariances
    negative = [variables[index] for index in np.flatnonzero(np.diag(own) < 0)]
    faults = [f"the variance {name}~~{name} is negative" for name in negative]
    pairs = _beyond(total, group.n_observed)
    faults += [f"the correlation of {variables[i]} and {variables[j]} is beyond ±1" for i, j in pairs]
    if not faults and not _definite(own[: group.n_observed, : group.n_observed]):
        faults.append("the covariance matrix of the residuals is not positive definite")
    if not faults and not _definite(total[group.n_observed :, group.n_observed :]):
        faults.append("the covariance matrix of the latent variables is not positive definite")
    return faults


def _beyond(total: Array, first: int) -> list[tuple[int, int]]:
    """Find pairs of latent variables whose implied correlation is impossible."""
    pairs = []
    for i in range(first, len(total)):
        for j in range(first, i):
            bound = total[i, i] * total[j, j]
            if bound > 0 and total[i, j] ** 2 > bound * (1 + IMPOSSIBLE):
                pairs.append((j, i))
    return pairs


def _definite(matrix: Array) -> bool:
    size = np.sqrt(np.abs(np.diag(matrix)))
    size = np.where(size > 0, size, 1.0)
    return not len(matrix) or float(np.linalg.eigvalsh(matrix / np.outer(size, size))[0]) > -IMPOSSIBLE
