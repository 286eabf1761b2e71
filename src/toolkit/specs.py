"""YAML files as checked models: every fault is reported with its line and column."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from .checks import listed, nearest, plain, quoted
from .errors import Fault, ToolkitError

Model = TypeVar("Model", bound=BaseModel)
Place = tuple[Any, ...]
Flag = Annotated[bool, Field(strict=True)]

MAX_NODES = 200_000
MAX_BYTES = 20_000_000
TAG = "tag:yaml.org,2002:"


class Spec(BaseModel):
    """Base of everything that is read from a file: frozen, and unknown keys are faults."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)


_MEANINGS: dict[str, str] = {}


def written_as(pattern: str, meaning: str, max_length: int | None = None) -> Any:
    """Make a field that must match a pattern, and keep the pattern's meaning in words for messages."""
    _MEANINGS[pattern] = meaning
    return Field(pattern=pattern, max_length=max_length, description=meaning)


class _Loader(yaml.SafeLoader):
    """YAML 1.2 core scalars only, so that `No`, `on` and dates stay text."""

    yaml_implicit_resolvers: dict[Any, Any] = {}


for _kind, _pattern, _first in (
    ("null", r"^(?:~|null|Null|NULL|)$", ["~", "n", "N", ""]),
    ("bool", r"^(?:true|True|TRUE|false|False|FALSE)$", list("tTfF")),
    ("int", r"^[-+]?[0-9]+$", list("-+0123456789")),
    ("float", r"^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$", list("-+.0123456789")),
):
    _Loader.add_implicit_resolver(TAG + _kind, re.compile(_pattern), _first)


@dataclass(frozen=True)
class Document:
    """A parsed YAML file: plain data, the line and column of every part, and faults met so far."""

    name: str
    data: Any
    marks: Mapping[Place, tuple[int, int]]
    faults: tuple[Fault, ...] = ()

    def place(self, location: Place) -> str:
        """Name a place for people: its line and column in the file, and its path."""
        known: Place = ()
        for part in location:
            if (*known, part) in self.marks:
                known = (*known, part)
        path = _path(known if self.marks else location)
        if not self.marks:
            return path
        line, column = self.marks.get(known, (1, 1))
        return f"line {line}, column {column}" + (f" ({path})" if path else "")

    def fault(self, location: Place, message: str) -> Fault:
        """Make a fault at a place of this file."""
        return Fault(self.place(location), message)


def _path(location: Place) -> str:
    location = tuple(part for part in location if part != "[key]")
    return "".join(f"[{part}]" if isinstance(part, int) else f".{plain(part, 80)}" for part in location).lstrip(".")


def read_document(path: Path, error: type[ToolkitError]) -> Document:
    """Read a YAML file; syntax errors are raised, duplicate keys and refused tags are kept as faults."""
    try:
        raw = path.read_bytes()
    except (OSError, ValueError) as problem:
        reason = getattr(problem, "strerror", None) or problem
        raise error(f"{plain(path)}: the file cannot be read ({reason}). Check the path.") from None
    if len(raw) > MAX_BYTES:
        raise error(f"{path}: a file of more than {MAX_BYTES // 1_000_000} MB is not an instrument or study.")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        raise error(
            f"{path}: the file is not UTF-8 text (byte {problem.start}). Save it as UTF-8 in your editor."
        ) from None
    return parse_document(text, path.name, error)


def parse_document(text: str, name: str, error: type[ToolkitError]) -> Document:
    """Parse YAML text into a Document."""
    builder = _Builder()
    try:
        root = _Loader(text).get_single_node()
        data = None if root is None else builder.build(root, ())
    except yaml.reader.ReaderError as problem:
        line = text.count("\n", 0, problem.position) + 1
        raise error(f"{name}: line {line} holds a control character, so this is not a plain text file.") from None
    except yaml.MarkedYAMLError as problem:
        raise error(f"{name}: {_syntax_message(problem, text)}") from None
    except RecursionError:
        raise error(f"{name}: brackets or indentation are nested too deeply; check that each is closed.") from None
    document = Document(name, data, builder.marks)
    faults = tuple(document.fault(place, message) for place, message in builder.faults)
    if data is None and not faults:
        raise error(f"{name}: the file is empty; it must hold `key: value` lines.")
    if not isinstance(data, dict):
        faults = faults or (Fault("", f"the file must hold `key: value` lines, but holds {quoted(data)}"),)
        raise error.from_faults(name, faults)
    return Document(name, data, builder.marks, faults)


def _syntax_message(problem: yaml.MarkedYAMLError, text: str) -> str:
    mark = problem.problem_mark or problem.context_mark
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    lines = text.splitlines()
    here = lines[line - 1] if line <= len(lines) else ""
    if "\t" in here[: len(here) - len(here.lstrip())] or "'\\t'" in str(problem.problem):
        return f"line {line} has a tab where YAML does not allow one; use spaces."
    if "another document" in str(problem.problem):
        return f"line {line} begins a second document (---), but a file holds one; remove it."
    return (
        f"line {line}, column {column}: the text cannot be read from here on ({problem.problem}). "
        "Look at quotes, brackets, colons and indentation there and in the line above."
    )


class _Builder:
    """Turns YAML nodes into plain data, and notes where each part stands."""

    def __init__(self) -> None:
        self.marks: dict[Place, tuple[int, int]] = {}
        self.faults: list[tuple[Place, str]] = []
        self._count = 0
        self._refused = False

    def build(self, node: yaml.Node, place: Place, parents: tuple[int, ...] = ()) -> Any:
        self._count += 1
        self.marks.setdefault(place, (node.start_mark.line + 1, node.start_mark.column + 1))
        if id(node) in parents or self._count > MAX_NODES:
            if not self._refused:
                self.faults.append((place, "an alias refers to itself or repeats too much; write the values out"))
            self._refused = True
            return None
        inside = (*parents, id(node))
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, place, inside)
        if isinstance(node, yaml.SequenceNode):
            self._refuse_tag(node, place, "seq")
            return [self.build(entry, (*place, index), inside) for index, entry in enumerate(node.value)]
        return self._scalar(node, place)

    def _mapping(self, node: yaml.MappingNode, place: Place, parents: tuple[int, ...]) -> dict[Any, Any]:
        data: dict[Any, Any] = {}
        self._refuse_tag(node, place, "map")
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                self.faults.append((place, "a key must be a plain word or number"))
                continue
            key = self._scalar(key_node, place)
            if key in data:
                line = key_node.start_mark.line + 1
                self.faults.append((place, f"the key {quoted(key)} stands twice (again in line {line}); keep one"))
                continue
            self.marks[(*place, key)] = (key_node.start_mark.line + 1, key_node.start_mark.column + 1)
            data[key] = self.build(value_node, (*place, key), parents)
        return data

    def _scalar(self, node: yaml.Node, place: Place) -> Any:
        text = str(node.value)
        kind = str(node.tag).removeprefix(TAG)
        converters: dict[str, Callable[[str], Any]] = {
            "null": lambda _: None,
            "bool": lambda word: word.lower() == "true",
            "int": int,
            "float": float,
        }
        if kind in converters:
            try:
                return converters[kind](text)
            except ValueError:
                self.faults.append((place, f"{quoted(text)} cannot be read as a number; put text in quotes"))
                return text
        self._refuse_tag(node, place, "str")
        return text

    def _refuse_tag(self, node: yaml.Node, place: Place, allowed: str) -> None:
        if str(node.tag).removeprefix(TAG) != allowed:
            tag = str(node.tag).replace(TAG, "!!")
            self.faults.append((place, f"the tag {tag} is refused: only plain text, numbers, lists and keys are read"))


def model_faults(document: Document, model: type[BaseModel], problem: ValidationError) -> list[Fault]:
    """Turn what pydantic found into faults with a place and, for a mistyped key, the nearest known key."""
    refused = {fault.place for fault in document.faults}
    found = list(problem.errors(include_url=False))
    told = [entry for entry in found if entry["type"].endswith("_type") and document.place(entry["loc"]) in refused]
    return [document.fault(entry["loc"], _message(entry, model)) for entry in found if entry not in told]


PLAIN = {
    "dict_type": "must be `key: value` lines (wording may also be text in quotes)",
    "model_type": "must be `key: value` lines",
    "list_type": "must be a list, such as [a, b]",
    "tuple_type": "must be a list, such as [1, 5]",
    "string_type": "must be text; put it in quotes",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_parsing_size": "must be a smaller number",
    "invalid_key": "is not a word; keys are words",
    "int_from_float": "must be a whole number",
    "finite_number": "must be a finite number",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "bool_type": "must be true or false",
    "too_short": "must hold at least one entry",
}


def _message(entry: Any, model: type[BaseModel]) -> str:
    name = entry["loc"][-1] if entry["loc"] else ""
    if entry["type"] == "extra_forbidden":
        known = known_keys(model, entry["loc"][:-1])
        return f"unknown key {quoted(name)}.{nearest(name, known)} Known: {listed(known, 20)}"
    if entry["type"] == "missing":
        missing = f"entry {name + 1} of the list" if isinstance(name, int) else f"the key {quoted(name)}"
        return f"{missing} is missing; add it"
    if entry["type"] == "value_error":
        return str(entry["msg"]).removeprefix("Value error, ")
    given = entry.get("input")
    shown = "" if isinstance(given, dict | list) else f" (here: {quoted(given)})"
    meaning = _MEANINGS.get(entry.get("ctx", {}).get("pattern", ""), "")
    words = f"must be {meaning}" if meaning else PLAIN.get(entry["type"], entry["msg"])
    words = re.sub(r"^[A-Z][a-z]+ should", "must", words).partition(" after validation")[0]
    return f"{_subject(entry['loc'])} {words}{shown}"


def _subject(location: Place) -> str:
    """Name what a message is about: the key that was given, or the entry of a list."""
    words = [part for part in location if isinstance(part, str)]
    if location and isinstance(location[-1], int):
        return "this entry"
    return f"the key {quoted(words[-2])}" if words[-1:] == ["[key]"] else quoted(words[-1] if words else "the file")


def known_keys(model: type[BaseModel], location: Iterable[Any]) -> list[str]:
    """Find the keys that are known at a place of a model, by walking its annotations."""
    current: list[Any] = [model]
    for part in location:
        step = [field for entry in current for field in _inside(entry, part)]
        current = step or current
    return sorted({name for entry in current if _is_model(entry) for name in entry.model_fields})


def _inside(annotation: Any, part: Any) -> list[Any]:
    if _is_model(annotation):
        field = annotation.model_fields.get(part)
        return _models_in(field.annotation) if field else []
    return [annotation]


def _models_in(annotation: Any) -> list[Any]:
    if _is_model(annotation):
        return [annotation]
    return [found for argument in getattr(annotation, "__args__", ()) for found in _models_in(argument)]


def _is_model(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)
