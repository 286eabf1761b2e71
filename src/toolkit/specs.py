"""YAML files as checked models: every fault is reported with its line and column."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from .checks import listed, nearest, quoted
from .errors import Fault, ToolkitError

Model = TypeVar("Model", bound=BaseModel)
Place = tuple[Any, ...]

MAX_NODES = 200_000
MAX_BYTES = 20_000_000
TAG = "tag:yaml.org,2002:"


class Spec(BaseModel):
    """Base of everything that is read from a file: frozen, and unknown keys are faults."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)


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

    def place(self, location: Iterable[Any]) -> str:
        """Name a place for people: its line and column in the file, and its path."""
        known: Place = ()
        for part in location:
            if (*known, part) in self.marks:
                known = (*known, part)
        line, column = self.marks.get(known, (1, 1))
        path = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in known).lstrip(".")
        return f"line {line}, column {column}" + (f" ({path})" if path else "")

    def fault(self, location: Iterable[Any], message: str) -> Fault:
        """Make a fault at a place of this file."""
        return Fault(self.place(location), message)


def read_document(path: Path, error: type[ToolkitError]) -> Document:
    """Read a YAML file; syntax errors are raised, duplicate keys and refused tags are kept as faults."""
    try:
        raw = path.read_bytes()
    except OSError as problem:
        raise error(f"{path}: the file cannot be read ({problem.strerror or problem}). Check the path.") from None
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
    loader = None
    try:
        loader = _Loader(text)
        root = loader.get_single_node()
    except yaml.MarkedYAMLError as problem:
        raise error(f"{name}: {_syntax_message(problem, text)}") from None
    except yaml.YAMLError as problem:
        raise error(f"{name}: this is not YAML text ({' '.join(str(problem).split())}).") from None
    finally:
        if loader is not None:
            loader.dispose()
    if root is None:
        raise error(f"{name}: the file is empty.")
    builder = _Builder()
    data = builder.build(root, ())
    document = Document(name, data, builder.marks)
    faults = tuple(document.fault(place, message) for place, message in builder.faults)
    if not isinstance(data, dict):
        raise error(f"{name}: the file must hold `key: value` lines, but holds {quoted(data)}.")
    return Document(name, data, builder.marks, faults)


def _syntax_message(problem: yaml.MarkedYAMLError, text: str) -> str:
    mark = problem.problem_mark or problem.context_mark
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    lines = text.splitlines()
    here = lines[line - 1] if line <= len(lines) else ""
    if "\t" in here[: len(here) - len(here.lstrip())] or "'\\t'" in str(problem.problem):
        return f"line {line} is indented with a tab, which YAML does not allow; use spaces."
    return f"line {line}, column {column}: {problem.problem}. Look at quotes, colons and indentation there."


class _Builder:
    """Turns YAML nodes into plain data, and notes where each part stands."""

    def __init__(self) -> None:
        self.marks: dict[Place, tuple[int, int]] = {}
        self.faults: list[tuple[Place, str]] = []
        self._count = 0

    def build(self, node: yaml.Node, place: Place, parents: tuple[int, ...] = ()) -> Any:
        self._count += 1
        self.marks.setdefault(place, (node.start_mark.line + 1, node.start_mark.column + 1))
        if id(node) in parents or self._count > MAX_NODES:
            self.faults.append((place, "an alias refers to itself or repeats too much; write the values out"))
            return None
        inside = (*parents, id(node))
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, place, inside)
        if isinstance(node, yaml.SequenceNode):
            return [self.build(entry, (*place, index), inside) for index, entry in enumerate(node.value)]
        return self._scalar(node, place)

    def _mapping(self, node: yaml.MappingNode, place: Place, parents: tuple[int, ...]) -> dict[Any, Any]:
        data: dict[Any, Any] = {}
        self._refuse_tag(node, place, ("map",))
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
            return converters[kind](text)
        self._refuse_tag(node, place, ("str",))
        return text

    def _refuse_tag(self, node: yaml.Node, place: Place, allowed: tuple[str, ...]) -> None:
        if str(node.tag).removeprefix(TAG) not in (*allowed, "seq"):
            tag = str(node.tag).replace(TAG, "!!")
            self.faults.append((place, f"the tag {tag} is refused: only plain text, numbers, lists and keys are read"))


def model_faults(document: Document, model: type[BaseModel], problem: ValidationError) -> list[Fault]:
    """Turn what pydantic found into faults with a place and, for a mistyped key, the nearest known key."""
    return [document.fault(entry["loc"], _message(entry, model)) for entry in problem.errors(include_url=False)]


def _message(entry: Any, model: type[BaseModel]) -> str:
    name = entry["loc"][-1] if entry["loc"] else ""
    if entry["type"] == "extra_forbidden":
        known = known_keys(model, entry["loc"][:-1])
        return f"unknown key {quoted(name)}.{nearest(name, known)} Known: {listed(known, 20)}"
    if entry["type"] == "missing":
        return f"the key {quoted(name)} is missing; add it"
    if entry["type"] == "value_error":
        return str(entry["msg"]).removeprefix("Value error, ")
    given = entry.get("input")
    shown = "" if isinstance(given, dict | list) else f", not {quoted(given)}"
    return f"{entry['msg'].replace('Input should be', 'must be')}{shown}"


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
