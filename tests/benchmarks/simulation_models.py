"""What estimators of confirmatory models promise, by seeded simulation: bias, coverage of intervals, type I error."""

import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, partial

import numpy as np
from scipy import optimize, special

from toolkit.analysis.inputs import random_stream
from toolkit.errors import ImproperSolutionWarning, NotConverged
from toolkit.format import number, percent
from toolkit.kernels.sem.defaults import TableOptions, parameter_table
from toolkit.kernels.sem.estimator import SampleRows
from toolkit.kernels.sem.fitted import Fitted, fit_model
from toolkit.kernels.sem.solution import FitOptions
from toolkit.kernels.sem.syntax import parse
from toolkit.kernels.sem.table import ParameterTable

SEED = 20260101
SIZES = (200, 500, 1_000)
MANY, SOME, FEW = 2_000, 1_000, 500
LOADINGS, CORRELATION = (0.5, 0.6, 0.7, 0.8, 0.5, 0.6, 0.7, 0.8), 0.3
ITEMS = tuple(f"y{place}" for place in range(1, len(LOADINGS) + 1))
MODEL = f"f1 =~ {' + '.join(ITEMS[:4])}\nf2 =~ {' + '.join(ITEMS[4:])}"
SKEW, KURTOSIS = 2.0, 7.0
CUTS = (-0.3, 0.4, 1.0, 1.6)
HOLES, PULL = 0.2, 1.0
WHOLE = (0, 4)  # with holes at random these items have none, and the first decides about those of the others
CONFIDENCE, LEVEL = 0.95, 0.05
LOWEST, HIGHEST = 0.93, 0.97

Draw = Callable[[np.random.Generator, int], np.ndarray]


def population() -> np.ndarray:
    """Give the correlations of two factors with four items each."""
    loadings = np.zeros((len(ITEMS), 2))
    loadings[:4, 0], loadings[4:, 1] = LOADINGS[:4], LOADINGS[4:]
    found = loadings @ np.array([[1, CORRELATION], [CORRELATION, 1]]) @ loadings.T
    np.fill_diagonal(found, 1.0)
    return found


def normal(generator: np.random.Generator, n: int) -> np.ndarray:
    """Draw normal answers."""
    return generator.standard_normal((n, len(ITEMS))) @ np.linalg.cholesky(population()).T


@cache
def cubic() -> tuple[float, float, float]:
    """Find b, c, d so that −c + bZ + cZ² + dZ³ has variance 1, the skewness and the kurtosis.

    Fleishman (1978), doi:10.1007/BF02293811.
    """

    def away(coefficients: np.ndarray) -> list[float]:
        b, c, d = coefficients
        fourth = b * d + c**2 * (1 + b**2 + 28 * b * d) + d**2 * (12 + 48 * b * d + 141 * c**2 + 225 * d**2)
        return [
            b**2 + 6 * b * d + 2 * c**2 + 15 * d**2 - 1,
            2 * c * (b**2 + 24 * b * d + 105 * d**2 + 2) - SKEW,
            24 * fourth - KURTOSIS,
        ]

    b, c, d = optimize.root(away, [0.8, 0.2, 0.05], tol=1e-13).x
    return float(b), float(c), float(d)


@cache
def beneath() -> np.ndarray:
    """Find the normal correlations whose cubics correlate as the population does, as their Cholesky factor.

    Vale & Maurelli (1983), doi:10.1007/BF02293687.
    """
    b, c, d = cubic()

    def away(r: float, target: float) -> float:
        return r * (b**2 + 6 * b * d + 9 * d**2) + 2 * c**2 * r**2 + 6 * d**2 * r**3 - target

    found = population()
    for place in zip(*np.tril_indices(len(found), -1), strict=True):
        found[place] = found[place[::-1]] = optimize.brentq(away, 0, 1, args=(found[place],))
    return np.linalg.cholesky(found)


def skewed(generator: np.random.Generator, n: int) -> np.ndarray:
    """Draw answers with skewness 2 and kurtosis 7, with the covariances of the population."""
    z = generator.standard_normal((n, len(ITEMS))) @ beneath().T
    b, c, d = cubic()
    return -c + b * z + c * z**2 + d * z**3


def ordinal(generator: np.random.Generator, n: int) -> np.ndarray:
    """Cut normal answers into five categories, fewer of them high."""
    return np.searchsorted(CUTS, normal(generator, n)).astype(np.float64)


def holed(generator: np.random.Generator, n: int, *, at_random: bool) -> np.ndarray:
    """Lose a fifth of normal answers: completely at random, or the more the higher the answer to the first item is."""
    x = normal(generator, n)
    if at_random:
        held = np.isin(np.arange(len(ITEMS)), WHOLE)
        share = HOLES * len(ITEMS) / (~held).sum()
        chance = special.ndtr(special.ndtri(share) * np.sqrt(1 + PULL**2) + PULL * x[:, :1]) * ~held
    else:
        chance = np.full(x.shape, HOLES)
    x[generator.random(x.shape) < chance] = np.nan
    return x[~np.isnan(x).all(axis=1)]


@dataclass(frozen=True)
class Cell:
    """An estimator on one kind of data.

    Attributes
    ----------
    estimator, data : in words.
    draw : draws the answers.
    options : how the model is fitted.
    data_sets : how many are drawn.
    holds_from : the n from which on coverage has to lie within the bounds; None where it is only reported.
    sizes : n of the data sets.
    """

    estimator: str
    data: str
    draw: Draw
    options: FitOptions
    data_sets: int
    holds_from: int | None = 500
    sizes: tuple[int, ...] = SIZES


# lavaan's p-values and errors of the same skewed data sets are equal: the sandwich itself comes near its level slowly.
CELLS = (
    Cell("ML", "normal", normal, FitOptions("ML"), MANY),
    Cell("ML", "skewness 2, kurtosis 7", skewed, FitOptions("ML"), MANY, None),
    Cell("MLR", "normal", normal, FitOptions("MLR"), MANY),
    Cell("MLR", "skewness 2, kurtosis 7", skewed, FitOptions("MLR"), MANY, 1_000, (*SIZES, 5_000)),
    Cell("WLSMV", "five skewed categories", ordinal, FitOptions("WLSMV"), SOME),
    Cell("FIML", "normal, 20 % MCAR", partial(holed, at_random=False), FitOptions("ML", "fiml"), FEW),
    Cell("FIML", "normal, 20 % MAR", partial(holed, at_random=True), FitOptions("ML", "fiml"), FEW),
)


@dataclass(frozen=True)
class Outcome:
    """What the data sets of a cell say, each one's own values (data sets, …).

    Attributes
    ----------
    off : estimates minus the population's: loadings, and last the correlation of the factors.
    covered : whether the intervals hold the population's values.
    rejected : whether the test rejects the true model.
    n_failed : data sets without a solution.
    """

    off: np.ndarray
    covered: np.ndarray
    rejected: np.ndarray
    n_failed: int

    def holds(self) -> bool:
        """Tell whether the coverage of loadings and of the correlation lies within the bounds."""
        shares = self.covered[:, :-1].mean(), self.covered[:, -1].mean()
        return all(LOWEST <= share <= HIGHEST for share in shares)


def table_of(options: FitOptions) -> ParameterTable:
    """Write the model that the population has; factors have variance 1."""
    categories = {name: len(CUTS) + 1 for name in ITEMS} if options.estimator == "WLSMV" else {}
    return parameter_table(parse(MODEL), TableOptions(std_lv=True, meanstructure=True, ordinal=categories))


def fits(cell: Cell, n: int) -> Iterator[Fitted | None]:
    """Fit the model to one data set after the other; None where the search ends nowhere."""
    generator, table = random_stream(SEED, f"{cell.data}, {n}"), table_of(cell.options)
    for _ in range(cell.data_sets):
        try:
            yield fit_model(table, SampleRows((cell.draw(generator, n),)), cell.options)
        except NotConverged:
            yield None


def outcome(cell: Cell, n: int) -> Outcome:
    """Simulate a cell."""
    truth = np.array([*LOADINGS, CORRELATION])
    quantile = special.ndtri((1 + CONFIDENCE) / 2)
    off, covered, rejected = [], [], []
    for found in fits(cell, n):
        if found is None:
            continue
        wanted = [one.op == "=~" or (one.lhs, one.rhs) == ("f1", "f2") for one in found.model.parameters]
        away = found.x[wanted] - truth
        off.append(away)
        covered.append(np.abs(away) <= quantile * found.se[wanted])
        rejected.append((found.scaled or found.chisq).pvalue < LEVEL)
    return Outcome(np.array(off), np.array(covered), np.array(rejected), cell.data_sets - len(off))


def average(values: np.ndarray, digits: int) -> str:
    """Write the mean over data sets with its Monte Carlo standard error."""
    error = values.std(ddof=1) / np.sqrt(len(values))
    return f"{number(values.mean(), digits, bounded=True)} ({number(error, digits, bounded=True)})"


def share(values: np.ndarray) -> str:
    """Write a share of the data sets with its Monte Carlo standard error."""
    error = values.std(ddof=1) / np.sqrt(len(values))
    return f"{percent(values.mean(), 1)} ({number(100 * error, 1)})"


def line(cell: Cell, n: int) -> str:
    """Write the row of a cell."""
    found = outcome(cell, n)
    loadings, r = found.off[:, :-1].mean(axis=1), found.off[:, -1]
    verdict = "holds" if found.holds() else "does not hold"
    verdict += "" if cell.holds_from is not None and n >= cell.holds_from else " (reported)"
    verdict += f"; {found.n_failed} without a solution" if found.n_failed else ""
    parts = [
        f"{average(loadings, 4):>16}{share(found.covered[:, :-1].mean(axis=1)):>13}",
        f"{average(r, 4):>16}{share(found.covered[:, -1]):>13}",
        f"{share(found.rejected):>13}",
    ]
    return (
        f"  {cell.estimator:7}{cell.data:24}{number(n, 0):>6}{number(cell.data_sets, 0):>7}{''.join(parts)}  {verdict}"
    )


def bench_model_simulation() -> None:
    """Print the table."""
    print(
        f"\nTwo factors with four items each: bias, coverage of 95 % intervals (it holds within "
        f"{percent(LOWEST)} and {percent(HIGHEST)}), and how often the test rejects the true model at .05; "
        "Monte Carlo standard errors in parentheses"
    )
    print(f"  {'':7}{'':24}{'':6}{'':7}{'loadings':>29}{'correlation':>29}")
    columns = f"{'bias':>16}{'coverage':>13}" * 2
    print(f"  {'':7}{'data':24}{'n':>6}{'sets':>7}{columns}{'type I error':>13}  coverage")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ImproperSolutionWarning)
        for cell in CELLS:
            for n in cell.sizes:
                print(line(cell, n), flush=True)


if __name__ == "__main__":
    bench_model_simulation()
