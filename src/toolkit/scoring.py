"""Answers → scale scores."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from .checks import check_one_of
from .errors import AnalysisError
from .instrument_model import SCORE_RULES, Instrument, ScoreRule
from .responses import Responses, as_responses


def score(data: Responses | pd.DataFrame, *, scores: ScoreRule | None = None, n_answered: bool = False) -> pd.DataFrame:
    """Score every scale of the data.

    With k items, of which a person answered m, and x the answers after reversal (`min + max − x` of the declared
    range):

    - `mean`: Σx / m
    - `sum` (prorated): k · Σx / m
    - `sum_complete`: Σx, where m = k
    - `pomp` (percent of the maximum possible): 100 · (Σx / m − min) / (max − min)

    A score is given where m reaches the scale's `min_answered`; otherwise the cell is empty. A scale made of scales
    pools their items, and the rule is applied to the pool.

    Parameters
    ----------
    data : the answers, with their instruments.
    scores : a rule for all scales; by default each scale's own.
    n_answered : add a column `instrument.scale.n_answered` after each score.

    Returns
    -------
    DataFrame
        One row per row of the data (same index), one column per scale, named `instrument.scale`. Keys are not repeated;
        ``r.frame[list(r.keys)].join(tk.score(r))`` puts them beside the scores.

    Raises
    ------
    AnalysisError
        If the data have no instrument, hence no scales.

    Notes
    -----
    `mean` equals ``rowMeans(items_reversed, na.rm = TRUE)`` in R, and
    ``psych::scoreItems(keys, items, impute = "none", min =, max =)``, wherever a score is given here. Three rules of
    psych differ: it scores a person who answered a single item; its `totals = TRUE` counts a missing answer as
    nothing (here `sum` is prorated, and `sum_complete` is empty); and its default `impute = "median"` fills holes
    with the item median, which is never done here.

    Proration assumes that the items of a scale are interchangeable: Mazza, Enders & Ruehlman (2015),
    doi:10.1080/00273171.2015.1068157.

    Examples
    --------
    >>> from toolkit import Responses, instrument_from_keys
    >>> raw = pd.DataFrame({"Q1": [1, 5], "Q2": [5, None], "Q3": [4, None]})
    >>> keys = instrument_from_keys({"f": ["Q1", "-Q2", "Q3"]}, min=1, max=5, id="my")
    >>> score(Responses.from_frame(raw, keys), n_answered=True).to_dict("records")
    [{'my.f': 2.0, 'my.f.n_answered': 3}, {'my.f': nan, 'my.f.n_answered': 1}]

    With the keys of Responses beside them:

    >>> r = Responses.from_frame(raw.assign(id=["p1", "p2"]), keys, person="id")
    >>> r.frame[list(r.keys)].join(score(r)).to_dict("records")
    [{'person': 'p1', 'my.f': 2.0}, {'person': 'p2', 'my.f': nan}]
    """
    check_one_of("scores", scores, (None, *SCORE_RULES))
    responses = as_responses(data)
    if not responses.instruments:
        raise AnalysisError("there are no scales to score: give the data their instruments (instruments=...).")
    scored: dict[str, Any] = {}
    for one in responses.instruments:
        for scale in one.scales:
            values, answered = score_scale(responses, one, scale, scores)
            scored[f"{one.id}.{scale}"] = values
            if n_answered:
                scored[f"{one.id}.{scale}.n_answered"] = answered
    return pd.DataFrame(scored, index=responses.frame.index, copy=False)


def score_scale(
    responses: Responses, one: Instrument, scale: str, rule: ScoreRule | None = None
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.integer]]:
    """Score one scale; give the scores (NaN where too few items are answered) and the number answered."""
    items = one.scale_items(scale)
    definition = one.scales[scale]
    low, high = one.range(items[0])
    total, answered = _sums(responses.frame, one, items)
    chosen = rule or definition.score
    needed = len(items) if chosen == "sum_complete" else definition.needed(len(items))
    numerator = total * len(items) if chosen in ("sum", "sum_complete") else total
    with np.errstate(invalid="ignore", divide="ignore"):
        values = numerator / answered
    values[answered < needed] = np.nan
    if chosen == "pomp":
        values = 100 * (values - low) / (high - low)
    return values, answered


def score_range(one: Instrument, scale: str) -> tuple[float, float]:
    """Give the smallest and largest possible score of a scale under its own rule."""
    items = one.scale_items(scale)
    low, high = one.range(items[0])
    rule = one.scales[scale].score
    if rule == "pomp":
        return 0.0, 100.0
    factor = 1 if rule == "mean" else len(items)
    return float(low * factor), float(high * factor)


def _sums(
    frame: pd.DataFrame, one: Instrument, items: tuple[str, ...]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.integer]]:
    """Add up answers and count them, column by column, so that no copy of the whole table is made."""
    total = np.zeros(len(frame), dtype=np.int64)
    answered = np.full(len(frame), len(items), dtype=np.int16)
    offset = 0
    for item in items:
        column = frame[item]
        low, high = one.range(item)
        kind: Any = column.dtype
        values = column.to_numpy(dtype=kind.numpy_dtype, na_value=0)
        empty = column.isna().to_numpy()
        if one.by_id[item].reverse:
            total -= values
            total -= (low + high) * empty
            offset += low + high
        else:
            total += values
        answered -= empty
    return total + offset, answered
