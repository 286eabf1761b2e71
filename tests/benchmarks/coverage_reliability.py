"""Coverage of the intervals of alpha and omega: independent rows and couples, normal and five-point answers."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from scipy import special

from tests.benchmarks.coverage import CoverageRow, print_table
from toolkit.analysis.coefficients import delta_interval, influences, values
from toolkit.analysis.inputs import random_stream
from toolkit.kernels import bootstrap, consistency, intervals, omega, ordinal_alpha

# A share of 500 data sets has a standard error of 1 %: cells that must hold take 1,000, where it is .7 %.
CLOSED, BOOTSTRAPPED, REPORTED, DRAWS = 2_000, 1_000, 500, 500
CONFIDENCE, SEED = 0.95, 20260101
PARALLEL = (0.6,) * 6
CONGENERIC = (0.4, 0.5, 0.6, 0.7, 0.8, 0.6)
SYMMETRIC = (-1.5, -0.5, 0.5, 1.5)
FLOOR = (0.4, 0.9, 1.4, 1.9)
SHARED_TRUE, SHARED_ERROR = 0.5, 0.3  # what partners have in common of the factor and of each item's error
NODES = 80

Interval = tuple[float, float]
Answers = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Design:
    """Answers to items with one factor: rows alone, or couples at one or several waves.

    Attributes
    ----------
    name : in words.
    loadings : standardised loadings.
    n : rows.
    waves : 0 where rows are independent; with couples, times that each partner answers.
    cuts : what cuts the normal responses into options; none for normal answers.
    """

    name: str
    loadings: tuple[float, ...]
    n: int
    waves: int = 0
    cuts: tuple[float, ...] = ()

    def draw(self, generator: np.random.Generator) -> Answers:
        """Draw a data set, and the cluster of each row."""
        loadings = np.array(self.loadings)
        errors = np.sqrt(1 - loadings**2)
        if not self.waves:
            factor, error = generator.normal(size=(self.n, 1)), generator.normal(size=(self.n, len(loadings)))
            return self._answered(factor * loadings + error * errors), np.arange(self.n)
        couples = self.n // (2 * self.waves)
        factor = _in_common(generator, (couples, 2, 1, 1), SHARED_TRUE)
        error = _in_common(generator, (couples, 2, self.waves, len(loadings)), SHARED_ERROR)
        x = (factor * loadings + error * errors).reshape(self.n, len(loadings))
        return self._answered(x), np.repeat(np.arange(couples), 2 * self.waves)

    def _answered(self, x: np.ndarray) -> np.ndarray:
        return np.searchsorted(self.cuts, x).astype(np.float64) if self.cuts else x

    def covariance(self) -> np.ndarray:
        """Give the covariance matrix of the population; answers are independent given the factor."""
        loadings = np.array(self.loadings)
        if not self.cuts:
            return np.outer(loadings, loadings) + np.diag(1 - loadings**2)
        nodes, weights = np.polynomial.hermite_e.hermegauss(NODES)
        weights = weights / weights.sum()
        below = (np.array(self.cuts)[:, None, None] - nodes[:, None] * loadings) / np.sqrt(1 - loadings**2)
        above = special.ndtr(-below)
        mean = above.sum(axis=0)
        square = ((2 * np.arange(len(self.cuts)) + 1)[:, None, None] * above).sum(axis=0)
        whole = weights @ mean
        covariance = (mean * weights[:, None]).T @ mean - np.outer(whole, whole)
        np.fill_diagonal(covariance, weights @ square - whole**2)
        return covariance

    def truth(self, coefficient: str) -> float:
        """Give the coefficient of the population."""
        if coefficient == "alpha_ordinal":
            loadings = np.array(self.loadings)
            return float(consistency.alpha(np.outer(loadings, loadings) + np.diag(1 - loadings**2)))
        return float(values(self.covariance()[None])[coefficient][0])


def _in_common(generator: np.random.Generator, size: tuple[int, ...], share: float) -> np.ndarray:
    """Draw normal numbers of which the partners of a couple (the second axis) share a part."""
    common = generator.normal(size=(size[0], 1, *size[2:]))
    return np.sqrt(share) * common + np.sqrt(1 - share) * generator.normal(size=size)


def fitted_omega(stack: np.ndarray) -> np.ndarray:
    return omega.fitted(stack, omega.solution(stack))


EVALUATED: dict[str, Callable[[np.ndarray], np.ndarray]] = {"alpha": consistency.alpha, "omega_fitted": fitted_omega}


def feldt(x: np.ndarray, _: np.ndarray) -> Interval:
    return intervals.feldt(float(consistency.alpha(np.cov(x.T))), len(x), x.shape[1], CONFIDENCE)


def duhachek(x: np.ndarray, _: np.ndarray) -> Interval:
    covariance = np.cov(x.T)
    return intervals.normal(float(consistency.alpha(covariance)), intervals.duhachek(covariance, len(x)), CONFIDENCE)


def analytic(coefficient: str) -> Callable[[np.ndarray, np.ndarray], Interval]:
    """Give the distribution-free interval of a coefficient, as `reliability` makes it."""

    def interval(x: np.ndarray, clusters: np.ndarray) -> Interval:
        if coefficient == "alpha_ordinal":
            found = ordinal_alpha.ordinal_alpha(x, "listwise")
            point, effects = found.estimate, found.influences
        else:
            point, effects = float(EVALUATED[coefficient](np.cov(x.T)[None])[0]), influences(coefficient, x)
        return delta_interval(coefficient, point, intervals.cluster_sums(effects, clusters), len(x), CONFIDENCE)[1]

    return interval


def share(
    design: Design, title: str, coefficient: str, interval: Callable[[np.ndarray, np.ndarray], Interval]
) -> float:
    """Draw data sets, and give the share of those whose interval holds the truth."""
    generator, truth = random_stream(SEED, f"{title}, {design.name}, {design.n}"), design.truth(coefficient)
    ends = [interval(*design.draw(generator)) for _ in range(CLOSED)]
    return float(np.mean([low <= truth <= high for low, high in ends]))


def bca_shares(design: Design, data_sets: int) -> dict[str, float]:
    """Give the coverage of the BCa intervals of alpha and omega, from the same bootstrap samples."""
    generator, hits = random_stream(SEED, f"BCa, {design.name}, {design.n}"), {"alpha": 0, "omega_fitted": 0}
    truths = {name: design.truth(name) for name in hits}
    for _ in range(data_sets):
        x, clusters = design.draw(generator)
        covariance = np.cov(x.T)[None]
        stack = np.concatenate(list(bootstrap.bootstrap_covariances(x, clusters, DRAWS, generator)))
        for name, truth in truths.items():
            sums = intervals.cluster_sums(influences(name, x), clusters)
            drawn, point = EVALUATED[name](stack), float(EVALUATED[name](covariance)[0])
            low, high = bootstrap.bca(drawn[~np.isnan(drawn)], point, sums, CONFIDENCE, len(sums) - 1)
            hits[name] += low <= truth <= high
    return {name: count / data_sets for name, count in hits.items()}


def closed_rows(design: Design, kinds: dict[str, str], *, must_hold: bool) -> Iterator[CoverageRow]:
    """Fill cells of intervals that need no samples."""
    own = {"Feldt": feldt, "Duhachek": duhachek}
    for title, coefficient in kinds.items():
        covered = share(design, title, coefficient, own.get(title.split()[-1], analytic(coefficient)))
        yield CoverageRow(title, design.name, design.n, CLOSED, covered, must_hold)


def bca_rows(design: Design, *, must_hold: bool) -> Iterator[CoverageRow]:
    """Fill cells of BCa intervals."""
    data_sets = BOOTSTRAPPED if must_hold else REPORTED
    for name, covered in bca_shares(design, data_sets).items():
        title = f"{name.removesuffix('_fitted')}, BCa"
        yield CoverageRow(title, design.name, design.n, data_sets, covered, must_hold)


ALPHA = {"alpha, Feldt": "alpha", "alpha, Duhachek": "alpha"}
SANDWICH = {"alpha, sandwich": "alpha", "omega, sandwich": "omega_fitted"}
ORDINAL = {"ordinal alpha, sandwich": "alpha_ordinal"}


def coverage_rows() -> Iterator[CoverageRow]:
    """Fill the table."""
    for n in (100, 400):
        yield from closed_rows(Design("parallel normal items", PARALLEL, n), ALPHA, must_hold=True)
    for n in (100, 400):
        design = Design("congeneric normal items", CONGENERIC, n)
        yield from closed_rows(design, SANDWICH, must_hold=True)
        yield from bca_rows(design, must_hold=True)
    for n in (100, 400):
        parallel = Design("parallel normal items, couples", PARALLEL, n, waves=1)
        yield from closed_rows(parallel, {"alpha, sandwich": "alpha"}, must_hold=True)
        congeneric = Design("congeneric normal items, couples", CONGENERIC, n, waves=1)
        yield from closed_rows(congeneric, SANDWICH, must_hold=True)
        yield from bca_rows(congeneric, must_hold=True)
    waves = Design("congeneric, 150 couples × 3 waves", CONGENERIC, 900, waves=3)
    yield from closed_rows(waves, SANDWICH, must_hold=True)
    yield from bca_rows(waves, must_hold=True)
    yield from closed_rows(waves, {"rows as if alone: alpha, Feldt": "alpha"}, must_hold=False)
    for kind, cuts in (("symmetric", SYMMETRIC), ("floor-skewed", FLOOR)):
        for n in (100, 400):
            design = Design(f"five-point answers, {kind}", CONGENERIC, n, cuts=cuts)
            yield from closed_rows(design, ALPHA | SANDWICH | ORDINAL, must_hold=False)
            yield from bca_rows(design, must_hold=False)


if __name__ == "__main__":
    print_table(coverage_rows())
