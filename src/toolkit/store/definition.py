"""What a study asks, as JSON beside its answers, so that a store can be read without its study file."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass

from pydantic import ValidationError

from ..collection import Collection
from ..errors import InstrumentError, StoreError
from ..instrument_model import Instrument

SCHEMA = "toolkit.study/1"


@dataclass(frozen=True)
class Definition:
    """What a study asks: its title, its instruments as it uses them, and the rest of what it collects."""

    title: str
    simulated: bool
    instruments: tuple[Instrument, ...]
    collection: Collection | None


def define(
    instruments: Iterable[Instrument],
    *,
    title: str = "",
    simulated: bool = False,
    collection: Collection | None = None,
) -> str:
    """Write a definition, the same text for the same content; the place of the store is left out."""
    content = {
        "schema": SCHEMA,
        "title": title,
        "simulated": simulated,
        "instruments": [one.model_dump(mode="json", exclude_defaults=True) for one in instruments],
        "collection": collection and collection.model_dump(mode="json", exclude_defaults=True, exclude={"store"}),
    }
    return json.dumps(content, ensure_ascii=False)


def read_definition(text: str) -> Definition:
    """Read what `define` wrote.

    Raises
    ------
    StoreError
        If this toolkit cannot read it.
    """
    try:
        content = json.loads(text)
        collection = content["collection"]
        return Definition(
            title=content["title"],
            simulated=content["simulated"],
            instruments=tuple(Instrument.from_mapping(one) for one in content["instruments"]),
            collection=None if collection is None else Collection.model_validate(collection),
        )
    except (ValueError, KeyError, TypeError, ValidationError, InstrumentError):
        raise StoreError(
            "the definition of the study in the store cannot be read by this toolkit. Read the store by the study "
            "file: tk.read_responses(tk.read_study('study.yaml'))."
        ) from None
