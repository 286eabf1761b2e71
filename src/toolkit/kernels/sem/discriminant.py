"""Discriminant validity: whether factors are told apart by their items.

HTMT is the mean correlation of items of two factors over the geometric mean of the mean correlations within them
(Henseler, Ringle & Sarstedt 2015, doi:10.1007/s11747-014-0403-8); HTMT2 takes geometric means throughout (Roemer,
Schuberth & Henseler 2021, doi:10.1108/IMDS-02-2021-0082). Fornell & Larcker (1981), doi:10.1177/002224378101800104,
compare the average variance extracted of two factors with their squared correlation. ``semTools::htmt``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from .model_reliability import Reliability, Structure, correlations, reliability
from .ram import Array, Positions
from .solution import Solution


@dataclass(frozen=True)
class FactorPair:
    """Two factors of one group; not a number where a quantity is not defined.

    Attributes
    ----------
    first, second, group : the factors and the number of the group.
    correlation : of the factors, by the model.
    htmt, htmt2 : from the sample correlations of the items that load on one of them alone.
    first_variance, second_variance : average variance extracted, by the model.
    """

    first: str
    second: str
    group: int
    correlation: float
    htmt: float
    htmt2: float
    first_variance: float
    second_variance: float

    @property
    def margin(self) -> float:
        """The smaller average variance extracted minus the squared correlation; above 0 by Fornell & Larcker's rule."""
        return float(np.minimum(self.first_variance, self.second_variance)) - self.correlation**2


def discriminant_validity(fitted: Solution, sums: Sequence[Reliability] | None = None) -> tuple[FactorPair, ...]:
    """Compare each pair of factors that have items of their own, in each group.

    `sums` are the factors' reliabilities, whose average variances extracted count, where they are known already.
    """
    latent = fitted.model.table.latent
    sums = reliability(fitted) if sums is None else sums
    variance = {(one.factor, one.group): one.variance for one in sums}
    found = []
    for group in range(len(fitted.model.groups)):
        structure = Structure.of(fitted, group)
        sample = correlations(structure.observed)
        between = correlations(structure.factors)
        members = structure.members
        arithmetic, geometric = htmt(sample, members), htmt(sample, members, geometric=True)
        for first, second in combinations(np.flatnonzero(structure.direct.any(axis=0)), 2):
            found.append(
                FactorPair(
                    first=latent[first],
                    second=latent[second],
                    group=group,
                    correlation=float(between[first, second]),
                    htmt=float(arithmetic[first, second]),
                    htmt2=float(geometric[first, second]),
                    first_variance=variance.get((latent[first], group), float("nan")),
                    second_variance=variance.get((latent[second], group), float("nan")),
                )
            )
    return tuple(found)


def htmt(r: Array, members: Sequence[Positions], geometric: bool = False) -> Array:
    """Compute the ratio for all pairs of sets of items, (L, L), from the absolute values of correlations (p, p).

    Not a number where a set has fewer than two items; 1 on the diagonal.
    """
    size = np.abs(r)
    values = np.log(size) if geometric else size
    level = np.exp if geometric else np.positive
    within = [_mean(values[np.ix_(own, own)][np.tril_indices(len(own), -1)]) for own in members]
    unit = np.sqrt(level(np.array(within)))
    found = np.eye(len(members))
    for first, second in combinations(range(len(members)), 2):
        across = level(_mean(values[np.ix_(members[first], members[second])]))
        found[first, second] = found[second, first] = across / (unit[first] * unit[second])
    return found


def _mean(values: Array) -> float:
    return float(values.mean()) if values.size else float("nan")
