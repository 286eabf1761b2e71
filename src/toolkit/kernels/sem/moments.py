"""Sample moments of one group, as estimators of continuous variables use them."""

from __future__ import annotations

from dataclasses import dataclass

from .ram import AnyArray, Array


@dataclass(frozen=True)
class SampleMoments:
    """Sample moments of one group.

    Attributes
    ----------
    n : rows.
    covariance : with denominator n, (…, p, p).
    mean : (…, p).
    """

    n: int
    covariance: AnyArray
    mean: AnyArray

    @classmethod
    def of(cls, x: Array) -> SampleMoments:
        """Compute the moments of complete rows (n, p)."""
        mean = x.mean(axis=0)
        centred = x - mean
        return cls(len(x), centred.T @ centred / len(x), mean)
