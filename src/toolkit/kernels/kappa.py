"""Cohen's kappa of two raters, unweighted and weighted, with the influence of each case."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Weights = Literal["quadratic", "linear", "none"]

POWER = {"quadratic": 2, "linear": 1}


def agreement_weights(n_categories: int, weights: Weights) -> Array:
    """Give the agreement that two categories count for, (c, c): 1 − (|i − j| / (c − 1))^p, or 1 for the same one only.

    Cohen (1968), doi:10.1037/h0026256.
    """
    if weights == "none":
        return np.eye(n_categories)
    position = np.arange(n_categories)
    distance = np.abs(position[:, None] - position) / (n_categories - 1)
    return np.asarray(1 - distance ** POWER[weights])


@dataclass(frozen=True)
class Kappa:
    """Agreement of two raters beyond chance.

    Attributes
    ----------
    estimate : (observed − expected) / (1 − expected).
    observed, expected : weighted shares of agreement, as it is and with independent raters of the same margins.
    influence : (c, c) influence of a case in each cell of the table; its mean over the cases is 0.
    """

    estimate: float
    observed: float
    expected: float
    influence: Array


def kappa(table: Array, weight: Array) -> Kappa:
    """Compute kappa of a (c, c) table of counts or shares; ``psych::cohen.kappa``.

    The mean square of the influence over n is the variance of Fleiss, Cohen & Everitt (1969), doi:10.1037/h0028106.

    Raises
    ------
    ZeroDivisionError
        If both raters use one and the same category throughout.
    """
    p = table / table.sum()
    first, second = p.sum(axis=1), p.sum(axis=0)
    observed, expected = float((weight * p).sum()), float(first @ weight @ second)
    chance = 1 - expected
    if chance <= 0:
        raise ZeroDivisionError("agreement by chance is complete")
    mean = (weight @ second)[:, None] + (first @ weight)[None, :]
    level = observed * expected - 2 * expected + observed
    influence = (weight * chance - mean * (1 - observed) - level) / chance**2
    return Kappa((observed - expected) / chance, observed, expected, influence)


def standard_error(table: Array, found: Kappa) -> float:
    """Compute the standard error for independent cases, sqrt(Σ p u² / n), u the influence."""
    n = table.sum()
    return float(np.sqrt((table / n * found.influence**2).sum() / n))
