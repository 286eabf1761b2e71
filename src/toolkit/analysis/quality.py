"""Careless answers: indices, flags, and what follows from leaving flagged rows out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from .. import format as fmt
from ..checks import check_count, counted
from ..errors import ArgumentError
from ..responses import Responses
from ..results import Result, fit_table
from .inputs import one_blas_thread, sample
from .quality_indices import USUAL_CUTS, Answered, Index, QualityCuts, check_columns, indices
from .quality_tables import flag_counts, histograms, index_table, largest_moves, moves, shown

__all__ = ["QualityCuts", "quality"]

NO_PROOF = (
    "A flag is a reason to look, no proof: attentive people are flagged, too, and careless ones are missed. Nothing was"
    " left out."
)
METHOD = "answers as given, in the order of the instruments; even–odd on recoded items"


@one_blas_thread
def quality(
    data: Responses | pd.DataFrame,
    *,
    wave: Any = None,
    day: Any = None,
    seconds: str | None = None,
    instructed: Mapping[str, Any] | None = None,
    cuts: QualityCuts = USUAL_CUTS,
    least_flags: int = 2,
    smallest_cell: int = 5,
) -> Result:
    """Look for careless answers by several indices, each with its cut; flag, and leave nothing out.

    With x the answers of a person to k items, in the order of the instruments and their items:

    - `longstring`: the longest run of one and the same answer; a run ends where another instrument or
      other response options begin.
    - `irv_low`, `irv_high`: intra-individual variability, the SD of x (n − 1), far below or above the median of all
      (median ± 3 · 1.4826 · MAD). With several instruments, the SD around the mean of each.
    - `mahalanobis`: D² = (x − m)' S⁻¹ (x − m) over the items answered, against chi-square with as many df.
    - `even_odd`: −2r / (1 + r), r the person's correlation of the means of odd and even items over scales, after
      reversal. High is careless. Five scales are needed.
    - `synonyms`, `antonyms`: the person's correlation over pairs of items that correlate beyond .60 or −.60 in all
      people; ten pairs and 30 persons are needed.
    - `missed`: wrong answers to instructed items.
    - `too_fast`: seconds for an item.

    Parameters
    ----------
    data : responses, or a frame, of which all numeric columns count as items.
    wave, day : the occasion; needed where the data have several.
    seconds : a column with the seconds that the items of a row took together; by default `seconds_per_item` or
        `seconds`, where a store of answers gave them.
    instructed : the right answers to instructed items, by column: ``{"check1": 3}``.
    cuts : where each index begins to flag.
    least_flags : flagged by so many indices, a row is left out for the comparison in `without_flagged`.
    smallest_cell : counts of fewer people are not shown.

    Returns
    -------
    Result
        `estimates`, a row per index: `index`, `n` with a value, `side` and `cut`, `n_flagged` and `share` (empty for
        few people), `meaning`, `source`, `doi`. `tables`: `flags` (people by the number of indices that flag them),
        `without_flagged` (`kind` mean, alpha or r; `subject`; `n` and `estimate` with all rows; `n_without` and
        `estimate_without`; `difference`, for means also in SDs; empty where few people or none are flagged),
        `histogram`. `cases`, a row per respondent with the same index as the data: keys, `n_answered`, each index,
        `n_flags`, `flagged_by`; they never leave the machine. `fit` says which index could not be computed, and why.

    Raises
    ------
    ArgumentError
        If a column is not there or holds words, or a cut cannot be used.
    AnalysisError
        If nobody answered anything.

    Notes
    -----
    To leave flagged rows out is the researcher's decision, and takes one line, which belongs in the paper:
    ``answers.keep((tk.quality(answers).cases["n_flags"] < 2).to_numpy())`` with the answers of one occasion.

    Where items differ in range, variability and the correlations over pairs use answers as shares of the range.
    Missing answers are passed over. Runs are those of the instruments' own order, also where items were shown in
    another one. Distances use pairwise covariances; with many items for the number of people, chi-square expects larger
    distances than there can be, and few are flagged. A cut on the median and MAD depends on
    the sample. All cuts are conventions. Meade & Craig (2012), doi:10.1037/a0028085; Curran (2016),
    doi:10.1016/j.jesp.2015.07.006; Johnson (2005), doi:10.1016/j.jrp.2004.09.009; Dunn et al. (2018),
    doi:10.1007/s10869-016-9479-0; Marjanovic et al. (2015), doi:10.1016/j.paid.2014.08.021; Leys et al. (2013),
    doi:10.1016/j.jesp.2013.03.013; Huang et al. (2012), doi:10.1007/s10869-011-9231-8.

    In R, with the package careless 1.2: ``longstring``, ``irv``, ``mahad``, ``evenodd``, ``psychsyn`` (``resample_na =
    FALSE``) and ``psychant``. There a person's missing answers count as the mean in ``mahad``.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> raw = pd.DataFrame(np.clip(rng.integers(2, 6, (60, 1)) + rng.integers(-1, 2, (60, 12)), 1, 6))
    >>> raw.iloc[:6] = 3
    >>> found = quality(raw.add_prefix("q"), cuts=QualityCuts(longstring=8))
    >>> print(found.to_frame()[["index", "n", "cut", "n_flagged"]].head(1).to_string(index=False))
         index  n  cut  n_flagged
    longstring 60  8.0          6
    >>> found.cases["n_flags"].head(3).tolist()
    [2, 2, 2]
    """
    _check(cuts, least_flags, smallest_cell)
    chosen = sample(data, wave=wave, day=day, cluster=None)
    check_columns(chosen.responses, seconds, instructed)
    asked: dict[str, Any] = {"seconds": seconds, "instructed": dict(instructed or {}), "cuts": cuts.as_settings()}
    asked |= {"least_flags": least_flags, "smallest_cell": smallest_cell}
    named = frozenset((seconds or "", "seconds", "seconds_per_item", *(instructed or {})))
    answered = Answered.of(chosen.responses, named)
    present = answered.n_answered > 0
    found = indices(answered, cuts, seconds, instructed or {})
    n_flags = np.sum([one.flags for one in found], axis=0)
    estimates = index_table(found, smallest_cell)
    kept = n_flags < least_flags
    n, n_flagged = int(present.sum()), int((~kept).sum())
    moved = _moved(chosen.responses, kept, smallest_cell, n)
    return Result(
        kind="quality",
        title="Careless answers",
        estimates=estimates,
        fit=_fit(found, answered.n),
        tables={
            "flags": flag_counts(n_flags[present], smallest_cell),
            "without_flagged": moved,
            "histogram": histograms(found, smallest_cell),
        },
        cases=_cases(answered, found, n_flags),
        settings={**chosen.settings, "items": list(answered.items), **asked},
        statement=_sentence(found, _people(n_flagged, n, smallest_cell), n_flagged, least_flags, moved),
        captions=_captions(least_flags, smallest_cell),
    )


def _check(cuts: QualityCuts, least_flags: int, smallest_cell: int) -> None:
    check_count("least_flags", least_flags)
    check_count("smallest_cell", smallest_cell)
    if not isinstance(cuts, QualityCuts):
        raise ArgumentError("cuts must be QualityCuts(…), such as QualityCuts(longstring=10).")


def _captions(least_flags: int, smallest_cell: int) -> dict[str, str]:
    return {
        "estimates": f"Indices of careless answers (counts below {smallest_cell} are not shown)",
        "flags": "Persons by the number of indices that flag them",
        "without_flagged": f"Estimates with all rows, and without those flagged by {least_flags} or more indices",
        "histogram": "Distribution of each index",
    }


def _moved(responses: Responses, kept: Any, smallest_cell: int, n: int) -> pd.DataFrame:
    """Compare estimates, where enough people were flagged for the difference to tell nobody's answers."""
    n_flagged = int((~kept).sum())
    if n_flagged and shown(n_flagged, n, smallest_cell) is not None:
        return moves(responses, kept, smallest_cell)
    return moves(responses, np.ones(len(kept), dtype=bool), smallest_cell).iloc[:0]


def _fit(found: Sequence[Index], n: int) -> pd.DataFrame:
    return fit_table(
        [
            {
                "model": fmt.heading(one.name),
                "n_used": int(one.computable.sum()),
                "n_dropped": n - int(one.computable.sum()),
                "method": METHOD,
                "converged": one.is_computed or None,
                "note": one.note if one.is_computed or not one.note else f"not computed: {one.note}",
            }
            for one in found
        ]
    )


def _cases(answered: Answered, found: Sequence[Index], n_flags: Any) -> pd.DataFrame:
    responses = answered.responses
    table = responses.frame[list(responses.keys)].copy()
    table["n_answered"] = answered.n_answered
    for one in found:
        table[one.name] = one.values
    table["n_flags"] = n_flags
    flags = np.column_stack([one.flags for one in found])
    names = np.array([one.name for one in found])
    table["flagged_by"] = [", ".join(names[row]) for row in flags]
    return table


def _people(n_flagged: int, n: int, smallest_cell: int) -> str:
    """Count flagged people, as far as that may be told."""
    if shown(n_flagged, n, smallest_cell) is not None:
        verb = "is" if n_flagged == 1 else "are"
        share = fmt.percent(n_flagged / n, 1)
        return f"Of {counted(n, 'person')} with answers, {fmt.count(n_flagged)} ({share}) {verb}"
    part = "fewer" if n_flagged < smallest_cell else "all but fewer"
    return f"Of {counted(n, 'person')} with answers, {part} than {smallest_cell} are"


def _sentence(found: Sequence[Index], people: str, n_flagged: int, least_flags: int, moved: pd.DataFrame) -> str:
    computed = sum(one.is_computed for one in found)
    which = "index" if computed == 1 else "indices"
    text = f"{people} flagged by {least_flags} or more of the {computed} {which} that could be computed."
    few = "fewer than" in people
    if not n_flagged and not few:
        text += " So there are no estimates without them to compare with."
    elif moved.empty and few:
        text += " How estimates move without them is not shown, since it would tell the answers of those few."
    return " ".join(part for part in (text, largest_moves(moved), NO_PROOF) if part)
