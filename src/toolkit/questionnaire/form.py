"""Form: the pages of one person's occasion, and which of its items this session may show and change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from ..store.records import Answer, Sitting
from .plan import Entry, Plan, entries, in_order, item, pages, section
from .schedule import Occasion, study_closes


@dataclass(frozen=True)
class Form:
    """An occasion in pages.

    `shown` holds the items that this session shows, by id; `hidden` names those that it does not, though they are
    answered and stand behind no content note.

    A session that goes on with what was begun earlier does not show what was answered on pages already left, since
    somebody else may hold the device now: of earlier pages only required items without an answer are left, of later
    ones those without an answer, and of the page that was reached all but the barriers that were answered, and
    answers behind a content note. An answer to what is not shown is taken all the same, for it may have been given
    before the connection broke, and taking it tells nothing.

    For the same reason such a session neither moves the place at which the next one begins to a page that it hides
    answers of, nor takes away, once all is sent, what it did not show; and feedback comes from a whole session alone.
    """

    plan: Plan
    occasion: Occasion
    pages: tuple[tuple[Entry, ...], ...]
    shown: Mapping[str, Entry]
    hidden: frozenset[str]
    position: int

    @classmethod
    def begin(
        cls, plan: Plan, occasion: Occasion, person: str, sitting: Sitting, answers: Mapping[str, Answer]
    ) -> Form:
        """Lay out an occasion that was begun or is resumed."""
        divided = tuple(pages(in_order(entries(plan, occasion, person), sitting.order)))
        position = min(sitting.position, len(divided))
        resumed = bool(answers) or position > 0

        def is_shown(number: int, entry: Entry) -> bool:
            if not resumed or (number == position and not entry.sensitive):
                return True
            return entry.id not in answers and (number >= position or entry.required)

        shown = {entry.id: entry for number, page in enumerate(divided) for entry in page if is_shown(number, entry)}
        asked = (entry for page in divided for entry in page)
        hidden = (entry.id for entry in asked if entry.id in answers and entry.id not in shown and not entry.sensitive)
        return cls(plan, occasion, divided, shown, frozenset(hidden), position)

    @cached_property
    def by_id(self) -> dict[str, Entry]:
        """Everything that is asked at the occasion."""
        return {entry.id: entry for page in self.pages for entry in page}

    def where(self, name: str) -> int:
        """Find the page of an item."""
        return next(number for number, page in enumerate(self.pages) if any(entry.id == name for entry in page))

    def missing(self, answers: Mapping[str, Answer]) -> list[str]:
        """List the required items that have no answer."""
        return [entry.id for page in self.pages for entry in page if entry.required and entry.id not in answers]

    @property
    def is_whole(self) -> bool:
        """Tell whether this session shows everything that is asked."""
        return len(self.shown) == len(self.by_id)

    def may_show_again(self, position: int) -> bool:
        """Tell whether a later session may begin at a page: not where this one hides what that one would show."""
        return not any(entry.id in self.hidden for page in self.pages[position : position + 1] for entry in page)

    @property
    def first(self) -> int:
        """The first page that has something to show; there is no way back before it."""
        return self.next_shown(0)

    def next_shown(self, position: int) -> int:
        """Find the first page from a position on that has something to show; behind the last where there is none."""
        parts = (number for number in range(position, len(self.pages)) if self._is_shown(number))
        return next(parts, len(self.pages))

    def _is_shown(self, number: int) -> bool:
        return any(entry.id in self.shown for entry in self.pages[number])

    @property
    def closes(self) -> datetime | None:
        """When the time for answers ends: that of the occasion, or of the study."""
        ends = [one for one in (self.occasion.closes, study_closes(self.plan.collection)) if one is not None]
        return min(ends, default=None)

    def to_page(self, language: str, answers: Mapping[str, Answer], position: int) -> dict[str, Any]:
        """Describe the form for the page."""
        return {
            "page": "form",
            "title": self.plan.title,
            "sections": [self._section(number, language, answers) for number in range(len(self.pages))],
            "position": self.next_shown(position),
            "first": self.first,
            "timing": self.plan.collection.timing,
            "closes": self.closes.isoformat() if self.closes else None,
        }

    def _section(self, number: int, language: str, answers: Mapping[str, Answer]) -> dict[str, Any]:
        here = [entry for entry in self.pages[number] if entry.id in self.shown]
        return {
            **section(self.plan, self.pages, number, language),
            "items": [_with_answer(entry, language, place == 0, answers) for place, entry in enumerate(here)],
        }


def _with_answer(entry: Entry, language: str, noted: bool, answers: Mapping[str, Answer]) -> dict[str, Any]:
    return {**item(entry, language, noted=noted), "answer": as_given(entry, answers.get(entry.id))}


def as_given(entry: Entry, answer: Answer | None) -> dict[str, Any] | None:
    """Give an answer back in the form in which the page sends it."""
    if answer is None or answer.is_empty:
        return None
    if answer.reason is not None:
        return {"reason": answer.reason}
    if answer.text is not None:
        return {"text" if entry.kind == "text" else "value": answer.text}
    return {"value": answer.value}


def listed_answers(form: Form, answers: Mapping[str, Answer]) -> list[tuple[Entry, Answer]]:
    """Put answers beside what this session showed, in its order."""
    shown = (entry for page in form.pages for entry in page if entry.id in form.shown)
    return [(entry, answers[entry.id]) for entry in shown if entry.id in answers]
