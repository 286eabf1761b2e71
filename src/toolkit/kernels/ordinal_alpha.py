"""Alpha of the polychoric correlations."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from . import consistency, consistency_gradients
from .moments import Missing
from .polychoric import polychoric_correlations
from .polychoric_covariance import influence
from .polychoric_influence import Information, Parameters

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class OrdinalAlpha:
    """Ordinal alpha, and the influence of each row on it.

    Attributes
    ----------
    estimate : k/(k−1) (1 − k / 1'R1), R the polychoric correlations; NaN where a pair has no rows,
        or where 1'R1 is 0.
    influences : (n,) the estimate's error is their mean; NaN where a correlation is at ±1.
    boundary : whether a correlation is at ±1.
    """

    estimate: float
    influences: Array
    boundary: bool


def ordinal_alpha(x: Array, missing: Missing, *, information: Information = "observed") -> OrdinalAlpha:
    """Compute the reliability that the sum of the responses beneath the answers would have, were it observed.

    It is a hypothetical one: the scale's score is a sum of answers, not of what lies beneath them. Zumbo, Gadermann &
    Zeisser (2007), doi:10.22237/jmasm/1177992180; Chalmers (2018), doi:10.1177/0013164417727036. In R:
    ``psych::alpha(psych::polychoric(x)$rho)``. With `information="outer"` the errors are those of lavaan's asymptotic
    covariance of the polychorics, which are too small where the answers are not cut from normal responses.
    """
    fit = polychoric_correlations(x, missing=missing)
    if not fit.r.sum() > consistency.NO_VARIANCE:
        return OrdinalAlpha(np.nan, np.full(len(x), np.nan), bool(fit.boundary.any()))
    parameters = Parameters.of(fit)
    slope = consistency_gradients.alpha(fit.r)[parameters.rows, parameters.columns]
    influences = influence(x, fit, information=information)[:, parameters.pairs] @ (2.0 * slope)
    return OrdinalAlpha(float(consistency.alpha(fit.r)), influences, bool(fit.boundary.any()))
