"""Plan: what a person is asked at one occasion, in which order, on which pages."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby, pairwise
from typing import Any, Literal

from ..checks import listed
from ..collection import Collection, Consent, OccasionPlan, Question
from ..collection_rules import sensitive_items
from ..errors import ArgumentError
from ..instrument_model import Instrument, Item
from ..study import Study
from .schedule import Occasion
from .texts import languages_of_pages, page_words, say

ITEMS_ON_A_PAGE = 6  # few enough for a phone
MOST_OPTIONS = 11  # beyond that a number is typed
WIDEST_MATRIX = 7
Labels = Mapping[str, str]
QUESTIONS = ""  # the source of an entry that belongs to no instrument


@dataclass(frozen=True)
class Plan:
    """What a study asks: its instruments, and the rules of its collection."""

    study: str
    title: str
    instruments: tuple[Instrument, ...]
    collection: Collection
    couples: bool
    seed: int

    def instrument(self, name: str) -> Instrument:
        """Find an instrument by id."""
        return next(one for one in self.instruments if one.id == name)

    @property
    def occasion_plans(self) -> tuple[OccasionPlan, ...]:
        """The occasions, in the order of the study file."""
        return self.collection.plans([one.id for one in self.instruments])

    @property
    def languages(self) -> tuple[str, ...]:
        """Languages that a person can choose."""
        return tuple(self.collection.languages)


def plan_study(study: Study) -> Plan:
    """Plan the questionnaire of a study.

    Raises
    ------
    ArgumentError
        If the study file has no `collection`.
    """
    spec = study.spec
    if spec.collection is None:
        raise ArgumentError(f"{study.path.name}: the study collects no answers; write a `collection` into the file.")
    return Plan(study.name, study.title, study.instruments, spec.collection, study.has_couples, spec.seed)


def plan_instruments(instruments: Sequence[Instrument], language: str = "en") -> Plan:
    """Plan a trial of instruments without a study: one occasion, with the toolkit's own words of consent.

    Raises
    ------
    ArgumentError
        If there are no pages in that language, or an instrument has no wording in it.
    """
    if language not in languages_of_pages():
        there = ", ".join(languages_of_pages())
        raise ArgumentError(f"language: there are no pages in {language!r}; there are: {there}.")
    lacking = [one.id for one in instruments if not all(language in one.by_id[item].text for item in one.item_ids)]
    if lacking or not instruments:
        words = f"{listed(lacking)} cannot be asked in {language!r}, for want of its wording" if lacking else "give one"
        raise ArgumentError(f"instruments: {words}; choose instruments whose file holds the text of their items.")
    consent = Consent(version="trial", text={language: say(language, "trial_consent")})
    collection = Collection(consent=consent, languages=[language])
    return Plan("trial", say(language, "trial_title"), tuple(instruments), collection, False, 0)


@dataclass(frozen=True)
class Entry:
    """One thing that is asked, and which answers it takes.

    `source`, `block` and `response` tell which entries belong on one page: those of one instrument, before or after
    the same content note, with the same options. `sensitive` are all barriers, and what follows a content note.
    """

    id: str
    text: Labels
    kind: Literal["options", "number", "text"]
    source: str
    block: int = 0
    response: str = ""
    low: int = 0
    high: int = 0
    options: tuple[tuple[int | str, Labels], ...] = ()
    max_length: int = 0
    required: bool = False
    not_applicable: bool = False
    note: Labels = field(default_factory=dict)
    sensitive: bool = False

    @property
    def group(self) -> tuple[str, int, str]:
        """What an entry shares with its neighbours on a page."""
        return self.source, self.block, self.response

    def takes(self, value: int | str) -> bool:
        """Tell whether a value is an answer to this entry."""
        if self.kind == "number":
            return isinstance(value, int) and self.low <= value <= self.high
        return self.kind == "options" and any(
            type(option) is type(value) and option == value for option, _ in self.options
        )


def entries(plan: Plan, occasion: Occasion, person: str) -> tuple[Entry, ...]:
    """List what a person is asked at an occasion, in the order in which it is shown to that person.

    A random order shuffles the items of an instrument, never across a content note or a change of options. It
    comes from the study's seed and the names of person, occasion and item alone.
    """
    found: list[Entry] = []
    for name in occasion.plan.instruments:
        known = {entry.id for entry in found}
        items = [entry for entry in _items(plan, plan.instrument(name)) if entry.id not in known]
        found += _with_checks(plan, name, _shuffled(plan, items, occasion, person))
    questions = {one.id: one for one in plan.collection.questions}
    found += [_question(questions[name], name in plan.collection.required) for name in occasion.plan.questions]
    return tuple(found)


def in_order(known: Sequence[Entry], order: Sequence[str]) -> tuple[Entry, ...]:
    """Put entries in the order that was stored when the occasion was begun; what it does not hold is not asked."""
    by_id = {entry.id: entry for entry in known}
    return tuple(by_id[name] for name in order if name in by_id)


def _items(plan: Plan, one: Instrument) -> list[Entry]:
    shown = [one.by_id[name] for name in one.item_ids]
    blocks = list(_blocks(shown))
    notes = {block: item.content_note for block, item in zip(blocks, shown, strict=True) if item.content_note}
    required, sensitive = set(plan.collection.required), set(sensitive_items(one))
    found = [_item(one, item, block, notes.get(block, {})) for block, item in zip(blocks, shown, strict=True)]
    return [replace(entry, required=entry.id in required, sensitive=entry.id in sensitive) for entry in found]


def _blocks(shown: Sequence[Item]) -> Iterator[int]:
    """Give each item the number of its stretch: a content note begins another."""
    block = 0
    for item in shown:
        block += bool(item.content_note)
        yield block


def _item(one: Instrument, item: Item, block: int, note: Labels) -> Entry:
    options = one.response[item.response]
    few = len(options.options) <= MOST_OPTIONS
    shown = tuple(
        (value, {language: texts[place] for language, texts in options.labels.items()})
        for place, value in enumerate(options.options)
    )
    return Entry(
        id=item.id,
        text=item.text,
        kind="options" if few else "number",
        source=one.id,
        block=block,
        response=item.response,
        low=options.min,
        high=options.max,
        options=shown if few else (),
        not_applicable=item.not_applicable,
        note=note,
    )


def _question(question: Question, required: bool) -> Entry:
    return Entry(
        id=question.id,
        text=question.text,
        kind="options" if question.kind == "choice" else question.kind,
        source=QUESTIONS,
        low=question.min,
        high=question.max,
        options=tuple(question.options.items()),
        max_length=question.max_length,
        required=required,
    )


def _shuffled(plan: Plan, items: Sequence[Entry], occasion: Occasion, person: str) -> list[Entry]:
    if plan.collection.order == "fixed":
        return list(items)
    place = {group: first for first, group in reversed(list(enumerate(entry.group for entry in items)))}

    def key(entry: Entry) -> tuple[int, int, str]:
        names = [plan.seed, person, occasion.wave, occasion.day, entry.source, entry.id]
        drawn = hashlib.sha256(json.dumps(names).encode()).hexdigest()
        return entry.block, place[entry.group], drawn

    return sorted(items, key=key)


def _with_checks(plan: Plan, name: str, items: Sequence[Entry]) -> list[Entry]:
    """Put each instructed item behind the one it follows, or in the middle of the items without a content note."""
    found = list(items)
    for check in plan.collection.instructed:
        if check.instrument != name or not found:
            continue
        plain = [entry.id for entry in found if entry.block == 0] or [entry.id for entry in found]
        after = check.after if any(entry.id == check.after for entry in found) else plain[(len(plain) - 1) // 2]
        place = next(index for index, entry in enumerate(found) if entry.id == after)
        found.insert(place + 1, _check(found[place], check.id, check.text, check.id in plan.collection.required))
    return found


def _check(neighbour: Entry, name: str, text: Labels, required: bool) -> Entry:
    return Entry(
        id=name,
        text=text,
        kind=neighbour.kind,
        source=neighbour.source,
        block=neighbour.block,
        response=neighbour.response,
        low=neighbour.low,
        high=neighbour.high,
        options=neighbour.options,
        required=required,
        note=neighbour.note,
    )


def pages(asked: Sequence[Entry]) -> list[tuple[Entry, ...]]:
    """Divide what is asked into pages of about equal length; a content note, and other options, begin a new page."""
    found: list[tuple[Entry, ...]] = []
    for _, together in groupby(asked, key=lambda entry: entry.group):
        group = list(together)
        n_pages = -(-len(group) // ITEMS_ON_A_PAGE)
        bounds = [len(group) * number // n_pages for number in range(n_pages + 1)]
        found += [tuple(group[first:last]) for first, last in pairwise(bounds)]
    return found


def section(plan: Plan, parts: Sequence[tuple[Entry, ...]], number: int, language: str) -> dict[str, Any]:
    """Describe a page without its items; it is `continued` where its instrument began on an earlier page."""
    page = parts[number]
    first = number == 0 or parts[number - 1][0].source != page[0].source
    instructions, timeframe = [], ""
    if page[0].source != QUESTIONS:
        one = plan.instrument(page[0].source)
        instructions = paragraphs(one.text(one.instructions, language))
        timeframe = one.text(one.timeframe, language)
    return {
        "id": f"page{number + 1}",
        "title": say(language, "page_title", page=number + 1, pages=len(parts)),
        "instructions": instructions,
        "continued": not first,
        "timeframe": timeframe,
        "layout": layout(page),
    }


def layout(page: Sequence[Entry]) -> Literal["matrix", "list"]:
    """Choose a matrix where several items share a few options."""
    options = {tuple(value for value, _ in entry.options) for entry in page}
    shared = len(options) == 1 and page[0].source != QUESTIONS and len(page) > 1
    return "matrix" if shared and 1 < len(page[0].options) <= WIDEST_MATRIX else "list"


def item(entry: Entry, language: str, *, noted: bool) -> dict[str, Any]:
    """Describe an item for the page, without its answer; the content note goes before the first of its page."""
    labels = [{"value": value, "label": texts.get(language, str(value))} for value, texts in entry.options]
    own = page_words(language)["refused"].casefold()
    return {
        "id": entry.id,
        "text": entry.text[language],
        "kind": entry.kind,
        "options": labels,
        "min": entry.low if entry.kind == "number" else None,
        "max": entry.high if entry.kind == "number" else None,
        "max_length": entry.max_length if entry.kind == "text" else None,
        "required": entry.required,
        "refusable": not any(str(option["label"]).casefold() == own for option in labels),
        "not_applicable": entry.not_applicable,
        "note": entry.note.get(language) if noted else None,
    }


def paragraphs(text: str) -> list[str]:
    """Divide a text at its blank lines."""
    return [" ".join(part.split()) for part in text.replace("\r\n", "\n").split("\n\n") if part.strip()]
