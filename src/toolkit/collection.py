"""Collection: the part of a study file that says what is asked, of whom, when, and under which rules."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, available_timezones

from pydantic import Field, WithJsonSchema, field_validator, model_validator

from .checks import nearest, quoted
from .instrument_model import Identifier, Language, Text
from .specs import Flag, Spec, written_as

When = Annotated[int | date, WithJsonSchema({"type": ["integer", "string"], "description": "days, or a date"})]
Wave = Annotated[str, written_as(r"^[A-Za-z0-9][A-Za-z0-9_.-]*$", "a short name or number", 64)]
DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
LARGEST_NUMBER = 1_000_000_000
LATEST_HOUR = 47


def as_date(value: Any) -> Any:
    """Read `2027-03-01` as a date; pass on anything else.

    Raises
    ------
    ValueError
        If a text is no date of the calendar.
    """
    if not isinstance(value, str):
        return value
    if not DATE.fullmatch(value):
        raise ValueError(f"{quoted(value)} is not a date; write it as 2027-03-01")
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise ValueError(f"there is no day {value} in the calendar") from None


class Consent(Spec):
    """What a person agrees to before the first question."""

    version: Annotated[str, Field(min_length=1, max_length=64)]
    text: Text


class Question(Spec):
    """A question beside the instruments; its answers become a covariate."""

    id: Identifier
    kind: Literal["number", "choice", "text"]
    text: Text
    min: Annotated[int, Field(ge=-LARGEST_NUMBER, le=LARGEST_NUMBER)] = 0
    max: Annotated[int, Field(ge=-LARGEST_NUMBER, le=LARGEST_NUMBER)] = 1_000_000
    options: dict[Identifier, Text] = {}
    max_length: Annotated[int, Field(ge=1, le=20_000)] = 2000

    @model_validator(mode="after")
    def _check(self) -> Question:
        defaults = {name: field.default for name, field in type(self).model_fields.items()}
        given = {name for name in self.model_fields_set if getattr(self, name) != defaults[name]}
        if (self.kind == "choice") != bool(self.options):
            remedy = "give at least one under `options`" if self.kind == "choice" else "leave `options` out"
            raise ValueError(f"a question of the kind {self.kind} has {len(self.options)} options; {remedy}")
        if self.kind != "number" and given & {"min", "max"}:
            raise ValueError(f"`min` and `max` belong to a question of the kind number, not {self.kind}")
        if self.kind != "text" and "max_length" in given:
            raise ValueError(f"`max_length` belongs to a question of the kind text, not {self.kind}")
        if self.min > self.max:
            raise ValueError(f"the range is upside down: min is {self.min}, max is {self.max}")
        return self


class OccasionPlan(Spec):
    """What is asked at one time, and when: in days after a person's consent, or on dates.

    With `days`, a diary: one occasion a day, `day` = 1 … `days`, within `hours` of the study's time zone.
    """

    wave: Wave | None = None
    days: Annotated[int, Field(ge=1, le=1000)] | None = None
    instruments: list[str] = []
    questions: list[str] = []
    opens: When = 0
    closes: When | None = None
    hours: tuple[int, int] | None = None

    @field_validator("wave", mode="before")
    @classmethod
    def _number_as_text(cls, value: Any) -> Any:
        return str(value) if isinstance(value, int) and not isinstance(value, bool) else value

    @field_validator("opens", "closes", mode="before")
    @classmethod
    def _read_date(cls, value: Any) -> Any:
        read = as_date(value)
        if isinstance(read, bool) or not isinstance(read, int | date | None):
            raise ValueError(f"{quoted(value)} is neither a whole number of days nor a date such as 2027-03-01")
        if isinstance(read, int) and not 0 <= read <= 10_000:
            raise ValueError(f"{read} days after the consent lie outside 0 to 10,000")
        return read

    @model_validator(mode="after")
    def _check(self) -> OccasionPlan:
        if not self.instruments and not self.questions:
            raise ValueError("the occasion asks nothing; name `instruments` or `questions`")
        if self.days is None and self.hours is not None:
            raise ValueError("`hours` belong to a diary; give `days`, too")
        if self.days is not None and self.closes is not None:
            raise ValueError("a diary closes after its `days`; leave `closes` out")
        self._check_hours()
        if type(self.opens) is type(self.closes) and self.opens > self.closes:  # type: ignore[operator]
            raise ValueError(f"the occasion closes ({self.closes}) before it opens ({self.opens})")
        return self

    def _check_hours(self) -> None:
        start, end = self.open_hours
        if not 0 <= start <= 23 or not start < end <= min(start + 24, LATEST_HOUR):
            raise ValueError(
                f"the hours {start} to {end} cannot be used: the first lies from 0 to 23, the second after it and at "
                "most 24 hours later (26 is two o'clock in the night that follows)"
            )

    @property
    def open_hours(self) -> tuple[int, int]:
        """Hours of the day, in the study's time zone, between which an occasion of a diary is open."""
        return self.hours or (0, 24)


class InstructedItem(Spec):
    """An item that says which answer to choose, to find those who do not read."""

    id: Identifier
    instrument: str
    text: Text
    answer: int
    after: str | None = None


class FeedbackPlan(Spec):
    """Feedback to participants; its presence turns it on."""

    help_line: Text = {}

    @model_validator(mode="after")
    def _check(self) -> FeedbackPlan:
        if not self.help_line:
            raise ValueError(
                "feedback needs a `help_line`: some who answer live with a partner who threatens or hurts them, and "
                "feedback without a local place to turn to may do harm; name one, or leave `feedback` out"
            )
        return self


class Collection(Spec):
    """Everything that the questionnaire of a study needs beside its instruments."""

    store: Annotated[str, written_as(r"^(sqlite|postgresql)(\+\w+)?://\S*$", "a URL such as sqlite:///answers.db")] = (
        "sqlite:///answers.db"
    )
    languages: Annotated[list[Language], Field(min_length=1)] = ["en"]
    roles: Annotated[list[Identifier], Field(max_length=2)] = []
    contact: Text = {}
    consent: Consent
    questions: list[Question] = []
    occasions: list[OccasionPlan] = []
    order: Literal["fixed", "random"] = "fixed"
    required: list[str] = []
    instructed: list[InstructedItem] = []
    timing: Flag = True
    timezone: str = "UTC"
    closes: Annotated[date, WithJsonSchema({"type": "string", "format": "date"})] | None = None
    token_days: Annotated[int, Field(ge=1, le=3650)] = 120
    leave_to: Annotated[str, written_as(r"^(about:blank|https://\S+)$", "about:blank or an https address", 500)] = (
        "about:blank"
    )
    feedback: FeedbackPlan | None = None

    @model_validator(mode="before")
    @classmethod
    def _spread_language(cls, value: Any) -> Any:
        return _with_language(value) if isinstance(value, Mapping) else value

    @field_validator("languages", "roles", "required")
    @classmethod
    def _unique(cls, names: list[str]) -> list[str]:
        repeated = [name for name in names if names.count(name) > 1]
        if repeated:
            raise ValueError(f"{quoted(repeated[0])} is listed twice; keep one")
        return names

    @field_validator("roles")
    @classmethod
    def _two(cls, roles: list[str]) -> list[str]:
        if len(roles) == 1:
            raise ValueError("one role cannot tell two partners apart; name two, or leave `roles` out")
        return roles

    @field_validator("closes", mode="before")
    @classmethod
    def _read_date(cls, value: Any) -> Any:
        read = as_date(value)
        if not isinstance(read, date | None):
            raise ValueError(f"{quoted(value)} is not a date; write it as 2027-06-30")
        return read

    @field_validator("timezone")
    @classmethod
    def _known_timezone(cls, name: str) -> str:
        known = available_timezones()
        if name not in known:
            raise ValueError(f"there is no time zone {quoted(name)}.{nearest(name, known)} Write it as Europe/Berlin")
        return name

    @property
    def zone(self) -> ZoneInfo:
        """The study's time zone."""
        return ZoneInfo(self.timezone)

    def plans(self, instruments: Sequence[str]) -> tuple[OccasionPlan, ...]:
        """List the occasions; where the study names none, one with all instruments and all questions."""
        if self.occasions:
            return tuple(self.occasions)
        return (OccasionPlan(instruments=list(instruments), questions=[one.id for one in self.questions]),)


def _with_language(data: Mapping[str, Any]) -> dict[str, Any]:
    """Read a plain string as text in the first language."""
    languages = data.get("languages")
    first = languages[0] if isinstance(languages, list) and languages else "en"
    spread = _texts(data, ("contact",), first)
    for name, keys in (("consent", ("text",)), ("feedback", ("help_line",))):
        if name in spread:
            spread[name] = _texts(spread[name], keys, first)
    for name in ("questions", "instructed"):
        if isinstance(spread.get(name), list):
            spread[name] = [_question(entry, first) for entry in spread[name]]
    return dict(spread)


def _question(entry: Any, language: Any) -> Any:
    spread = _texts(entry, ("text",), language)
    if isinstance(spread, dict) and isinstance(spread.get("options"), Mapping):
        spread["options"] = _texts(spread["options"], tuple(spread["options"]), language)
    return spread


def _texts(part: Any, keys: Sequence[Any], language: Any) -> Any:
    if not isinstance(part, Mapping):
        return part
    return {**part, **{key: {language: part[key]} for key in keys if isinstance(part.get(key), str)}}
