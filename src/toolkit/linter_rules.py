"""The item-writing rules that a program can check: one pure function each, and the table that names them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from .checks import counted, listed, quoted
from .format import number, percent
from .wording import (
    STOPWORDS,
    WORD,
    Counts,
    base,
    content_words,
    counts,
    found,
    negated_negatives,
    overlap,
    partner_terms,
)

if TYPE_CHECKING:
    from .instrument_model import Instrument, Item, ResponseFormat

Level = Literal["error", "advice"]
Found = Iterator[tuple[Level, str, str]]  # level, item id ("" for the instrument) or scale, message
Check = Callable[["Instrument", Sequence["Instrument"]], Found]

GRADE, GRADE_LIMIT = 6.0, 8.0
LONG, TOO_LONG = 20, 30
SIMILAR, SIMILAR_WITH_STOPWORDS = 0.5, 0.75
BALANCED = (0.20, 0.40)
LONGEST_RUN = 3
FEWEST_OPTIONS, MOST_OPTIONS = 5, 7
PLACEHOLDERS = {"", "unknown", "none", "tbd", "todo", "n/a", "?"}

METHODOLOGY = "https://willemsleegers.github.io/how-to-science"
ARRT = "https://volunteers.arrt.org/blog/display/three-dos-donts-of-item-writing/"
ONE_IDEA = f"Simms 2008, in {METHODOLOGY}/methodology/scale-development/item-development; {ARRT}"
PLAIN = f"{ARRT}; Simms 2008; https://modidoc.com/blog/en/c2-item-design"
READING = (
    "5th to 6th grade: https://link.springer.com/article/10.1007%2Fs00455-011-9373-x; "
    "6 to 8: doi 10.1007/s11999-017-5339-0; by item: doi 10.1007/s11136-009-9506-y"
)
OPPOSITES = (
    "Weijters & Baumgartner 2012, https://www.scribd.com/document/495179616/JMR-oct2012-art11; "
    "https://doi.org/10.21449/ijate.1345549"
)
BALANCE = "van Sonderen 2013, https://pmc.ncbi.nlm.nih.gov/articles/PMC3729568; Weijters & Baumgartner 2012"
OPTIONS = (
    "Simms 2019, https://sciencedaily.com/releases/2019/04/190423114033.htm; "
    f"{METHODOLOGY}/content/methodology/survey-design/response-options.html"
)
INDEPENDENCE = "COSMIN, local independence: https://pmc.ncbi.nlm.nih.gov/articles/PMC8928310/table/T3/"
HOUSE = "House rule of this toolkit"


class Rule(NamedTuple):
    """A function that finds what breaks a rule, and the rule's source."""

    find: Check
    source: str


# ---- Rules about words -------------------------------------------------------------------------------------------


def _words(kind: str, level: Level, why: str) -> Check:
    """Make a rule that finds the words of one list in the items of every language that has the list."""

    def find(one: Instrument, others: Sequence[Instrument]) -> Found:
        for item, language, text in _texts(one):
            words = found(kind, text, language)
            if words:
                yield level, item.id, f"{_in(one, language)}{listed(words)} {why}"

    return find


def _texts(one: Instrument) -> Iterator[tuple[Item, str, str]]:
    return ((item, language, text) for item in one.items for language, text in item.text.items())


def _own_texts(one: Instrument) -> list[tuple[Item, str]]:
    return [(item, item.text[one.language]) for item in one.items if item.text.get(one.language)]


def _in(one: Instrument, language: str) -> str:
    return "" if language == one.language else f"({language}) "


def _reading_grade(one: Instrument, others: Sequence[Instrument]) -> Found:
    """Hold the form as a whole to grade 6, and single items and the instructions to grade 8.

    Both formulas are made for passages: on one sentence a single long word moves them by several grades. So grade 6
    is a matter of error only for the items of the form taken as one text, by Flesch–Kincaid. A single item, or the
    instructions, is an error when both formulas put it above 8, and advice when their mean is above 6; one formula
    counts syllables, the other letters, so that they seldom err together.
    """
    for language in sorted({language for _, language, _ in _texts(one) if base(language) == "en"}):
        form = counts(item.text[language] for item in one.items if item.in_form and language in item.text)
        if form and form.flesch_kincaid > GRADE:
            yield "error", "", _grade_message("the form as a whole", form)
        passages = [("", "the instructions", one.instructions), *((i.id, "the item", i.text) for i in one.items)]
        for place, what, texts in passages:
            size = counts([texts.get(language, "")])
            grades = (size.flesch_kincaid, size.automated_readability) if size else (0.0, 0.0)
            if size and sum(grades) / 2 > GRADE:
                yield "error" if min(grades) > GRADE_LIMIT else "advice", place, _grade_message(what, size)


def _grade_message(what: str, size: Counts) -> str:
    grades = f"{number(size.flesch_kincaid, 1)} (Flesch–Kincaid), {number(size.automated_readability, 1)} (ARI)"
    return f"{what} reads at school grade {grades}; aim at 6, 8 at most: use shorter words and shorter sentences."


def _two_ideas(one: Instrument, others: Sequence[Instrument]) -> Found:
    for item, language, text in _texts(one):
        clauses = found("two_clauses", text, language)
        words = clauses or found("joiner", text, language)
        if words:
            level: Level = "error" if clauses else "advice"
            message = f"{listed(words)} joins two ideas, so that one answer has two meanings; keep one of them."
            yield level, item.id, f"{_in(one, language)}{message}"


def _double_negative(one: Instrument, others: Sequence[Instrument]) -> Found:
    for item, language, text in _texts(one):
        words = negated_negatives(text, language)
        if words:
            message = f"{listed(words)} make a double negative, which many people misread; say it directly."
            yield "error", item.id, f"{_in(one, language)}{message}"


def _partner_term(one: Instrument, others: Sequence[Instrument]) -> Found:
    """Ask for one name of the partner in items and options, and for the same noun in the instructions."""
    for language in sorted({language for _, language, _ in _texts(one)}):
        places = [(item.id, item.text.get(language, "")) for item in one.items]
        places += [("", " / ".join(options.labels.get(language, []))) for options in one.response.values()]
        terms = [(item, term) for item, text in places for term in partner_terms(text, language)]
        usual = Counter(term for _, term in terms).most_common(1)[0][0] if terms else ("", "")
        for item, term in dict.fromkeys(terms):
            if term != usual:
                yield "error", item, _varies(one, language, " ".join(term), " ".join(usual))
        for noun in dict.fromkeys(noun for _, noun in partner_terms(one.instructions.get(language, ""), language)):
            if usual[1] and noun != usual[1]:
                yield "error", "", _varies(one, language, f"{noun} (in the instructions)", usual[1])


def _varies(one: Instrument, language: str, term: str, usual: str) -> str:
    why = "people wonder whether someone else is meant; use one term throughout."
    return f"{_in(one, language)}the partner is called {quoted(term)} here and {quoted(usual)} elsewhere: {why}"


def _time_frame_repeated(one: Instrument, others: Sequence[Instrument]) -> Found:
    for item, language, text in _texts(one):
        frame = _plain(one.timeframe.get(language, ""))
        words = found("time", text, language) or ([frame] if frame and frame in _plain(text) else [])
        if words:
            message = f"{listed(words)} names a time frame in the item; state it once, in the instructions."
            yield "advice", item.id, f"{_in(one, language)}{message}"


def _time_frame_stated(one: Instrument, others: Sequence[Instrument]) -> Found:
    if not _worded(one):
        return
    if not one.timeframe:
        yield "advice", "", "no time frame is given; people then choose different ones. Add `timeframe`."
    for language, frame in one.timeframe.items():
        if _plain(frame) not in _plain(one.instructions.get(language, "")):
            message = (
                f"the instructions do not say {quoted(frame)}; people then choose different time frames. State it."
            )
            yield "advice", "", f"{_in(one, language)}{message}"


def _plain(text: str) -> str:
    return " ".join(text.lower().split())


def _worded(one: Instrument) -> bool:
    return any(item.text for item in one.items)


def _item_length(one: Instrument, others: Sequence[Instrument]) -> Found:
    for item, language, text in _texts(one):
        words = len(WORD.findall(text))
        if words > LONG:
            message = (
                f"the item has {counted(words, 'word')}; with more than {LONG} people lose the thread: shorten it."
            )
            yield "error" if words > TOO_LONG else "advice", item.id, f"{_in(one, language)}{message}"


# ---- Rules about repetition --------------------------------------------------------------------------------------


def _near_duplicates(one: Instrument, others: Sequence[Instrument]) -> Found:
    """Compare the items of one instrument with each other, in its own language."""
    texts = _own_texts(one)
    for index, (item, text) in enumerate(texts):
        for earlier, before in texts[:index]:
            yield from _similar(one.language, (item, text), (earlier, before), earlier.id)


def _repeated_elsewhere(one: Instrument, others: Sequence[Instrument]) -> Found:
    for other in others:
        for item in one.items if other.id != one.id else ():
            twin = other.by_id.get(item.id)
            if twin and _definition(one, item) != _definition(other, twin):
                message = f"the id also stands in {other.id}, with another definition; rename one of them."
                yield "error", item.id, message
        for item, text in _own_texts(one) if other.id != one.id and other.language == one.language else ():
            for twin, words in _own_texts(other):
                similar = _similar(one.language, (item, text), (twin, words), f"{other.id}.{twin.id}")
                yield from (("advice", place, message) for _, place, message in similar if twin.id != item.id)


def _definition(one: Instrument, item: Item) -> tuple[Any, ...]:
    return item.text, item.reverse, one.range(item.id), one.labels(item.id)


def _similar(language: str, first: tuple[Item, str], second: tuple[Item, str], name: str) -> Found:
    words = [content_words(text, language) for _, text in (first, second)]
    share = 1.0 if _plain(first[1]) == _plain(second[1]) else overlap(*words)
    limit = SIMILAR if base(language) in STOPWORDS else SIMILAR_WITH_STOPWORDS
    if share == 1 or (share >= limit and len(words[0] & words[1]) > 1):
        why = "near-duplicates raise alpha without measuring more; reword or drop one."
        level: Level = "error" if share == 1 else "advice"
        yield level, first[0].id, f"the item shares {percent(share)} of its content words with {name}: {why}"


# ---- Rules about the key and the options -------------------------------------------------------------------------


def _keyed(one: Instrument) -> list[Item]:
    return [item for item in one.items if item.in_form and item.scored]


def _reversed_share(one: Instrument, others: Sequence[Instrument]) -> Found:
    items = _keyed(one)
    share = sum(item.reverse for item in items) / len(items) if items else 0.0
    if share and not BALANCED[0] <= share <= BALANCED[1]:
        message = f"{percent(share)} of the items are reversed; aim at 20% to 40%, or reverse none."
        yield "advice", "", message


def _reversed_run(one: Instrument, others: Sequence[Instrument]) -> Found:
    run: list[str] = []
    for item in [*_keyed(one), None]:
        if item and item.reverse:
            run.append(item.id)
            continue
        if len(run) > LONGEST_RUN:
            message = f"{counted(len(run), 'reversed item')} stand in a row from here to {run[-1]}; spread them out."
            yield "advice", run[0], message
        run = []


def _attention_checks(one: Instrument, others: Sequence[Instrument]) -> Found:
    if _keyed(one) and not any(item.reverse for item in _keyed(one)):
        message = "no item is reversed, so agreeing with everything looks like a high score; add attention checks."
        yield "advice", "", message


def _unlabelled_options(one: Instrument, others: Sequence[Instrument]) -> Found:
    level: Level = "error" if one.status == "new" else "advice"
    for name, options in _shown_formats(one).items() if _worded(one) else ():
        faults = [_label_fault(options, language) for language in sorted({*one.title, one.language})]
        for fault in dict.fromkeys(fault for fault in faults if fault):
            message = f"response format {quoted(name)}: {fault}; people read bare numbers in different ways."
            yield level, "", f"{message} Give each option its own label."


def _label_fault(options: ResponseFormat, language: str) -> str:
    labels = [label.strip() for label in options.labels.get(language, [])]
    if not labels or "" in labels:
        return f"options without a label in {quoted(language)}"
    return f"two options share a label in {quoted(language)}" if len(set(labels)) < len(labels) else ""


def _shown_formats(one: Instrument) -> dict[str, ResponseFormat]:
    used = dict.fromkeys(item.response for item in one.items if item.in_form)
    return {name: one.response[name] for name in used}


def _option_count(one: Instrument, others: Sequence[Instrument]) -> Found:
    for name in dict.fromkeys(item.response for item in _keyed(one)):
        size = len(one.response[name].options)
        if not FEWEST_OPTIONS <= size <= MOST_OPTIONS:
            message = f"response format {quoted(name)} has {counted(size, 'option')}; 5 to 7 work best."
            yield "advice", "", message


def _mixed_anchors(one: Instrument, others: Sequence[Instrument]) -> Found:
    """Find scales whose items have different options, and options that come back after others were shown."""
    for name, scale in one.scales.items():
        formats = {one.by_id[item].response for item in one.scale_items(name)}
        if len(formats) > 1 and scale.kind == "scale":
            yield "error", name, f"the scale mixes the response formats {listed(sorted(formats))}; use one for all."
    shown = [item for item in one.items if item.in_form]
    seen: list[str] = []
    for item, before in zip(shown, [None, *shown], strict=False):
        if before is not None and item.response != before.response and item.response in seen:
            message = f"the options of {quoted(item.response)} come back after others; keep one set of options a block."
            yield "advice", item.id, message
        seen.append(item.response)


# ---- Rules about the file ----------------------------------------------------------------------------------------


def _missing_translation(one: Instrument, others: Sequence[Instrument]) -> Found:
    languages = sorted({one.language} | {language for _, text in _shown_texts(one) for language in text})
    for name, text in _shown_texts(one):
        for language in languages:
            if language not in text:
                yield "error", name, f"a text is missing in {quoted(language)}; translate it."
    for item, language, wording in _texts(one):
        if language != one.language and wording == item.text.get(one.language):
            message = f"the text in {quoted(language)} repeats the one in {quoted(one.language)}; translate it."
            yield "error", item.id, message


def _shown_texts(one: Instrument) -> Iterator[tuple[str, Mapping[str, str]]]:
    """Go through what participants and readers see: (item or scale, text by language)."""
    whole = [("", one.title), ("", one.instructions), ("", one.timeframe)]
    items = [(item.id, text) for item in one.items for text in (item.text, item.content_note)]
    scales = [(name, text) for name, scale in one.scales.items() for text in (scale.title, scale.description)]
    labels = [
        ("", {language: ", ".join(words) for language, words in options.labels.items()})
        for options in one.response.values()
    ]
    return ((name, text) for name, text in [*whole, *items, *scales, *labels] if text)


def _licence_and_source(one: Instrument, others: Sequence[Instrument]) -> Found:
    for what, text in (("licence", one.licence), ("source", one.source.citation)):
        if text.strip().lower() in PLACEHOLDERS:
            message = f"the {what} is {quoted(text)}; nobody can tell whether the instrument may be used. State it."
            yield "error", "", message


# To add a rule, write a function that yields (level, item, message), and give it a name and a source here.
RULES: dict[str, Rule] = {
    "reading_grade": Rule(_reading_grade, READING),
    "two_ideas": Rule(_two_ideas, ONE_IDEA),
    "negation": Rule(
        _words("negation", "advice", "is a negation, which people overlook; name the opposite behaviour."), OPPOSITES
    ),
    "double_negative": Rule(_double_negative, OPPOSITES),
    "absolute": Rule(
        _words("absolute", "advice", "leaves no room between the options; let the options say how often."), PLAIN
    ),
    "gendered_word": Rule(
        _words("gender", "error", "names a gender; word the item so that it fits every couple."), HOUSE
    ),
    "partner_term": Rule(_partner_term, PLAIN),
    "time_frame_repeated": Rule(_time_frame_repeated, PLAIN),
    "time_frame_stated": Rule(_time_frame_stated, PLAIN),
    "item_length": Rule(_item_length, PLAIN),
    "near_duplicate": Rule(_near_duplicates, INDEPENDENCE),
    "repeated_elsewhere": Rule(_repeated_elsewhere, INDEPENDENCE),
    "reversed_share": Rule(_reversed_share, BALANCE),
    "reversed_run": Rule(_reversed_run, BALANCE),
    "attention_checks": Rule(_attention_checks, BALANCE),
    "unlabelled_options": Rule(_unlabelled_options, OPTIONS),
    "option_count": Rule(_option_count, OPTIONS),
    "mixed_anchors": Rule(_mixed_anchors, OPTIONS),
    "missing_translation": Rule(_missing_translation, HOUSE),
    "licence_and_source": Rule(_licence_and_source, HOUSE),
}
