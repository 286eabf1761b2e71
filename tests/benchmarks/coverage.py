"""Coverage of intervals by seeded simulation: how often a 95 % interval holds the true value."""

from collections.abc import Iterable
from dataclasses import dataclass

from toolkit.format import number, percent

LOWEST, HIGHEST = 0.935, 0.965


@dataclass(frozen=True)
class CoverageRow:
    """One cell of the table: an interval on one kind of data.

    Attributes
    ----------
    interval : the coefficient and how its interval is made.
    data : what the rows are drawn from.
    n : rows of a data set.
    data_sets : data sets drawn.
    covered : share of the data sets whose interval holds the true value.
    must_hold : whether this cell has to lie within `LOWEST` and `HIGHEST`; the others report what is so.
    """

    interval: str
    data: str
    n: int
    data_sets: int
    covered: float
    must_hold: bool = True

    @property
    def verdict(self) -> str:
        """Say whether the cell holds, and whether it has to."""
        holds = "holds" if LOWEST <= self.covered <= HIGHEST else "does not hold"
        return holds if self.must_hold else f"{holds} (reported)"


def print_table(rows: Iterable[CoverageRow]) -> None:
    """Print the cells one below the other."""
    bounds = f"{percent(LOWEST, 1)} and {percent(HIGHEST, 1)}"
    print(f"\nCoverage of 95 % intervals: those that must hold lie within {bounds}")
    print(f"  {'interval':44}{'data':44}{'n':>6}{'sets':>7}{'covered':>9}  verdict")
    for row in rows:
        size = f"{number(row.n, 0):>6}{number(row.data_sets, 0):>7}{percent(row.covered, 1):>9}"
        print(f"  {row.interval:44}{row.data:44}{size}  {row.verdict}")
