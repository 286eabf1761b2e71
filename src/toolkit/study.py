"""Study: a YAML file that names data, keys, instruments, reports and privacy rules."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import Field, ValidationError, field_validator, model_validator

from .catalogue import instrument
from .checks import listed, nearest, plain, quoted
from .collection import Collection
from .collection_rules import collection_faults
from .errors import Fault, InstrumentError, StudyError
from .instrument_model import Instrument
from .missing import Code, MissingCodes, Reason, missing_codes
from .specs import Document, Flag, Spec, model_faults, read_document, written_as

Found = TypeVar("Found")
Entry = TypeVar("Entry", bound=Spec)


class Keys(Spec):
    """Column names of the keys of a row; without a person column each row is a person of its own."""

    person: str | None = None
    couple: str | None = None
    role: str | None = None
    wave: str | None = None
    day: str | None = None

    def updated(self, other: Keys) -> Keys:
        """Return these keys with those that the other one names put in their place."""
        return self.model_copy(update=other.model_dump(exclude_unset=True))


class DataFile(Spec):
    """One data file and how to read it."""

    file: str
    format: Literal["csv", "tsv"] = "csv"
    missing: MissingCodes = {}
    missing_by_column: dict[str, MissingCodes] = {}
    columns: dict[str, str] = {}
    answers: Literal["codes", "labels"] = "codes"
    keys: Keys = Keys()
    encoding: str | None = None
    delimiter: Annotated[str, written_as(r"^[^\"\r\n]$", "one character, such as ;")] | None = None
    decimal: Literal[".", ","] | None = None
    outside: Flag = False

    @field_validator("missing", mode="before")
    @classmethod
    def _read_codes(cls, value: Any) -> dict[Code, Reason]:
        return missing_codes(value)

    @field_validator("missing_by_column", mode="before")
    @classmethod
    def _read_codes_by_column(cls, value: Any) -> Any:
        return {column: missing_codes(codes) for column, codes in value.items()} if isinstance(value, dict) else value


class Covariate(Spec):
    """A further column; values outside a stated range are flagged and left out of summaries, never changed."""

    name: str
    min: float | None = None
    max: float | None = None

    @model_validator(mode="before")
    @classmethod
    def _from_name(cls, value: Any) -> Any:
        return {"name": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _check(self) -> Covariate:
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError(f"the range is upside down: min is {self.min:g}, max is {self.max:g}")
        return self


class InstrumentUse(Spec):
    """An instrument as a study uses it: with its own response range, or with some of its scales."""

    id: str
    range: tuple[int, int] | None = None
    scales: list[str] | None = None

    @model_validator(mode="before")
    @classmethod
    def _from_name(cls, value: Any) -> Any:
        return {"id": value} if isinstance(value, str) else value


class NotebookRun(Spec):
    """A notebook to run and its parameters."""

    notebook: str
    parameters: dict[str, Any] = {}

    @model_validator(mode="before")
    @classmethod
    def _from_name(cls, value: Any) -> Any:
        return {"notebook": value} if isinstance(value, str) else value


class Privacy(Spec):
    """What a report may show of small groups of people."""

    smallest_cell: Annotated[int, Field(ge=1)] = 5


STUDY_NAME = "a short name of letters, digits, _ and - (it names the report's folder)"


class StudyFile(Spec):
    """The content of a study file."""

    study: Annotated[str, written_as(r"^[A-Za-z0-9][A-Za-z0-9_-]*$", STUDY_NAME, 64)]
    title: Annotated[str, Field(min_length=1, max_length=300)]
    description: str = ""
    citation: str = ""
    simulated: Flag = False
    keys: Keys = Keys()
    data: list[DataFile] = []
    collection: Collection | None = None
    instruments: Annotated[list[InstrumentUse], Field(min_length=1)]
    covariates: list[Covariate] = []
    reports: list[NotebookRun] = [NotebookRun(notebook="scales"), NotebookRun(notebook="structure")]
    formats: list[Literal["html"]] = ["html"]
    privacy: Privacy = Privacy()
    confirmed_keys: list[str] = []
    seed: Annotated[int, Field(ge=0)] = 20260101
    outside: Flag = False

    @model_validator(mode="before")
    @classmethod
    def _own_keys(cls, value: Any) -> Any:
        """Give the columns of a study that only collects the names that its store gives them."""
        if not isinstance(value, dict) or not isinstance(value.get("collection"), dict) or value.get("data"):
            return value
        keys, occasions = value.get("keys", {}), value["collection"].get("occasions")
        said = {key for one in occasions if isinstance(one, dict) for key in one} if isinstance(occasions, list) else ()
        own = {"person": "person"} | {key: key for key, sign in (("wave", "wave"), ("day", "days")) if sign in said}
        return {**value, "keys": {**own, **keys}} if isinstance(keys, dict) else value

    @model_validator(mode="after")
    def _has_answers(self) -> StudyFile:
        if not self.data and self.collection is None:
            raise ValueError("the key 'data' is missing; add it, or a `collection` that gathers answers")
        return self

    @field_validator("instruments", "covariates")
    @classmethod
    def _unique(cls, entries: list[Any]) -> list[Any]:
        names = [getattr(entry, "id", None) or entry.name for entry in entries]
        repeated = [name for name in names if names.count(name) > 1]
        if repeated:
            raise ValueError(f"{quoted(repeated[0])} is listed twice; keep one")
        return entries


@dataclass(frozen=True)
class Study:
    """A study file with its place on disk and its instruments loaded.

    Attributes
    ----------
    path : the study file.
    spec : its content.
    instruments : the instruments, with the study's ranges and scales.
    """

    path: Path
    spec: StudyFile
    instruments: tuple[Instrument, ...]

    @property
    def name(self) -> str:
        """The study's short name, which names its report folder."""
        return self.spec.study

    @property
    def title(self) -> str:
        """The study's title."""
        return self.spec.title

    @property
    def folder(self) -> Path:
        """The folder that all paths in the file are relative to."""
        return self.path.parent

    @property
    def has_couples(self) -> bool:
        """Tell whether persons may belong together: the study names a column for the couple."""
        return self.spec.keys.couple is not None

    def data_path(self, data: DataFile) -> Path:
        """Locate a data file on disk."""
        return self.folder / data.file

    def checksum(self, path: Path) -> str:
        """Compute the SHA-256 of a file, so that a report says which data it was made from."""
        return hashlib.sha256(path.read_bytes()).hexdigest()


def read_study(path: str | Path | Study) -> Study:
    """Read and check a study file.

    Parameters
    ----------
    path : the YAML file, or the folder that holds a `study.yaml`.

    Raises
    ------
    StudyError
        With every fault of the file at once, each with its line and column: unknown keys (with the nearest
        known one), wrong types, files that are missing or lie outside the study's folder, instruments that
        cannot be loaded.
    """
    if isinstance(path, Study):
        return path
    place = Path(path)
    place = place / "study.yaml" if place.is_dir() else place
    document = read_document(place, StudyError)
    faults, spec = list(document.faults), None
    try:
        spec = StudyFile.model_validate(document.data)
    except ValidationError as problem:
        faults += model_faults(document, StudyFile, problem)
    loaded = tuple(_collect(_loaded_instruments(document, place.parent), faults.append))
    faults += _file_faults(document, place.parent)
    if spec is not None and not faults:
        faults += [document.fault(("instruments",), message) for message in clashes(loaded)]
        faults += _key_faults(document, spec, loaded)
        faults += _collection_faults(document, spec, loaded)
    faults += _store_faults(document, place.parent)
    if faults or spec is None:
        raise StudyError.from_faults(str(place), dict.fromkeys(faults))
    return Study(place.resolve(), spec, loaded)


def _collect(found: Iterator[Found | Fault], keep: Callable[[Fault], None]) -> Iterator[Found]:
    """Pass on what was found, and hand faults to `keep`."""
    for entry in found:
        if isinstance(entry, Fault):
            keep(entry)
        else:
            yield entry


def _entries(document: Document, key: str, model: type[Entry]) -> Iterator[tuple[int, Entry]]:
    """Give the entries of a list that are sound in themselves, even where other parts of the file are not."""
    entries = document.data.get(key)
    for index, entry in enumerate(entries if isinstance(entries, list) else ()):
        with suppress(ValidationError):
            yield index, model.model_validate(entry)


def _loaded_instruments(document: Document, folder: Path) -> Iterator[Instrument | Fault]:
    for index, use in _entries(document, "instruments", InstrumentUse):
        place = ("instruments", index)
        is_file = "/" in use.id or use.id.endswith((".yaml", ".yml"))
        refused = _outside(folder, use.id, document.data.get("outside") is True) if is_file else None
        if refused:
            yield document.fault(place, refused)
            continue
        try:
            yield _as_used(instrument(folder / use.id if is_file else use.id), use)
        except InstrumentError as problem:
            yield document.fault(place, str(problem).rstrip("."))


def _as_used(loaded: Instrument, use: InstrumentUse) -> Instrument:
    ranged = loaded.with_range(*use.range) if use.range else loaded
    return ranged.only(use.scales) if use.scales else ranged


def clashes(loaded: Sequence[Instrument]) -> list[str]:
    """Say which instruments cannot be used together: repeated ids, and items that are defined in two ways."""
    ids = [one.id for one in loaded]
    found = [f"two instruments have the id {quoted(one)}; keep one" for one in dict.fromkeys(ids) if ids.count(one) > 1]
    seen: dict[str, tuple[Instrument, tuple[Any, ...]]] = {}
    for one in loaded if not found else ():
        for item in one.items:
            definition = (item.text, item.reverse, one.range(item.id), one.labels(item.id))
            first, known = seen.setdefault(item.id, (one, definition))
            if known != definition:
                found.append(
                    f"the item {quoted(item.id)} is defined differently in {first.id} and {one.id}; "
                    "rename it in one of them"
                )
    return found


def _file_faults(document: Document, folder: Path) -> Iterator[Fault]:
    everywhere = document.data.get("outside") is True
    for index, data in _entries(document, "data", DataFile):
        place = ("data", index, "file")
        refused = _outside(folder, data.file, everywhere or data.outside)
        if refused:
            yield document.fault(place, refused)
        elif not (folder / data.file).is_file():
            there = sorted(entry.name for entry in folder.iterdir() if entry.suffix in (".csv", ".tsv"))
            name = plain(data.file) or "without a name"
            message = f"there is no file {name} in the study's folder.{nearest(data.file, there)}"
            yield document.fault(place, f"{message} CSV files there: {listed(there) or 'none'}")


def _key_faults(document: Document, spec: StudyFile, loaded: Sequence[Instrument]) -> Iterator[Fault]:
    scales = [f"{one.id}.{scale}" for one in loaded for scale in one.scales]
    for index, name in enumerate(spec.confirmed_keys):
        if name not in scales:
            message = f"there is no scale {quoted(name)}.{nearest(name, scales)} Scales: {listed(scales, 20)}"
            yield document.fault(("confirmed_keys", index), message)
    if len(spec.data) > 1 and any(spec.keys.updated(data.keys).person is None for data in spec.data):
        yield document.fault(("data",), "several files can be joined only by a `person` key; name it under `keys`")


def _collection_faults(document: Document, spec: StudyFile, loaded: Sequence[Instrument]) -> Iterator[Fault]:
    if spec.collection is None:
        return
    found = collection_faults(spec.collection, loaded, couples=spec.keys.couple is not None)
    yield from (document.fault(("collection", *place), message) for place, message in found)


def _store_faults(document: Document, folder: Path) -> Iterator[Fault]:
    """Refuse an SQLite file outside the study's folder, as any other file."""
    collection = document.data.get("collection")
    url = collection.get("store") if isinstance(collection, dict) else None
    if isinstance(url, str) and url.startswith("sqlite") and ":///" in url:
        refused = _outside(folder, url.partition(":///")[2], document.data.get("outside") is True)
        if refused:
            yield document.fault(("collection", "store"), refused)


def _outside(folder: Path, file: str, allowed: bool) -> str | None:
    """Refuse a path that leaves the study's folder, unless the study says that it may."""
    try:
        inside = (folder / file).resolve().is_relative_to(folder.resolve())
    except (OSError, RuntimeError, ValueError):  # a loop of links, a NUL character
        return f"{plain(file)} is not a path that can be followed"
    if allowed or inside:
        return None
    return f"{plain(file)} lies outside the study's folder; move it there, or write `outside: true` in the study file"
