"""Sums over the rows of a cluster, and the factor that their number asks for."""

from __future__ import annotations

import numpy as np

from ...errors import TooFewCases
from .ram import Array, Positions


def cluster_count(cluster: Positions) -> int:
    """Count the clusters; refuse to go on with one."""
    count = len(np.unique(cluster))
    if count < 2:
        raise TooFewCases("Clustered errors need two clusters at least in each group; there is one. Give cluster=None.")
    return count


def cluster_sums(values: Array, cluster: Positions | None) -> tuple[Array, float]:
    """Sum rows (n, k) within clusters, and return G/(G − 1); independent rows stay as they are, with factor 1."""
    if cluster is None:
        return values, 1.0
    count = cluster_count(cluster)
    _, position = np.unique(cluster, return_inverse=True)
    order = np.argsort(position, kind="stable")
    starts = np.flatnonzero(np.diff(position[order], prepend=-1))
    return np.add.reduceat(values[order], starts, axis=0), count / (count - 1)
