"""Correlations between scales, corrected for what their reliability takes away."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from .. import format as fmt
from ..checks import check_one_of, check_share, first_few, listed
from ..errors import AnalysisError
from ..instrument_model import Instrument
from ..kernels import intervals, omega
from ..kernels.moments import Missing, Moments
from ..responses import Responses
from ..results import Result, fit_table
from ..scoring import score_scale
from .coefficients import COEFFICIENTS, OMEGAS
from .inputs import (
    AUTO,
    Array,
    Sample,
    chosen_scales,
    item_array,
    one_blas_thread,
    sample,
    warn_undefined,
    why_no_covariance,
)
from .used_rows import used_rows

COLUMNS = ("x", "y", "n", "r", "reliability_x", "reliability_y", "r_corrected", "se", "ci_low", "ci_high")
MOST_IN_SENTENCE = 3


RELIABILITIES = ("alpha", "alpha_standardised", "lambda2", "lambda6", *OMEGAS)
FEWEST_FOR_OMEGA = 3


@one_blas_thread
def attenuation(
    data: Responses | pd.DataFrame,
    scales: str | Sequence[str] | None = None,
    *,
    coefficient: str = "alpha",
    missing: Missing = "listwise",
    wave: Any = None,
    day: Any = None,
    cluster: str | None = AUTO,
    confidence: float = 0.95,
) -> Result:
    """Correct correlations between scale scores for attenuation: r / sqrt(reliability of x · reliability of y).

    Parameters
    ----------
    data : answers with their instruments.
    scales : the scales to correlate; all by default.
    coefficient : the reliability: `alpha`, `alpha_standardised`, `lambda2`, `lambda6`, `omega_fitted` or
        `omega_observed`, as `reliability` computes them.
    missing : of the reliabilities: `listwise` (rows complete on the scale) or `pairwise`.
    wave, day : the occasion; needed where the data have several.
    cluster : the column of rows that belong together; the couple by default where there is one, None for none.
    confidence : level of the intervals.

    Returns
    -------
    Result
        `estimates`: one row per pair: the observed `r`, both reliabilities, and `r_corrected` with its standard error
        and interval. `tables["matrix"]`: observed correlations below, reliabilities on, corrected correlations above
        the diagonal. A corrected correlation above 1 is given as it is, and `fit` says so; a pair of scales with a
        common item has none, since their errors are correlated.

    Raises
    ------
    AnalysisError, ArgumentError
        If there are fewer than two scales, or an argument cannot be used.

    Warns
    -----
    UndefinedStatisticWarning
        Once for each pair that has no corrected correlation; `fit` says why.

    Notes
    -----
    r is over the rows that have both scores; each reliability over its own rows. The standard error is that of the
    delta method for the joint distribution of r and both reliabilities, which are estimated from the same people: with
    u the influence of a row on r / sqrt(xx yy), summed within couples where rows are clustered, sqrt(G/(G − 1) Σ u²),
    G the rows or couples. The interval is normal, with t quantiles on G − 1 degrees of freedom for couples. It assumes
    no distribution and is symmetric, so it may pass 1.

    References
    ----------
    Spearman (1904), doi:10.2307/1412159. In R: ``psych::correct.cor(cor(scores), alphas)``, which has no standard
    errors.

    Examples
    --------
    >>> from toolkit import Responses, instrument_from_keys
    >>> raw = pd.DataFrame({"a": [1, 2, 3, 4, 5, 3], "b": [2, 1, 4, 3, 5, 3], "c": [2, 3, 3, 5, 4, 1],
    ...                     "d": [1, 3, 4, 4, 5, 2]})
    >>> keys = instrument_from_keys({"f": ["a", "b"], "g": ["c", "d"]}, min=1, max=5, id="my")
    >>> attenuation(Responses.from_frame(raw, keys)).table(columns=["x", "y", "r", "r_corrected"]).rows
    (('my.f', 'my.g', '.69', '.78'),)
    """
    check_one_of("coefficient", coefficient, RELIABILITIES)
    check_one_of("missing", missing, ("listwise", "pairwise"))
    check_share("confidence", confidence)
    chosen = sample(data, wave=wave, day=day, cluster=cluster)
    named = chosen_scales(chosen.responses, scales)
    if len(named) < 2:
        raise AnalysisError(f"a correlation needs two scales, but there is {len(named)}; name them in scales=.")
    measured = [_Measured.of(chosen, one, name, coefficient, missing) for one, name in named]
    options = {"coefficient": coefficient, "missing": missing, "confidence": confidence}
    return _result(
        measured, [_Pair(x, y, chosen) for x, y in combinations(measured, 2)], {**chosen.settings, **options}
    )


def _result(measured: Sequence[_Measured], pairs: Sequence[_Pair], settings: dict[str, Any]) -> Result:
    coefficient, confidence = settings["coefficient"], settings["confidence"]
    estimates = pd.DataFrame([pair.row(confidence) for pair in pairs], columns=list(COLUMNS))
    return Result(
        kind="attenuation",
        title="Correlations corrected for attenuation",
        estimates=estimates,
        fit=fit_table([pair.fit(coefficient) for pair in pairs]),
        tables={"matrix": _matrix(measured, estimates)},
        settings={**settings, "scales": [one.name for one in measured]},
        statement=_sentence(estimates, coefficient, confidence),
        captions={
            "estimates": f"Correlations corrected for attenuation, with {fmt.level(confidence)} intervals",
            "matrix": "Observed correlations (below), reliabilities (diagonal) and corrected correlations (above)",
        },
    )


@dataclass(frozen=True)
class _Measured:
    """The scores of a scale, and their reliability with the influence of each row on it.

    Attributes
    ----------
    influence : (rows,) divided by the number of rows used, so that it adds up over any rows.
    reason : why there is no reliability, or nothing.
    """

    name: str
    items: frozenset[str]
    scores: Array
    reliability: float
    influence: Array
    reason: str

    @classmethod
    def of(cls, chosen: Sample, one: Instrument, scale: str, coefficient: str, missing: Missing) -> _Measured:
        """Score a scale and estimate its reliability."""
        items = one.scale_items(scale)
        x = item_array(chosen.responses, one, items)
        used = used_rows(x, missing)
        fewest = FEWEST_FOR_OMEGA if coefficient in OMEGAS else 2
        reason = _why_undefined(one, scale, Moments.of(x[used], items), fewest)
        value, influence = (np.nan, np.zeros(len(x))) if reason else _reliability(x, used, coefficient)
        if not reason and not value > 0:
            reason = f"{coefficient} is {'not positive' if value <= 0 else 'not defined'}"
        scores = score_scale(chosen.responses, one, scale)[0]
        return cls(f"{one.id}.{scale}", frozenset(items), scores, value, influence, reason)


def _reliability(x: Array, used: npt.NDArray[np.bool_], coefficient: str) -> tuple[float, Array]:
    """Estimate a reliability and the influence of each row on it."""
    chosen, influence = COEFFICIENTS[coefficient], np.zeros(len(x))

    def model(covariance: Array) -> tuple[omega.OneFactorSolution, ...]:
        return (omega.solution(covariance),) if coefficient in OMEGAS else ()

    covariance = Moments.of(x[used]).covariance("pairwise")
    try:
        value = float(chosen.value(covariance, *model(covariance)))
        moved = intervals.influence_along(lambda at: chosen.gradient(at, *model(at)), x[used])
    except np.linalg.LinAlgError:
        return np.nan, influence
    influence[used] = moved / used.sum()
    return value, influence


def _why_undefined(one: Instrument, scale: str, moments: Moments, fewest: int) -> str:
    if one.scales[scale].kind == "composite":
        return "a composite is an index of unlike things, for which reliability is not defined"
    if len(moments.names) < fewest:
        return f"the reliability needs at least {fewest} items"
    return why_no_covariance(moments, "pairwise")


def _correlation_of_two(covariance: Any) -> Any:
    return covariance[0, 1] / np.sqrt(covariance[0, 0] * covariance[1, 1])


@dataclass(frozen=True)
class _Pair:
    """Two scales."""

    x: _Measured
    y: _Measured
    chosen: Sample

    @property
    def name(self) -> str:
        """Both names."""
        return f"{self.x.name} with {self.y.name}"

    @property
    def used(self) -> npt.NDArray[np.bool_]:
        """Rows that have both scores."""
        return np.asarray(~np.isnan(self.x.scores) & ~np.isnan(self.y.scores))

    def observed(self) -> tuple[float, Array]:
        """Correlate the scores, and give the influence of each row on r."""
        used = self.used
        both = np.column_stack([self.x.scores[used], self.y.scores[used]])
        influence = np.zeros(len(used))
        influence[used] = intervals.influence(_correlation_of_two, both) / len(both)
        return float(np.clip(_correlation_of_two(Moments.of(both).covariance("listwise")), -1, 1)), influence

    def why_no_r(self) -> str:
        """Say why the scores have no correlation, or nothing."""
        if self.used.sum() < 4:
            return "fewer than four rows have both scores"
        still = [one.name for one in (self.x, self.y) if np.ptp(one.scores[self.used]) == 0]
        return f"the scores of {listed(still)} do not vary" if still else ""

    def why_undefined(self) -> str:
        """Say why there is no corrected correlation, or nothing."""
        common = sorted(self.x.items & self.y.items)
        reasons = [f"{one.name}: {one.reason}" for one in (self.x, self.y) if one.reason]
        if common:
            return f"both scales hold {listed(common)}, so their errors are correlated"
        return self.why_no_r() or "; ".join(reasons) or self.chosen.why_no_clusters(self.used)

    def row(self, confidence: float) -> dict[str, Any]:
        """Correct the correlation, with standard error and interval."""
        row: dict[str, Any] = {"x": self.x.name, "y": self.y.name, "n": int(self.used.sum())}
        row |= {"reliability_x": self.x.reliability, "reliability_y": self.y.reliability}
        reason = self.why_undefined()
        if not self.why_no_r():
            row["r"], influence = self.observed()
        if reason:
            warn_undefined(f"{self.name}: {reason}")
            return row
        x, y = self.x.reliability, self.y.reliability
        corrected = row["r"] / np.sqrt(x * y)
        moved = influence / np.sqrt(x * y) - corrected / 2 * (self.x.influence / x + self.y.influence / y)
        counted = self.used | (self.x.influence != 0) | (self.y.influence != 0)
        clusters = self.chosen.clusters_of(counted)
        se = intervals.sandwich(moved[counted] * counted.sum(), clusters)
        df = np.inf if self.chosen.cluster is None else float(clusters.max())
        low, high = intervals.normal(corrected, se, confidence, df)
        return {**row, "r_corrected": corrected, "se": se, "ci_low": low, "ci_high": high}

    def fit(self, coefficient: str) -> dict[str, Any]:
        """Say which rows were used, and what a careful reader must know."""
        n, note = int(self.used.sum()), self.why_undefined()
        if not note and abs(self.observed()[0]) > np.sqrt(self.x.reliability * self.y.reliability):
            note = "the corrected correlation exceeds 1, as it can where a reliability is underestimated"
        spread = "independent rows" if self.chosen.cluster is None else "couple-clustered"
        return {
            "model": self.name,
            "n_used": n,
            "n_dropped": len(self.used) - n,
            "method": f"Pearson and {coefficient}, delta method, {spread}",
            "note": note,
        }


def _matrix(measured: Sequence[_Measured], estimates: pd.DataFrame) -> pd.DataFrame:
    names = [one.name for one in measured]
    square = pd.DataFrame(np.diag([one.reliability for one in measured]), index=names, columns=names)
    for row in fmt.rows(estimates):
        square.loc[row.x, row.y], square.loc[row.y, row.x] = row.r_corrected, row.r
    return square.rename_axis("variable").reset_index()


def _sentence(estimates: pd.DataFrame, coefficient: str, confidence: float) -> str:
    known = estimates.dropna(subset=["r_corrected"]).sort_values("r_corrected", key=abs, ascending=False, kind="stable")
    if known.empty:
        return "No correlation can be corrected for attenuation in these data."
    parts = [
        f"{row.x} with {row.y} {fmt.number(row.r_corrected, bounded=True)}, {fmt.level(confidence)} CI "
        f"{fmt.interval(row.ci_low, row.ci_high, bounded=True)} (observed r = {fmt.number(row.r, bounded=True)})"
        for row in fmt.rows(known)
    ]
    named = coefficient.replace("_", " ")
    return f"Correlations corrected for attenuation ({named}): {first_few(parts, MOST_IN_SENTENCE, 'pair')}."
