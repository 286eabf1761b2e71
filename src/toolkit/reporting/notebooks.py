"""The notebooks that ship with the toolkit, and their parameters."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from ..checks import listed, nearest, quoted
from ..errors import ReportError

NUMBERED = re.compile(r"^\d+_(\w+)\.ipynb$")
SET_BY_US = ("study",)
BY_HAND = "9"
TYPES: dict[str, tuple[type, ...]] = {
    "str": (str,),
    "int": (int,),
    "float": (float, int),
    "bool": (bool,),
    "list": (list,),
    "list[str]": (list,),
}
WORDS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


@dataclass(frozen=True)
class Parameter:
    """One entry of a notebook's parameters cell.

    Attributes
    ----------
    name, help : as written there; the comment is the help text.
    type_name : the annotation, such as `str` or `float`.
    default : the default, as source text.
    """

    name: str
    type_name: str
    default: str
    help: str


def notebook_folder() -> Path:
    """Locate the notebooks: inside an installed package, or beside `src/` in a checkout."""
    installed = Path(str(files("toolkit"))) / "notebooks"
    return installed if installed.is_dir() else installed.parents[2] / "notebooks"


def notebooks() -> dict[str, Path]:
    """List the notebooks by name (`scales`), in the order of their numbers."""
    found = sorted(notebook_folder().glob("*.ipynb"))
    return {match.group(1): path for path in found if (match := NUMBERED.match(path.name))}


def report_notebooks() -> list[str]:
    """List the notebooks that make pages of a report; those from 90 on are to be used by hand."""
    return [name for name, path in notebooks().items() if not path.name.startswith(BY_HAND)]


def find_notebook(name: str) -> Path:
    """Locate one notebook by name.

    Raises
    ------
    ReportError
        If there is none of that name.
    """
    known = notebooks()
    if name not in known:
        raise ReportError(f"there is no notebook {quoted(name)}.{nearest(name, known)} Notebooks: {listed(known)}.")
    return known[name]


def parameters_of(path: Path) -> dict[str, Parameter]:
    """Read the parameters cell of a notebook."""
    import papermill

    entries = papermill.inspect_notebook(str(path))
    return {
        name: Parameter(name, entry["inferred_type_name"], entry["default"], entry["help"])
        for name, entry in entries.items()
    }


def checked_parameters(name: str, path: Path, given: Mapping[str, Any]) -> dict[str, Any]:
    """Check parameters of the study file against the notebook's own.

    Raises
    ------
    ReportError
        If one is unknown, is set by the toolkit, or has another type than the parameters cell declares.
    """
    known = parameters_of(path)
    open_to_users = [key for key in known if key not in SET_BY_US]
    for key, value in given.items():
        if key not in open_to_users:
            raise ReportError(
                f"notebook {name}: there is no parameter {quoted(key)}.{nearest(key, open_to_users)} "
                f"Parameters: {listed(open_to_users, 20)}."
            )
        _check_type(name, known[key], value)
    return dict(given)


def _check_type(name: str, parameter: Parameter, value: Any) -> None:
    allowed = TYPES.get(parameter.type_name)
    wrong_bool = isinstance(value, bool) and allowed is not None and bool not in allowed
    if allowed is not None and (wrong_bool or not isinstance(value, allowed)):
        raise ReportError(
            f"notebook {name}: the parameter {parameter.name} is {quoted(value)}, but must be of type "
            f"{parameter.type_name} ({parameter.help or 'default ' + parameter.default})."
        )


def from_text(name: str, path: Path, given: Mapping[str, str]) -> dict[str, Any]:
    """Read parameters that were given as text on the command line by the types that the notebook declares."""
    known = parameters_of(path)
    return {key: _value(name, known[key], text) if key in known else text for key, text in given.items()}


def _value(name: str, parameter: Parameter, text: str) -> Any:
    try:
        if parameter.type_name == "bool":
            return WORDS[text.lower()]
        if parameter.type_name in ("int", "float"):
            return int(text) if parameter.type_name == "int" else float(text)
    except (ValueError, KeyError):
        raise ReportError(
            f"notebook {name}: the parameter {parameter.name} is {quoted(text)}, but must be of type "
            f"{parameter.type_name} ({parameter.help or 'default ' + parameter.default})."
        ) from None
    return [part.strip() for part in text.split(",")] if parameter.type_name.startswith("list") else text
