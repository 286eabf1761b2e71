"""A factor solution of items: extraction, rotation, and what follows from them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal

import numpy as np
import pandas as pd

from ..checks import check_count, check_number, check_one_of, check_seed, check_share, counted, listed, quoted
from ..errors import ArgumentError, HeywoodWarning, NotConverged, NotIdentified
from ..kernels import factor_fit, factor_scores
from ..kernels.factor_bootstrap import Draws, Whole, aligned_solutions, resampled_rows
from ..kernels.factor_fit import ChiSquareFit
from ..kernels.factor_scores import Factors
from ..kernels.factoring import EXTRACTIONS, Extraction, degrees_of_freedom
from ..kernels.moments import Missing
from ..kernels.rotation import ROTATIONS, Rotation, rotate
from ..kernels.rotation_criteria import RotationOptions
from .inputs import Array, Sample, random_stream, warn
from .item_correlations import Correlation, ItemCorrelations

Method = Literal["minres", "ml", "pa"]
Scores = Literal["none", "regression", "bartlett", "tenberge"]
LEAST_BOOTSTRAP = 100
GREATEST_GAMMA = 100
LEAST_EPSILON = 1e-8
GREATEST_POWER = 20


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How items are factored."""

    n_factors: int
    method: Method
    rotation: str
    rotation_options: RotationOptions
    correlation: Correlation
    missing: Missing
    n_bootstrap: int
    confidence: float
    scores: Scores
    seed: int | None

    def check(self) -> None:
        """Refuse what cannot be used."""
        check_count("n_factors", self.n_factors)
        check_one_of("method", self.method, tuple(EXTRACTIONS))
        check_one_of("rotation", self.rotation, ROTATIONS)
        check_one_of("correlation", self.correlation, ("pearson", "polychoric"))
        check_one_of("missing", self.missing, ("listwise", "pairwise"))
        check_one_of("scores", self.scores, ("none", *factor_scores.SCORES))
        check_share("confidence", self.confidence)
        check_seed("n_bootstrap", self.seed, needed=False)
        _check_options(self.rotation_options)
        self._check_random("n_bootstrap", self.n_bootstrap, LEAST_BOOTSTRAP)
        self._check_random("rotation_options.n_starts", self.rotation_options.n_starts or 0, 1)
        if self.rotation.startswith("target") != (self.rotation_options.target is not None):
            raise ArgumentError(
                "rotation='target' needs the loadings to aim at, and only target rotations take them: say"
                " rotation_options=RotationOptions(target=...), items by factors, NaN where a loading is not specified."
            )

    def _check_random(self, name: str, count: int, least: int) -> None:
        check_count(name, count, 0)
        if count == 0:
            return
        check_count(name, count, least)
        check_seed(f"{name}={count}", self.seed, needed=True)


def _check_options(options: Any) -> None:
    """Refuse options of the rotation that cannot be used."""
    if not isinstance(options, RotationOptions):
        raise ArgumentError(
            f"rotation_options is {quoted(options)}, but must be RotationOptions, such as RotationOptions(gamma=-1)."
        )
    check_number("rotation_options.gamma", options.gamma, -GREATEST_GAMMA, 1)
    check_number("rotation_options.epsilon", options.epsilon, LEAST_EPSILON, 1)
    check_number("rotation_options.power", options.power, 1, GREATEST_POWER)
    check_one_of("rotation_options.kaiser", options.kaiser, (None, True, False))
    check_count("rotation_options.maximum_iterations", options.maximum_iterations)
    check_share("rotation_options.tolerance", options.tolerance)
    if options.n_starts is not None:
        check_count("rotation_options.n_starts", options.n_starts, 0)


@dataclass(frozen=True)
class Solution:
    """Factors of items.

    Attributes
    ----------
    items : the items and their correlations.
    plan : how they are factored.
    extraction, rotation : what was found.
    """

    items: ItemCorrelations
    plan: Plan
    extraction: Extraction
    rotation: Rotation

    @property
    def names(self) -> list[str]:
        """Names of the factors, F1 for the one that accounts for most variance (or first in a target)."""
        return [f"F{place + 1}" for place in range(self.plan.n_factors)]

    @property
    def factors(self) -> Factors:
        """Pattern, factor correlations and uniquenesses."""
        return Factors(self.rotation.loadings, self.rotation.phi, self.extraction.uniquenesses)

    @property
    def n_starts(self) -> int:
        """Starts of the rotation that reached an optimum."""
        return int(self.rotation.optima[:, 1].sum())

    @property
    def df(self) -> int:
        """Degrees of freedom."""
        return degrees_of_freedom(len(self.items.names), self.plan.n_factors)

    @property
    def heywood(self) -> list[str]:
        """Items whose uniqueness is at its lower bound."""
        return [self.items.names[place] for place in self.extraction.heywood]

    @cached_property
    def residual(self) -> Array:
        """Residual correlations."""
        return factor_fit.residuals(self.items.r, self.rotation.loadings, self.rotation.phi)

    def why_no_chi_square(self) -> str:
        """Say why measures that rest on chi-square are not defined, or nothing."""
        if self.plan.correlation == "polychoric":
            return "chi-square is not defined for polychoric correlations"
        if self.items.has_holes:
            return "chi-square is not defined for pairwise correlations, which have no single n"
        if not self.items.is_positive_definite:
            return "chi-square is not defined for a correlation matrix that is not positive definite"
        return "" if self.df > 0 else "without degrees of freedom the fit cannot be tested"

    def chi_square(self) -> ChiSquareFit | None:
        """Compute the measures that rest on chi-square, where they are defined."""
        if self.why_no_chi_square():
            return None
        return factor_fit.chi_square_fit(self.items.r, self.residual, self.plan.n_factors, len(self.items.x))

    def determinacy(self) -> Array:
        """Multiple correlation of each factor with the items; NaN where the correlations have no inverse."""
        if not self.items.is_positive_definite:
            return np.full(self.plan.n_factors, np.nan)
        return factor_scores.determinacy(self.items.r, self.factors)

    def weights(self) -> Array:
        """Weights of the standardised answers in the factor scores."""
        return factor_scores.SCORES[self.plan.scores](self.items.r, self.factors)

    def draws(self, chosen: Sample) -> Draws:
        """Factor bootstrap samples of rows, or of clusters where rows belong together."""
        method = EXTRACTIONS[self.plan.method]

        def extract(r: Array, start: Array) -> Extraction:
            return method(r, self.plan.n_factors, start=start)

        whole = Whole(extract, self.extraction, self.rotation, self.plan.rotation, self.plan.rotation_options)
        clusters = chosen.clusters_of(self.items.used)
        samples = resampled_rows(clusters, self.plan.n_bootstrap, random_stream(self.plan.seed, "efa"))
        return aligned_solutions((self.items.of_rows(rows) for rows in samples), whole)


def solve(items: ItemCorrelations, plan: Plan) -> Solution:
    """Extract and rotate; refuse more factors than the items can hold, and what does not converge."""
    _check_number(len(items.names), plan.n_factors)
    plan = replace(plan, rotation_options=_with_target(items.names, plan))
    extraction = EXTRACTIONS[plan.method](items.r, plan.n_factors)
    if not extraction.converged:
        raise NotConverged(
            f"method {plan.method!r} did not converge with {counted(plan.n_factors, 'factor')}; take fewer factors, or"
            " another method."
        )
    generator = None if plan.seed is None else random_stream(plan.seed, "rotation")
    rotation = rotate(extraction.loadings, plan.rotation, options=plan.rotation_options, generator=generator)
    if not rotation.converged:
        raise NotConverged(
            f"rotation {plan.rotation!r} did not converge; take fewer factors or another rotation, or allow more steps"
            " with rotation_options=RotationOptions(maximum_iterations=...)."
        )
    found = Solution(items, plan, extraction, rotation)
    if found.heywood:
        warn(heywood_note(found), HeywoodWarning)
    return found


def heywood_note(solution: Solution) -> str:
    """Say which items have a uniqueness at its bound."""
    return (
        f"Heywood case: the uniqueness of {', '.join(solution.heywood)} is at its lower bound of"
        " .005, so that the factors leave nothing of it over; there may be too many factors or too few people"
    )


def _check_number(n_items: int, n_factors: int) -> None:
    df = degrees_of_freedom(n_items, n_factors)
    most = max((m for m in range(n_items) if degrees_of_freedom(n_items, m) >= 0), default=0)
    if n_factors >= n_items or df < 0:
        remedy = f"ask for at most {most} in n_factors=" if most else "name at least three items in items="
        raise NotIdentified(
            f"{counted(n_factors, 'factor')} of {counted(n_items, 'item')} have more parameters than there are"
            f" correlations (df = {df}); {remedy}."
        )


def _with_target(names: Sequence[str], plan: Plan) -> RotationOptions:
    """Take the target as numbers, items by factors; rows of a frame are found by the names of the items."""
    target: Any = plan.rotation_options.target
    if target is None:
        return plan.rotation_options
    if isinstance(target, pd.DataFrame):
        lacking = [name for name in names if name not in target.index]
        if lacking:
            raise ArgumentError(f"rotation_options: the target has no row {listed(lacking)}; index it by the items.")
        target = target.loc[list(names)]
    try:
        values = np.asarray(target, dtype=np.float64)
    except (TypeError, ValueError):
        raise ArgumentError("rotation_options: the target holds something else than numbers and NaN.") from None
    if values.shape != (len(names), plan.n_factors):
        raise ArgumentError(
            f"rotation_options: the target has shape {values.shape}, but there are {len(names)} items and"
            f" {plan.n_factors} factors."
        )
    return replace(plan.rotation_options, target=values)
