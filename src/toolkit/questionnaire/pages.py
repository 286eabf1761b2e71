"""Pages that are no form: what the page shows before, after and instead of the questions."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from ..store.records import Answer
from .feedback import Feedback
from .plan import Entry, Plan, paragraphs
from .schedule import Due
from .texts import say

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
OPENING = "{moment}"  # the page puts the moment in: it knows how its reader writes a time
REASONS = {"refused": "prefer_not_to_say", "not_applicable": "not_applicable", "skipped": "skipped"}


def token_page() -> dict[str, Any]:
    """Ask for the token."""
    return {"page": "token"}


def consent_page(plan: Plan, language: str, *, asks_couple_code: bool) -> dict[str, Any]:
    """Show what a person agrees to."""
    consent = plan.collection.consent
    return {
        "page": "consent",
        "version": consent.version,
        "paragraphs": paragraphs(consent.text[language]),
        "asks_couple_code": asks_couple_code,
    }


def notice(language: str, name: str, *more: str, opens: datetime | None = None) -> dict[str, Any]:
    """Say something that ends here: its title, its text, further paragraphs, and the moment that they speak of."""
    return {
        "page": "message",
        "name": name,
        "title": say(language, f"{name}_title"),
        "paragraphs": [say(language, f"{name}_text", moment=OPENING), *more],
        "next": _written(opens),
    }


def nothing_due(language: str, found: Due) -> dict[str, Any]:
    """Say why there is nothing to answer, and when there will be."""
    if found.state == "later" and found.next is not None:
        if found.sent:
            return notice(language, "sent", say(language, "sent_next", moment=OPENING), opens=found.next)
        return notice(language, "not_due", opens=found.next)
    return notice(language, "done" if found.state == "done" else "over")


def finished_page(
    language: str, found: Due, *, late: bool, withdrawal: bool, feedback: Feedback | None
) -> dict[str, Any]:
    """Thank, say what comes next, and show feedback where the study gives it."""
    said = [say(language, "finished_text")] + ([say(language, "finished_late")] if late else [])
    if found.state == "open":
        said.append(say(language, "finished_more"))
    elif found.next is not None:
        said.append(say(language, "finished_next", moment=OPENING))
    return {
        "page": "finished",
        "paragraphs": said,
        "next": _written(found.next),
        "more": found.state == "open",
        "withdrawal": withdrawal,
        "feedback": _feedback(feedback),
    }


def _written(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def _feedback(given: Feedback | None) -> dict[str, Any] | None:
    if given is None:
        return None
    return {"paragraphs": list(given.paragraphs), "figure": given.figure, "figure_text": given.figure_text}


def answers_as_csv(language: str, asked: Iterable[tuple[Entry, Answer]]) -> str:
    """Write a person's own answers as CSV; no cell can be taken for a formula by a spreadsheet.

    Examples
    --------
    >>> comment = Entry("comment", {"en": "Anything else?"}, "text", "")
    >>> print(answers_as_csv("en", [(comment, Answer("comment", text="=1+1"))]).splitlines()[1])
    comment,Anything else?,'=1+1,
    """
    target = io.StringIO()
    writer = csv.writer(target)
    writer.writerow(say(language, "export_columns").split())
    for entry, answer in asked:
        writer.writerow([_safe(cell) for cell in (entry.id, entry.text[language], *_cells(language, entry, answer))])
    return target.getvalue()


def _cells(language: str, entry: Entry, answer: Answer) -> Sequence[int | str]:
    if answer.reason is not None:
        return "", say(language, REASONS[answer.reason]) if answer.reason in REASONS else answer.reason
    given = answer.value if answer.value is not None else answer.text or ""
    labels = dict(entry.options).get(given, {})
    return given, labels.get(language, "")


def _safe(cell: int | str) -> int | str:
    return f"'{cell}" if isinstance(cell, str) and cell.lstrip(" ").startswith(FORMULA_STARTS) else cell
