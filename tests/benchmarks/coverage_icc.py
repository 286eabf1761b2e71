"""Coverage of the intervals of intraclass correlations on normal ratings."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from tests.benchmarks.coverage import CoverageRow, print_table
from toolkit.kernels import agreement, variance_components
from toolkit.kernels.agreement import DegreesOfFreedom, MeanSquares

RATERS = 4
DATA_SETS = 2000
DATA_SETS_WITH_HOLES = 1000
EMPTY = 0.5
TARGET = 0.6  # variance of targets; raters and residuals share the rest
SHARED = 0.5  # share of the variance of targets, and of residuals, that partners have in common


@dataclass(frozen=True)
class Design:
    """Normal ratings of n targets, alone or in couples, with a share of the variance between raters."""

    n: int
    couples: bool
    between_raters: float
    raters: int = RATERS

    @property
    def name(self) -> str:
        """What the ratings are like."""
        who = "couples" if self.couples else "independent"
        return f"{self.raters} raters, {who}, {self.between_raters:.2f} between raters"

    @property
    def residual(self) -> float:
        """The variance of residuals."""
        return 1 - TARGET - self.between_raters

    def truth(self) -> dict[str, float]:
        """Give the true ICC2 and ICC3; ICC1 is that of ratings without a rater in common."""
        return {"ICC1": TARGET, "ICC2": TARGET, "ICC3": TARGET / (TARGET + self.residual)}

    def drawn(self, generator: np.random.Generator, *, one_way: bool) -> np.ndarray:
        """Draw a table; one-way: each target has raters of its own."""
        size = (self.n, self.raters)
        target, residual = self._normal(generator, (self.n, 1)), self._normal(generator, size)
        if one_way:
            return np.sqrt(TARGET) * target + np.sqrt(1 - TARGET) * residual
        rater = np.sqrt(self.between_raters) * generator.normal(size=self.raters)
        return np.sqrt(TARGET) * target + rater + np.sqrt(self.residual) * residual

    def _normal(self, generator: np.random.Generator, size: tuple[int, int]) -> np.ndarray:
        own = generator.normal(size=size)
        if not self.couples:
            return own
        common = np.repeat(generator.normal(size=(size[0] // 2, size[1])), 2, axis=0)
        return np.sqrt(SHARED) * common + np.sqrt(1 - SHARED) * own

    def degrees(self, x: np.ndarray, *, clustered: bool) -> DegreesOfFreedom:
        """Give the degrees of freedom of the design, or of the couples."""
        if not clustered:
            return DegreesOfFreedom.of_design(*x.shape)
        return DegreesOfFreedom.of_clusters(agreement.omitting_clusters(x, np.arange(self.n) // 2), self.raters)


def hits(design: Design, generator: np.random.Generator) -> dict[str, bool]:
    """Draw tables, and tell which intervals hold the true value."""
    truth, found = design.truth(), {}
    one_way, two_way = design.drawn(generator, one_way=True), design.drawn(generator, one_way=False)
    for clustered in {False, design.couples}:
        spread = "couple-clustered" if clustered else "naive" if design.couples else "of the design"
        df = design.degrees(one_way, clustered=clustered)
        bounds = {"ICC1": agreement.exact_intervals(MeanSquares.of(one_way), df, 0.95)["ICC1"]}
        square, df = MeanSquares.of(two_way), design.degrees(two_way, clustered=clustered)
        bounds["ICC3"] = agreement.exact_intervals(square, df, 0.95)["ICC3"]
        found[f"ICC2, {spread}"] = 0.025 <= agreement.probability_above(square, df, truth["ICC2"]) <= 0.975
        for form, (low, high) in bounds.items():
            found[f"{form}, {spread}"] = low <= truth[form] <= high
        low, high = agreement.satterthwaite_intervals(square, df, 0.95)["ICC2"]
        found[f"ICC2 (psych), {spread}"] = low <= truth["ICC2"] <= high
    return found


def hits_with_holes(design: Design, generator: np.random.Generator) -> dict[str, bool]:
    """Draw a table of which half of the cells are empty, and tell which intervals hold the true value."""
    x = design.drawn(generator, one_way=False)
    x[generator.random(x.shape) < EMPTY] = np.nan
    x = x[~np.isnan(x).all(axis=1)]
    parts, found = variance_components.reml(x), {}
    square = MeanSquares.of_components(*x.shape, parts.target, parts.rater, parts.residual)
    spread = variance_components.information(x, parts)
    freedom = {
        "by information": DegreesOfFreedom.of_information(spread, len(x), int((~np.isnan(x)).sum())),
        "as if filled (psych)": DegreesOfFreedom.of_design(*x.shape),
    }
    for name, df in freedom.items():
        low, high = agreement.exact_intervals(square, df, 0.95)["ICC3"]
        found[f"ICC3, {name}"] = low <= design.truth()["ICC3"] <= high
        found[f"ICC2, {name}"] = 0.025 <= agreement.probability_above(square, df, TARGET) <= 0.975
    return found


def rows(data_sets: int = DATA_SETS, seed: int = 1) -> Iterator[CoverageRow]:
    """Simulate every design."""
    designs = [Design(n, couples, between) for couples in (False, True) for n in (100, 400) for between in (0.05, 0.20)]
    designs += [Design(n, couples=False, between_raters=0.05, raters=2) for n in (100, 400)]
    for number, design in enumerate(designs):
        generator = np.random.default_rng([seed, number])
        drawn = [hits(design, generator) for _ in range(data_sets)]
        for interval in sorted(drawn[0]):
            covered = float(np.mean([one[interval] for one in drawn]))
            must_hold = "naive" not in interval and "psych" not in interval and design.raters == RATERS
            yield CoverageRow(interval, design.name, design.n, data_sets, covered, must_hold)
    yield from rows_with_holes(min(data_sets, DATA_SETS_WITH_HOLES), seed)


def rows_with_holes(data_sets: int, seed: int) -> Iterator[CoverageRow]:
    """Simulate tables with empty cells."""
    for n in (100, 400):
        design, generator = Design(n, couples=False, between_raters=0.05), np.random.default_rng([seed, n])
        drawn = [hits_with_holes(design, generator) for _ in range(data_sets)]
        for interval in sorted(drawn[0]):
            covered = float(np.mean([one[interval] for one in drawn]))
            data = f"{RATERS} raters, {100 * EMPTY:.0f} % of cells empty"
            yield CoverageRow(interval, data, n, data_sets, covered, "psych" not in interval)


if __name__ == "__main__":
    print_table(rows())
