"""The codebook of simulated data: every column, with the truth of the items."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import pandas as pd

from ..missing import Reason
from .form import Instrument, Question, questions

COLUMNS = ("file", "column", "kind", "scale", "reversed", "options", "missing", "text", "loading", "thresholds")
OTHERS = {
    "person": ("key", "number of the person"),
    "couple": ("key", "number of the couple"),
    "role": ("key", "a or b, drawn by lot; it means nothing else"),
    "wave": ("key", "wave, from 1"),
    "day": ("key", "diary day, from 1"),
    "gender": ("covariate", "simulated gender: woman or man"),
    "age": ("covariate", "simulated age in whole years"),
    "group": ("covariate", "practice (practises more after the first wave) or comparison"),
}


def codebook(
    instruments: Sequence[Instrument],
    daily: Sequence[Instrument],
    truth: Mapping[str, pd.DataFrame],
    codes: Mapping[int, Reason],
) -> pd.DataFrame:
    """Describe every column of the data files; loadings and thresholds are those that the answers were drawn with."""
    lines: list[tuple[str, ...]] = []
    missing = "; ".join(f"{reason} = {code}" for code, reason in codes.items())
    for file, asked in (("responses.csv", instruments), ("diary.csv", daily)):
        if asked:
            keys = [name for name in OTHERS if name != "group" or "practice_group" in truth["couples"]]
            keys = [name for name in keys if name != "day" or file == "diary.csv"]
            lines += [(file, name, OTHERS[name][0], *[""] * 4, OTHERS[name][1], "", "") for name in keys]
            lines += [(file, *line) for line in _items(asked, truth, missing)]
    return pd.DataFrame(lines, columns=list(COLUMNS))


def _items(
    instruments: Sequence[Instrument], truth: Mapping[str, pd.DataFrame], missing: str
) -> Iterator[tuple[str, ...]]:
    loadings = truth["items"].set_index("item")["loading"]
    options = truth["options"].dropna(subset="threshold")
    above = "above " + options["threshold"].astype(str) + " = " + options["option"].astype(str)
    thresholds = above.groupby(options["item"], sort=False).agg("; ".join)
    for question in questions(instruments):
        one = next(each for each in instruments if question.id in each.by_id)
        yield (
            question.id,
            "item (simulated)",
            question.scale or "",
            "yes" if question.reverse else "no",
            _options(one, question),
            missing,
            one.text(one.by_id[question.id].text),
            str(loadings[question.id]),
            thresholds[question.id],
        )


def _options(one: Instrument, question: Question) -> str:
    labels = one.labels(question.id)
    if len(labels) > 20:
        return f"from {question.low} to {question.high}"
    return "; ".join(f"{label} = {question.low + place}" for place, label in enumerate(labels))
