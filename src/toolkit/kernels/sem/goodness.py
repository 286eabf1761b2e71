"""GFI and its kin: the share of the weighted squares of moments that the model reproduces."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .implied import Implied, implied_moments
from .moments import SampleMoments, shares
from .ram import Array, Model

Square = Callable[[Array, Array, Implied], float]


def normal_square(spread: Array, level: Array, found: Implied) -> float:
    """½ tr((Σ⁻¹ spread)²) + level'Σ⁻¹ level."""
    turned = np.linalg.solve(found.covariance, spread)
    return float(0.5 * (turned * turned.T).sum() + level @ np.linalg.solve(found.covariance, level))


def unweighted_square(spread: Array, level: Array, found: Implied) -> float:
    """Σ_{i ≤ j} spread² + Σ level²."""
    return float((spread[np.tril_indices(len(spread))] ** 2).sum() + level @ level)


def goodness(
    model: Model, samples: tuple[SampleMoments, ...], x: Array, square: Square, counts: tuple[int, float]
) -> dict[str, float]:
    """Compute GFI = 1 − residual squares / squares of the sample's moments, AGFI and PGFI.

    Of several groups GFI is the average weighted by n_g.

    `counts` are the number of moments and the degrees of freedom. Jöreskog & Sörbom; Tanaka & Huba (1985),
    doi:10.1111/j.2044-8317.1985.tb00834.x.
    """
    gfi = 0.0
    for group, one, share in zip(model.groups, samples, shares(samples), strict=True):
        found = implied_moments(group, x)
        level, mean = (one.mean, found.mean) if group.mean_structure else (np.zeros_like(one.mean),) * 2
        lost = square(one.covariance - found.covariance, level - mean, found)
        gfi += float(share) * (1 - lost / square(one.covariance, level, found))
    moments, df = counts
    return {"gfi": gfi, "agfi": 1 - moments / df * (1 - gfi) if df > 0 else 1.0, "pgfi": df / moments * gfi}
