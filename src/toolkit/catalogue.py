"""The catalogue of instruments, and ways to load one: by id, from a file, from scoring keys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib.resources import as_file, files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .checks import listed, nearest, quoted
from .errors import InstrumentError
from .instrument_model import Instrument, ScoreRule, build
from .specs import read_document

if TYPE_CHECKING:
    import pandas as pd


def instrument(id_or_path: str | Path | Instrument) -> Instrument:
    """Load an instrument by its id in the catalogue, or from a YAML file.

    Raises
    ------
    InstrumentError
        If there is no such instrument, or the file has faults; each is named with its line and column.

    Examples
    --------
    >>> instrument("rws").scale_title("avoidance")
    'Avoidance'
    """
    if isinstance(id_or_path, Instrument):
        return id_or_path
    text = str(id_or_path)
    if not isinstance(id_or_path, str | Path) or not text:
        raise InstrumentError(f"{quoted(id_or_path)} is not an instrument: give an id of the catalogue or a path.")
    if text in catalogue():
        return _load_from_catalogue(text)
    if isinstance(id_or_path, Path) or "/" in text or text.endswith((".yaml", ".yml")):
        return build(read_document(Path(id_or_path), InstrumentError))
    raise InstrumentError(
        f"there is no instrument {quoted(text)} in the catalogue.{nearest(text, catalogue())} "
        f"Known: {', '.join(catalogue())}; for a file of your own give its path, such as ./my_scale.yaml."
    )


@lru_cache(maxsize=1)
def catalogue() -> tuple[str, ...]:
    """List the ids of the instruments that ship with the toolkit."""
    folder = files("toolkit") / "instruments"
    return tuple(sorted(entry.name.removesuffix(".yaml") for entry in folder.iterdir() if entry.name.endswith(".yaml")))


@lru_cache(maxsize=64)
def _load_from_catalogue(name: str) -> Instrument:
    with as_file(files("toolkit") / "instruments" / f"{name}.yaml") as path:
        return build(read_document(path, InstrumentError))


def instrument_from_keys(
    keys: Mapping[str, Sequence[str]],
    *,
    min: int,
    max: int,
    id: str = "keys",
    score: ScoreRule = "mean",
    min_answered: int | float = 0.5,
) -> Instrument:
    """Make an instrument from scoring keys as R's psych writes them: a leading minus marks a reversed item.

    Parameters
    ----------
    keys : scale name to item names.
    min, max : the declared range of all items.
    id : the instrument's id; scores are named `id.scale`.
    score, min_answered : the scoring rule of all scales (see `Scale`).

    Raises
    ------
    InstrumentError
        If the keys do not fit together, for example an item that is reversed in one scale and not in another.

    Examples
    --------
    >>> ecr = instrument_from_keys({"avoidance": ["Q1", "-Q3"], "anxiety": ["Q2"]}, min=1, max=5)
    >>> ecr.by_id["Q3"].reverse, ecr.scale_items("avoidance")
    (True, ('Q1', 'Q3'))
    """
    if not keys:
        raise InstrumentError("keys: there is no scale in them; give each scale its items.")
    for name, names in keys.items():
        if isinstance(names, str) or not all(isinstance(item, str) for item in names):
            raise InstrumentError(f"keys: {quoted(name)} must be a list of item names, such as ['Q1', '-Q2'].")
    signed = {item: None for items in keys.values() for item in items}
    both = [item for item in signed if f"-{item}" in signed]
    if both:
        raise InstrumentError(
            f"keys: {listed(both)} stands both with and without a minus, so one answer would have two meanings. "
            "Make two instruments, one for each key."
        )
    rule = {"score": score, "min_answered": min_answered}
    return Instrument.from_mapping(
        {
            "id": id,
            "title": id,
            "status": "keys-only",
            "licence": "unknown",
            "source": {"citation": "Keys given by the researcher"},
            "response": {"options": {"min": min, "max": max}},
            "items": [
                {"id": item.removeprefix("-"), "response": "options", "reverse": item.startswith("-")}
                for item in signed
            ],
            "scales": {
                name: {"items": [item.removeprefix("-") for item in items], **rule} for name, items in keys.items()
            },
        },
        name="keys",
    )


def instruments() -> pd.DataFrame:
    """List the catalogue: one row per instrument."""
    import pandas as pd

    loaded = [instrument(name) for name in catalogue()]
    return pd.DataFrame(
        {
            "id": [one.id for one in loaded],
            "title": [one.text(one.title) for one in loaded],
            "status": [one.status for one in loaded],
            "version": [one.version for one in loaded],
            "n_items": [len(one.item_ids) for one in loaded],
            "scales": [", ".join(one.scales) for one in loaded],
            "languages": [", ".join(sorted(one.title)) for one in loaded],
            "licence": [one.licence for one in loaded],
        }
    )


def json_schema() -> dict[str, Any]:
    """Export the JSON Schema of instrument files, for editors that complete and check YAML."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **Instrument.model_json_schema()}


def outline(one: Instrument, language: str | None = None) -> str:
    """Write an instrument as plain text: what it is, its scales, and its items with their key."""
    lines = [f"{one.text(one.title, language)} ({one.id} {one.version})"]
    lines += [f"{key}: {value}" for key, value in _facts(one, language) if value]
    for name, scale in one.scales.items():
        pooled = f"pools {', '.join(scale.scales)}" if scale.scales else ", ".join(scale.items)
        rule = f"{scale.score}, at least {scale.needed(len(one.scale_items(name)))} answers"
        lines.append(f"{one.id}.{name} [{scale.kind}; {rule}]: {pooled}")
    for item in one.items:
        marks = [mark for mark, given in (("R", item.reverse), ("reserve", item.reserve)) if given]
        text = one.text(item.text, language) or "(wording not included)"
        lines.append(f"  {item.id}{' (' + ', '.join(marks) + ')' if marks else ''}  {text}")
    return "\n".join(lines)


def _facts(one: Instrument, language: str | None) -> list[tuple[str, str]]:
    formats = [
        f"{name} {options.min}–{options.max} {', '.join(options.labels.get(language or one.language, []))}".strip()
        for name, options in one.response.items()
    ]
    return [
        ("Status", one.status),
        ("Evidence", one.text(one.evidence)),
        ("Licence", one.licence),
        ("Source", one.source.citation),
        ("Instructions", one.text(one.instructions, language)),
        ("Time frame", one.text(one.timeframe, language)),
        ("Answers", "; ".join(formats)),
        ("Unverified", "; ".join(one.unverified)),
    ]
