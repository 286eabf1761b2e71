"""Correlations between scales, items and covariates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from scipy import special

from .. import format as fmt
from ..checks import check_one_of, check_share, first_few
from ..errors import AnalysisError, ArgumentError
from ..kernels import consistency, intervals
from ..kernels.moments import Missing, Moments
from ..responses import Responses
from ..results import Result, fit_table
from .inputs import AUTO, Array, Sample, numeric_columns, one_blas_thread, sample, variable, warn_undefined

MOST_IN_SENTENCE = 3
COLUMNS = ("x", "y", "n", "r", "se", "ci_low", "ci_high", "p")


@one_blas_thread
def correlations(
    data: Responses | pd.DataFrame,
    columns: Sequence[str] | None = None,
    *,
    missing: Missing = "pairwise",
    wave: Any = None,
    day: Any = None,
    cluster: str | None = AUTO,
    confidence: float = 0.95,
) -> Result:
    """Correlate scale scores, items or numeric covariates.

    r = s_xy / (s_x s_y). With independent rows the interval is Fisher's, tanh(atanh r ± z / sqrt(n − 3)), the
    standard error (1 − r²) / sqrt(n − 3), and p that of t = r sqrt((n − 2) / (1 − r²)) with n − 2 df. With clustered
    rows the standard error is the sandwich of couples, the interval is made on atanh r with t quantiles on G − 1 df
    (G couples), and p tests atanh r = 0 with the same.

    Parameters
    ----------
    data : responses, or a frame of numeric columns.
    columns : what to correlate: scales, items or covariates; by default all scales, or all numeric columns.
    missing : `pairwise` (each pair over the rows that hold both) or `listwise`.
    wave, day : the occasion; needed where the data have several.
    cluster : the column of rows that belong together; the couple by default where there is one, None for none.
    confidence : level of the intervals.

    Returns
    -------
    Result
        `estimates`: one row per pair. `tables["matrix"]`: the correlations as a square. A pair without a defined
        correlation keeps its row with empty cells, and `fit` says why.

    Raises
    ------
    AnalysisError
        If there are fewer than two variables.

    Notes
    -----
    In R: ``cor.test(x, y)`` for each pair; clustered: lavaan's saturated model of two variables with
    ``estimator = "MLR", cluster =`` and r as a defined parameter.

    Examples
    --------
    >>> frame = pd.DataFrame({"a": [1, 2, 3, 4, 5, 6], "b": [2, 1, 4, 3, 6, 5]})
    >>> print(correlations(frame).sentence())
    Correlations: a with b r = .83, 95% CI [.05, .98], p = .042, n = 6.
    """
    check_one_of("missing", missing, ("listwise", "pairwise"))
    check_share("confidence", confidence)
    chosen = sample(data, wave=wave, day=day, cluster=cluster)
    names = _names(chosen.responses, columns)
    values = {name: variable(chosen.responses, name) for name in names}
    complete = ~np.isnan(np.column_stack(list(values.values()))).any(axis=1)
    keep: Any = complete if missing == "listwise" else np.full(len(chosen.frame), True)
    pairs = [_Pair(x, y, values[x], values[y], keep) for x, y in combinations(names, 2)]
    estimates = pd.DataFrame([pair.row(chosen, confidence) for pair in pairs], columns=list(COLUMNS))
    clustered = chosen.cluster is not None
    method = "Pearson, couple-clustered sandwich" if clustered else "Pearson, Fisher's z"
    return Result(
        kind="correlations",
        title="Correlations",
        estimates=estimates,
        fit=fit_table([pair.fit(method) for pair in pairs]),
        tables={"matrix": _matrix(names, estimates)},
        settings={**chosen.settings, "columns": names, "missing": missing, "confidence": confidence},
        statement=_sentence(estimates, confidence),
        captions={
            "estimates": f"Correlations with {fmt.level(confidence)} intervals",
            "matrix": "Correlations",
        },
    )


def _names(responses: Responses, columns: Sequence[str] | None) -> list[str]:
    if columns is None:
        columns = responses.scales or numeric_columns(responses)
    if isinstance(columns, str):
        raise ArgumentError(f"columns is the text {columns!r}, but must be a list of names.")
    names = list(dict.fromkeys(columns))
    if len(names) < 2:
        raise AnalysisError(
            f"correlations need at least two variables, but there are {len(names)}; name them in columns=."
        )
    return names


@dataclass(frozen=True)
class _Pair:
    """Two variables, and the rows that may be used."""

    x: str
    y: str
    first: Array
    second: Array
    keep: Any

    @property
    def used(self) -> Any:
        return self.keep & ~np.isnan(self.first) & ~np.isnan(self.second)

    def why_undefined(self) -> str:
        if self.used.sum() < 4:
            return "fewer than four rows hold both variables"
        spread = np.ptp(self.first[self.used]), np.ptp(self.second[self.used])
        return "one of the variables does not vary" if 0 in spread else ""

    def row(self, chosen: Sample, confidence: float) -> dict[str, Any]:
        used = self.used
        row: dict[str, Any] = {"x": self.x, "y": self.y, "n": int(used.sum())}
        reason = self.why_undefined()
        if reason:
            warn_undefined(f"{self.x} with {self.y}: {reason}")
            return row
        both = np.column_stack([self.first[used], self.second[used]])
        r = float(np.clip(consistency.correlation(Moments.of(both).covariance("listwise"))[0, 1], -1, 1))
        if chosen.cluster is None:
            return {**row, "r": r, **_independent(r, len(both), confidence)}
        clusters = chosen.clusters_of(used)
        se = intervals.sandwich(intervals.influence(_correlation_of_two, both), clusters)
        return {**row, "r": r, **_clustered(r, se, int(clusters.max()), confidence)}

    def fit(self, method: str) -> dict[str, Any]:
        used = int(self.used.sum())
        return {
            "model": f"{self.x} with {self.y}",
            "n_used": used,
            "n_dropped": len(self.first) - used,
            "method": method,
            "note": self.why_undefined(),
        }


def _correlation_of_two(covariance: Any) -> Any:
    return covariance[0, 1] / np.sqrt(covariance[0, 0] * covariance[1, 1])


def _independent(r: float, n: int, confidence: float) -> dict[str, float]:
    if abs(r) == 1:
        return {"se": 0.0, "ci_low": r, "ci_high": r, "p": 0.0}
    low, high = intervals.fisher_z(r, n, confidence)
    t = abs(r) * np.sqrt((n - 2) / (1 - r**2))
    p = 2 * float(special.stdtr(n - 2, -t))
    return {"se": float((1 - r**2) / np.sqrt(n - 3)), "ci_low": low, "ci_high": high, "p": p}


def _clustered(r: float, se: float, df: int, confidence: float) -> dict[str, float]:
    if abs(r) == 1:
        return {"se": 0.0, "ci_low": r, "ci_high": r, "p": 0.0}
    se_z = se / (1 - r**2)
    low, high = intervals.normal(np.arctanh(r), se_z, confidence, df)
    p = 2 * float(special.stdtr(df, -abs(np.arctanh(r)) / se_z))
    return {"se": se, "ci_low": float(np.tanh(low)), "ci_high": float(np.tanh(high)), "p": p}


def _matrix(names: list[str], estimates: pd.DataFrame) -> pd.DataFrame:
    square = pd.DataFrame(np.eye(len(names)), index=names, columns=names)
    for row in fmt.rows(estimates):
        square.loc[row.x, row.y] = square.loc[row.y, row.x] = row.r
    return square.rename_axis("variable").reset_index()


def _sentence(estimates: pd.DataFrame, confidence: float) -> str:
    level = fmt.level(confidence)
    known = estimates.dropna(subset=["r"])
    if known.empty:
        return "No correlation is defined for these data."
    parts = [
        f"{row.x} with {row.y} r = {fmt.number(row.r, bounded=True)}, {level} CI "
        f"{fmt.interval(row.ci_low, row.ci_high, bounded=True)}, p {fmt.p_value(row.p)}, n = {fmt.count(row.n)}"
        for row in fmt.rows(known.sort_values("r", key=abs, ascending=False, kind="stable"))
    ]
    return (
        f"Correlations{' (strongest first)' if len(parts) > 1 else ''}: {first_few(parts, MOST_IN_SENTENCE, 'pair')}."
    )
