"""Checklists that are filled from results: the COSMIN criteria for good measurement properties."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from ..results import Result, fit_table
from .cosmin_ratings import (
    INDETERMINATE,
    INSUFFICIENT,
    SUFFICIENT,
    Hypothesis,
    Line,
    Outcome,
    group_differences,
    hypotheses_testing,
    indices_of,
    internal_consistency,
    measurement_error,
    stability,
    structural_validity,
)

__all__ = ["Hypothesis", "cosmin"]

COLUMNS = (
    "property",
    "subject",
    "rating",
    "criterion_text",
    "statistic",
    "value",
    "ci_low",
    "ci_high",
    "n",
    "source_cell",
    "note",
)
SHOWN = ("property", "subject", "rating", "statistic", "value", "ci_low", "ci_high", "n", "note")


def cosmin(
    *,
    structural: Mapping[str, Outcome] | None = None,
    reliability: Outcome | None = None,
    invariance: Mapping[str, Outcome] | None = None,
    retest: Outcome | None = None,
    hypotheses: Iterable[Hypothesis | str] = (),
    correlations: Outcome | None = None,
    minimal_important_change: Mapping[str, float] | None = None,
) -> Result:
    """Rate measurement properties by the COSMIN criteria, each with the number and the cell that it came from.

    `+` sufficient, `−` insufficient, `?` indeterminate: not reported, or what the criterion presupposes is missing. One
    study never has `±`, which stands for studies that disagree.

    Parameters
    ----------
    structural : results of `cfa` by the name of their instrument (or of one scale, such as `rws.total`).
    reliability : of `reliability`, whose alphas and smallest detectable changes are rated.
    invariance : results of `invariance` by a name of what was compared.
    retest : of `icc(..., over="wave")`, of people who did not change between the occasions.
    hypotheses : expectations that were stated beforehand, as `Hypothesis` or as text such as ``"rws.total with
        rel.intimacy from -1 to -0.3"``.
    correlations : of `correlations` or `attenuation` (then the corrected ones), in which the hypotheses are looked up.
    minimal_important_change : by scale, in the units of its score.

    Returns
    -------
    Result
        `estimates`: `property`, `subject` (instrument, scale or pair), `rating`, `criterion_text`, `statistic`,
        `value`, `ci_low`, `ci_high`, `n`, `source_cell` (table, row and column among this report's tables), `note`.
        `tables["structural"]`: each index of each model against its mark. The interval of RMSEA is at 90 %, that of
        others at the level of the result.

    Raises
    ------
    ArgumentError
        If a hypothesis cannot be read, or is about scales that the correlations do not hold.

    Notes
    -----
    Criteria as in Prinsen et al. (2018) for classical test theory. CFI, TLI and RMSEA are the robust ones where they
    are defined, else the scaled ones, else the plain ones. Structural validity is `+` where any of the four indices
    meets its mark, which is lenient: the table of indices shows the others. An improper solution is `?`. A scale counts
    as unidimensional where it is a factor of a model rated `+`; without that, internal consistency is `?` whatever
    alpha is. Reliability is ICC2 (absolute agreement of one occasion). Invariance is `+` where loadings and intercepts
    (or thresholds) may be taken as equal. Point estimates are rated, not intervals. Content validity needs judges, and
    is never rated from answers.

    References
    ----------
    Prinsen et al. (2018), doi:10.1007/s11136-018-1798-3. Terwee et al. (2007), doi:10.1016/j.jclinepi.2006.03.012.

    Examples
    --------
    >>> found = cosmin()
    >>> found.estimates["rating"].unique().tolist()
    ['?']
    """
    models, stated = dict(structural or {}), list(hypotheses)
    indices = [one for name, model in models.items() for one in indices_of(name, model)]
    lines = [
        Line("content validity", "", INDETERMINATE, note="judges have to rate it; numbers of answers cannot"),
        *_or_missing("structural validity", structural_validity(models, indices)),
        *_or_missing("internal consistency", internal_consistency(reliability, models, indices)),
        *_or_missing("reliability", stability(retest), "no retest of people who did not change"),
        *_or_missing("measurement error", measurement_error(reliability, minimal_important_change or {})),
        *_or_missing(
            "hypotheses testing", hypotheses_testing(stated, correlations), "no hypothesis was stated beforehand"
        ),
        *_or_missing("cross-cultural validity", group_differences(invariance or {})),
    ]
    estimates = pd.DataFrame([one.row() for one in lines])[list(COLUMNS)].astype({"n": "Int64"})
    return Result(
        kind="cosmin",
        title="COSMIN criteria for good measurement properties",
        estimates=estimates,
        fit=fit_table([_fit(estimates)]),
        tables={"structural": pd.DataFrame([one.row() for one in indices])} if indices else {},
        settings={"structural": list(models), "invariance": list(invariance or {}), "hypotheses": _texts(stated)},
        statement=_sentence(estimates),
        captions={
            "estimates": "Ratings by the COSMIN criteria (+ sufficient, − insufficient, ? indeterminate)",
            "structural": "Indices of fit against their marks",
        },
        view={"columns": SHOWN, "digits": 3},
    )


def _or_missing(name: str, lines: Iterable[Line], note: str = "not done") -> list[Line]:
    """Give the lines of a property; where there are none, one that says so."""
    return list(lines) or [Line(name, "", INDETERMINATE, note=note)]


def _texts(hypotheses: Iterable[Hypothesis | str]) -> list[str]:
    return [one if isinstance(one, str) else one.subject for one in hypotheses]


def _fit(estimates: pd.DataFrame) -> dict[str, Any]:
    n = estimates["n"].dropna()
    used = int(n.max()) if len(n) else 0
    return {"model": "COSMIN", "n_used": used, "n_dropped": 0, "method": "COSMIN criteria (Prinsen et al. 2018)"}


def _sentence(estimates: pd.DataFrame) -> str:
    counts = [int((estimates["rating"] == one).sum()) for one in (SUFFICIENT, INSUFFICIENT, INDETERMINATE)]
    return (
        f"By the COSMIN criteria {counts[0]} of {len(estimates)} ratings are sufficient (+), {counts[1]} insufficient "
        f"(−) and {counts[2]} indeterminate (?); they rate this sample alone."
    )
