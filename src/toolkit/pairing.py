"""Partners and occasions side by side: rows of persons ↔ one row per couple (or person) ↔ rows with the partner's."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from .answers import as_number
from .checks import check_known, check_one_of, counted, listed, quoted
from .errors import AnalysisError, ArgumentError
from .responses import Responses, as_responses
from .scoring import score_scale

Positions = npt.NDArray[np.intp]
OVER = ("role", "wave", "day")
LETTER = {"wave": "w", "day": "d"}
FIRST, SECOND = "1", "2"
PARTNER = "partner"


@dataclass(frozen=True)
class Wide:
    """One row per couple, or per person, with columns for each partner or occasion.

    Attributes
    ----------
    frame : the unit's keys; for partners their `person_<role>`; then a column `variable_<role>`, `variable_w<wave>`,
        or both suffixes, for each variable and part. What belongs to no row is empty.
    columns : one row per such column: `column`, `variable`, its `suffix`, and the `role`, `wave` or `day` it is of.
    present : units by suffixes: whether there is a row of this person and occasion.
    over : what stands side by side: `role`, `wave`, `day`.
    note : how partners are told apart, and how many units lack a part.
    """

    frame: pd.DataFrame
    columns: pd.DataFrame
    present: pd.DataFrame
    over: tuple[str, ...]
    note: str

    @property
    def suffixes(self) -> tuple[str, ...]:
        """The parts' suffixes, first part first."""
        return tuple(self.present.columns)

    @property
    def n_complete(self) -> int:
        """Units of which every part is there."""
        return int(self.present.all(axis=1).sum())

    @property
    def n_incomplete(self) -> int:
        """Units of which a part is missing."""
        return len(self.present) - self.n_complete

    def of(self, variable: str) -> tuple[str, ...]:
        """Name the columns of one variable, first part first."""
        check_known("variable", [variable], list(dict.fromkeys(self.columns["variable"])), "variable")
        return tuple(self.columns.loc[self.columns["variable"] == variable, "column"])

    def persons(self) -> pd.DataFrame:
        """Go back to one row per person and occasion, unit by unit: keys, then the variables."""
        blocks = [self._block(suffix) for suffix in self.suffixes]
        together = pd.concat(blocks).sort_index(kind="stable").reset_index(drop=True)
        types = dict(zip(self.columns["variable"], self.columns["dtype"], strict=True))
        return together.astype(types)

    def _block(self, suffix: str) -> pd.DataFrame:
        """Take the rows of one part, with the unit's number as index."""
        mine = self.columns[self.columns["suffix"] == suffix]
        there = self.present[suffix].to_numpy()
        keys = [name for name in self.frame.columns if name in ("person", "couple", *OVER)]
        block = self.frame[keys].copy()
        first = mine.iloc[0]
        if "role" in self.over:
            block["person"] = self.frame[f"person_{first['role']}"]
        for name in self.over:
            block[name] = first[name]
        for column, variable in zip(mine["column"], mine["variable"], strict=True):
            block[variable] = self.frame[column]
        return block[there].infer_objects()


@dataclass(frozen=True)
class Pairwise:
    """One row per person, with the partner's answers beside the own ones.

    Attributes
    ----------
    frame : rows and index of the data: keys, `role` (where partners have none, `1` and `2`), `person_partner`, then
        each variable and `variable_partner`; empty where the partner has no row on this occasion.
    variables : the variables.
    note : how partners are told apart, and how many rows lack the partner's.
    n_alone : rows without the partner's.
    """

    frame: pd.DataFrame
    variables: tuple[str, ...]
    note: str
    n_alone: int

    def persons(self) -> pd.DataFrame:
        """Go back to the own answers: keys, then the variables."""
        extra = [f"{name}_{PARTNER}" for name in ("person", *self.variables)]
        return self.frame.drop(columns=extra)


def wide(
    data: Responses,
    variables: str | Sequence[str] | None = None,
    *,
    over: str | Sequence[str] = "role",
    distinguishable: bool = True,
) -> Wide:
    """Put partners, occasions or both side by side.

    Parameters
    ----------
    data : answers with a `couple` (for partners), `wave` or `day`.
    variables : items, covariates or scales (`instrument.scale`, which are scored); by default all items and covariates.
    over : what to put side by side: `role` (one row per couple, and per occasion unless these stand side by side too),
        `wave` or `day` (one row per person), or several of them.
    distinguishable : whether the role tells partners apart; if not, or where there is none, they are `1` and `2` in
        the order of their person ids: arbitrary, but the same on all occasions and for any order of rows.

    Returns
    -------
    Wide
        Nothing is dropped: of a couple of which one partner (or wave) is missing, the columns are empty.

    Raises
    ------
    ArgumentError
        For an unknown variable or key, or names that would stand twice.
    AnalysisError
        Where roles do not tell partners apart.

    Notes
    -----
    ``tidyr::pivot_wider(names_from = role, values_from = c(...))``, or ``reshape(direction = "wide")``, in R.

    Examples
    --------
    >>> raw = pd.DataFrame({"id": [1, 2, 3], "pair": [1, 1, 2], "who": ["a", "b", "b"], "x": [5, 3, 4]})
    >>> found = wide(Responses.from_frame(raw, person="id", couple="pair", role="who"))
    >>> found.frame[["couple", "x_a", "x_b"]].to_dict("list"), found.n_incomplete
    ({'couple': [1, 2], 'x_a': [5.0, nan], 'x_b': [3, 4]}, 1)
    """
    responses = as_responses(data)
    chosen = _checked_over(responses, over)
    keys = _with_roles(responses, distinguishable) if "role" in chosen else responses.frame[list(responses.keys)]
    values = _columns(responses, variables)
    return _arranged(keys, values, chosen, _telling(responses, chosen, distinguishable))


def pairwise(
    data: Responses, variables: str | Sequence[str] | None = None, *, distinguishable: bool = True
) -> Pairwise:
    """Put the partner's answers beside the own ones, one row per person (and occasion).

    Parameters
    ----------
    data : answers with a `couple`.
    variables, distinguishable : as in `wide`.

    Notes
    -----
    The pairwise (double-entry) layout of Kenny, Kashy & Cook (2006, Dyadic Data Analysis, chapter 1).

    Examples
    --------
    >>> raw = pd.DataFrame({"id": [1, 2], "pair": [1, 1], "x": [5, 3]})
    >>> pairwise(Responses.from_frame(raw, person="id", couple="pair")).frame[["x", "x_partner"]].to_dict("list")
    {'x': [5, 3], 'x_partner': [3, 5]}
    """
    responses = as_responses(data)
    keys = _with_roles(responses, distinguishable)
    values = _columns(responses, variables)
    rows = _row_table(keys, ("role",)).rows
    partner = np.full(len(keys), -1, dtype=np.intp)
    for own, other in ((0, 1), (1, 0)):
        there = rows[:, own] >= 0
        partner[rows[there, own]] = rows[there, other]
    frame = keys.copy()
    frame[f"person_{PARTNER}"] = _taken(keys["person"], partner).to_numpy()
    for name, column in values.items():
        frame[name] = column
        frame[f"{name}_{PARTNER}"] = _taken(column, partner).array
    _refuse_repeated([*keys, f"person_{PARTNER}", *values, *(f"{name}_{PARTNER}" for name in values)])
    alone = int((partner < 0).sum())
    note = _telling(responses, ("role",), distinguishable)
    lost = f"{counted(alone, 'row')} without the partner's" if alone else ""
    return Pairwise(frame, tuple(values), "; ".join(filter(None, [note, lost])), alone)


def from_wide(
    frame: pd.DataFrame, roles: Sequence[str], *, couple: str | None = None, separator: str = "_"
) -> pd.DataFrame:
    """Turn a frame with one row per couple into one row per person, for `Responses.from_frame`.

    Parameters
    ----------
    frame : one row per couple; columns that end in a role, such as `tension_h` and `tension_w`, are the partners', all
        others the couple's.
    roles : the two endings.
    couple : the column with the couple's id; by default couples are numbered from 1.
    separator : what stands before the ending.

    Returns
    -------
    DataFrame
        `person` (couple and role), `couple`, `role`, the couple's columns, the partners'. A partner of whom nothing is
        known has a row of empty cells.

    Examples
    --------
    >>> from_wide(pd.DataFrame({"x_h": [1, 2], "x_w": [3, 4]}), ("h", "w"))["x"].tolist()
    [1, 3, 2, 4]
    """
    if len(set(roles)) != 2:
        raise ArgumentError(f"roles are {listed(roles)}, but a couple has two partners: give two different endings.")
    ends = [f"{separator}{role}" for role in roles]
    names = [str(name) for name in frame.columns]
    stems = dict.fromkeys(name.removesuffix(end) for end in ends for name in names if name.endswith(end))
    lacking = [f"{stem}{end}" for stem in stems for end in ends if f"{stem}{end}" not in names]
    if lacking or not stems:
        what = f"there is no column {listed(lacking)}" if lacking else f"no column ends in {listed(ends)}"
        raise ArgumentError(f"{what}: each partner's variable needs a column for both.")
    if couple is not None:
        check_known("couple", [couple], names, "column")
    ids = pd.Series(np.arange(1, len(frame) + 1)) if couple is None else frame[couple].reset_index(drop=True)
    common = [name for name in names if name != couple and not any(name.endswith(end) for end in ends)]
    blocks = []
    for role, end in zip(roles, ends, strict=True):
        person = ids.astype(str) + separator + str(role)
        block = pd.DataFrame({"person": person, "couple": ids, "role": role})
        for name in common:
            block[name] = frame[name].array
        for stem in stems:
            block[stem] = frame[f"{stem}{end}"].array
        blocks.append(block)
    return pd.concat(blocks).sort_index(kind="stable").reset_index(drop=True)


def _checked_over(responses: Responses, over: str | Sequence[str]) -> tuple[str, ...]:
    chosen = [over] if isinstance(over, str) else list(over)
    if not chosen:
        raise ArgumentError(f"over names nothing to put side by side; name one of {listed(OVER)}.")
    for name in chosen:
        check_one_of("over", name, OVER)
        if name != "role" and name not in responses.keys:
            raise ArgumentError(f"over={quoted(name)}: the data have no {name} column; name it with {name}=.")
    return tuple(name for name in OVER if name in chosen)


def _with_roles(responses: Responses, distinguishable: bool) -> pd.DataFrame:
    """Take the keys, with a role for each partner."""
    keys = responses.frame[list(responses.keys)].copy()
    if "couple" not in keys:
        raise ArgumentError(
            "partners are found by their couple, but the data have no couple column; name it with couple=."
        )
    if "role" in keys and distinguishable:
        roles = _in_order(keys["role"], "role")
        if len(roles) != 2:
            raise AnalysisError(
                f"the role has {counted(len(roles), 'value')} ({listed(roles)}), but tells the two partners of each "
                "couple apart; give it two values, or set distinguishable=False."
            )
        return keys
    pairs = keys[["couple", "person"]].drop_duplicates()
    rank = {person: place for place, person in enumerate(_in_order(pairs["person"], "person"))}
    order = pairs.assign(place=pairs["person"].map(rank)).sort_values("place", kind="stable")
    number = order.groupby("couple", sort=False).cumcount().map({0: FIRST, 1: SECOND})
    keys["role"] = keys["person"].map(dict(zip(order["person"], number, strict=True)))
    return keys[[name for name in ("person", "couple", *OVER) if name in keys]]


def _in_order(column: pd.Series[Any], key: str) -> list[Any]:
    """List a key's values: numbers by size; words of occasions as they appear, others by the alphabet."""
    values = column.unique().tolist()
    numbers = [as_number(value) for value in values]
    if None not in numbers:
        return sorted(values, key=lambda value: as_number(value) or 0.0)
    return values if key in LETTER else sorted(values, key=str)


def _columns(responses: Responses, variables: str | Sequence[str] | None) -> dict[str, pd.Series[Any]]:
    """Take variables by name; scales are scored."""
    frame = responses.frame
    own = [*responses.items, *responses.covariates]
    names = own if variables is None else [variables] if isinstance(variables, str) else list(variables)
    found: dict[str, pd.Series[Any]] = {}
    for name in names:
        if name in own:
            found[name] = frame[name]
            continue
        bare = [scale.partition(".")[2] for scale in responses.scales]
        if name not in responses.scales and bare.count(name) != 1:
            check_known("variables", [name], [*own, *responses.scales], "item, scale or covariate")
        one, scale = responses.find_scale(name)
        found[f"{one.id}.{scale}"] = pd.Series(score_scale(responses, one, scale)[0], index=frame.index)
    if not found:
        raise ArgumentError("there are no variables to put side by side; name some.")
    return found


@dataclass(frozen=True)
class _RowTable:
    """Where each unit's parts stand among the rows; −1 where there is none."""

    units: pd.DataFrame
    parts: list[tuple[Any, ...]]
    rows: Positions


def _row_table(keys: pd.DataFrame, over: tuple[str, ...]) -> _RowTable:
    """Find the row of each unit and part; units as they appear, parts in order."""
    drop = {*over, *(("person",) if "role" in over else ())}
    by = [name for name in keys.columns if name not in drop]
    if "role" not in over:
        by = ["person", *(name for name in by if name in LETTER)]
    unit = keys.groupby(by, sort=False).ngroup().to_numpy()
    levels = [_in_order(keys[name], name) for name in over]
    if "role" in over and levels[0] == [FIRST]:
        levels[0] = [FIRST, SECOND]
    parts = list(product(*levels))
    place = {values: position for position, values in enumerate(parts)}
    part = np.array([place[values] for values in zip(*(keys[name] for name in over), strict=True)])
    rows = np.full((int(unit.max()) + 1, len(parts)), -1, dtype=np.intp)
    rows[unit, part] = np.arange(len(keys))
    shown = [name for name in keys.columns if name not in drop]
    units = keys.iloc[pd.Series(unit).drop_duplicates().index][shown].reset_index(drop=True)
    return _RowTable(units, parts, rows)


def _arranged(keys: pd.DataFrame, values: dict[str, pd.Series[Any]], over: tuple[str, ...], note: str) -> Wide:
    table = _row_table(keys, over)
    suffixes = ["_".join(_suffix(*pair) for pair in zip(over, part, strict=True)) for part in table.parts]
    data: dict[str, Any] = {str(name): table.units[name] for name in table.units}
    if "role" in over:
        for role in dict.fromkeys(part[0] for part in table.parts):
            mine = [position for position, part in enumerate(table.parts) if part[0] == role]
            data[f"person_{role}"] = _taken(keys["person"], table.rows[:, mine].max(axis=1))
    described = []
    names = list(data)
    for name, column in values.items():
        for part, suffix, rows in zip(table.parts, suffixes, table.rows.T, strict=True):
            names.append(f"{name}_{suffix}")
            data[names[-1]] = _taken(column, rows)
            of = dict(zip(over, part, strict=True))
            described.append({"column": names[-1], "variable": name, "suffix": suffix, **of, "dtype": column.dtype})
    _refuse_repeated(names)
    present = pd.DataFrame(table.rows >= 0, columns=suffixes)
    lacking = int((~present.all(axis=1)).sum())
    unit = "couple" if "role" in over else "person"
    every = " and ".join(over)
    lost = f"{lacking:,} of {counted(len(present), unit)} without a row for every {every}" if lacking else ""
    columns = pd.DataFrame(described)
    return Wide(pd.DataFrame(data), columns, present, over, "; ".join(filter(None, [note, lost])))


def _taken(column: pd.Series[Any], rows: Positions) -> pd.Series[Any]:
    """Take cells by position; −1 gives an empty cell."""
    return column.reset_index(drop=True).reindex(rows).reset_index(drop=True)


def _suffix(key: str, value: Any) -> str:
    numeric = as_number(value) is not None
    return f"{LETTER[key] if key in LETTER and numeric else ''}{value}"


def _telling(responses: Responses, over: Iterable[str], distinguishable: bool) -> str:
    if "role" not in over or ("role" in responses.keys and distinguishable):
        return ""
    why = "the data have no role" if "role" not in responses.keys else "roles are not used"
    return f"{why}: partners are 1 and 2 in the order of their person ids, which is arbitrary"


def _refuse_repeated(names: Sequence[str]) -> None:
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise ArgumentError(
            f"the column {listed(repeated)} would stand twice, since a variable has the name that another one gets "
            "beside its partner's; rename the variable."
        )
