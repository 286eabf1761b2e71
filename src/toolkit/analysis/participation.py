"""Participation: who was invited, agreed, began, submitted and is analysed; where people stopped; how long it took."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd

from .. import format as fmt
from ..checks import check_count, counted
from ..results import Result, fit_table
from ..study import Study, read_study
from .participation_rows import Participation, participation_of
from .participation_tables import completion, compliance, dates, diary_share, dropout, flow, times

WORDS = {
    "invited": "were invited",
    "in_data": "are in the data",
    "consented": "agreed",
    "opened": "opened the questionnaire",
    "started": "began",
    "submitted": "submitted at least one occasion",
    "analysed": "have a score on at least one scale",
}
SINGULAR = {"were": "was", "are": "is", "have": "has"}


def participation(
    study: Study | str | Path,
    *,
    store: str | None = None,
    smallest_cell: int | None = None,
    now: Callable[[], datetime] | None = None,
) -> Result:
    """Tell how a study came in: flow of participants, completion, drop-out, times, and compliance with a diary.

    A person *opened* an occasion when its first page was shown to them (where only answers are known, they *began* with
    the first answer), *submitted* it at its end, and is *analysed* where at least one scale can be scored on some
    occasion, which may be so without submitting. Where only answers are known, an occasion counts as submitted unless
    its answers end in cells with the reasons dropped_out, timed_out or unknown. A couple counts where both partners do.

    Parameters
    ----------
    study : the study, or its file. What it has collected comes from its store; a study with data files alone has no
        invitations, dates or times.
    store : another store than the one that the study names.
    smallest_cell : see the tables; the study's own privacy rule by default.
    now : the clock, by which occasions have opened or not; that of the machine by default.

    Returns
    -------
    Result
        `estimates`, a row per `stage`: persons `n`, `share` of the first stage, `n_withdrew` and `n_lost` from
        the stage before and `n_joined` without having been in it, `n_couples`. Who withdrew is among the invited and
        nowhere else, whenever that was. `tables`: `completion` (by wave and day: `open_for` in words; `n_expected`, for
        whom it has opened of those who agreed; `n_opened`, or `n_started` from answers alone; `n_submitted`, `share` of
        those expected, `n_late`, `n_couples`), `dates` (by date: opened and submitted, and so far), `dropout` (`part`,
        `place`, `item`, `n`, `n_stopped` right after this item, `still`: share that went on or submitted; a step once
        `smallest_cell` persons have stopped since the last one), `times` (`kind` item, page or occasion; `n`, `q1`,
        `median`, `q3` in seconds; empty below `smallest_cell`), `compliance` (persons by `n_days` of the diary
        submitted; neighbours together below `smallest_cell`). `cases`: a row per person and occasion; they never leave
        the machine. `fit` says what is not known, and why.

    Raises
    ------
    StudyError, StoreError, ResponsesError
        If the study, its store or its files cannot be read.

    Notes
    -----
    An occasion that has not opened yet for a person is not expected of them. One that is still open counts as not
    submitted: while a study runs, its share is lower than it will be. n counts persons; with a diary, rows of `dropout`
    and `times` for its days count person-days. Participation is no answer, so its counts are shown however small; where
    someone stopped may tell an answer, and is held back. Quartiles are type 7. The flow follows JARS-Quant (Appelbaum
    et al., 2018, doi:10.1037/amp0000191) and CONSORT (Schulz et al., 2010, doi:10.1136/bmj.c332).

    Examples
    --------
    >>> from pathlib import Path
    >>> folder = Path("data/couples_demo")
    >>> if folder.is_dir():
    ...     participation(folder).sentence()[:24]
    ... else:
    ...     "300 persons are in the d"
    '300 persons are in the d'
    """
    loaded = read_study(study)
    smallest = loaded.spec.privacy.smallest_cell if smallest_cell is None else smallest_cell
    check_count("smallest_cell", smallest)
    data = participation_of(loaded, store, now)
    stages = flow(data)
    tables = {
        "completion": completion(data),
        "dates": dates(data),
        "dropout": dropout(data, smallest),
        "times": times(data, smallest),
        "compliance": compliance(data, smallest),
    }
    return Result(
        kind="participation",
        title="Participation",
        estimates=stages,
        fit=_fit(data, tables),
        tables=tables,
        cases=data.rows,
        settings={
            "study": loaded.name,
            "source": "store" if data.from_store else "answers",
            "n_withdrawn": data.n_withdrawn,
            "has_answers": data.has_answers,
            "smallest_cell": smallest,
        },
        statement=_sentence(data, stages, tables["completion"]),
        captions=_captions(data),
    )


def _captions(data: Participation) -> dict[str, str]:
    return {
        "estimates": "Flow of participants",
        "completion": f"Completion of each occasion, as a share of {_everybody(data)}",
        "dates": "Occasions opened and submitted by date",
        "dropout": "Who went on after each item",
        "times": "Response times in seconds: median and quartiles",
        "compliance": "Persons by the number of diary days submitted",
    }


def _fit(data: Participation, tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    method = "store of answers" if data.from_store else "answers alone"
    n, began = len(data.people), data.rows["person"].nunique()
    unknown = "" if data.from_store else "invitations, consents and withdrawals are not known from answers"
    submitted = (
        "" if data.from_store else "submitted: unless answers end with the reason dropped out, timed out or unknown"
    )
    times_note = "" if tables["times"]["median"].notna().any() else "no response times were kept"
    few = "a step is shown once enough persons have stopped for none of them to be told"
    rows: list[dict[str, Any]] = [
        {"model": "flow", "n_used": n, "note": unknown},
        {"model": "completion", "n_used": began, "note": submitted},
        {"model": "dates", "n_used": began, "note": "" if len(tables["dates"]) else "no dates are known from answers"},
        {"model": "drop-out", "n_used": began, "note": few},
        {"model": "times", "n_used": began, "note": times_note},
    ]
    if data.has_days:
        rows.append({"model": "diary", "n_used": data.n_agreed, "note": ""})
    return fit_table([{"n_dropped": n - row["n_used"], "method": method, **row} for row in rows])


def _everybody(data: Participation) -> str:
    return "those who agreed and for whom it has opened" if data.from_store else "all in the data"


def _sentence(data: Participation, stages: pd.DataFrame, completed: pd.DataFrame) -> str:
    parts = [
        f"{counted(int(row.n), 'person') if place == 0 else fmt.count(row.n)} {_words(row.stage, row.n)}"
        for place, row in enumerate(fmt.rows(stages))
    ]
    text = [f"{', '.join(parts[:-1])}, and {parts[-1]}."]
    if data.has_couples and len(data.rows):
        both = {stage: fmt.count(n) for stage, n in zip(stages["stage"], stages["n_couples"], strict=True)}
        text.append(
            f"Both partners submitted in {both['submitted']} couples, and both are analysed in {both['analysed']}."
        )
    if data.n_withdrawn is not None:
        withdrew = f"{fmt.count(data.n_withdrawn)} withdrew: all of theirs is deleted."
        text.append(withdrew if data.n_withdrawn else "Nobody withdrew.")
    waves = completed[completed["day"].isna()] if "day" in completed else completed
    if "wave" in completed and len(waves) > 1:
        told = ", ".join(_at_wave(row) for row in fmt.rows(waves))
        text.append(f"Submitted, of {_everybody(data)}: {told}.")
    diary = diary_share(data, completed)
    if diary is not None:
        mean, share = diary
        days = sum(day is not None for _, day in data.occasions)
        of_opened = " of those that have opened" if data.from_store else ""
        told = f"{fmt.number(mean, 1)} on average ({fmt.percent(share, 1)}{of_opened})"
        text.append(f"Of {days} diary days a person submitted {told}.")
    return " ".join([*text, *_one_day(data), *([] if data.has_answers else ["Nobody has answered anything yet."])])


def _words(stage: str, n: int) -> str:
    """Say what people at a stage did."""
    plural, _, rest = WORDS[stage].partition(" ")
    return f"{SINGULAR.get(plural, plural)} {rest}".strip() if n == 1 else WORDS[stage]


def _at_wave(row: Any) -> str:
    return f"{fmt.percent(row.share, 1)} at wave {row.wave}" if row.n_expected else f"wave {row.wave} is not open yet"


def _one_day(data: Participation) -> list[str]:
    """Say in words what a figure of a single date would show."""
    table = dates(data)
    if len(table) != 1:
        return []
    row = table.iloc[0]
    occasions = counted(int(row["n_opened"]), "occasion")
    return [f"All so far was on {row['date']}: {occasions} opened, {fmt.count(row['n_submitted'])} submitted."]
