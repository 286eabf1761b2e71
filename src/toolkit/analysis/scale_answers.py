"""The answers to one scale, and what is found about it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from .. import format as fmt
from ..checks import check_count, check_one_of, check_seed, check_share
from ..kernels.moments import Missing, Moments
from .inputs import Array

LEAST_BOOTSTRAP = 100
Part = Literal["estimate", "interval"]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How the intervals of a reliability analysis are made."""

    ci: Literal["analytic", "bootstrap"]
    missing: Missing
    confidence: float
    n_bootstrap: int
    seed: int | None

    def check(self) -> None:
        """Refuse what cannot be used."""
        check_one_of("ci", self.ci, ("analytic", "bootstrap"))
        check_one_of("missing", self.missing, ("listwise", "pairwise"))
        check_share("confidence", self.confidence)
        check_count("n_bootstrap", self.n_bootstrap, LEAST_BOOTSTRAP)
        check_seed("ci='bootstrap'", self.seed, needed=self.ci == "bootstrap")


@dataclass(frozen=True, kw_only=True)
class ScaleAnswers:
    """The answers to one scale.

    Attributes
    ----------
    scale : its name.
    items : names of its items.
    x : rows by items, reversed where needed; NaN is missing.
    clusters : the cluster of each row.
    clustered : whether rows belong together at all.
    n_rows : rows seen, those without any answer included: the n of psych's intervals under pairwise deletion.
    unit : the factor from the mean of the items to the score.
    n_options : answers that the items offer, the most of any item.
    """

    scale: str
    items: Sequence[str]
    x: Array
    clusters: npt.NDArray[np.intp]
    clustered: bool
    n_rows: int
    unit: float
    n_options: int

    def covariance(self, missing: Missing) -> Array:
        """Compute the covariance matrix of the items."""
        return Moments.of(self.x).covariance(missing)

    def has_holes(self) -> bool:
        """Tell whether any answer is missing."""
        return bool(np.isnan(self.x).any())

    def rows_of_pairs(self) -> Array:
        """Count the rows that hold each pair of items, (k, k)."""
        held = (~np.isnan(self.x)).astype(np.float64)
        return np.asarray(held.T @ held)


@dataclass(frozen=True)
class Undefined:
    """A coefficient, or its standard error and interval, that is not defined, with the reason.

    Attributes
    ----------
    warned : whether a warning is needed; none is where the scale itself is the reason, whatever the data.
    """

    coefficient: str
    reason: str
    part: Part = "estimate"
    warned: bool = True


@dataclass(frozen=True)
class Found:
    """What was found about a scale.

    Attributes
    ----------
    rows : coefficients with error and interval.
    points : coefficients without.
    undefined : what is not defined.
    heywood : what lies at an edge of the admissible; each is warned of.
    notes : what else a careful reader must know.
    """

    rows: Sequence[Mapping[str, Any]] = ()
    points: Mapping[str, float] = field(default_factory=dict)
    undefined: Sequence[Undefined] = ()
    heywood: Sequence[str] = ()
    notes: Sequence[str] = ()


def told(undefined: Iterable[Undefined]) -> list[str]:
    """Say what is not defined, coefficients with the same reason together.

    Examples
    --------
    >>> told([Undefined("lambda6", "too few rows"), Undefined("omega_fitted", "too few rows")])
    ['λ6 is not defined: too few rows (nor is ω (fitted))']
    """
    groups: dict[tuple[str, str], list[str]] = {}
    for one in undefined:
        groups.setdefault((one.part, one.reason), []).append(one.coefficient)
    return [_sentence(part, reason, names) for (part, reason), names in groups.items()]


def _sentence(part: str, reason: str, names: Sequence[str]) -> str:
    first, *others = map(fmt.heading, names)
    missing = "is not defined" if part == "estimate" else "has no interval"
    again = "nor is" if part == "estimate" else "nor has"
    more = f" ({again} {', '.join(others)})" if others else ""
    return f"{first} {missing}: {reason}{more}"
