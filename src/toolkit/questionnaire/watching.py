"""A live table of how a study comes in, for its researcher."""

from __future__ import annotations

import time
from datetime import date
from pathlib import Path

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from ..collection_calendar import planned
from ..store import Counts, OccasionCount
from ..study import Study
from .fieldwork import collecting, store_of


def watch(
    study: str | Path | Study,
    *,
    store: str | None = None,
    every: float = 5,
    once: bool = False,
    console: Console | None = None,
) -> None:
    """Show how many were invited, agreed, opened the questionnaire, finished and withdrew, and each occasion.

    Parameters
    ----------
    study : the study file with a `collection`.
    store : the store, if not the one that the study file names.
    every : seconds between looks; Ctrl-C ends it.
    once : look once and return.
    console : where to show it.
    """
    loaded, _ = collecting(study)
    opened = store_of(loaded, store, create=False)
    screen = console or Console()
    try:
        if once or not screen.is_terminal:
            screen.print(tables(loaded, opened.counts(loaded.name)))
            return
        with Live(tables(loaded, opened.counts(loaded.name)), console=screen, screen=False) as live:
            while True:
                time.sleep(every)
                live.update(tables(loaded, opened.counts(loaded.name)))
    except KeyboardInterrupt:
        return
    finally:
        opened.close()


def tables(study: Study, counts: Counts) -> Group:
    """Lay out the people and the occasions of a study."""
    people = Table(show_header=False, box=None)
    people.add_column()
    people.add_column(justify="right")
    for name, number in _people(study, counts):
        people.add_row(name, str(number))
    return Group(Text(study.title, style="bold"), people, _occasions(study, counts))


def _people(study: Study, counts: Counts) -> list[tuple[str, int]]:
    rows = [
        ("invited", counts.invited),
        ("consented", counts.consented),
        ("opened the questionnaire", counts.started),
        ("finished at least once", counts.submitted),
        ("withdrawn", counts.withdrawn),
    ]
    if study.has_couples:
        rows += [
            ("couples", counts.couples),
            ("couples, both joined", counts.couples_linked),
            ("couples, both finished", counts.couples_complete),
        ]
    return [*rows, ("inputs refused", counts.refused_inputs)]


def _occasions(study: Study, counts: Counts) -> Table:
    """Give a row for each planned occasion, and for those that were begun though no longer planned."""
    shown = Table(title="Occasions", title_justify="left")
    collection = study.spec.collection
    plan = planned(collection.plans([one.id for one in study.instruments])) if collection else {}
    found = {(one.wave, one.day): one for one in counts.occasions}
    known = [found.get(which, OccasionCount(*which, 0, 0, 0, 0)) for which in dict.fromkeys([*plan, *found])]
    diary = any(one.day is not None for one in known)
    headings = ["wave", *(["day"] if diary else []), "opens", "opened", "finished", "of consented", "late"]
    for heading in headings + (["couples complete"] if study.has_couples else []):
        shown.add_column(heading, justify="left" if heading in ("wave", "day", "opens") else "right")
    for one in known:
        opens = _opens(plan.get((one.wave, one.day)))
        cells = [one.wave or "–", *([one.day or "–"] if diary else []), opens, *_numbers(one, counts.consented)]
        shown.add_row(*cells, *([str(one.couples_complete)] if study.has_couples else []))
    return shown


def _opens(when: date | int | None) -> str:
    """Say when an occasion opens: on a date, or so many days after each person's consent."""
    if when is None:
        return "no longer planned"
    return when.isoformat() if isinstance(when, date) else f"day {when}" if when else "at consent"


def _numbers(one: OccasionCount, consented: int) -> list[str]:
    share = f"{one.submitted / consented:.0%}" if consented and one.started else "–"
    return [str(one.started), str(one.submitted), share, str(one.late)]
