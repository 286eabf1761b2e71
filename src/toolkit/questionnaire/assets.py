"""Assets: the script and the style of the participant's page, as a notebook and the server hand them out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

STATIC = Path(__file__).parent / "static"
PARTS = (
    *("words", "elements", "connection", "frame", "exit", "saving"),
    *("pages", "withdrawing", "items", "typed", "form", "sending", "main"),
)
SCRIPT = tuple(STATIC / "page" / f"{part}.js" for part in PARTS)
STYLE = (STATIC / "questionnaire.css",)


def joined(files: Sequence[Path]) -> str:
    """Join files into one text: the parts of the script share one module, since a widget is given a single one."""
    return "\n".join(file.read_text(encoding="utf-8") for file in files)
