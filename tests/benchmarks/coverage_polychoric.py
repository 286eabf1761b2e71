"""Coverage of the intervals of polychoric correlations, of independent people and of couples."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy import special

from tests.benchmarks.coverage import CoverageRow, print_table
from toolkit.kernels.polychoric import polychoric_correlations
from toolkit.kernels.polychoric_covariance import standard_errors, standard_errors_of_tables

DATA_SETS = 2000
RHO = 0.5
SHARED = 0.7  # correlation of partners in what lies behind their answers
CUTS = {
    "five options, symmetric": [-1.5, -0.5, 0.5, 1.5],
    "five options, floor-skewed": [0.3, 0.9, 1.4, 2.0],
    "two options": [0.4],
}


@dataclass(frozen=True)
class Answers:
    """Two answers of n people, alone or in couples over three waves."""

    n: int
    cuts: str
    couples: bool = False

    def drawn(self, generator: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Draw answers and the couple of each row."""
        couple = np.arange(self.n) // (6 if self.couples else 1)
        own, common = generator.normal(size=(2, self.n, 2))
        z = np.sqrt(1 - SHARED) * own + np.sqrt(SHARED) * common[couple] if self.couples else own
        z[:, 1] = RHO * z[:, 0] + np.sqrt(1 - RHO**2) * z[:, 1]
        return np.digitize(z, CUTS[self.cuts]).astype(float), couple


def covers(r: float, se: float, quantile: float) -> bool:
    """Tell whether the interval on Fisher's scale holds the true correlation."""
    return bool(abs(np.arctanh(r) - np.arctanh(RHO)) <= quantile * se / (1 - r**2))


def independent_rows(answers: Answers) -> Iterator[CoverageRow]:
    """Give the coverage with observed information and with outer products."""
    generator, held = np.random.default_rng([1, answers.n]), {"observed": 0, "outer": 0}
    for _ in range(DATA_SETS):
        fit = polychoric_correlations(answers.drawn(generator)[0])
        for information in held:
            se = standard_errors_of_tables(fit, information=information)[0][0, 1]
            held[information] += covers(fit.r[0, 1], se, special.ndtri(0.975))
    for information, count in held.items():
        name = f"polychoric r, {information}"
        yield CoverageRow(name, answers.cuts, answers.n, DATA_SETS, count / DATA_SETS, must_hold=False)


def couple_rows(answers: Answers) -> Iterator[CoverageRow]:
    """Give the coverage of the clustered and of the naive interval."""
    generator, clustered, naive = np.random.default_rng([2, answers.n]), 0, 0
    for _ in range(DATA_SETS):
        x, couple = answers.drawn(generator)
        fit = polychoric_correlations(x)
        quantile = special.stdtrit(couple.max(), 0.975)
        clustered += covers(fit.r[0, 1], standard_errors(x, fit, couple, information="observed")[0][0, 1], quantile)
        se = standard_errors_of_tables(fit, information="observed")[0][0, 1]
        naive += covers(fit.r[0, 1], se, special.ndtri(0.975))
    data = f"couples × 3 waves, {answers.cuts}"
    yield CoverageRow("polychoric r, clustered", data, answers.n, DATA_SETS, clustered / DATA_SETS)
    yield CoverageRow("polychoric r, naive", data, answers.n, DATA_SETS, naive / DATA_SETS, must_hold=False)


def bench_polychoric_coverage() -> None:
    """Print the table."""
    rows = [row for cuts in CUTS for n in (100, 400) for row in independent_rows(Answers(n, cuts))]
    rows += list(couple_rows(Answers(900, "five options, symmetric", couples=True)))
    print_table(rows)


if __name__ == "__main__":
    bench_polychoric_coverage()
