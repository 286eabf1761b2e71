"""Intraclass correlations of targets by raters: mean squares, the six forms of Shrout and Fleiss, intervals."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import optimize, special

Array = npt.NDArray[np.float64]
Bounds = tuple[float, float]

FORMS = ("ICC1", "ICC2", "ICC3", "ICC1k", "ICC2k", "ICC3k")
LEAST_CLUSTERS = 4
NEARLY_ONE = 1 - 1e-12


@dataclass(frozen=True)
class MeanSquares:
    """Mean squares of n targets rated by the same k raters.

    Attributes
    ----------
    n, k : targets and raters.
    between : of targets, with n − 1 degrees of freedom.
    raters : of raters, with k − 1.
    error : of what neither explains, with (n − 1)(k − 1).
    """

    n: int
    k: int
    between: float
    raters: float
    error: float

    @property
    def within(self) -> float:
        """The mean square within targets, of raters and error together, with n (k − 1) degrees of freedom."""
        return (self.raters + (self.n - 1) * self.error) / self.n

    @classmethod
    def of(cls, x: Array) -> MeanSquares:
        """Analyse the variance of a complete (n, k) table, as ``aov(values ~ target + rater)``."""
        n, k = x.shape
        centred = x - x.mean()
        target, rater = centred.mean(axis=1), centred.mean(axis=0)
        rest = centred - target[:, None] - rater
        between = k * (target**2).sum() / (n - 1)
        raters = n * (rater**2).sum() / (k - 1)
        return cls(n, k, float(between), float(raters), float((rest**2).sum() / ((n - 1) * (k - 1))))

    @classmethod
    def of_components(cls, n: int, k: int, target: float, rater: float, residual: float) -> MeanSquares:
        """Give the mean squares that variance components stand for: residual + k target, residual + n rater."""
        return cls(n, k, residual + k * target, residual + n * rater, residual)

    def components(self) -> tuple[float, float, float]:
        """Estimate the variances of targets, raters and residuals; the first two may be negative."""
        return (self.between - self.error) / self.k, (self.raters - self.error) / self.n, self.error

    def icc(self) -> Array:
        """Compute ICC1, ICC2, ICC3 and those of the mean of k raters, (6,); ``psych::ICC``.

        Shrout & Fleiss (1979), doi:10.1037/0033-2909.86.2.420.
        """
        k, bias = self.k, (self.raters - self.error) / self.n
        single = (
            (self.between - self.within) / (self.between + (k - 1) * self.within),
            (self.between - self.error) / (self.between + (k - 1) * self.error + k * bias),
            (self.between - self.error) / (self.between + (k - 1) * self.error),
        )
        mean = (
            (self.between - self.within) / self.between,
            (self.between - self.error) / (self.between + bias),
            (self.between - self.error) / self.between,
        )
        return np.array([*single, *mean])


@dataclass(frozen=True)
class DegreesOfFreedom:
    """Degrees of freedom of mean squares: those of a design, or those that a variance between clusters stands for.

    Attributes
    ----------
    between, within : of the ratio of ICC1.
    between_error, error : of the ratio of ICC2 and ICC3.
    raters : of the mean square of raters.
    widening : a factor of the variance of intervals, 1 where the degrees of freedom are known.
    """

    between: float
    within: float
    between_error: float
    error: float
    raters: float
    widening: float = 1.0

    @classmethod
    def of_design(cls, n: int, k: int) -> DegreesOfFreedom:
        """Give those of normal ratings of independent targets."""
        return cls(n - 1, n * (k - 1), n - 1, (n - 1) * (k - 1), k - 1)

    @classmethod
    def of_clusters(cls, omitted: Array, k: int) -> DegreesOfFreedom:
        """Find those that give log mean squares the variance that leaving out one cluster at a time shows.

        A mean square with ν degrees of freedom has about var(log MS) = 2/ν. The jackknife of G clusters estimates the
        variances and the covariance of log mean squares; the covariance is shared out, so that the ratio keeps its
        variance. As the variances are estimated themselves, intervals are wider by (G − 1)/(G − 3), the variance of
        Student's t with G − 1 degrees of freedom.

        Parameters
        ----------
        omitted : (G, 3) mean squares between, within and error, each without one cluster.
        """
        n_clusters = len(omitted)
        logs = np.log(omitted)
        deviation = logs - logs.mean(axis=0)
        spread = (n_clusters - 1) / n_clusters * deviation.T @ deviation
        one_way, two_way = _degrees_of_ratio(spread, 1), _degrees_of_ratio(spread, 2)
        widening = (n_clusters - 1) / (n_clusters - 3)
        return cls(one_way[0], one_way[1], two_way[0], two_way[1], k - 1, widening)

    def widened(self) -> DegreesOfFreedom:
        """Give the degrees of freedom that widen the intervals; those of raters stay, as raters are not clustered."""
        wide = self.widening
        two_way = self.between_error / wide, self.error / wide
        return DegreesOfFreedom(self.between / wide, self.within / wide, *two_way, self.raters)


def _degrees_of_ratio(spread: Array, below: int) -> Bounds:
    """Give the degrees of freedom of numerator and denominator of MSB / MS."""
    above, under, together = spread[0, 0], spread[below, below], spread[0, below]
    share = (above + under - 2 * together) / (above + under)
    return float(2 / (above * share)), float(2 / (under * share))


def omitting_clusters(x: Array, cluster: npt.NDArray[np.integer]) -> Array:
    """Compute mean squares between, within and error of a complete table without each cluster of targets, (G, 3)."""
    k = x.shape[1]
    centred = x - x.mean()
    target = centred.mean(axis=1)
    inside = ((centred - target[:, None]) ** 2).sum(axis=1)
    parts = np.column_stack([np.ones(len(x)), target, target**2, inside, centred])
    sums = np.zeros((int(cluster.max()) + 1, parts.shape[1]))
    np.add.at(sums, cluster, parts)
    left = parts.sum(axis=0) - sums
    n, total = left[:, 0], left[:, 1]
    between = k * (left[:, 2] - total**2 / n) / (n - 1)
    raters = (left[:, 4:] ** 2).sum(axis=1) / n - k * total**2 / n
    return np.column_stack([between, left[:, 3] / (n * (k - 1)), (left[:, 3] - raters) / ((n - 1) * (k - 1))])


def exact_intervals(square: MeanSquares, df: DegreesOfFreedom, confidence: float) -> dict[str, Bounds]:
    """Intervals of ICC1 and ICC3, single and mean, from the F distribution of MSB / MSW and MSB / MSE."""
    tail, k = (1 - confidence) / 2, square.k
    wide = df.widened()
    found: dict[str, Bounds] = {}
    for form, below, degrees in (
        ("ICC1", square.within, (wide.between, wide.within)),
        ("ICC3", square.error, (wide.between_error, wide.error)),
    ):
        low, high = (square.between / below / special.fdtri(*degrees, level) for level in (1 - tail, tail))
        found[form] = (float((low - 1) / (low + k - 1)), float((high - 1) / (high + k - 1)))
        found[f"{form}k"] = (float(1 - 1 / low), float(1 - 1 / high))
    return found


def satterthwaite_intervals(square: MeanSquares, df: DegreesOfFreedom, confidence: float) -> dict[str, Bounds]:
    """Intervals of ICC2, single and mean, with Satterthwaite's degrees of freedom; ``psych::ICC``.

    Shrout & Fleiss (1979); McGraw & Wong (1996), doi:10.1037/1082-989X.1.1.30.
    """
    n, k, tail, wide = square.n, square.k, (1 - confidence) / 2, df.widened()
    icc2 = square.icc()[1]
    of_raters = k * icc2 * square.raters
    of_error = (n * (1 + (k - 1) * icc2) - k * icc2) * square.error
    v = (of_raters + of_error) ** 2 / (of_raters**2 / wide.raters + of_error**2 / wide.error)
    upper = special.fdtri(wide.between_error, v, 1 - tail)
    lower = special.fdtri(v, wide.between_error, 1 - tail)
    rest = k * square.raters + (k * n - k - n) * square.error
    low = n * (square.between - upper * square.error) / (upper * rest + n * square.between)
    high = n * (lower * square.between - square.error) / (rest + n * lower * square.between)
    return _with_mean("ICC2", (float(low), float(high)), k)


def _with_mean(form: str, single: Bounds, k: int) -> dict[str, Bounds]:
    """Add the interval of the mean of k raters (Spearman–Brown)."""
    low, high = (k * bound / (1 + (k - 1) * bound) for bound in single)
    return {form: single, f"{form}k": (low, high)}


def large_sample_intervals(square: MeanSquares, df: DegreesOfFreedom, confidence: float) -> dict[str, Bounds]:
    """Intervals of ICC2, single and mean, by the modified large-sample method.

    ICC2 exceeds ρ where the difference MSB/k − λ MSR/n − (1/k + λ (n − 1)/n) MSE is positive in expectation, with
    λ = ρ/(1 − ρ); the bounds are the ρ from 0 to 1 at which the bounds of this difference are 0. Where there is none,
    the bound lies below 0, where raters hardly matter, and is that of `satterthwaite_intervals`. Ting, Burdick,
    Graybill, Jeyaratnam & Lu (1990), J. Stat. Comput. Simul. 35, 135–143; compared with other intervals by Ionan,
    Polley, McShane & Dobbin (2014), doi:10.1186/1471-2288-14-121.
    """
    bounds = _DifferenceBounds(square, df.widened(), (1 - confidence) / 2)
    low, high = satterthwaite_intervals(square, df, confidence)["ICC2"]
    single = bounds.root(bounds.lower, min(low, 0.0)), bounds.root(bounds.upper, min(high, 0.0))
    return _with_mean("ICC2", single, square.k)


@dataclass(frozen=True)
class _DifferenceBounds:
    """Bounds of c₁ E(MSB) − c₂ E(MSR) − c₃ E(MSE), with the coefficients of Ting et al. (1990)."""

    square: MeanSquares
    df: DegreesOfFreedom
    tail: float

    def root(self, bound: Callable[[float], float], otherwise: float) -> float:
        """Find the positive ICC at which a bound of the difference is 0; the bound falls as the ICC grows."""
        if bound(0.0) <= 0:
            return otherwise
        return float(optimize.brentq(bound, 0.0, NEARLY_ONE, xtol=1e-14, rtol=1e-14))

    def lower(self, icc: float) -> float:
        """Give the lower bound of the difference at an ICC."""
        b, r, e = self._terms(icc)
        ours, one = self._shrink(self.df.between_error), self._swell
        g = ours**2 * b**2 + one(self.df.raters) ** 2 * r**2 + one(self.df.error) ** 2 * e**2
        g += b * (self._together(self.df.raters, 1 - self.tail) * r + self._together(self.df.error, 1 - self.tail) * e)
        return float(b - r - e - np.sqrt(max(g, 0.0)))

    def upper(self, icc: float) -> float:
        """Give the upper bound of the difference at an ICC."""
        b, r, e = self._terms(icc)
        ours, one, nr, ne = self._swell(self.df.between_error), self._shrink, self.df.raters, self.df.error
        h = ours**2 * b**2 + one(nr) ** 2 * r**2 + one(ne) ** 2 * e**2
        h += b * (self._together(nr, self.tail) * r + self._together(ne, self.tail) * e)
        both = one(nr + ne) ** 2 * (nr + ne) ** 2 / (nr * ne)
        h += (both - one(nr) ** 2 * nr / ne - one(ne) ** 2 * ne / nr) * r * e
        return float(b - r - e + np.sqrt(max(h, 0.0)))

    def _terms(self, icc: float) -> tuple[float, float, float]:
        n, k, odds = self.square.n, self.square.k, icc / (1 - icc)
        rest = 1 / k + odds * (n - 1) / n
        return self.square.between / k, odds * self.square.raters / n, rest * self.square.error

    def _shrink(self, df: float) -> float:
        """1 − 1/F at 1 − p/2 with df and infinitely many degrees of freedom."""
        return float(1 - df / _chi_square(df, 1 - self.tail))

    def _swell(self, df: float) -> float:
        """1/F at p/2 with df and infinitely many degrees of freedom − 1."""
        return float(df / _chi_square(df, self.tail) - 1)

    def _together(self, df: float, level: float) -> float:
        """Give the coefficient of the product of MSB and a mean square that is taken away."""
        quantile = special.fdtri(self.df.between_error, df, level)
        low = level < 0.5
        ours, its = (self._swell, self._shrink) if low else (self._shrink, self._swell)
        left = (quantile - 1) ** 2 - (ours(self.df.between_error) * quantile) ** 2 - its(df) ** 2
        return float(left / quantile)


def _chi_square(df: float, level: float) -> float:
    return float(2 * special.gammaincinv(df / 2, level))
