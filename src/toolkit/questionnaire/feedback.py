"""Feedback to the person who answered: their own answers only, and nothing but help where speaking up may be unsafe."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

from ..collection_rules import safety_items
from ..instrument_model import Instrument
from ..store.records import Answer
from .texts import say

STRENGTHS, WITHHOLDING = "has", "rws"
SCALES = {
    STRENGTHS: ("proactive", "relational", "collaborative", "solution_focused", "flexible"),
    WITHHOLDING: ("avoidance", "emotional_withdrawal", "nontransparency"),
}
FORMS = {STRENGTHS: ("has", "has10"), WITHHOLDING: ("rws", "rws6")}  # the long form, where both are there
STEPS = {
    "avoidance": ("triggers", "practice", "set_times"),
    "emotional_withdrawal": ("noticing", "naming", "practice"),
    "nontransparency": ("costs", "practice", "seeking_help"),
}
MOST_STRENGTHS, MOST_STEPS = 2, 3
SELDOM = 0.25  # of the range: "Rarely" where the answers run from "Never" to "Very often"
WIDTH, BAR, ROW, MARGIN = 320, 248, 48, 4


@dataclass(frozen=True)
class Feedback:
    """What a person is shown: paragraphs, and a figure with the same content as text.

    The first two paragraphs say that holding back can be sound, and where help is. The text of the figure has a line
    for its title and one for each topic.
    """

    paragraphs: tuple[str, ...]
    figure: str | None = None
    figure_text: str = ""


@dataclass(frozen=True)
class Topic:
    """A person's mean on one scale, and where it lies between its lowest and highest answer."""

    instrument: str
    scale: str
    mean: float
    low: int
    high: int

    @property
    def share(self) -> float:
        """How far along its range the mean lies, from 0 to 1."""
        return (self.mean - self.low) / (self.high - self.low)

    def name(self, language: str) -> str:
        """Name the topic in plain words."""
        return say(language, f"{self.instrument}_{self.scale}")


def feedback(
    instruments: Sequence[Instrument], answers: Mapping[str, Answer], help_line: str, language: str
) -> Feedback | None:
    """Write the feedback for one person's occasion.

    Parameters
    ----------
    instruments : those of the occasion. Without the scales on fear of conflict and unsafety there is no feedback.
    answers : the person's own answers by item.
    help_line : where to turn to, as the study names it.
    language : of the words.

    Returns
    -------
    None without those two scales. Only the opening sentence and the help line, unless every item of both scales is
    answered below the middle of its range: an answer that leans to agreement, "prefer not to say" and a blank all
    count as a sign that speaking up may be unsafe. Otherwise strengths, then the highest withholding scale as a place
    to begin, and steps that some people try.
    """
    safety = [(one, item) for one in instruments for item in safety_items(one)]
    if not safety:
        return None
    opening = (say(language, "feedback_opening"), f"{say(language, 'feedback_help')}: {help_line}")
    if not all(_is_low(one, item, answers) for one, item in safety):
        return Feedback(opening)
    found = {name: _topics(instruments, name, answers) for name in SCALES}
    topics = [topic for several in found.values() for topic in several]
    if not topics:
        return Feedback(opening)
    paragraphs = [
        *opening,
        say(language, "feedback_private"),
        *_strengths(found[STRENGTHS], language),
        *_place_to_begin(found[WITHHOLDING], language),
        say(language, "feedback_no_norm"),
    ]
    return Feedback(tuple(paragraphs), figure(topics, language), figure_text(topics, language))


def _is_low(one: Instrument, item: str, answers: Mapping[str, Answer]) -> bool:
    """Tell whether an item has an answer below the middle of its range, where no answer leans to agreement."""
    low, high = one.range(item)
    answer = answers.get(item)
    return answer is not None and answer.value is not None and 2 * answer.value < low + high


def _topics(instruments: Sequence[Instrument], name: str, answers: Mapping[str, Answer]) -> list[Topic]:
    found: dict[str, Topic] = {}
    by_id = {one.id: one for one in instruments}
    for one in (by_id[form] for form in FORMS[name] if form in by_id):
        for scale in (scale for scale in SCALES[name] if scale in one.scales and scale not in found):
            mean = _mean(one, scale, answers)
            if mean is not None:
                found[scale] = Topic(name, scale, mean, *one.range(one.scale_items(scale)[0]))
    return [found[scale] for scale in SCALES[name] if scale in found]


def _mean(one: Instrument, scale: str, answers: Mapping[str, Answer]) -> float | None:
    """Average a scale's answers, reversed items turned; None where fewer are there than the scale needs."""
    items = one.scale_items(scale)
    values = []
    for item in items:
        value = answers[item].value if item in answers else None
        if value is not None:
            values.append(sum(one.range(item)) - value if one.by_id[item].reverse else value)
    return sum(values) / len(values) if len(values) >= one.scales[scale].needed(len(items)) else None


def _strengths(topics: Sequence[Topic], language: str) -> list[str]:
    if not topics:
        return []
    best = sorted(topics, key=lambda topic: -topic.share)[:MOST_STRENGTHS]
    named = [topic.name(language) for topic in best if topic.share > 0.5]
    return (
        [f"{say(language, 'feedback_strength')}: {'; '.join(named)}."]
        if named
        else [say(language, "feedback_no_strength")]
    )


def _place_to_begin(topics: Sequence[Topic], language: str) -> list[str]:
    if not topics:
        return []
    most = max(topic.share for topic in topics)
    if most < SELDOM:
        return [say(language, "feedback_place_low")]
    highest = [topic for topic in topics if topic.share == most]
    named = "; ".join(topic.name(language) for topic in highest)
    in_turn = [step for several in zip(*(STEPS[topic.scale] for topic in highest), strict=True) for step in several]
    return [
        f"{say(language, 'feedback_place')}: {named}.",
        say(language, "feedback_place_begin"),
        f"{say(language, 'feedback_steps')}:",
        *(say(language, f"step_{step}") for step in list(dict.fromkeys(in_turn))[:MOST_STEPS]),
    ]


def figure_text(topics: Sequence[Topic], language: str) -> str:
    """Write the figure as text."""
    return "\n".join([say(language, "feedback_figure"), *(_line(topic, language) for topic in topics)])


def _line(topic: Topic, language: str) -> str:
    name, mean = topic.name(language), _number(topic, language)
    return say(language, "feedback_bar", name=name, mean=mean, low=topic.low, high=topic.high)


def _number(topic: Topic, language: str) -> str:
    return f"{topic.mean:.1f}".replace(".", say(language, "decimal_mark"))


def figure(topics: Sequence[Topic], language: str) -> str:
    """Draw the topics as bars: an SVG in the colour of the text around it, with the text as its alternative."""
    height = ROW * len(topics) + MARGIN
    label = escape(figure_text(topics, language)).replace("\n", "&#10;")
    rows = [_row(topic, place, language) for place, topic in enumerate(topics)]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" '
        f'aria-label="{label}" fill="currentColor">{"".join(rows)}</svg>'
    )


def _row(topic: Topic, place: int, language: str) -> str:
    top = ROW * place + 14
    length = topic.share * BAR
    return (
        f'<text x="0" y="{top}" font-size="13">{escape(topic.name(language))}</text>'
        f'<rect x="1" y="{top + 6}" width="{BAR}" height="12" fill="none" stroke="currentColor"/>'
        f'<rect x="1" y="{top + 6}" width="{length:.1f}" height="12" fill-opacity="0.75"/>'
        f'<text x="{BAR + 7}" y="{top + 17}" font-size="13">'
        f"{_number(topic, language)} ({topic.low}–{topic.high})</text>"
    )
