"""Item, Scale, Instrument: a questionnaire described once, as data."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import Field, PrivateAttr, ValidationError, WithJsonSchema, field_validator, model_validator

from .checks import nearest, quoted
from .errors import Fault, InstrumentError
from .instrument_rules import LANGUAGE, inconsistencies
from .measurement import KINDS, ModelKind, factor_models, measurement_model
from .specs import Document, Flag, Spec, model_faults, written_as

Language = Annotated[str, written_as(LANGUAGE, "a language code, such as en or pt-BR")]
Text = Annotated[
    dict[Language, str],
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "object", "additionalProperties": {"type": "string"}}]}),
]
NAME = "a short name of letters, digits and _ that begins with a letter"
Identifier = Annotated[str, written_as(r"^[A-Za-z][A-Za-z0-9_]*$", NAME, 64)]
ITEM_NAME = "a name without line breaks or control characters that does not begin with a minus"
ItemName = Annotated[str, written_as(r"^[^\x00-\x1f\x7f\-][^\x00-\x1f\x7f]*$", ITEM_NAME, 200)]
Version = Annotated[str, written_as(r"^\d+\.\d+\.\d+$", "three numbers, such as 1.0.0")]
ScoreRule = Literal["mean", "sum", "sum_complete", "pomp"]
TINY = 1e-9  # so that 0.7 of 10 items is 7, not 8
SCORE_RULES: tuple[ScoreRule, ...] = ("mean", "sum", "sum_complete", "pomp")


class ResponseFormat(Spec):
    """The options of an item: a range of whole numbers and, by language, a label for each."""

    min: int
    max: int
    labels: dict[Language, list[str]] = {}

    @model_validator(mode="after")
    def _check(self) -> ResponseFormat:
        if self.min >= self.max:
            raise ValueError(f"the range is upside down: min is {self.min}, max is {self.max}; min must be smaller")
        if self.max - self.min > 1000:
            raise ValueError(f"the range {self.min} to {self.max} has more than 1,001 options; check min and max")
        for language, labels in self.labels.items():
            if len(labels) != self.max - self.min + 1:
                raise ValueError(
                    f"{len(labels)} labels in {language!r} for {self.max - self.min + 1} options "
                    f"({self.min} to {self.max}); give one label for each"
                )
        return self

    @property
    def options(self) -> range:
        """All answers, lowest first."""
        return range(self.min, self.max + 1)


class Item(Spec):
    """One statement and its response options."""

    id: ItemName
    response: str
    text: Text = {}
    reverse: Flag = False
    reserve: Flag = False
    scored: Flag = True
    scale: str | None = None
    not_applicable: Flag = False
    content_note: Text = {}
    lint: dict[str, str] = {}

    @property
    def in_form(self) -> bool:
        """Tell whether participants see the item: reserve items are never shown."""
        return not self.reserve


class Scale(Spec):
    """Items that are scored together, or scales whose items are pooled."""

    title: Text = {}
    description: Text = {}
    items: list[ItemName] = []
    scales: list[Identifier] = []
    score: ScoreRule = "mean"
    min_answered: int | float = 0.5
    kind: Literal["scale", "composite"] = "scale"

    @field_validator("min_answered", mode="before")
    @classmethod
    def _check(cls, value: Any) -> Any:
        share = isinstance(value, float) and 0 < value <= 1
        count = isinstance(value, int) and not isinstance(value, bool) and value >= 1
        if not share and not count:
            raise ValueError(
                f"min_answered is {quoted(value)}: a share lies above 0 and up to 1.0 (0.5 is the half rule), "
                "a count is a whole number from 1"
            )
        return value

    def needed(self, n_items: int) -> int:
        """Count the answers that a score needs: ceil(share × items), or the count itself.

        Examples
        --------
        >>> Scale(items=["a"], min_answered=0.5).needed(5)
        3
        >>> Scale(items=["a"], min_answered=0.7).needed(10)
        7
        """
        if isinstance(self.min_answered, int):
            return self.min_answered
        return max(1, math.ceil(self.min_answered * n_items - TINY))


class Source(Spec):
    """Where an instrument comes from."""

    citation: str
    doi: str | None = None
    url: str | None = None


class Norm(Spec):
    """A named reference group of one scale."""

    group: str
    scale: str
    n: int
    mean: float
    sd: float
    source: str


class Instrument(Spec):
    """Scales with their items, key, scoring rule, licence and source.

    Build one with `toolkit.instrument`, `instrument_from_keys` or `Instrument.from_mapping`, which check that its
    parts fit together; the constructor alone checks each part.
    """

    id: Identifier
    version: Version = "1.0.0"
    title: Text
    status: Literal["new", "validated", "keys-only"]
    licence: str
    source: Source
    citation: str | None = None
    evidence: Text = {}
    language: Language = "en"
    instructions: Text = {}
    timeframe: Text = {}
    response: dict[str, ResponseFormat]
    items: Annotated[list[Item], Field(min_length=1)]
    scales: Annotated[dict[Identifier, Scale], Field(max_length=200)]
    norms: list[Norm] = []
    unverified: list[str] = []
    notes: Text = {}
    lint: dict[str, str] = {}

    _left_out: frozenset[str] = PrivateAttr(frozenset())

    @classmethod
    def from_mapping(cls, data: Mapping[str, Any], name: str = "instrument") -> Instrument:
        """Build an instrument from plain data, reporting every fault at once.

        Raises
        ------
        InstrumentError
            With all faults of the parts and between the parts.
        """
        return build(Document(name, dict(data), {}))

    @cached_property
    def by_id(self) -> dict[str, Item]:
        """Items by id."""
        return {item.id: item for item in self.items}

    @property
    def item_ids(self) -> tuple[str, ...]:
        """Items that the form shows, in display order; reserve items are left out."""
        return tuple(item.id for item in self.items if item.in_form)

    @property
    def left_out(self) -> frozenset[str]:
        """Items that `only` left out: the data may hold them, and they are not taken for typing errors."""
        return self._left_out

    def scale_items(self, scale: str) -> tuple[str, ...]:
        """List a scale's items; for a scale of scales the pool of theirs."""
        found = self.scales[scale]
        return (*found.items, *(item for part in found.scales for item in self.scale_items(part)))

    def range(self, item: str) -> tuple[int, int]:
        """Give the declared smallest and largest answer of an item."""
        options = self.response[self.by_id[item].response]
        return options.min, options.max

    def text(self, texts: Mapping[str, str], language: str | None = None) -> str:
        """Choose a text by language; the instrument's own language by default, empty where it has no text."""
        wanted = language or self.language
        if texts and wanted not in texts:
            raise InstrumentError(
                f"{self.id}: there is no text in {wanted!r}, only in {', '.join(sorted(texts))}. "
                "Add the translation to the instrument file or choose another language."
            )
        return texts.get(wanted, "")

    def scale_title(self, scale: str) -> str:
        """Give a scale's title, or its id where it has none."""
        return self.text(self.scales[scale].title) or scale

    def labels(self, item: str) -> tuple[str, ...]:
        """Give the labels of an item's options; the numbers where it has none."""
        options = self.response[self.by_id[item].response]
        labels = options.labels.get(self.language)
        return tuple(labels) if labels else tuple(str(option) for option in options.options)

    def model(self, kind: ModelKind = "correlated") -> str:
        """Write the instrument's own measurement model in lavaan's language, with items as indicators.

        Every scale with several items is a factor of that name; a scale with one item enters as that observed item;
        composites are no factors. Items are meant as answered, so loadings of reversed items come out negative; an item
        that is not reversed stands first, so that its loading, which is fixed at 1, gives the factor the direction of
        its name.

        Parameters
        ----------
        kind : `correlated` factors; `one_factor` for all items; `second_order`, where a scale that pools at least
            three others is the factor behind theirs; `bifactor`, a general factor and a factor for each scale, none of
            which covary (two items of one scale load on its factor with equal size).

        Raises
        ------
        InstrumentError
            Where the scales make no such model.

        Examples
        --------
        >>> import toolkit as tk
        >>> print(tk.instrument("rws6").model("second_order"))
        avoidance =~ rws01 + rws07
        emotional_withdrawal =~ rws09 + rws11
        nontransparency =~ rws12 + rws08
        total =~ avoidance + emotional_withdrawal + nontransparency
        """
        return measurement_model(kind, self.scales, self._reversed, self.id)

    def models(self) -> dict[ModelKind, str]:
        """Write all forms of the measurement model that the scales allow, the instrument's own (`correlated`) first.

        Where there is one scale only, `one_factor` is the same and is left out.

        Examples
        --------
        >>> import toolkit as tk
        >>> list(tk.instrument("rws6").models()), list(tk.instrument("scs").models())
        (['correlated', 'one_factor', 'second_order', 'bifactor'], ['correlated'])
        """
        found: dict[ModelKind, str] = {}
        for kind in KINDS:
            with suppress(InstrumentError):
                text = self.model(kind)
                if text not in found.values():
                    found[kind] = text
        return found

    def factor_models(self) -> dict[str, str]:
        """Write one model of one factor for each scale with three items or more, by the scale's full name.

        Examples
        --------
        >>> import toolkit as tk
        >>> tk.instrument("bur").factor_models()["bur.avoiding"]
        'avoiding =~ bur02 + bur04 + bur05 + bur07'
        """
        found = factor_models(self.scales, self._reversed, self.id)
        return {f"{self.id}.{name}": text for name, text in found.items()}

    @property
    def _reversed(self) -> set[str]:
        return {one.id for one in self.items if one.reverse}

    def with_range(self, minimum: int, maximum: int) -> Instrument:
        """Copy the instrument with another response range for all items; labels that no longer fit are dropped."""
        data = self.model_dump()
        for options in data["response"].values():
            keep = maximum - minimum == options["max"] - options["min"]
            options.update(min=minimum, max=maximum, labels=options["labels"] if keep else {})
        return Instrument.from_mapping(data, self.id)

    def only(self, scales: Sequence[str]) -> Instrument:
        """Copy the instrument with some of its scales and the items they need."""
        unknown = [scale for scale in scales if scale not in self.scales]
        if unknown:
            raise InstrumentError(
                f"{self.id}: there is no scale {quoted(unknown[0])}.{nearest(unknown[0], self.scales)} "
                f"Known: {', '.join(self.scales)}."
            )
        wanted = set(scales) | {part for scale in scales for part in self._parts(scale)}
        data = self.model_dump()
        data["scales"] = {name: scale for name, scale in data["scales"].items() if name in wanted}
        items = {item for scale in wanted for item in self.scale_items(scale)}
        data["items"] = [item for item in data["items"] if item["id"] in items]
        data["norms"] = [norm for norm in data["norms"] if norm["scale"] in wanted]
        chosen = Instrument.from_mapping(data, self.id)
        chosen._left_out = self._left_out | (self.by_id.keys() - chosen.by_id.keys())
        return chosen

    def without(self, scales: Sequence[str]) -> Instrument:
        """Copy the instrument without some scales and those that pool them; items that then have none are unscored."""
        dropped = {name for name in self.scales if name in scales or self._parts(name) & set(scales)}
        data = self.model_dump()
        data["scales"] = {name: scale for name, scale in data["scales"].items() if name not in dropped}
        data["norms"] = [norm for norm in data["norms"] if norm["scale"] not in dropped]
        held = {item for name in data["scales"] for item in self.scale_items(name)}
        for item in data["items"]:
            item["scored"] = item["scored"] and (item["reserve"] or item["id"] in held)
            item["scale"] = None if item["scale"] in dropped else item["scale"]
        chosen = Instrument.from_mapping(data, self.id)
        chosen._left_out = self._left_out
        return chosen

    def _parts(self, scale: str) -> set[str]:
        direct = self.scales[scale].scales
        return set(direct) | {part for name in direct for part in self._parts(name)}


def build(document: Document) -> Instrument:
    """Check a document's parts and how they fit together; raise all faults at once."""
    data = _spread_language(document.data)
    faults = list(document.faults)
    built = None
    try:
        built = Instrument.model_validate(data)
    except ValidationError as problem:
        faults += model_faults(document, Instrument, problem)
    faults += [document.fault(place, message) for place, message in inconsistencies(data)]
    if faults or built is None:
        raise InstrumentError.from_faults(document.name, _in_order(faults))
    return built


def _in_order(faults: Iterable[Fault]) -> list[Fault]:
    """Drop repeated faults and keep the order in which they were met."""
    return list(dict.fromkeys(faults))


TEXTS = ("title", "evidence", "instructions", "timeframe", "notes")


def _spread_language(data: Mapping[str, Any]) -> dict[str, Any]:
    """Read a plain string as text in the instrument's own language."""
    language = data.get("language", "en")
    language = language if isinstance(language, str) else "en"
    spread = _with_language(data, TEXTS, language)
    items, scales = spread.get("items"), spread.get("scales")
    if isinstance(items, list):
        spread["items"] = [_with_language(item, ("text", "content_note"), language) for item in items]
    if isinstance(scales, dict):
        spread["scales"] = {
            name: _with_language(scale, ("title", "description"), language) for name, scale in scales.items()
        }
    return dict(spread)


def _with_language(part: Any, keys: Iterable[str], language: Any) -> Any:
    if not isinstance(part, Mapping):
        return part
    spread: dict[str, Any] = dict(part)
    spread.update({key: {language: part[key]} for key in keys if isinstance(part.get(key), str)})
    return spread
