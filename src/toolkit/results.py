"""Result: what every analysis returns."""

from __future__ import annotations

import dataclasses
import json
import math
import numbers
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pandas as pd

from . import format as fmt
from .checks import check_known, listed
from .errors import AnalysisError, ArgumentError

if TYPE_CHECKING:
    from .plots import Figure

SCHEMA = "toolkit.result/1"
MIME_TYPE = "application/vnd.toolkit.result+json"
FIT_COLUMNS = ("model", "n_used", "n_dropped", "method", "converged")


class DeferredTables(Mapping[str, pd.DataFrame]):
    """Tables by name, each made when it is first asked for, and kept.

    Examples
    --------
    >>> tables = DeferredTables({"squares": lambda: pd.DataFrame({"square": [1, 4, 9]})})
    >>> list(tables)
    ['squares']
    >>> tables["squares"]["square"].tolist()
    [1, 4, 9]
    """

    def __init__(self, makers: Mapping[str, Callable[[], pd.DataFrame]]) -> None:
        self._makers = dict(makers)
        self._made: dict[str, pd.DataFrame] = {}

    def __getitem__(self, name: str) -> pd.DataFrame:
        if name not in self._made:
            self._made[name] = self._makers[name]()
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._makers)

    def __len__(self) -> int:
        return len(self._makers)

    def __contains__(self, name: object) -> bool:
        return name in self._makers


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Result:
    """The outcome of one analysis, at full precision.

    Attributes
    ----------
    kind : the analysis, as the public function is called (`reliability`).
    title : a heading for people.
    estimates : one row per parameter.
    fit : one row per model, scale or step (column `model`), always with `n_used`, `n_dropped`, `method` and
        `converged`; where a statistic is not defined, `note` says why.
    tables : further tables by name.
    cases : one row per respondent, or None. They never leave the machine: neither `to_json` nor the
        notebook output holds them.
    settings : every argument, the seed and the versions of the instruments.
    statement : one sentence in APA style.
    captions : a caption for each table, by name.
    view : which part of the estimates shows in a notebook, set by `showing`.
    name : what tells this result from others of its kind in a report; the kind, unless set by `named`.
    source : what analyses of the result go on from, such as the fitted model; it holds answers, so it never leaves the
        machine either.
    """

    kind: str
    title: str
    estimates: pd.DataFrame
    fit: pd.DataFrame
    tables: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    cases: pd.DataFrame | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    statement: str = ""
    captions: Mapping[str, str] = field(default_factory=dict)
    view: Mapping[str, Any] = field(default_factory=dict)
    name: str = ""
    source: Any = None

    def __post_init__(self) -> None:
        missing = [column for column in FIT_COLUMNS if column not in self.fit.columns]
        if missing:
            raise ArgumentError(f"fit has no column {listed(missing)}; build it with fit_table.")
        object.__setattr__(self, "name", self.name or self.kind)

    def named(self, name: str) -> Result:
        """Return the same result under another name."""
        return dataclasses.replace(self, name=name)

    def showing(self, **view: Any) -> Result:
        """Return the same result, of which a notebook shows a part of the estimates (arguments of `table`)."""
        return dataclasses.replace(self, view=view)

    def part(self, instrument: str) -> Result:
        """Keep the rows about one instrument's scales, in every table that names scales."""
        tables = {name: _of_instrument(frame, "scale", instrument) for name, frame in self.tables.items()}
        return dataclasses.replace(
            self,
            name=f"{self.name}_{instrument}",
            estimates=_of_instrument(self.estimates, "scale", instrument),
            fit=_of_instrument(self.fit, "model", instrument),
            tables=tables,
        )

    def table_names(self) -> tuple[str, ...]:
        """List the tables that `to_frame` and `table` know."""
        return ("estimates", "fit", *self.tables)

    def to_frame(self, name: str = "estimates") -> pd.DataFrame:
        """Return one table at full precision: `estimates`, `fit`, `cases` or one of `tables`."""
        known = (*self.table_names(), *(() if self.cases is None else ("cases",)))
        check_known("name", [name], known, "table")
        if name in self.tables:
            return self.tables[name].copy()
        return pd.DataFrame({"estimates": self.estimates, "fit": self.fit, "cases": self.cases}[name]).copy()

    def table(
        self,
        name: str = "estimates",
        *,
        columns: Sequence[str] | Mapping[str, str] | None = None,
        rows: str | None = None,
        strongest: tuple[str, int] | None = None,
        caption: str | None = None,
        digits: int = 2,
    ) -> fmt.Table:
        """Format one table for reading.

        Parameters
        ----------
        name : which table.
        columns : the columns to show, all by default; a mapping shows them under other names.
        rows : a pandas query that chooses rows, such as ``"kind == 'scale'"``.
        strongest : a column and a number: where there are more rows, those whose value is largest in size.
        caption : a caption in place of the table's own.
        digits : decimals.
        """
        frame = self.to_frame(name)
        frame = frame.query(rows) if rows else frame
        notes = list(self._notes()) if name == self.view.get("name", "estimates") else []
        if strongest is not None and len(frame) > strongest[1]:
            column, limit = strongest
            notes.insert(0, f"The {limit} strongest of {fmt.count(len(frame))} rows; the others are in the CSV table.")
            frame = frame.sort_values(column, key=abs, ascending=False, kind="stable").head(limit)
        check_known("columns", columns or (), list(frame.columns), "column")
        frame = frame[list(columns)] if columns is not None else frame
        frame = frame.rename(columns=columns) if isinstance(columns, Mapping) else frame
        title = caption or self.captions.get(name, self.title)
        return fmt.Table.from_frame(frame, title, digits=digits, notes=notes)

    def summary(self, digits: int = 2) -> str:
        """Give estimates and fit as plain text."""
        told_above = ["method"] if self.fit["method"].nunique() == 1 else []
        fit = fmt.Table.from_frame(self.fit.drop(columns=told_above), "Fit", digits=digits)
        return "\n\n".join([self.table(digits=digits).to_text(), fit.to_text(), self.statement]).strip()

    def sentence(self) -> fmt.Sentence:
        """Give one statement in APA style."""
        return fmt.Sentence(self.statement)

    def plot(self, kind: str | None = None) -> Figure:
        """Draw the result; `kind` chooses among the figures of this analysis, the first by default."""
        from . import plots

        return plots.plot(self, kind)

    def to_json(self) -> str:
        """Give everything but `cases` as JSON (schema `toolkit.result/1`)."""
        return json.dumps(self.to_dict(), ensure_ascii=False, indent=1, allow_nan=False)

    def to_dict(self) -> dict[str, Any]:
        """Give everything but `cases` as plain types; an empty cell is None."""
        return {
            "schema": SCHEMA,
            "kind": self.kind,
            "name": self.name,
            "title": self.title,
            "statement": self.statement,
            "estimates": records(self.estimates),
            "fit": records(self.fit),
            "tables": {name: records(frame) for name, frame in self.tables.items()},
            "settings": plain(dict(self.settings)),
        }

    def _notes(self) -> tuple[str, ...]:
        """Say what is the same for all models in one line, and each note of `fit` by its model."""
        methods = self.fit["method"].astype(str).unique()
        method = (f"Method: {methods[0]}.",) if len(methods) == 1 else ()
        if "note" not in self.fit.columns:
            return method
        noted = self.fit[self.fit["note"].astype(str).str.len() > 0]
        together = noted.groupby("note", sort=False)["model"].agg(lambda models: ", ".join(models.astype(str)))
        return (*method, *(f"{models}: {note}" for note, models in together.items()))

    def __repr__(self) -> str:
        return self.summary()

    def _repr_html_(self) -> str:
        return self.table(**self.view).to_html()

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:
        return {"text/html": self._repr_html_(), "text/plain": self.summary(), MIME_TYPE: self.to_dict()}


class Unavailable(fmt.Sentence):
    """Stands for a result that the data do not allow: shows the reason once, and has no tables or figures."""

    __slots__ = ()

    def table(self, *_: Any, **__: Any) -> fmt.Sentence:
        """Give nothing to show."""
        return fmt.Sentence("")

    plot = sentence = table

    def showing(self, **_: Any) -> Unavailable:
        """Show the reason."""
        return self

    def named(self, _: str) -> Unavailable:
        """Keep the reason."""
        return self

    def part(self, _: str) -> Unavailable:
        """Have no part."""
        return Unavailable("")


def attempt(analysis: Callable[..., Result], *args: Any, **kwargs: Any) -> Result | Unavailable:
    """Run an analysis; where the data do not allow it, return the reason as a sentence, so that a report goes on.

    Only `AnalysisError` is answered so; a wrong argument still raises.

    Examples
    --------
    >>> from toolkit import attempt, correlations
    >>> attempt(correlations, pd.DataFrame({"only": [1.0, 2.0, 3.0, 4.0]}))
    'Not available: correlations need at least two variables, but there are 1; name them in columns=.'
    """
    try:
        return analysis(*args, **kwargs)
    except AnalysisError as problem:
        return Unavailable(f"Not available: {problem}")


def _of_instrument(frame: pd.DataFrame, column: str, instrument: str) -> pd.DataFrame:
    if column not in frame.columns:
        return frame
    return frame[frame[column].astype(str).str.startswith(f"{instrument}.")].reset_index(drop=True)


def plain(value: Any) -> Any:
    """Turn a value into what JSON can hold; an empty cell, NaN included, becomes None."""
    if isinstance(value, Mapping):
        return {str(key): plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple | set):
        return [plain(entry) for entry in value]
    if fmt.is_empty(value):
        return None
    if isinstance(value, bool | str) or type(value).__name__ == "bool":
        return value if isinstance(value, str) else bool(value)
    if isinstance(value, numbers.Integral):
        return int(value)
    if isinstance(value, numbers.Real):
        return float(value) if math.isfinite(value) else str(float(value))
    return str(value)


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Turn a frame into one mapping a row."""
    names = [str(column) for column in frame.columns]
    rows = zip(*(frame.iloc[:, position].tolist() for position in range(frame.shape[1])), strict=True)
    return [dict(zip(names, (plain(value) for value in row), strict=True)) for row in rows]


def fit_table(rows: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Build `fit` with the always-present columns first and an empty note where none was given."""
    filled = [{"converged": True, "note": "", **row} for row in rows]
    names = dict.fromkeys(name for row in filled for name in row)
    rest = [name for name in names if name not in (*FIT_COLUMNS, "note")]
    return pd.DataFrame(filled, columns=[*FIT_COLUMNS, *rest, "note"])
