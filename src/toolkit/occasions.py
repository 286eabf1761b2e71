"""The keys of rows: who, in which couple, in which role, on which occasion; and what cannot be."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pandas as pd

from .answers import NOT_ANSWERED, as_number, as_texts
from .checks import listed, quoted, rows
from .errors import Fault

KEYS = ("person", "couple", "role", "wave", "day")
OCCASION = ("wave", "day")


def impossible_keys(keys: pd.DataFrame) -> list[Fault]:
    """Find keys that contradict each other; rows are counted from 1.

    Parameters
    ----------
    keys : a frame with `person` and any of `couple`, `role`, `wave`, `day`.
    """
    faults = list(_empty_cells(keys))
    if faults:
        return faults
    checks: list[Callable[[pd.DataFrame], Iterator[Fault]]] = [_repeated_occasions]
    if "couple" in keys:
        checks += [_crowded_couples, _persons_in_two_couples]
        checks += [_shared_roles] if "role" in keys else []
    return [fault for check in checks for fault in check(keys)]


def _rows(mask: pd.Series[Any]) -> str:
    return rows(mask.to_numpy().nonzero()[0].tolist())


def _empty_cells(keys: pd.DataFrame) -> Iterator[Fault]:
    for name in keys.columns:
        column = keys[name]
        words = [""] if name == "person" else sorted(NOT_ANSWERED)
        blank = column.isna()
        if not pd.api.types.is_numeric_dtype(column.dtype):
            blank |= as_texts(column).isin(words)
        if blank.any():
            message = (
                f"the {name} is empty; every row needs one, since rows are linked by it. Fill it or remove the row"
            )
            yield Fault(f"key {quoted(name)}, {_rows(blank)}", message)


def _repeated_occasions(keys: pd.DataFrame) -> Iterator[Fault]:
    by = ["person", *(name for name in OCCASION if name in keys)]
    repeated = keys.duplicated(by, keep=False)
    if not repeated.any():
        return
    groups = keys.loc[repeated, by].drop_duplicates().astype(object).itertuples(index=False)
    named = [", ".join(f"{name} {quoted(value)}" for name, value in zip(by, row, strict=True)) for row in groups]
    hint = "keep one row each" if len(by) > 1 else "name the wave or day column if these are several occasions"
    shown = "; ".join(named[:5]) + (f"; and {len(named) - 5} more" if len(named) > 5 else "")
    yield Fault(_rows(repeated), f"the same person and occasion has more than one row ({shown}); {hint}")


def _crowded_couples(keys: pd.DataFrame) -> Iterator[Fault]:
    pairs = keys[["couple", "person"]].drop_duplicates()
    sizes = pairs.groupby("couple", sort=False)["person"].size()
    crowded = sizes[sizes > 2]
    for couple, size in crowded.head(5).items():
        persons = listed(pairs.loc[pairs["couple"] == couple, "person"].tolist())
        yield Fault(
            f"couple {quoted(couple)}", f"{size} people ({persons}), but a couple has at most two; check the ids"
        )
    if len(crowded) > 5:
        yield Fault("couples", f"{len(crowded) - 5} further couples have more than two people")


def _persons_in_two_couples(keys: pd.DataFrame) -> Iterator[Fault]:
    pairs = keys[["couple", "person"]].drop_duplicates()
    moved = pairs.loc[pairs["person"].duplicated(keep=False), "person"].unique().tolist()
    if moved:
        message = "belongs to more than one couple; person ids must be unique across couples"
        yield Fault(f"person {listed(moved, 5)}", f"{message} (not 1 and 2 in each couple)")


def _shared_roles(keys: pd.DataFrame) -> Iterator[Fault]:
    roles = keys[["couple", "person", "role"]].drop_duplicates()
    changed = roles.loc[roles["person"].duplicated(keep=False), "person"].unique().tolist()
    if changed:
        yield Fault(f"person {listed(changed, 5)}", "has more than one role; a role stays the same over all occasions")
        return
    same = roles.loc[roles.duplicated(["couple", "role"], keep=False), "couple"].unique().tolist()
    if same:
        message = "both partners have the same role, but the role tells them apart; use two values such as a and b"
        yield Fault(f"couple {listed(same, 5)}", f"{message}, or leave the role key out")


def in_order(column: pd.Series[Any]) -> list[Any]:
    """List the values of an occasion key: numbers by size, words in the order in which they appear."""
    values = column.unique().tolist()
    numbers = [as_number(value) for value in values]
    return values if None in numbers else sorted(values, key=lambda value: as_number(value) or 0.0)
