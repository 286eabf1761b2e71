"""Sample moments of one group, as estimators of continuous variables use them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from .ram import AnyArray, Array, Positions


@dataclass(frozen=True)
class SampleMoments:
    """Sample moments of one group; leading dimensions hold bootstrap draws.

    Attributes
    ----------
    n : rows, a number or (…).
    covariance : with denominator n − lost, (…, p, p).
    mean : (…, p).
    lost : 1 for the Wishart likelihood, else 0.
    """

    n: int | Array
    covariance: AnyArray
    mean: AnyArray
    lost: int = 0

    @classmethod
    def of(cls, x: Array, lost: int = 0) -> SampleMoments:
        """Compute the moments of complete rows (n, p)."""
        mean = x.mean(axis=0)
        centred = x - mean
        return cls(len(x), centred.T @ centred / (len(x) - lost), mean, lost)

    @property
    def weight(self) -> float | Array:
        """What the group's discrepancy counts for: n − lost."""
        return self.n - self.lost

    def chosen(self, draws: Positions) -> SampleMoments:
        """Return the moments of some draws; moments that are not draws stay as they are."""
        if self.covariance.ndim == 2:
            return self
        n = self.n if np.ndim(self.n) == 0 else np.asarray(self.n)[draws]
        return SampleMoments(n, self.covariance[draws], self.mean[draws], self.lost)

    @cached_property
    def log_determinant(self) -> AnyArray:
        """ln|S|, (…)."""
        return np.asarray(np.linalg.slogdet(self.covariance)[1])


def shares(samples: Sequence[SampleMoments]) -> list[AnyArray]:
    """Return each group's share of the weight, numbers or (…)."""
    total = sum(one.weight for one in samples)
    return [np.asarray(one.weight / total) for one in samples]
