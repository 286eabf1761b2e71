"""Agreement of raters and of occasions on a measured variable: intraclass correlations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import pandas as pd
from scipy import special

from .. import format as fmt
from ..checks import check_one_of, check_share, counted
from ..kernels import agreement, variance_components
from ..kernels.agreement import DegreesOfFreedom, MeanSquares
from ..kernels.variance_components import Components
from ..responses import Responses
from ..results import Result, fit_table
from .inputs import AUTO, TINY, Array, one_blas_thread, warn_undefined
from .ratings import Ratings, rating_tables

COLUMNS = (
    "variable",
    "form",
    "meaning",
    "icc",
    "f",
    "df1",
    "df2",
    "p",
    "ci_low",
    "ci_high",
    "satterthwaite_low",
    "satterthwaite_high",
)
COMPARED = {"wave": ("person", "wave"), "day": ("person", "day"), "role": ("couple", "partner")}
MEANING = {
    "ICC1": "one rating, raters differ by target",
    "ICC2": "one rating, absolute agreement",
    "ICC3": "one rating, consistency",
    "ICC1k": "mean of ratings, raters differ by target",
    "ICC2k": "mean of ratings, absolute agreement",
    "ICC3k": "mean of ratings, consistency",
}
MOST_IN_SENTENCE = 6
Degrees = Literal["information", "design"]


@one_blas_thread
def icc(
    data: Responses | pd.DataFrame,
    columns: str | Sequence[str],
    *,
    over: str | None = None,
    missing: Literal["available", "listwise"] = "available",
    degrees_of_freedom: Degrees = "information",
    wave: Any = None,
    day: Any = None,
    cluster: str | None = AUTO,
    confidence: float = 0.95,
) -> Result:
    """Estimate the six intraclass correlations of Shrout and Fleiss.

    With n targets, k raters and the mean squares of targets (MSB), raters (MSR) and error (MSE) of the two-way analysis
    of variance, and MSW that within targets:

    - ICC1: (MSB − MSW) / (MSB + (k − 1) MSW); ICC1k: (MSB − MSW) / MSB
    - ICC2: (MSB − MSE) / (MSB + (k − 1) MSE + k (MSR − MSE) / n); ICC2k: (MSB − MSE) / (MSB + (MSR − MSE) / n)
    - ICC3: (MSB − MSE) / (MSB + (k − 1) MSE); ICC3k: (MSB − MSE) / MSB

    Parameters
    ----------
    data : responses, or a frame of numeric columns.
    columns : two or more items, scales or numeric columns, each of which is a rater; or, with `over`, the variables to
        compare over the values of that key.
    over : `wave` or `day`: the same persons again (test–retest); `role`: partners as raters of their couple.
    missing : `available` (every target with a rating) or `listwise` (targets that all raters rated).
    degrees_of_freedom : of tables with empty cells: `information` (those that the likelihood of the ratings that are
        there bears out) or `design`, which takes every cell for filled as psych does, and covers less than it says
        (78 % instead of 95 % for ICC3 of 400 targets and 4 raters where seven cells of ten are empty).
    wave, day : the occasion; needed where the data have several and `over` is another key.
    cluster : the column of targets that belong together; the couple by default where there is one, None for none.
        Couples that are targets themselves are not clustered by default.
    confidence : level of the intervals.

    Returns
    -------
    Result
        `estimates`: six rows per table of ratings. `ci`: for ICC1 and ICC3 from the F distribution, exact for normal
        ratings; for ICC2 by the generalised pivotal quantity. `satterthwaite`: the interval of ICC2 by McGraw and Wong,
        which is psych's; where raters differ much it covers less than it says (79 % instead of 95 % for 2 raters of 400
        targets with a fifth of the variance between raters). `tables["mean_squares"]` and
        `tables["components"]`: the analysis of variance. `fit`: targets used and left out, and why a cell is empty.

    Raises
    ------
    ArgumentError, AnalysisError
        If columns, `over` or the occasion do not give a table of targets by raters.

    Warns
    -----
    UndefinedStatisticWarning
        Once for each table without estimates or without intervals; `fit` says why.

    Notes
    -----
    n counts targets: those with all ratings, or with any (psych counts those with none, too). Without empty cells the
    estimates are those of the analysis of variance, which may be negative. With empty cells they come from the
    variances of targets, raters and residuals by restricted maximum likelihood, which are not negative (`fit` says
    where one is 0), put into the same formulas, as ``lmer = TRUE`` in psych does. Their degrees of freedom are then
    2 / var(log MS) by the observed information, which are n − 1, k − 1 and (n − 1)(k − 1) where no cell is empty; F, p
    and intervals are approximate. The interval of ICC2 is a little conservative with two or three
    raters. Items are taken as answered (not reversed).

    Clustered targets: `df1` and `df2` are the degrees of freedom that give log MSB and the log of the other mean square
    the variance that leaving out one couple at a time shows (var log MS = 2/df), widened in intervals by
    (G − 1)/(G − 3) for G couples. Raters are not clustered: their degrees of freedom stay k − 1.

    References
    ----------
    Shrout & Fleiss (1979), doi:10.1037/0033-2909.86.2.420. McGraw & Wong (1996), doi:10.1037/1082-989X.1.1.30. Ionan,
    Polley, McShane & Dobbin (2014), doi:10.1186/1471-2288-14-121 (intervals of ICC2). In R: ``psych::ICC(x, lmer =
    FALSE)``, with empty cells ``psych::ICC(x)``.

    Examples
    --------
    >>> ratings = pd.DataFrame({"J1": [9, 6, 8, 7, 10, 6], "J2": [2, 1, 4, 1, 5, 2], "J3": [5, 3, 6, 2, 6, 4],
    ...                         "J4": [8, 2, 8, 6, 9, 7]})
    >>> found = icc(ratings, ["J1", "J2", "J3", "J4"]).to_frame()
    >>> dict(zip(found["form"], [fmt.number(value, bounded=True) for value in found["icc"]]))
    {'ICC1': '.17', 'ICC2': '.29', 'ICC3': '.71', 'ICC1k': '.44', 'ICC2k': '.62', 'ICC3k': '.91'}
    """
    check_one_of("missing", missing, ("available", "listwise"))
    check_one_of("degrees_of_freedom", degrees_of_freedom, ("information", "design"))
    check_share("confidence", confidence)
    tables, settings = rating_tables(data, columns, over=over, wave=wave, day=day, cluster=cluster)
    found = [_analysed(_chosen(one, missing), degrees_of_freedom, confidence) for one in tables]
    estimates = pd.DataFrame([row for one in found for row in one.rows], columns=list(COLUMNS))
    settings |= {"missing": missing, "degrees_of_freedom": degrees_of_freedom, "confidence": confidence}
    return Result(
        kind="icc",
        title="Intraclass correlations",
        estimates=estimates,
        fit=fit_table([one.fit for one in found]),
        tables={
            "mean_squares": pd.DataFrame([row for one in found for row in one.mean_squares()]),
            "components": pd.DataFrame([row for one in found for row in one.components()]),
        },
        settings=settings,
        statement=" ".join(one.sentence(confidence, over) for one in found[:MOST_IN_SENTENCE]),
        captions={
            "estimates": f"Intraclass correlations with {fmt.level(confidence)} intervals",
            "mean_squares": "Analysis of variance",
            "components": "Variances of targets, raters and residuals",
        },
    )


@dataclass(frozen=True)
class _Found:
    """What was found for one table of ratings."""

    name: str
    square: MeanSquares | None
    rows: Sequence[dict[str, Any]]
    fit: dict[str, Any]

    def mean_squares(self) -> list[dict[str, Any]]:
        """Give the analysis of variance."""
        if self.square is None:
            return []
        n, k, square = self.square.n, self.square.k, self.square
        sources = (
            ("targets", n - 1, square.between),
            ("within targets", n * (k - 1), square.within),
            ("raters", k - 1, square.raters),
            ("error", (n - 1) * (k - 1), square.error),
        )
        return [{"variable": self.name, "source": name, "df": df, "mean_square": ms} for name, df, ms in sources]

    def components(self) -> list[dict[str, Any]]:
        """Give the variances of targets, raters and residuals."""
        if self.square is None:
            return []
        parts = zip(("targets", "raters", "residuals"), self.square.components(), strict=True)
        return [{"variable": self.name, "source": source, "variance": variance} for source, variance in parts]

    def sentence(self, confidence: float, over: str | None) -> str:
        """Report the two forms that are used most, in the words of what was compared."""
        if self.square is None:
            return f"Agreement on {self.name} is not defined: {self.fit['note']}."
        by_form = {row["form"]: row for row in self.rows}
        parts = [_reported(by_form[form], form, confidence) for form in ("ICC2", "ICC3")]
        target, rater = COMPARED.get(over or "", ("target", "rater"))
        size = f"{counted(self.square.n, target)}, {counted(self.square.k, rater)}"
        return f"Agreement on {self.name} ({size}) was {' and '.join(parts)}."


def _reported(row: dict[str, Any], form: str, confidence: float) -> str:
    text = f"ICC({form.removeprefix('ICC')},1) = {fmt.number(row['icc'], bounded=True)}"
    if "ci_low" not in row:
        return text
    return f"{text}, {fmt.level(confidence)} CI {fmt.interval(row['ci_low'], row['ci_high'], bounded=True)}"


def _chosen(table: Ratings, missing: str) -> Ratings:
    """Keep the targets with all ratings, or with any."""
    held = ~np.isnan(table.values)
    used = held.all(axis=1) if missing == "listwise" else held.any(axis=1)
    cluster = None if table.cluster is None else np.unique(table.cluster[used], return_inverse=True)[1]
    return replace(table, values=table.values[used], cluster=cluster)


def _analysed(table: Ratings, degrees: Degrees, confidence: float) -> _Found:
    """Analyse one table; where something is not defined, say why."""
    n, k = table.values.shape
    notes = [table.note] if table.note else []
    reason = _why_undefined(table.values)
    square, converged = (None, True) if reason else _mean_squares(table, notes)
    rows: list[dict[str, Any]]
    rows = [{"variable": table.name, "form": form, "meaning": MEANING[form]} for form in agreement.FORMS]
    if square is not None:
        reason = _why_no_icc(square) if converged else "the estimates of the variances did not converge"
        square = None if reason else square
    if square is not None:
        df, reason = _degrees(table, square, degrees)
        values = _estimates(square) if df is None else _with_intervals(square, df, confidence)
        rows = [{**row, **values[row["form"]]} for row in rows]
    if reason:
        warn_undefined(f"{table.name}: {reason}")
        notes.append(reason)
    fit = {
        "model": table.name,
        "n_used": n,
        "n_dropped": table.n_targets - n,
        "method": _method(table),
        "converged": converged,
        "n_raters": k,
        "n_ratings": int((~np.isnan(table.values)).sum()),
    }
    if table.cluster is not None and n:
        fit["n_clusters"] = int(table.cluster.max()) + 1
    return _Found(table.name, square, rows, {**fit, "note": "; ".join(notes)})


def _why_undefined(values: Array) -> str:
    held = ~np.isnan(values)
    if len(values) < 2 or (held.sum(axis=1) > 1).sum() < 2:
        return "fewer than two targets have two ratings"
    if held.any(axis=0).sum() < 2 or not held.any(axis=0).all():
        return "a rater rated none of the targets"
    return "" if np.ptp(values[held]) > 0 else "the ratings do not vary"


def _why_no_icc(square: MeanSquares) -> str:
    return "" if square.between > TINY * max(square.error, square.raters) else "the targets do not differ"


def _why_no_interval(table: Ratings, square: MeanSquares) -> str:
    if square.error <= TINY * square.between:
        return "the raters agree but for their means, so F and the intervals are not defined"
    if table.cluster is not None and table.cluster.max() + 1 < agreement.LEAST_CLUSTERS:
        return "clustered intervals need four clusters; say cluster=None if targets are independent"
    return ""


def _mean_squares(table: Ratings, notes: list[str]) -> tuple[MeanSquares, bool]:
    """Analyse the variance, or estimate its parts where cells are empty; note a variance at its boundary."""
    n, k = table.values.shape
    if not table.has_holes():
        return MeanSquares.of(table.values), True
    parts = variance_components.reml(table.values)
    empty = [name for name, part in (("targets", parts.target), ("raters", parts.rater)) if part == 0]
    if empty:
        notes.append(f"the variance of {' and '.join(empty)} is 0, the boundary of restricted maximum likelihood")
    notes.append(f"{fmt.count(np.isnan(table.values).sum())} cells are empty: F, p and intervals are approximate")
    return MeanSquares.of_components(n, k, parts.target, parts.rater, parts.residual), parts.converged


def _degrees(table: Ratings, square: MeanSquares, degrees: Degrees) -> tuple[DegreesOfFreedom | None, str]:
    """Find the degrees of freedom, or say why there are none."""
    reason = _why_no_interval(table, square)
    if reason:
        return None, reason
    if table.cluster is not None:
        found = _degrees_of_clusters(table.values, table.cluster, square)
        return (found, "") if found.usable else (None, _why_not_usable(table, square))
    if degrees == "design" or not table.has_holes():
        return DegreesOfFreedom.of_design(square.n, square.k), ""
    try:
        spread = variance_components.information(table.values, _components(square))
        found = DegreesOfFreedom.of_information(spread, square.n, int((~np.isnan(table.values)).sum()))
    except np.linalg.LinAlgError:
        return None, "the ratings that are there do not determine all variances, hence no intervals"
    return (found, "") if found.usable else (None, _why_not_usable(table, square))


def _why_not_usable(table: Ratings, square: MeanSquares) -> str:
    if table.cluster is not None and table.has_holes() and min(square.between, square.raters) <= square.error:
        return "clustered intervals cannot rest on a variance that is 0, at its boundary"
    return f"there are too few ratings{'' if table.cluster is None else ' or clusters'} to determine the intervals"


def _components(square: MeanSquares) -> Components:
    return Components(*square.components(), converged=True)


def _degrees_of_clusters(values: Array, cluster: Any, square: MeanSquares) -> DegreesOfFreedom:
    if not np.isnan(values).any():
        return DegreesOfFreedom.of_clusters(agreement.omitting_clusters(values, cluster), square.k)
    left = variance_components.reml_omitting_clusters(values, cluster, _components(square))
    omitted = [(one.residual + square.k * one.target, one.residual + one.rater, one.residual) for one in left]
    return DegreesOfFreedom.of_clusters(np.array(omitted), square.k)


def _estimates(square: MeanSquares) -> dict[str, dict[str, float]]:
    return {form: {"icc": float(value)} for form, value in zip(agreement.FORMS, square.icc(), strict=True)}


def _with_intervals(square: MeanSquares, df: DegreesOfFreedom, confidence: float) -> dict[str, dict[str, float]]:
    """Give estimate, test and intervals of each form."""
    found = _estimates(square)
    bounds = agreement.exact_intervals(square, df, confidence)
    bounds |= agreement.generalised_intervals(square, df, confidence)
    satterthwaite = agreement.satterthwaite_intervals(square, df, confidence)
    for form, row in found.items():
        row |= _tested(square, df, form)
        row["ci_low"], row["ci_high"] = bounds[form]
        if form in satterthwaite:
            row["satterthwaite_low"], row["satterthwaite_high"] = satterthwaite[form]
    return found


def _tested(square: MeanSquares, df: DegreesOfFreedom, form: str) -> dict[str, float]:
    """Test whether the targets differ at all."""
    one_way = form.startswith("ICC1")
    f = square.between / (square.within if one_way else square.error)
    df1, df2 = (df.between, df.within) if one_way else (df.between_error, df.error)
    return {"f": f, "df1": df1, "df2": df2, "p": float(special.fdtrc(df1, df2, f))}


def _method(table: Ratings) -> str:
    estimate = "restricted maximum likelihood" if table.has_holes() else "analysis of variance"
    rows = "couple-clustered degrees of freedom" if table.cluster is not None else "independent targets"
    return f"{estimate}, {rows}"
