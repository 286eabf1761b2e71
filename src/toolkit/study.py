"""Study: a YAML file that names data, keys, instruments, reports and privacy rules."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import Field, ValidationError, WithJsonSchema, field_validator, model_validator

from .catalogue import instrument
from .checks import listed, nearest, quoted
from .errors import Fault, InstrumentError, StudyError
from .instrument import Instrument
from .specs import Document, Spec, model_faults, read_document

Reason = Literal[
    "skipped", "refused", "dont_know", "not_applicable", "not_shown", "timed_out", "dropped_out", "unknown"
]
REASONS: tuple[Reason, ...] = (
    "skipped",
    "refused",
    "dont_know",
    "not_applicable",
    "not_shown",
    "timed_out",
    "dropped_out",
    "unknown",
)
Code = int | float | str
MissingCodes = Annotated[
    dict[Code, Reason],
    WithJsonSchema({"type": ["object", "array"], "description": "code: reason, or a list of codes"}),
]
Found = TypeVar("Found")


def missing_codes(value: Any) -> dict[Code, Reason]:
    """Read missing codes: a mapping of code to reason, a list of codes, or one code; a list means `unknown`.

    Raises
    ------
    ValueError
        If a reason is not one of `REASONS`.

    Examples
    --------
    >>> missing_codes({-9: "refused"}), missing_codes([0])
    ({-9: 'refused'}, {0: 'unknown'})
    """
    if value is None:
        return {}
    if isinstance(value, int | float | str):
        return {value: "unknown"}
    if not isinstance(value, Mapping):
        return dict.fromkeys(value, "unknown")
    for code, reason in value.items():
        if reason not in REASONS:
            raise ValueError(
                f"the reason {quoted(reason)} of the missing code {quoted(code)} is not known."
                f"{nearest(reason, REASONS)} Reasons: {', '.join(REASONS)}"
            )
    return dict(value)


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
    delimiter: str | None = None
    decimal: Literal[".", ","] | None = None
    outside: bool = False

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


class Privacy(Spec):
    """What a report may show of small groups of people."""

    smallest_cell: Annotated[int, Field(ge=1)] = 5


class StudyFile(Spec):
    """The content of a study file."""

    study: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$", max_length=64)]
    title: Annotated[str, Field(min_length=1, max_length=300)]
    description: str = ""
    citation: str = ""
    simulated: bool = False
    keys: Keys = Keys()
    data: Annotated[list[DataFile], Field(min_length=1)]
    instruments: Annotated[list[InstrumentUse], Field(min_length=1)]
    covariates: list[Covariate] = []
    reports: list[NotebookRun] = [NotebookRun(notebook="scales")]
    formats: list[Literal["html"]] = ["html"]
    privacy: Privacy = Privacy()
    confirmed_keys: list[str] = []
    seed: int = 20260101
    outside: bool = False

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
    faults = list(document.faults)
    spec = None
    try:
        spec = StudyFile.model_validate(document.data)
    except ValidationError as problem:
        faults += model_faults(document, StudyFile, problem)
    loaded: tuple[Instrument, ...] = ()
    if spec is not None:
        loaded = tuple(_collect(_loaded_instruments(document, spec, place.parent), faults.append))
        faults += _file_faults(document, spec, place.parent)
    if faults or spec is None:
        raise StudyError.from_faults(str(place), faults)
    return Study(place.resolve(), spec, loaded)


def _collect(found: Iterator[Found | Fault], keep: Callable[[Fault], None]) -> Iterator[Found]:
    """Pass on what was found, and hand faults to `keep`."""
    for entry in found:
        if isinstance(entry, Fault):
            keep(entry)
        else:
            yield entry


def _loaded_instruments(document: Document, spec: StudyFile, folder: Path) -> Iterator[Instrument | Fault]:
    for index, use in enumerate(spec.instruments):
        place = ("instruments", index)
        is_file = "/" in use.id or use.id.endswith((".yaml", ".yml"))
        refused = _outside(folder, use.id, spec.outside) if is_file else None
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


def _file_faults(document: Document, spec: StudyFile, folder: Path) -> Iterator[Fault]:
    for index, data in enumerate(spec.data):
        place = ("data", index, "file")
        refused = _outside(folder, data.file, spec.outside or data.outside)
        if refused:
            yield document.fault(place, refused)
        elif not (folder / data.file).is_file():
            near = listed(sorted(entry.name for entry in folder.iterdir() if entry.suffix in (".csv", ".tsv")))
            yield document.fault(place, f"there is no file {quoted(data.file)} in {folder}. CSV files there: {near}")
    if len(spec.data) > 1 and any(spec.keys.updated(data.keys).person is None for data in spec.data):
        yield document.fault(("data",), "several files can be joined only by a `person` key; name it under `keys`")


def _outside(folder: Path, file: str, allowed: bool) -> str | None:
    """Refuse a path that leaves the study's folder, unless the study says that it may."""
    if allowed or (folder / file).resolve().is_relative_to(folder.resolve()):
        return None
    return f"{quoted(file)} lies outside the study's folder; move it there, or write `outside: true` in the study file"
