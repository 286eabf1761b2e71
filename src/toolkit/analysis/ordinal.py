"""Correlations of ordinal answers: polychoric, tetrachoric, polyserial."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from scipy import special

from .. import format as fmt
from ..checks import check_count, check_number, check_one_of, check_share, counted, name_list
from ..errors import BoundaryWarning, NotPositiveDefiniteWarning
from ..kernels import polychoric as kernel
from ..kernels.moments import Missing
from ..kernels.polychoric import SMALLEST_EIGENVALUE, Polychoric
from ..kernels.polychoric_covariance import standard_errors, standard_errors_of_tables
from ..kernels.polychoric_influence import Information
from ..responses import Responses
from ..results import Result, fit_table
from .inputs import AUTO, Array, Sample, one_blas_thread, sample, warn, warn_undefined
from .ordinal_variables import Variables, ordinal_variables
from .used_rows import LEAST_ROWS

SHOWN_PAIRS = 5


@one_blas_thread
def polychoric(
    data: Responses | pd.DataFrame,
    items: str | Sequence[str] | None = None,
    *,
    continuous: Sequence[str] = (),
    missing: Missing = "listwise",
    wave: Any = None,
    day: Any = None,
    cluster: str | None = AUTO,
    confidence: float = 0.95,
    add_to_empty_cells: float = 0.0,
    merge_below: int = 0,
    smooth: bool = False,
    information: Information = "observed",
) -> Result:
    """Correlate the normal variables that are thought to lie behind ordinal answers.

    An answer is category c where its variable lies between the thresholds τ_{c−1} and τ_c. First τ_c = Φ⁻¹(share of
    answers up to c); then the correlation of each pair maximises Σ n_ab log π_ab(ρ), π_ab the bivariate normal
    probability between the thresholds (two-step maximum likelihood). With two categories each it is tetrachoric; of an
    ordinal and a continuous variable it is polyserial; of two continuous ones Pearson's. Standard errors account for
    the estimated thresholds: SE² = Σ IF² / n², IF the influence of a row through both steps (with clusters Σ_g of the
    squared sums, times G / (G − 1)). Intervals are tanh(atanh r ± z SE / (1 − r²)), with clusters Student's t on G − 1
    df in place of z.

    Parameters
    ----------
    data : responses, or a frame of numeric columns.
    items : items, columns, scales or instruments (which stand for their items); by default all items, or all numeric
        columns. Items are taken as answered: one that is reversed correlates negatively with the others.
    continuous : those that are continuous, and further ones: columns, or scales (then their scores).
    missing : `listwise` (complete rows), or `pairwise`: thresholds from all answers to an item, each correlation over
        the rows that hold both.
    wave, day : the occasion; needed where the data have several.
    cluster : the column of rows that belong together; the couple by default where there is one, None for none.
    confidence : level of the intervals.
    add_to_empty_cells : what to add to each empty cell before a correlation is estimated, such as 0.5 (the margins of
        a 2 × 2 table are kept); nothing by default.
    merge_below : merge categories with fewer answers with a neighbour; none by default.
    smooth : make a matrix that is not positive definite so, by raising its eigenvalues; the estimates stay.
    information : how standard errors take the sensitivities of the estimating equations: `observed` derivatives, or
        `outer` products of scores, as lavaan and Mplus.

    Returns
    -------
    Result
        `estimates`: one row per pair, with `kind` and the number of its table's empty cells. `tables["matrix"]`: the
        correlations as a square. `tables["thresholds"]`: with `below` and `above` the categories that each divides.
        `tables["bivariate_fit"]`: G² = 2 Σ n log(n / (N π)) of each pair of ordinal variables (df = ab − a − b over
        its own rows; a 2 × 2 table always fits: it has no p): a large one says that no bivariate normal
        distribution lies behind the answers. `fit`: n, the smallest eigenvalue of the matrix as estimated, notes.

    Raises
    ------
    AnalysisError, TooFewCases
        If there are fewer than two variables or ten rows, or a variable does not vary.
    ArgumentError
        If an ordinal variable has decimals or more than 20 values.

    Warns
    -----
    BoundaryWarning
        If a correlation lies at −1 or 1: perfectly related answers, or a 2 × 2 table with an empty cell.
    MergedCategoryWarning, NotPositiveDefiniteWarning, SmallSampleWarning, UndefinedStatisticWarning
        See the note in `fit`.

    Notes
    -----
    Errors from outer products are right where the variables behind the answers are bivariate normal, those from
    observed derivatives in any case. In 2,000 simulated samples of 100 with r = .50 and five options, 95 % intervals
    covered 93 % of the time with `observed`, and 92.5 % (symmetric) or 91 % (most answers at the floor) with `outer`;
    in samples of 400 all covered 94–95 %. In 150 couples × 3 waves the clustered interval covered 94.8 %, that for
    independent rows 76 %. Continuous variables have the denominator n.

    References
    ----------
    Olsson (1979), doi:10.1007/BF02296207. Olsson, Drasgow & Dorans (1982), doi:10.1007/BF02294164. Muthén (1984),
    doi:10.1007/BF02294210. In R: ``lavaan::lavCor(x, ordered = names(x), output = "fit", se = "robust.sem")`` (its
    errors: `outer`), ``polycor::polychor(x, y, ML = FALSE, std.err = TRUE)`` (`chisq`, `df`), ``psych::cor.smooth(r)``.

    Examples
    --------
    >>> counts = {(1, 1): 20, (1, 2): 5, (2, 1): 10, (2, 2): 30, (2, 3): 12, (3, 1): 1, (3, 2): 8, (3, 3): 40}
    >>> frame = pd.DataFrame([pair for pair, n in counts.items() for _ in range(n)], columns=["a", "b"])
    >>> print(polychoric(frame).sentence())
    Polychoric correlations: a with b r = .86, 95% CI [.75, .92], n = 126.
    """
    plan = _Plan(
        continuous=name_list("continuous", continuous),
        missing=missing,
        confidence=confidence,
        add_to_empty_cells=add_to_empty_cells,
        merge_below=merge_below,
        smooth=smooth,
        information=information,
    )
    plan.check()
    chosen = sample(data, wave=wave, day=day, cluster=cluster)
    variables = ordinal_variables(
        chosen.responses, items, continuous=plan.continuous, missing=missing, merge_below=merge_below
    )
    fit = kernel.polychoric_correlations(
        variables.x, missing=missing, ordinal=variables.ordinal.tolist(), add_to_empty_cells=add_to_empty_cells
    )
    found = _Found(chosen, variables, fit, confidence, *_standard_errors(chosen, variables, fit, information))
    return _result(found, plan)


@dataclass(frozen=True, kw_only=True)
class _Plan:
    """How ordinal answers are correlated."""

    continuous: list[str]
    missing: Missing
    confidence: float
    add_to_empty_cells: float
    merge_below: int
    smooth: bool
    information: Information

    def check(self) -> None:
        """Refuse what cannot be used."""
        check_one_of("missing", self.missing, ("listwise", "pairwise"))
        check_share("confidence", self.confidence)
        check_number("add_to_empty_cells", self.add_to_empty_cells, 0, 1)
        check_count("merge_below", self.merge_below, 0)
        check_one_of("smooth", self.smooth, (True, False))
        check_one_of("information", self.information, ("observed", "outer"))


def _result(found: _Found, plan: _Plan) -> Result:
    estimates, matrix = found.estimates(), found.matrix(plan.smooth)
    return Result(
        kind="polychoric",
        title="Polychoric correlations",
        estimates=estimates,
        fit=fit_table([found.fit_row(plan.smooth)]),
        tables={"matrix": matrix, "thresholds": found.thresholds(), "bivariate_fit": found.bivariate_fit()},
        settings={**found.chosen.settings, "items": list(found.variables.names), **vars(plan)},
        statement=_sentence(estimates, plan.confidence),
        captions={
            "estimates": f"Polychoric correlations with {fmt.level(plan.confidence)} intervals",
            "matrix": "Polychoric correlations",
            "thresholds": "Thresholds between the categories, on a standard normal scale",
            "bivariate_fit": "Fit of a bivariate normal distribution to each pair",
        },
    )


def _standard_errors(
    chosen: Sample, variables: Variables, fit: Polychoric, information: Information
) -> tuple[Array, tuple[Array, ...]]:
    if chosen.cluster is None and fit.ordinal.all():
        return standard_errors_of_tables(fit, information=information)
    if chosen.cluster is not None:
        chosen.clusters_of(variables.used)
    return standard_errors(variables.x, fit, chosen.cluster, information=information)


@dataclass(frozen=True)
class _Found:
    """What was found, and how the tables of a result are made of it."""

    chosen: Sample
    variables: Variables
    fit: Polychoric
    confidence: float
    se: Array
    own_se: tuple[Array, ...]

    @property
    def names(self) -> Any:
        return np.array(self.variables.names, dtype=object)

    @property
    def n_clusters(self) -> int | None:
        if self.chosen.cluster is None:
            return None
        return len(np.unique(self.chosen.cluster[self.variables.used]))

    @cached_property
    def undefined(self) -> Any:
        """Pairs with too few rows, (k, k)."""
        return (self.fit.n < LEAST_ROWS) & ~np.eye(len(self.names), dtype=bool)

    @cached_property
    def r(self) -> Array:
        return np.where(self.undefined, np.nan, self.fit.r)

    def estimates(self) -> pd.DataFrame:
        one, two = np.triu_indices(len(self.names), 1)
        r = self.r[one, two]
        inside = np.abs(r) < 1
        se = np.where(inside, self.se[one, two], np.nan)
        low, high = self._interval(np.where(inside, r, np.nan), se)
        frame = {"x": self.names[one], "y": self.names[two], "kind": self._kinds(one, two)}
        frame |= {"n": self.fit.n[one, two].astype(np.int64), "r": r, "se": se, "ci_low": low, "ci_high": high}
        return pd.DataFrame({**frame, "n_empty_cells": pd.Series(self._empty_cells()[one, two]).astype("Int64")})

    def _interval(self, r: Array, se: Array) -> tuple[Array, Array]:
        upper, clusters = (1 + self.confidence) / 2, self.n_clusters
        quantile = special.ndtri(upper) if clusters is None else special.stdtrit(clusters - 1, upper)
        half = quantile * se / (1 - r**2)
        return np.tanh(np.arctanh(r) - half), np.tanh(np.arctanh(r) + half)

    def _kinds(self, one: Any, two: Any) -> Any:
        ordinal, sizes = self.fit.ordinal, np.array([len(values) for values in self.fit.categories])
        of_ordinal = np.where((sizes[one] == 2) & (sizes[two] == 2), "tetrachoric", "polychoric")
        of_continuous = np.where(ordinal[one] | ordinal[two], "polyserial", "pearson")
        return np.where(ordinal[one] & ordinal[two], of_ordinal, of_continuous)

    def _empty_cells(self) -> Array:
        """Count the empty cells of each pair's table, (k, k); NaN where a continuous variable has none."""
        places = self.fit.positions
        counts = np.full_like(self.fit.r, np.nan)
        counts[np.ix_(places, places)] = self.fit.tables.empty_cells
        return counts

    def matrix(self, smooth: bool) -> pd.DataFrame:
        r = kernel.smoothed(self.r) if smooth and self._improper() else self.r
        square = pd.DataFrame(r, columns=list(self.names))
        square.insert(0, "variable", list(self.names))
        return square

    @cached_property
    def smallest_eigenvalue(self) -> float:
        return float(np.linalg.eigvalsh(self.r)[0]) if np.isfinite(self.r).all() else np.nan

    def _improper(self) -> bool:
        return self.smallest_eigenvalue < SMALLEST_EIGENVALUE

    def thresholds(self) -> pd.DataFrame:
        columns = ["item", "threshold", "below", "above", "estimate", "se"]
        parts = [
            pd.DataFrame(
                {
                    "item": name,
                    "threshold": np.arange(1, len(cuts) + 1),
                    "below": categories[:-1],
                    "above": categories[1:],
                    "estimate": cuts,
                    "se": se,
                }
            )
            for name, cuts, categories, se in zip(
                self.names, self.fit.thresholds, self.fit.categories, self.own_se, strict=True
            )
            if len(cuts)
        ]
        frame = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)
        return frame.astype({"below": np.int64, "above": np.int64})

    def bivariate_fit(self) -> pd.DataFrame:
        g2, df = kernel.bivariate_fit(self.fit)
        one, two = np.triu_indices(len(self.names), 1)
        kept = ~(np.isnan(g2) | self.undefined)[one, two]
        one, two = one[kept], two[kept]
        g2, df = g2[one, two], df[one, two]
        p = np.where(df > 0, special.chdtrc(np.maximum(df, 1), g2), np.nan)
        return pd.DataFrame({"x": self.names[one], "y": self.names[two], "g2": g2, "df": df.astype(np.int64), "p": p})

    def fit_row(self, smooth: bool) -> dict[str, Any]:
        used = self.variables.used
        row = {
            "model": "polychoric correlations",
            "n_used": int(used.sum()),
            "n_dropped": int((~used).sum()),
            "method": self._method(),
            "missing": self.variables.missing,
            "n_items": len(self.names),
            "smallest_eigenvalue": self.smallest_eigenvalue,
        }
        if self.n_clusters is not None:
            row["n_clusters"] = self.n_clusters
        notes = [*self.variables.notes, *self._undefined_notes(), *self._boundary_notes(), *self._matrix_notes(smooth)]
        return {**row, "note": "; ".join(notes)}

    def _method(self) -> str:
        name = self.chosen.settings["cluster"]
        errors = "independent rows" if name is None else f"rows clustered by {name}"
        return f"two-step maximum likelihood, standard errors for {errors}"

    def _pairs(self, chosen: Any) -> str:
        pairs = [f"{self.names[i]} with {self.names[j]}" for i, j in np.argwhere(np.triu(chosen, 1))]
        more = f" and {len(pairs) - SHOWN_PAIRS} more pairs" if len(pairs) > SHOWN_PAIRS else ""
        return f"{', '.join(pairs[:SHOWN_PAIRS])}{more}"

    def _undefined_notes(self) -> list[str]:
        if not np.triu(self.undefined, 1).any():
            return []
        note = f"fewer than {LEAST_ROWS} rows hold both variables, so that there is no correlation, for"
        warn_undefined(f"{note} {self._pairs(self.undefined)}")
        return [f"{note} {self._pairs(self.undefined)}"]

    def _boundary_notes(self) -> list[str]:
        reached = self.fit.boundary & ~self.undefined
        if not reached.any():
            return []
        note = f"the correlation lies at −1 or 1, where it has no standard error, for {self._pairs(reached)}"
        warn(f"{note}; add_to_empty_cells=0.5 keeps that of a 2 × 2 table inside", BoundaryWarning)
        return [note]

    def _matrix_notes(self, smooth: bool) -> list[str]:
        if np.isnan(self.smallest_eigenvalue):
            return ["the matrix has empty cells, so that its eigenvalues are not defined"]
        if not self._improper():
            return []
        note = f"the matrix is not positive definite: its smallest eigenvalue is {self.smallest_eigenvalue:.3g}"
        warn(note if smooth else f"{note}; smooth=True raises it", NotPositiveDefiniteWarning)
        return [f"{note}{', and the table of them was smoothed' if smooth else ''}"]


def _sentence(estimates: pd.DataFrame, confidence: float) -> str:
    """Report the pairs, or of many the lowest and the highest."""
    known = estimates.dropna(subset=["r"]).sort_values("r", kind="stable")
    if known.empty:
        return "No correlation is defined for these data."
    if len(known) > 3:
        low, high = (_reported(row, confidence) for row in fmt.rows(known.iloc[[0, -1]]))
        return f"Polychoric correlations of {counted(len(known), 'pair')} ranged from {low} to {high}."
    return f"Polychoric correlations: {'; '.join(_reported(row, confidence) for row in fmt.rows(known[::-1]))}."


def _reported(row: Any, confidence: float) -> str:
    bounds = fmt.interval(row.ci_low, row.ci_high, bounded=True)
    r = f"r = {fmt.number(row.r, bounded=True)}, {fmt.level(confidence)} CI {bounds}"
    return f"{row.x} with {row.y} {r}, n = {fmt.count(row.n)}"
