"""Intraclass correlations of targets by raters: mean squares, the six forms of Shrout and Fleiss, intervals."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import optimize, special

Array = npt.NDArray[np.float64]
Bounds = tuple[float, float]

FORMS = ("ICC1", "ICC2", "ICC3", "ICC1k", "ICC2k", "ICC3k")
LEAST_CLUSTERS = 4
NEARLY_ZERO = 1e-12
NOTHING = 1e-14
LEAST_DEGREES = 0.5
ERROR_NODES = 48
RATER_NODES = 64


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

    @property
    def usable(self) -> bool:
        """Tell whether they are finite and large enough for quantiles that a number can hold."""
        found = (self.between, self.within, self.between_error, self.error, self.raters)
        return all(np.isfinite(one) and one / self.widening >= LEAST_DEGREES for one in found)

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
        if not (omitted > 0).all():
            return cls(np.nan, np.nan, np.nan, np.nan, k - 1)
        logs = np.log(omitted)
        deviation = logs - logs.mean(axis=0)
        spread = (n_clusters - 1) / n_clusters * deviation.T @ deviation
        one_way, two_way = _degrees_of_ratio(spread, 1), _degrees_of_ratio(spread, 2)
        widening = (n_clusters - 1) / (n_clusters - 3)
        return cls(one_way[0], one_way[1], two_way[0], two_way[1], k - 1, widening)

    @classmethod
    def of_information(cls, spread: Array, n_targets: int, n_ratings: int) -> DegreesOfFreedom:
        """Find those of a table with empty cells, from the covariance of its log mean squares.

        Without empty cells they are those of the design. Within targets they are the ratings less the targets.

        Parameters
        ----------
        spread : (3, 3) of targets, raters and error, as `variance_components.information` gives it.

        Raises
        ------
        numpy.linalg.LinAlgError
            If the covariance is not positive definite, so that the ratings do not determine all variances.
        """
        if not np.isfinite(spread).all() or np.linalg.eigvalsh(spread)[0] <= 0:
            raise np.linalg.LinAlgError("The information is not positive definite")
        between, error = _degrees_of_ratio(spread, 2)
        return cls(2 / float(spread[0, 0]), n_ratings - n_targets, between, error, 2 / float(spread[1, 1]))

    def widened(self) -> DegreesOfFreedom:
        """Give the degrees of freedom that widen the intervals; those of raters stay, as raters are not clustered."""
        wide = self.widening
        two_way = self.between_error / wide, self.error / wide
        return DegreesOfFreedom(self.between / wide, self.within / wide, *two_way, self.raters)


def _degrees_of_ratio(spread: Array, below: int) -> Bounds:
    """Give the degrees of freedom of numerator and denominator of MSB / MS."""
    above, under, together = spread[0, 0], spread[below, below], spread[0, below]
    ratio = above + under - 2 * together
    if not min(above, under, ratio) > 0:
        return np.nan, np.nan
    share = ratio / (above + under)
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
    low, high = (k * bound / rest if (rest := 1 + (k - 1) * bound) > 0 else -np.inf for bound in single)
    return {form: single, f"{form}k": (low, high)}


def generalised_intervals(square: MeanSquares, df: DegreesOfFreedom, confidence: float) -> dict[str, Bounds]:
    """Intervals of ICC2, single and mean, by the generalised pivotal quantity.

    The bounds are the ρ that ICC2 exceeds with probability 1 − p/2 and p/2, given the mean squares; see
    `probability_above`. A bound below 0, where raters hardly matter, is that of `satterthwaite_intervals`. Tian &
    Cappelleri (2004), Statistics in Medicine 23, 2125–2135; compared with other intervals by Ionan, Polley, McShane &
    Dobbin (2014), doi:10.1186/1471-2288-14-121.
    """
    tail, grid = (1 - confidence) / 2, _Grid.of(square, df.widened())
    below = satterthwaite_intervals(square, df, confidence)["ICC2"]
    low, high = (grid.root(level, min(other, 0.0)) for level, other in zip((1 - tail, tail), below, strict=True))
    return _with_mean("ICC2", (low, high), square.k)


def probability_above(square: MeanSquares, df: DegreesOfFreedom, icc: float) -> float:
    """Probability that ICC2 exceeds a value, 0 < icc < 1, in the generalised (fiducial) sense.

    Each mean square with ν degrees of freedom stands for an expectation of ν MS / χ²_ν. ICC2 exceeds ρ where those
    satisfy B/k > λ R/n + (1/k + λ (n − 1)/n) E, with λ = ρ/(1 − ρ).
    """
    return _Grid.of(square, df.widened()).above(icc)


@dataclass(frozen=True)
class _Grid:
    """Nodes and weights of Gauss and Legendre, by which the probability is integrated to 1e-11.

    Over the error, and for each of its nodes over the raters where the targets' mean square does not decide alone.
    """

    square: MeanSquares
    df: DegreesOfFreedom
    error: Array
    error_weights: Array
    raters: Array
    rater_weights: Array

    @classmethod
    def of(cls, square: MeanSquares, df: DegreesOfFreedom) -> _Grid:
        """Place the nodes: those of the error where it may lie, those of the raters between 0 and 1."""
        of_error, error_weights = np.polynomial.legendre.leggauss(ERROR_NODES)
        of_raters, rater_weights = np.polynomial.legendre.leggauss(RATER_NODES)
        low, high = np.log(_extremes(df.error))
        logs = low + (high - low) * (of_error + 1) / 2
        weights = error_weights * (high - low) / 2 * _log_density(logs, df.error)
        error = square.error * df.error / np.exp(logs)
        return cls(square, df, error, weights, (of_raters[:, None] + 1) / 2, rater_weights[:, None] / 2)

    def above(self, icc: float) -> float:
        """Integrate the probability that ICC2 exceeds a value."""
        n, k, odds = self.square.n, self.square.k, icc / (1 - icc)
        rest = (1 / k + odds * (n - 1) / n) * self.error
        target = self.square.between / k * self.df.between_error
        rater = odds * self.square.raters / n * self.df.raters
        ends = [_ratio(rater, target / chi - rest) for chi in _extremes(self.df.between_error)]
        sure = special.gammaincc(self.df.raters / 2, ends[1] / 2)
        low, high = (np.log(np.clip(end, *_extremes(self.df.raters))) for end in ends)
        logs = low + (high - low) * self.raters
        exceeds = special.gammainc(self.df.between_error / 2, target / (rater / np.exp(logs) + rest) / 2)
        open_part = (self.rater_weights * exceeds * _log_density(logs, self.df.raters)).sum(axis=0) * (high - low)
        return float(self.error_weights @ (sure + open_part))

    def root(self, level: float, otherwise: float) -> float:
        """Find the positive ICC that is exceeded with a probability."""
        if self.above(NEARLY_ZERO) <= level:
            return otherwise
        if self.above(1 - NEARLY_ZERO) >= level:
            return 1.0
        found = optimize.brentq(lambda icc: self.above(icc) - level, NEARLY_ZERO, 1 - NEARLY_ZERO, xtol=1e-13)
        return float(found)


def _extremes(df: float) -> tuple[float, float]:
    """Chi-square quantiles between which all but nothing lies."""
    return 2 * float(special.gammaincinv(df / 2, NOTHING)), 2 * float(special.gammainccinv(df / 2, NOTHING))


def _log_density(logs: Array, df: float) -> Array:
    """Density of the logarithm of a chi-square variable."""
    half = df / 2
    return np.asarray(np.exp(half * logs - np.exp(logs) / 2 - special.gammaln(half) - half * np.log(2)))


def _ratio(top: float, bottom: Array) -> Array:
    """Divide by what is positive; infinite elsewhere."""
    quotient: Array = np.divide(top, bottom, out=np.full(bottom.shape, np.inf), where=bottom > 0)
    return quotient
