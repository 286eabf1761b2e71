"""Whether the declared keys of items agree with how people answered them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from .. import format as fmt
from ..checks import check_one_of, check_share, listed, name_list
from ..instrument_model import Instrument
from ..kernels import consistency, factoring, intervals, item_statistics
from ..kernels.moments import Missing, Moments, Sums
from ..responses import Responses
from ..results import Result, Unavailable, fit_table
from .inputs import AUTO, TINY, Array, Sample, chosen_scales, item_array, one_blas_thread, sample, warn_undefined
from .used_rows import used_rows

COLUMNS = (
    "scale",
    "item",
    "text",
    "reverse",
    "n",
    "r_drop",
    "r_drop_ci_low",
    "r_drop_ci_high",
    "loading",
    "loading_ci_low",
    "loading_ci_high",
    "verdict",
)
CLEARLY_NEGATIVE = -0.10
WEAK = 0.20
LEAST_ROWS = 4
FEWEST_FOR_FACTOR = 3
MOST_IN_SENTENCE = 6
UNDEFINED_REST = "the sum of the other items does not vary"


@one_blas_thread
def key_audit(
    data: Responses | pd.DataFrame,
    scale: str | Sequence[str] | None = None,
    *,
    confirmed: Iterable[str] = (),
    missing: Missing = "listwise",
    wave: Any = None,
    day: Any = None,
    cluster: str | None = AUTO,
    confidence: float = 0.95,
) -> Result:
    """Compare the declared key of each item (reversed or not) with the signs of its correlations.

    After reversal every item of a scale should go with the others. For each item: `r_drop`, its correlation with the
    sum of the other items, and `loading`, its loading on the first factor of the reversed items (minres; from three
    items on). The factor has no sign of its own: it points where most items do. The verdict of an item is

    - suspect: its item–rest correlation or its loading is −.10 or lower, and its interval lies below 0
    - weak: not suspect, but its item–rest correlation is below .20
    - agrees: neither

    and empty where the sum of the other items does not vary.

    A scale with a suspect item has a suspect key. Where most of its items are keyed wrongly, it is the others that
    stand out; the key of the scale is suspect all the same.

    Parameters
    ----------
    data : answers with their instruments.
    scale : one scale or several, or an instrument, which stands for all of its own; all by default.
    confirmed : scales whose key the author has checked: `confirmed_keys` of a study file.
    missing : `listwise` (rows complete on the scale) or `pairwise`.
    wave, day : the occasion; needed where the data have several.
    cluster : the column of rows that belong together; the couple by default where there is one, None for none.
    confidence : level of the intervals.

    Returns
    -------
    Result
        `estimates`: one row per item of each scale. `tables["scales"]`: per scale how many items are suspect or weak,
        whether its key is suspect and confirmed, and whether a report scores it. Composites and scales of one item
        have no key to audit, and `fit` says so; of two items only the sign of their correlation shows, so that both
        are suspect where it is clearly negative.

    Raises
    ------
    AnalysisError, ArgumentError
        If there are no scales, or a name is not one of them.

    Warns
    -----
    UndefinedStatisticWarning
        Once for each scale that cannot be audited, or with an item whose others do not vary; `fit` says why.

    Notes
    -----
    n is that of the rows used. Intervals assume no distribution: the sandwich of rows or couples (t quantiles on G − 1
    degrees of freedom for G couples), for r_drop on atanh r. Where an item's uniqueness is at its bound, loadings have
    no interval, and the verdict rests on r_drop.

    References
    ----------
    In R: ``psych::alpha(items, check.keys = TRUE)``, which turns items by the sign of their loading on the first
    component without an interval; ``psych::fa(items, 1, fm = "minres")``.

    Examples
    --------
    >>> from toolkit import Responses, instrument_from_keys
    >>> raw = pd.DataFrame({"a": [1, 2, 3, 4, 5, 3, 2, 4], "b": [2, 1, 4, 3, 5, 3, 1, 5]})
    >>> raw["c"] = [5, 4, 2, 3, 1, 3, 5, 1]
    >>> wrong = instrument_from_keys({"f": ["a", "b", "c"]}, min=1, max=5, id="my")
    >>> audit = key_audit(Responses.from_frame(raw, wrong))
    >>> suspect_scales(audit)
    ('my.f',)
    """
    check_one_of("missing", missing, ("listwise", "pairwise"))
    check_share("confidence", confidence)
    chosen = sample(data, wave=wave, day=day, cluster=cluster)
    scales = chosen_scales(chosen.responses, scale)
    checked = [chosen.responses.find_scale(name) for name in name_list("confirmed", confirmed)]
    names = {f"{one.id}.{name}" for one, name in checked}
    found = [_Audited.of(chosen, one, name, missing, confidence) for one, name in scales]
    estimates = pd.concat([one.table for one in found], ignore_index=True)
    overview = pd.DataFrame([one.overview(names) for one in found])
    return Result(
        kind="key_audit",
        title="Keys of items",
        estimates=estimates,
        fit=fit_table([one.fit for one in found]),
        tables={"scales": overview},
        settings={
            **chosen.settings,
            "scale": [one.name for one in found],
            "confirmed": sorted(names),
            "missing": missing,
            "confidence": confidence,
        },
        statement=_sentence(estimates, overview),
        captions={
            "estimates": f"Signs of items after reversal, with {fmt.level(confidence)} intervals",
            "scales": "Keys of the scales",
        },
    )


def suspect_scales(audit: Result | Unavailable) -> tuple[str, ...]:
    """List the scales that a key audit finds suspect and that are not confirmed; none where there was no audit."""
    if isinstance(audit, Unavailable):
        return ()
    overview = audit.to_frame("scales")
    return tuple(overview.loc[~overview["scored"].astype(bool), "scale"])


@dataclass(frozen=True)
class _Audited:
    """One scale."""

    name: str
    table: pd.DataFrame
    fit: dict[str, Any]

    @classmethod
    def of(cls, chosen: Sample, one: Instrument, scale: str, missing: Missing, confidence: float) -> _Audited:
        """Audit one scale; where that cannot be done, say why."""
        name, items = f"{one.id}.{scale}", one.scale_items(scale)
        x = item_array(chosen.responses, one, items)
        used = used_rows(x, missing)
        moments = Moments.of(x[used], items)
        table = pd.DataFrame({"scale": name, "item": list(items)}).reindex(columns=list(COLUMNS))
        table["text"] = [one.text(one.by_id[item].text) for item in items]
        table["reverse"] = [one.by_id[item].reverse for item in items]
        table["n"] = moments.n(missing).astype(int)
        nothing = _nothing_to_audit(one, scale)
        reason = nothing or _why_undefined(moments, missing) or chosen.why_no_clusters(used)
        note = reason
        if not reason:
            signs = _Signs.of(x[used], chosen, used, confidence)
            table, note = table.assign(**signs.columns()), signs.note
            reason = note if np.isnan(signs.r).any() else ""
        if reason and not nothing:
            warn_undefined(f"{name}: {reason}")
        n = {"n_used": int(used.sum()), "n_dropped": int((~used).sum())}
        return cls(name, table, {"model": name, **n, "method": "item–rest r and first minres factor", "note": note})

    def overview(self, confirmed: set[str]) -> dict[str, Any]:
        """Sum up the scale."""
        verdict = self.table["verdict"]
        suspect = bool((verdict == "suspect").any())
        return {
            "scale": self.name,
            "n_items": len(verdict),
            "n_suspect": int((verdict == "suspect").sum()),
            "n_weak": int((verdict == "weak").sum()),
            "suspect": suspect,
            "confirmed": self.name in confirmed,
            "scored": not suspect or self.name in confirmed,
        }


def _nothing_to_audit(one: Instrument, scale: str) -> str:
    if one.scales[scale].kind == "composite":
        return "a composite is an index of unlike things, which need not go together"
    return "a scale of one item has no key to compare with" if len(one.scale_items(scale)) < 2 else ""


def _why_undefined(moments: Moments, missing: Missing) -> str:
    sums = moments.sums(missing)
    if sums.n.min() < LEAST_ROWS:
        return "fewer than four rows hold the answers that are needed"
    still = [name for name, spread in zip(moments.names, np.diag(sums.cross), strict=True) if spread == 0]
    return f"the answers to {listed(still)} do not vary" if still else ""


@dataclass(frozen=True)
class _Signs:
    """Item–rest correlations and loadings with their bounds, (k,) and (k, 2)."""

    r: Array
    r_bounds: Array
    loading: Array
    loading_bounds: Array
    note: str

    @classmethod
    def of(cls, x: Array, chosen: Sample, used: Any, confidence: float) -> _Signs:
        """Estimate them with intervals of rows or clusters."""
        clusters = chosen.clusters_of(used)
        df = np.inf if chosen.cluster is None else float(clusters.max())
        sums = Sums.of(x)
        covariance = sums.cross / sums.n
        spread = _Spread(x, clusters, df, confidence)
        r, notes = consistency.item_rest(covariance), []
        if np.isnan(r).any():
            notes.append(f"{UNDEFINED_REST} for some item: check which items are reversed")
        r_bounds = spread.of_correlations(r, item_statistics.item_rest_gradients(covariance))
        loading, regular = _first_factor(covariance)
        bounds = np.full((len(r), 2), np.nan)
        if regular:
            bounds = spread.of_loadings(loading, item_statistics.minres_gradients(covariance, loading))
        elif len(r) < FEWEST_FOR_FACTOR:
            notes.append("two items have no factor to load on")
        else:
            notes.append("the first factor is at its bound for an item, so that loadings have no interval")
        if len(r) >= FEWEST_FOR_FACTOR and (loading < 0).sum() * 2 == len(r):
            notes.append("half of the items load negatively: the key of either half may be wrong")
        return cls(r, r_bounds, loading, bounds, "; ".join(notes))

    def columns(self) -> dict[str, Any]:
        """Give the columns of the table, with the verdict of each item."""
        return {
            "r_drop": self.r,
            "r_drop_ci_low": self.r_bounds[:, 0],
            "r_drop_ci_high": self.r_bounds[:, 1],
            "loading": self.loading,
            "loading_ci_low": self.loading_bounds[:, 0],
            "loading_ci_high": self.loading_bounds[:, 1],
            "verdict": self.verdicts(),
        }

    def verdicts(self) -> list[str | None]:
        """Judge each item; nothing where the others do not vary."""
        by_r = (self.r <= CLEARLY_NEGATIVE) & (self.r_bounds[:, 1] < 0)
        by_loading = (self.loading <= CLEARLY_NEGATIVE) & (self.loading_bounds[:, 1] < 0)
        judged = np.select([by_r | by_loading, self.r < WEAK, self.r >= WEAK], ["suspect", "weak", "agrees"], "")
        return [str(one) or None for one in judged]


@dataclass(frozen=True)
class _Spread:
    """What intervals need of the rows."""

    x: Array
    clusters: Any
    df: float
    confidence: float

    def _error(self, slope: Array) -> float:
        return intervals.sandwich(intervals.influence_along(lambda _: slope, self.x), self.clusters)

    def of_correlations(self, r: Array, slopes: Array) -> Array:
        """Bounds on atanh r; a correlation of ±1 has no spread."""
        inner = np.clip(r, TINY - 1, 1 - TINY)
        errors = np.array([self._error(slope) for slope in slopes]) / (1 - inner**2)
        pairs = zip(np.arctanh(inner), errors, strict=True)
        return np.asarray(np.tanh([intervals.normal(z, se, self.confidence, self.df) for z, se in pairs]))

    def of_loadings(self, loading: Array, slopes: Array) -> Array:
        """Bounds of loadings."""
        pairs = zip(loading, slopes, strict=True)
        return np.array([intervals.normal(one, self._error(slope), self.confidence, self.df) for one, slope in pairs])


def _first_factor(covariance: Array) -> tuple[Array, bool]:
    """Load the items on one factor that points where most of them do; tell whether no item is at a bound."""
    k = len(covariance)
    if k < FEWEST_FOR_FACTOR:
        return np.full(k, np.nan), False
    found = factoring.minres(consistency.correlation(covariance), 1)
    loading = found.loadings[:, 0]
    direction = np.sign(loading).sum() or loading.sum()
    inside = bool((found.uniquenesses < 1).all()) and not found.heywood
    return np.where(direction < 0, -1.0, 1.0) * loading, inside and found.converged


def _sentence(estimates: pd.DataFrame, overview: pd.DataFrame) -> str:
    suspect = estimates[estimates["verdict"] == "suspect"]
    if suspect.empty:
        audited = int(estimates.loc[estimates["verdict"].notna(), "scale"].nunique())
        return f"No item contradicts its declared key in the {audited} scales that could be audited."
    parts = [
        f"{scale}: {', '.join(_named(row) for row in fmt.rows(rows.head(MOST_IN_SENTENCE)))}"
        + (f" and {len(rows) - MOST_IN_SENTENCE} more" if len(rows) > MOST_IN_SENTENCE else "")
        for scale, rows in suspect.groupby("scale", sort=False)
    ]
    text = f"Some items contradict their declared key ({'; '.join(parts)})."
    checked = overview.loc[overview["suspect"] & overview["confirmed"], "scale"].tolist()
    waiting = overview.loc[~overview["scored"], "scale"].tolist()
    if checked:
        text += f" The author has confirmed the key of {', '.join(checked)}."
    if waiting:
        text += (
            f" A report does not score {', '.join(waiting)} as it stands: see whether the key in the instrument file is"
            " wrong (mend it there), or the answers were reversed before they came here (undo that in the data). Where"
            " both are right, list the scale under confirmed_keys in the study file."
        )
    return text


def _named(row: Any) -> str:
    return f"{row.item} (item–rest r = {fmt.number(row.r_drop, bounded=True)})"
