"""Missing answers: why a cell is empty, and the codes that say so."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal

from pydantic import WithJsonSchema

from .checks import nearest, quoted

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


def missing_codes(value: Any) -> dict[Code, Reason]:
    """Read missing codes: a mapping of code to reason, a list of codes, or one code; a list means `unknown`.

    Raises
    ------
    ValueError
        If a code is neither number nor text, or a reason is not one of `REASONS`.

    Examples
    --------
    >>> missing_codes({-9: "refused"}), missing_codes([0])
    ({-9: 'refused'}, {0: 'unknown'})
    """
    if value is None:
        return {}
    listed_codes = value if isinstance(value, Iterable) and not isinstance(value, str) else [value]
    pairs: Iterable[tuple[Any, Any]]
    pairs = value.items() if isinstance(value, Mapping) else [(code, "unknown") for code in listed_codes]
    codes = {_code(code): reason for code, reason in pairs}
    for code, reason in codes.items():
        if reason not in REASONS:
            raise ValueError(
                f"the reason {quoted(reason)} of the missing code {quoted(code)} is not known."
                f"{nearest(reason, REASONS)} Reasons: {', '.join(REASONS)}"
            )
    return codes


def _code(code: Any) -> Code:
    """Take one missing code; NumPy's numbers become Python's, and what stands for nothing becomes the blank cell."""
    plain = code.item() if hasattr(code, "item") else code
    if plain is None or (isinstance(plain, float) and math.isnan(plain)):
        return ""
    if isinstance(plain, bool) or not isinstance(plain, int | float | str):
        raise ValueError(f"the missing code {quoted(code)} must be a number or a text")
    return plain
