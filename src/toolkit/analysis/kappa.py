"""Agreement of two raters on categories: Cohen's kappa."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from .. import format as fmt
from ..checks import check_known, check_one_of, check_share, first_few, listed, name_list, quoted
from ..errors import AnalysisError, ArgumentError
from ..kernels import intervals
from ..kernels.kappa import Kappa, Weights, agreement_weights, standard_error
from ..kernels.kappa import kappa as kappa_of
from ..responses import Responses, as_responses
from ..results import Result, fit_table
from .inputs import AUTO, Array, as_numbers, one_blas_thread, unflagged, warn_undefined
from .ratings import Ratings, rating_tables

COLUMNS = ("variable", "x", "y", "n", "kappa", "se", "ci_low", "ci_high", "observed", "expected")
MOST_CATEGORIES = 50
MOST_IN_SENTENCE = 3
RATERS = {"wave": "wave ", "day": "day ", "role": "partner "}


@one_blas_thread
def kappa(
    data: Responses | pd.DataFrame,
    columns: str | Sequence[str],
    *,
    weights: Weights = "quadratic",
    over: str | None = None,
    categories: Sequence[Any] | None = None,
    wave: Any = None,
    day: Any = None,
    cluster: str | None = AUTO,
    confidence: float = 0.95,
) -> Result:
    """Estimate Cohen's kappa, the agreement of two raters beyond chance.

    With p the shares of the table of both raters' categories and w the agreement that two categories count for,
    κ = (Σ w p − Σ w p₁ p₂) / (1 − Σ w p₁ p₂), p₁ and p₂ the margins; w_ij = 1 − (|i − j| / (c − 1))² for
    `quadratic`, 1 − |i − j| / (c − 1) for `linear`, and 1 for the same category alone for `none`.

    Parameters
    ----------
    data : responses, or a frame.
    columns : two or more items or columns of categories, each of which is a rater (all pairs are compared); or, with
        `over`, the variables to compare over the values of that key.
    weights : `quadratic`, `linear` or `none`; weights need categories in an order.
    over : `wave`, `day` or `role`, as in `icc`.
    categories : the categories in their order. By default all options of an item, as declared, and of other columns
        the values that occur, by size.
    wave, day : the occasion; needed where the data have several and `over` is another key.
    cluster : the column of cases that belong together; the couple by default where there is one, None for none.
    confidence : level of the intervals.

    Returns
    -------
    Result
        `estimates`: one row per pair, with the weighted shares of `observed` and `expected` agreement.
        `tables["agreement"]`: how often each two categories met. `fit`: cases used, and why a cell is empty.

    Raises
    ------
    ArgumentError
        If columns do not hold categories, or hold others than `categories`.
    AnalysisError
        If nobody answered, or `over` or the occasion do not give a table of cases by raters.

    Warns
    -----
    UndefinedStatisticWarning
        Once for each pair of raters without kappa; `fit` says why.

    Notes
    -----
    n counts the cases that both raters rated. Independent cases: the standard error of Fleiss, Cohen and Everitt, with
    the denominator n, and a normal interval. Clustered cases: the sandwich of couples, sqrt(G/(G − 1) Σ u²)/n with u
    the sum of influences in a couple, and t quantiles on G − 1 degrees of freedom. Bounds stop at 1 and −1, as in
    psych. Estimates equal those of ``psych::cohen.kappa``. Its standard error of unweighted kappa does too; that of
    weighted kappa differs where the raters' margins do, since psych 2.2.9 multiplies one mean of weights by the wrong
    margin.

    References
    ----------
    Cohen (1960), doi:10.1177/001316446002000104; Cohen (1968), doi:10.1037/h0026256. Fleiss, Cohen & Everitt (1969),
    doi:10.1037/h0028106. In R: ``psych::cohen.kappa(cbind(x, y))``.

    Examples
    --------
    >>> ratings = pd.DataFrame({"first": [1, 2, 3, 1, 2, 3, 1, 2], "second": [1, 2, 3, 1, 2, 2, 1, 3]})
    >>> print(kappa(ratings, ["first", "second"]).sentence())
    Agreement on categories (quadratic weights): first with second κ = .79, 95% CI [.54, 1.00], n = 8.
    """
    check_one_of("weights", weights, ("quadratic", "linear", "none"))
    check_share("confidence", confidence)
    if not (categories is None or isinstance(categories, Collection)):
        raise ArgumentError(f"categories is {quoted(categories)}, but must be a list of them in their order.")
    given = as_responses(data)
    responses, options = _coded(given, columns, weights, categories)
    tables, settings = rating_tables(responses, columns, over=over, wave=wave, day=day, cluster=cluster)
    tables = tables if over else [replace(one, name="") for one in tables]
    pairs = [_Pair.of(one, x, y, options) for one in tables for x, y in combinations(range(len(one.raters)), 2)]
    weight = agreement_weights(len(options), weights)
    found = [pair.row(weight, confidence) for pair in pairs]
    estimates = pd.DataFrame(found, columns=list(COLUMNS if over else COLUMNS[1:]))
    settings |= {"instruments": {one.id: one.version for one in given.instruments}, "weights": weights}
    settings |= {"categories": None if categories is None else list(categories), "confidence": confidence}
    return Result(
        kind="kappa",
        title="Agreement on categories",
        estimates=estimates,
        fit=fit_table([pair.fit() for pair in pairs]),
        tables={"agreement": pd.concat([pair.agreement() for pair in pairs], ignore_index=True)},
        settings=settings,
        statement=_sentence(estimates, weights, confidence, RATERS.get(over or "", "")),
        captions={
            "estimates": f"Cohen's kappa ({_named(weights)}) with {fmt.level(confidence)} intervals",
            "agreement": "How often each two categories met",
        },
    )


def _named(weights: Weights) -> str:
    return "unweighted" if weights == "none" else f"{weights} weights"


def _coded(
    responses: Responses, columns: str | Sequence[str], weights: Weights, categories: Sequence[Any] | None
) -> tuple[Responses, tuple[Any, ...]]:
    """Replace categories by their positions from 0; give the categories in their order."""
    names = name_list("columns", columns)
    if not names:
        raise ArgumentError("columns names no variable; name two or more, or one with over='wave' (or 'day', 'role').")
    scales = [name for name in names if name in responses.scales]
    if scales:
        raise ArgumentError(
            f"columns: {listed(scales)} is a score, but kappa compares categories; name items or columns, or use icc."
        )
    check_known("columns", names, [*responses.items, *responses.covariates], "item or column")
    held = {name: _values(responses, name) for name in names}
    words = [name for name, column in held.items() if not pd.api.types.is_numeric_dtype(column)]
    if words and weights != "none" and categories is None:
        raise ArgumentError(
            f"columns: {listed(words)} {'holds' if len(words) == 1 else 'hold'} words, which have no order; give"
            " categories=[...] in their order, or "
            "weights='none'."
        )
    options = tuple(_declared(responses, names) if categories is None else categories)
    options = options or _occurring(held)
    _check_options(held, options)
    position = {option: float(number) for number, option in enumerate(options)}
    coded = {name: column.map(position).astype("Float64") for name, column in held.items()}
    return _as_covariates(responses, coded), options


def _values(responses: Responses, name: str) -> pd.Series[Any]:
    """Take a column as numbers where it holds numbers, else as it is."""
    numbers = as_numbers(responses, name)
    column = unflagged(responses, name)
    return column.astype(object) if numbers is None else pd.Series(numbers, index=column.index)


def _declared(responses: Responses, names: Sequence[str]) -> Sequence[Any]:
    """Give the options of items that share them, else nothing."""
    ranges = {responses.declared(name) if name in responses.items else None for name in names}
    only = ranges.pop()
    return [] if ranges or only is None else range(only[0], only[1] + 1)


def _occurring(held: dict[str, pd.Series[Any]]) -> tuple[Any, ...]:
    values = {value for column in held.values() for value in column.dropna()}
    return tuple(sorted(values, key=lambda value: (isinstance(value, str), value)))


def _check_options(held: dict[str, pd.Series[Any]], options: tuple[Any, ...]) -> None:
    """Refuse what cannot be categories."""
    for name, column in held.items():
        unknown = [value for value in column.dropna().unique() if value not in options]
        if unknown:
            raise ArgumentError(f"column {quoted(name)} holds {listed(unknown)}, which categories does not name.")
    if not options:
        raise AnalysisError(f"nobody answered {listed(held)}, so that there are no ratings to compare.")
    if len(set(options)) < max(len(options), 2):
        raise ArgumentError(f"categories are {listed(options)}, but there must be two different ones or more.")
    decimals = any(isinstance(option, float) and not option.is_integer() for option in options)
    if decimals or len(options) > MOST_CATEGORIES:
        what = "decimals" if decimals else f"{len(options)} different values"
        raise ArgumentError(f"the columns hold {what}, which are no categories: use icc for measured values.")


def _as_covariates(responses: Responses, coded: dict[str, pd.Series[Any]]) -> Responses:
    """Put the numbered categories in place of the columns, as plain columns of no instrument."""
    flags = responses.flags[~responses.flags["column"].isin(coded)]
    return replace(responses, frame=responses.frame.assign(**coded), instruments=(), flags=flags)


@dataclass(frozen=True)
class _Pair:
    """Two raters, their categories as numbers from 0, and the cases that both rated."""

    variable: str
    x: str
    y: str
    codes: npt.NDArray[np.intp]
    cluster: npt.NDArray[np.intp] | None
    n_cases: int
    options: tuple[Any, ...]

    @classmethod
    def of(cls, table: Ratings, first: int, second: int, options: tuple[Any, ...]) -> _Pair:
        """Take two raters of a table."""
        both = table.values[:, [first, second]]
        used = ~np.isnan(both).any(axis=1)
        cluster = None if table.cluster is None else np.unique(table.cluster[used], return_inverse=True)[1]
        x, y = table.raters[first], table.raters[second]
        return cls(table.name, x, y, both[used].astype(np.intp), cluster, table.n_targets, options)

    @property
    def name(self) -> str:
        """The pair, after the variable where there are several."""
        pair = f"{self.x} with {self.y}"
        return f"{self.variable}: {pair}" if self.variable else pair

    @property
    def counts(self) -> Array:
        """How often each two categories met."""
        size = len(self.options)
        flat = np.bincount(self.codes[:, 0] * size + self.codes[:, 1], minlength=size * size)
        return flat.reshape(size, size).astype(np.float64)

    def why_undefined(self) -> str:
        """Say why there is no kappa, or nothing."""
        if len(self.codes) < 2:
            return "fewer than two cases have both ratings"
        if len(np.unique(self.codes)) < 2:
            return "both raters use one and the same category throughout"
        if self.cluster is not None and self.cluster.max() < 1:
            return "clustered errors need two clusters; say cluster=None if cases are independent"
        return ""

    def row(self, weight: Array, confidence: float) -> dict[str, Any]:
        """Estimate kappa with its standard error and interval."""
        head: dict[str, Any] = {"variable": self.variable, "x": self.x, "y": self.y, "n": len(self.codes)}
        reason = self.why_undefined()
        if reason:
            warn_undefined(f"{self.name}: {reason}")
            return head
        found = kappa_of(self.counts, weight)
        se, df = self._spread(found)
        low, high = intervals.normal(found.estimate, se, confidence, df)
        bounds = {"ci_low": max(low, -1.0), "ci_high": min(high, 1.0)}
        return {
            **head,
            "kappa": found.estimate,
            "se": se,
            **bounds,
            "observed": found.observed,
            "expected": found.expected,
        }

    def _spread(self, found: Kappa) -> tuple[float, float]:
        """Give the standard error and its degrees of freedom."""
        if self.cluster is None:
            return standard_error(self.counts, found), np.inf
        influence = found.influence[self.codes[:, 0], self.codes[:, 1]]
        return intervals.sandwich(influence, self.cluster), float(self.cluster.max())

    def fit(self) -> dict[str, Any]:
        """Say which cases were used."""
        clustered = self.cluster is not None
        return {
            "model": self.name,
            "n_used": len(self.codes),
            "n_dropped": self.n_cases - len(self.codes),
            "method": "couple-clustered sandwich" if clustered else "Fleiss, Cohen and Everitt",
            "note": self.why_undefined(),
        }

    def agreement(self) -> pd.DataFrame:
        """Give the table of both raters, a row per cell."""
        first, second = np.indices(self.counts.shape).reshape(2, -1)
        n = self.counts.ravel().astype(int)
        variable = {"variable": self.variable} if self.variable else {}
        return pd.DataFrame(
            {
                **variable,
                "x": self.x,
                "y": self.y,
                "category_x": [str(self.options[code]) for code in first],
                "category_y": [str(self.options[code]) for code in second],
                "n": n,
                "share": n / max(n.sum(), 1),
            }
        )


def _sentence(estimates: pd.DataFrame, weights: Weights, confidence: float, rater: str) -> str:
    known = estimates.dropna(subset=["kappa"])
    if known.empty:
        return "No kappa is defined for these data."
    several = "variable" in known and known["variable"].nunique() > 1
    parts = [
        f"{f'{row.variable}, ' if several else ''}{rater}{row.x} with {rater}{row.y} κ ="
        f" {fmt.number(row.kappa, bounded=True)}, {fmt.level(confidence)} CI"
        f" {fmt.interval(row.ci_low, row.ci_high, bounded=True)}, n = {fmt.count(row.n)}"
        for row in fmt.rows(known)
    ]
    return f"Agreement on categories ({_named(weights)}): {first_few(parts, MOST_IN_SENTENCE, 'pair')}."
