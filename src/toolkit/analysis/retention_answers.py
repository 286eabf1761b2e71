"""The items whose number of factors is asked for: their answers, correlations, and what is random beside them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from ..checks import check_count, check_one_of, check_seed, check_share
from ..errors import AnalysisError
from ..kernels import parallel
from ..kernels.moments import Missing
from ..kernels.parallel import Layout, RandomEigenvalues
from ..kernels.polychoric import polychoric_correlations
from ..kernels.retention import eigenvalues, factor_eigenvalues, harmonic_n, is_positive_definite
from .inputs import Array, Sample, random_stream
from .item_correlations import Correlation, ItemCorrelations, item_correlations

Random = Literal["permutation", "normal", "both"]
NEGATIVE = 1e-8


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How the number of factors is looked for."""

    correlation: Correlation
    missing: Missing
    replications: int
    quantile: float | Literal["mean"]
    random: Random
    seed: int | None

    def check(self) -> None:
        """Refuse what cannot be used."""
        check_one_of("correlation", self.correlation, ("pearson", "polychoric"))
        check_one_of("missing", self.missing, ("listwise", "pairwise"))
        check_one_of("random", self.random, ("permutation", "normal", "both"))
        check_count("replications", self.replications, 0)
        if not (isinstance(self.quantile, str) and self.quantile == "mean"):
            check_share("quantile", self.quantile)
        check_seed(
            f"parallel analysis (replications={self.replications}, 0 for none)", self.seed, needed=self.replications > 0
        )

    @property
    def draws(self) -> tuple[str, ...]:
        """How random data are drawn: one way or two, or none."""
        if not self.replications:
            return ()
        return ("permutation", "normal") if self.random == "both" else (self.random,)


@dataclass(frozen=True)
class ItemAnswers:
    """Items with their correlations, and what is random beside them.

    Attributes
    ----------
    items : the items with the answers of the rows that are used, and their correlations.
    clusters : the cluster of each used row; None where rows are independent.
    plan : how they are looked at.
    """

    items: ItemCorrelations
    clusters: npt.NDArray[np.intp] | None
    plan: Plan

    @classmethod
    def of(cls, chosen: Sample, items: str | Sequence[str] | None, plan: Plan) -> ItemAnswers:
        """Take the answers to the items and correlate them; refuse what has no correlations."""
        found = item_correlations(chosen, items, correlation=plan.correlation, missing=plan.missing)
        return cls(found, None if chosen.cluster is None else chosen.clusters_of(found.used), plan)

    @property
    def names(self) -> tuple[str, ...]:
        """The items."""
        return self.items.names

    @property
    def r(self) -> Array:
        """Their correlations."""
        return self.items.r

    @property
    def n(self) -> float:
        """The n of the tests: rows, or the harmonic mean of the pairs' rows where answers are missing."""
        held = (~np.isnan(self.items.x)).astype(np.float64)
        return harmonic_n(held.T @ held)

    @property
    def components(self) -> Array:
        """Eigenvalues of the correlations."""
        return eigenvalues(self.r)

    @property
    def factors(self) -> Array:
        """Eigenvalues of the reduced correlations."""
        return factor_eigenvalues(self.r)

    def why_not_invertible(self) -> str:
        """Say why the correlation matrix is not positive definite, or nothing."""
        if is_positive_definite(self.r):
            return ""
        if len(self.items.x) <= len(self.names):
            return "there are no more rows than items"
        if self.components[-1] < -NEGATIVE and (self.items.has_holes or self.plan.correlation == "polychoric"):
            return "the correlations of the pairs do not fit together"
        return "an item is a linear combination of others"

    def random_eigenvalues(self, draw: str) -> RandomEigenvalues:
        """Take the eigenvalues of random data; the order and the coding of items and rows change nothing."""
        try:
            return parallel.random_eigenvalues(self._correlations(draw), self.plan.replications)
        except np.linalg.LinAlgError:
            raise AnalysisError(
                "parallel analysis is not defined for these data: with so few rows in common, random answers to a pair"
                " of items often do not vary. Leave out the items with most missing answers, or say replications=0."
            ) from None

    def _correlations(self, draw: str) -> Callable[[], Array]:
        ordinal = self.plan.correlation == "polychoric"
        order = sorted(range(len(self.names)), key=self.names.__getitem__)
        clusters = self.clusters if draw == "permutation" else None
        layout = Layout.of(self.items.x[:, order], clusters, ordinal=ordinal)
        if draw == "normal" and not ordinal and layout.is_complete:
            stream = random_stream(self.plan.seed, "normal")
            return lambda: parallel.wishart_correlation(len(self.items.x), len(self.names), stream)
        streams = [random_stream(self.plan.seed, f"{draw}:{self.names[place]}") for place in order]
        normal = parallel.normal_categories if ordinal else parallel.normal
        drawn = parallel.permuted if draw == "permutation" else normal
        correlate = self._polychoric if ordinal else parallel.pearson
        return lambda: correlate(drawn(layout, streams))

    def _polychoric(self, x: Array) -> Array:
        try:
            return polychoric_correlations(x, missing=self.plan.missing).r
        except AnalysisError:
            return np.full_like(self.r, np.nan)
