"""Fit of a model as it would be without missing answers, for CFI, TLI and RMSEA.

Missing answers hide misfit, so that indices of the likelihood-ratio test flatter. Zhang & Savalei (2023),
doi:10.1037/met0000445, compare the model at its full-information estimates with the unrestricted moments by the
discrepancy of complete data, and correct its mean: with A the information about the unrestricted moments of the
incomplete data, C that of complete data, Γ the moments' asymptotic covariance matrix and U = A − AΔ(Δ'AΔ)⁻¹Δ'A,

    T = 2 N F(Σ(x), μ(x); unrestricted moments)    and    c df = tr(C A⁻¹ U Γ U A⁻¹).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from scipy.linalg import block_diag

from .chisquare import ChiSquare, mean_adjusted
from .fiml import FullInformation, IncompleteData, moment_slopes
from .implied import implied_moments, slopes
from .incomplete import expected_information
from .inference import constrained_inverse
from .likelihood import discrepancy
from .patterns import Patterns
from .points import points_at
from .ram import Array


def completed_test(
    estimator: FullInformation, x: Array, basis: Array, robust: bool, kind: Literal["expected", "observed"] = "observed"
) -> ChiSquare:
    """Compute T / c, c and df.

    `robust` takes Γ = A⁻¹BA⁻¹ with B the first-order information (clusters summed), as lavaan for `estimator = "MLR"`;
    else Γ = A⁻¹. A is observed information; of Δ'AΔ it is of the given kind, as lavaan's `information`.
    """
    data = estimator.data
    observed = _joined(data, data.observed_information)
    inverse = np.linalg.inv(observed)
    slope = _moment_slopes(estimator, x)
    weight = observed if kind == "observed" else _joined(data, data.expected_information)
    moved = slope @ constrained_inverse(slope.T @ weight @ slope, basis) @ slope.T
    complete = _joined(data, [_complete(data, group) for group in range(len(data.patterns))])
    if robust:
        kept = np.eye(len(moved)) - moved @ observed
        gamma = inverse @ _joined(data, data.first_order) @ inverse
        trace = float(np.sum((kept.T @ complete @ kept) * gamma))
    else:
        trace = float(np.sum(complete * (inverse - moved)))
    statistic = 2.0 * estimator.weight * float(discrepancy(points_at(estimator.model, estimator.samples, x)))
    return mean_adjusted(statistic, len(moved) - basis.shape[1], trace)


def _joined(data: IncompleteData, matrices: Sequence[Array]) -> Array:
    """Put the groups' information side by side, each weighted by its share of the rows."""
    return np.asarray(block_diag(*[share * one for share, one in zip(data.shares, matrices, strict=True)]))


def _complete(data: IncompleteData, group: int) -> Array:
    """Compute the information about the unrestricted moments of a group that complete rows would give."""
    one, p = data.moments[group], len(data.names)
    whole = Patterns(np.ones((1, p), dtype=bool), np.ones(1), one.mean[None], np.zeros((0, p, p)), 0)
    return data.of_free(expected_information(whole, one.covariance))


def _moment_slopes(estimator: FullInformation, x: Array) -> Array:
    """Write Δ, the derivatives of all groups' free moments for the parameters, (m, q)."""
    parts = [moment_slopes(slopes(group, implied_moments(group, x)), len(x)) for group in estimator.model.groups]
    return np.vstack([part[:, estimator.data.free_moments].T for part in parts])
