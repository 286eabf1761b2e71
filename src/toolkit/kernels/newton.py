"""Newton's method for many correlations at once, each inside its own bracket."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from ..errors import NotConverged
from .moments import Array

Indices = npt.NDArray[np.intp]
LARGEST = 1.0 - 1e-9
STEP = 1e-8
MOST_ITERATIONS = 100
NEWTON_ONLY = 10


def maximise(start: Array, derivatives: Callable[[Indices, Array], tuple[Array, Array]]) -> Array:
    """Find the correlations in (−1, 1) at which P log likelihoods are highest.

    A Newton step that leaves the bracket of a correlation is replaced by its middle; after ten iterations, which only
    a flat likelihood needs, so is every other step, so that every one converges. Those that have, cost nothing more. A
    last step below 1e-8 leaves an error near 1e-15.

    Parameters
    ----------
    start : (P,) first guesses.
    derivatives : takes the positions still sought and their correlations, and gives the first derivative of each
        log likelihood and a positive curvature (the negative second derivative, or an information).

    Raises
    ------
    NotConverged
        If a step is still longer than 1e-8 after 100 iterations.
    """
    rho = start.copy()
    low, high = np.full(len(rho), -LARGEST), np.full(len(rho), LARGEST)
    active = np.arange(len(rho))
    for iteration in range(MOST_ITERATIONS):
        now = rho[active]
        slope, curvature = derivatives(active, now)
        low[active] = np.where(slope > 0, now, low[active])
        high[active] = np.where(slope < 0, now, high[active])
        target = now + np.divide(slope, curvature, out=np.zeros_like(slope), where=curvature > 0)
        inside = (target >= low[active]) & (target <= high[active]) & (iteration < NEWTON_ONLY or iteration % 2 == 0)
        rho[active] = np.where(inside, target, 0.5 * (low[active] + high[active]))
        active = active[np.abs(rho[active] - now) > STEP]
        if not len(active):
            return rho
    raise NotConverged(f"{len(active)} correlations had not converged after {MOST_ITERATIONS} iterations.")
