"""Intake: a table of raw answers → checked columns, with reasons, a log and every fault."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from .answers import AnswerRule, Answers, as_number, as_texts, holds_code, read_answers
from .checks import counted, listed, nearest, quoted
from .columns import NUMBER, ColumnMap, lookalikes, map_columns
from .errors import Fault
from .instrument_model import Instrument
from .missing import REASONS, Code, Reason
from .occasions import KEYS, OCCASION, impossible_keys
from .study import Covariate, Keys

NO_FLAGS = pd.DataFrame({"row": [], "column": [], "value": [], "rule": []}, dtype=object)
LOG_COLUMNS = ("column", "action", "n_cells", "detail")


@dataclass(frozen=True, kw_only=True)
class ReadingRules:
    """How a table of raw answers is to be read (see `Responses.from_frame` for each)."""

    keys: Keys = Keys()
    missing: Mapping[Code, Reason] = field(default_factory=dict)
    missing_by_column: Mapping[str, Mapping[Code, Reason]] = field(default_factory=dict)
    columns: Mapping[str, str] = field(default_factory=dict)
    answers: Literal["codes", "labels"] = "codes"
    covariates: tuple[Covariate, ...] | None = None
    partial: bool = False

    def renamed_covariates(self, items: Iterable[str]) -> list[str]:
        """List the names in `columns` that are no items: covariates under a name of ours."""
        known = set(items)
        named = [our for our in self.columns if NUMBER not in our and our not in known]
        return named if self.covariates is None else []


class Intake:
    """Collects columns, reasons, log and faults while a frame is read."""

    def __init__(self, raw: pd.DataFrame, instruments: tuple[Instrument, ...], rules: ReadingRules) -> None:
        self.raw = raw
        self.instruments = instruments
        self.rules = rules
        self.faults: list[Fault] = []
        self.parts: dict[str, Any] = {}
        self.log: list[tuple[str, str, int, str]] = []
        self.reasons: list[tuple[str, Any, Any]] = []
        self.flags: list[pd.DataFrame] = []
        self.items = {item.id: (one, item) for one in instruments for item in one.items}
        self.unusable: dict[str, list[str]] = {}

    def read(self) -> None:
        """Read every column by its rule; what is wrong is kept in `faults`."""
        if self.plain:
            self.read_plain()
            return
        chosen = self.map()
        self.check_names()
        self.read_keys()
        for name in (name for name in self.items if name in chosen.names):
            self.read_item(name, chosen.names[name])
        self.faults += [Fault(f"items {listed(names, 5)}", message) for message, names in self.unusable.items()]
        for covariate in self.chosen_covariates(chosen):
            self.read_covariate(covariate, chosen.names.get(covariate.name, covariate.name))

    @cached_property
    def plain(self) -> bool:
        """Whether all columns are covariates without rules."""
        bare = not self.instruments and self.rules == ReadingRules()
        return bare and not any(name in self.raw.columns for name in KEYS)

    def read_plain(self) -> None:
        """Take covariates without rules all at once; only columns with empty or infinite cells are read one by one."""
        self.number_rows()
        odd: npt.NDArray[np.bool_] = np.logical_or.reduce(self.raw.isna().to_numpy(), axis=0)
        decimals = [place for place, dtype in enumerate(self.raw.dtypes) if getattr(dtype, "kind", "") == "f"]
        if decimals:
            values = self.raw.iloc[:, decimals].to_numpy(dtype=np.float64, na_value=np.nan)
            odd[decimals] |= ~np.isfinite(values).all(axis=0)
        for name in self.raw.columns[np.flatnonzero(odd)]:
            self.read_covariate(Covariate(name=name), name)

    def map(self) -> ColumnMap:
        """Find the column of every item and covariate."""
        named = [one.name for one in self.rules.covariates or ()]
        ours = list(dict.fromkeys([*self.items, *named, *self.rules.renamed_covariates(self.items)]))
        chosen = map_columns(self.rules.columns, ours, list(self.raw.columns))
        self.faults += chosen.faults
        for our, their in chosen.names.items():
            if our != their:
                self.note(our, "renamed", len(self.raw), f"from {their}")
        if not self.rules.partial:
            self.report_absent(chosen)
        return chosen

    def check_names(self) -> None:
        """Report items that are named like keys, and missing codes of columns that do not exist."""
        for name in (name for name in self.items if name in KEYS):
            self.faults.append(Fault(f"item {quoted(name)}", "has the name of a key; rename it in the instrument"))
        known = [*self.items, *(one.name for one in self.rules.covariates or ())]
        if self.rules.covariates is None:
            known += [*self.raw.columns, *self.rules.columns]
        for name in self.rules.missing_by_column:
            if name not in known:
                message = f"there is no item or covariate {quoted(name)}.{nearest(name, known)}"
                self.faults.append(Fault("missing_by_column", message))

    def report_absent(self, chosen: ColumnMap) -> None:
        """Report items, and covariates that were asked for, without a column."""
        for one in self.instruments:
            absent = [item for item in one.item_ids if item not in chosen.names]
            if absent:
                free = [name for name in self.raw.columns if name not in chosen.names.values()]
                verb = "has" if len(absent) == 1 else "have"
                message = (
                    f"{counted(len(absent), 'item')} {verb} no column: {listed(absent)}.{nearest(absent[0], free)}"
                )
                self.faults.append(Fault(f"instrument {one.id}", f"{message} Say under `columns` where they are"))
        for covariate in self.rules.covariates or ():
            if covariate.name not in chosen.names:
                hint = nearest(covariate.name, self.raw.columns)
                self.faults.append(Fault("covariates", f"there is no column {quoted(covariate.name)}.{hint}"))

    def read_keys(self) -> None:
        """Take the key columns under their own names; without a person key number the rows."""
        found = pd.DataFrame(index=self.raw.index)
        for name, column in self.rules.keys.model_dump(exclude_none=True).items():
            if column in self.raw.columns:
                found[name] = self.trimmed(name, self.raw[column])
            else:
                hint = nearest(column, self.raw.columns)
                self.faults.append(Fault(f"key {quoted(name)}", f"there is no column {quoted(column)}.{hint}"))
        if self.rules.keys.person is None:
            if any(name in found for name in OCCASION):
                self.faults.append(Fault("keys", "a wave or day needs a person key too, to link a person's rows"))
            found.insert(0, "person", self.number_rows())
        elif "person" in found:
            self.faults += impossible_keys(found)
        self.parts.update({name: found[name] for name in KEYS if name in found})

    def number_rows(self) -> npt.NDArray[np.int64]:
        """Give each row a number from 1 as its person, where there is no person key."""
        self.note("person", "numbered", len(self.raw), "no person key: each row is a person")
        return np.arange(1, len(self.raw) + 1)

    def trimmed(self, name: str, keys: pd.Series[Any]) -> pd.Series[Any]:
        """Take spaces from the ends of text keys, so that one person does not become two."""
        if pd.api.types.is_numeric_dtype(keys.dtype):
            return keys
        texts = keys.map(lambda key: key.strip() if isinstance(key, str) else key)
        self.note(name, "spaces removed", int(((texts != keys) & keys.notna()).sum()), "at the ends of keys")
        return texts

    def read_item(self, name: str, column: str) -> None:
        """Read one item column into whole numbers and reasons."""
        one, item = self.items[name]
        rule = self.rule_for(one, item.id)
        if rule is None:
            return
        answers = read_answers(self.raw[column], rule)
        self.faults += answers.faults
        self.parts[name] = answers.values
        self.reasons.append((name, answers.empty, answers.reasons))
        self.log_item(name, answers, rule)

    def rule_for(self, one: Instrument, item: str) -> AnswerRule | None:
        """Make the rule of one item; missing codes that are valid answers, or labels that are none, are kept."""
        minimum, maximum = one.range(item)
        codes = self.rules.missing_by_column.get(item, self.rules.missing)
        inside = [code for code in codes if (number := as_number(code)) is not None and minimum <= number <= maximum]
        labels = one.labels(item) if self.rules.answers == "labels" else None
        problem = ""
        if inside:
            problem = (
                f"{listed(inside)} is declared missing, but is a valid answer ({minimum} to {maximum}); code missing "
                "answers with a number outside, or declare the code under `missing_by_column` for other items only"
            )
        elif labels is not None and not one.response[one.by_id[item].response].labels:
            problem = f"the instrument {one.id} has no labels for them; say `answers: codes`"
        elif labels is not None and len(set(labels)) < len(labels):
            problem = f"several options have the same label ({listed(labels)}); say `answers: codes`"
        if problem:
            self.unusable.setdefault(problem, []).append(item)
            return None
        return AnswerRule(minimum, maximum, codes, labels)

    def log_item(self, name: str, answers: Answers, rule: AnswerRule) -> None:
        """Log how many cells were emptied, for which reason, or read from labels."""
        codes = rule.missing
        for code, n_cells in answers.recoded.items():
            self.note(name, "missing code", n_cells, f"{code} → {codes.get(code, codes.get('', 'unknown'))}")
        blank = len(answers.empty) - sum(answers.recoded.values())
        if blank > 0:
            self.note(name, "empty cell", blank, codes.get("", "unknown"))
        if self.rules.answers == "labels":
            self.note(name, "label to code", len(answers.values) - len(answers.empty), "by the instrument's labels")

    def chosen_covariates(self, chosen: ColumnMap) -> list[Covariate]:
        """List the covariates to read; log the columns that are left out, report those that look like items."""
        used = {*chosen.names.values(), *self.rules.keys.model_dump(exclude_none=True).values()}
        free = [name for name in self.raw.columns if name not in used]
        left_out = {name for one in self.instruments for name in one.left_out}
        named = self.rules.renamed_covariates(self.items)
        for name in lookalikes([name for name in [*free, *named] if name not in left_out], list(self.items)):
            message = f"looks like an item, but no instrument has it.{nearest(name, self.items)}"
            self.faults.append(Fault(f"column {quoted(name)}", f"{message} Rename or remove it"))
        if self.rules.covariates is not None:
            for name in free:
                self.note(name, "not read", len(self.raw), "neither key, item nor covariate of the study")
            return [one for one in self.rules.covariates if one.name in chosen.names]
        return [Covariate(name=name) for name in [*free, *named]]

    def read_covariate(self, covariate: Covariate, column: str) -> None:
        """Take one covariate; only its own missing codes are emptied."""
        name = covariate.name
        if name in KEYS or name in self.items:
            self.faults.append(Fault(f"column {quoted(name)}", self.taken(name)))
            return
        values = self.raw[column].copy()
        reason_of_blank = self.rules.missing_by_column.get(name, {}).get("", "unknown")
        reasons = np.where(np.asarray(values.array.isna()), REASONS.index(reason_of_blank), -1).astype(np.int8)
        n_blank = int((reasons >= 0).sum())
        for code, reason in self.rules.missing_by_column.get(name, {}).items():
            hits = holds_code(values, code)
            reasons[hits] = REASONS.index(reason)
            self.note(name, "missing code", int(hits.sum()), f"{code} → {reason}")
            values = values.mask(hits)
        self.note_kept_codes(name, values)
        empty = np.flatnonzero(reasons >= 0)
        self.note(name, "empty cell", n_blank, reason_of_blank)
        self.parts[name] = values
        self.reasons.append((name, empty, reasons[empty]))
        self.flag(covariate, values)

    def note_kept_codes(self, name: str, values: pd.Series[Any]) -> None:
        """Log codes that mean "no answer" in items, and stand in a covariate, where they may be values."""
        for code in self.rules.missing if name not in self.rules.missing_by_column else ():
            if code != "":
                detail = f"{code} is a missing code of items only; declare it under missing_by_column if it is one here"
                self.note(name, "code kept", int(holds_code(values, code).sum()), detail)

    def taken(self, name: str) -> str:
        """Say why a covariate cannot have the name of a key or an item."""
        if name in self.items:
            return "is an item, so it cannot be a covariate too; take it out of `covariates`"
        if getattr(self.rules.keys, name) is not None:
            return f"has the name of a key, but the {name} is taken from another column; rename one of them"
        ways = f"{name}={name!r}, on the command line --{name} {name}, in a study under `keys`"
        return f"has the name of a key, but is not declared as one; declare it ({ways}) or rename it"

    def flag(self, covariate: Covariate, values: pd.Series[Any]) -> None:
        """Flag values outside the stated range; they stay as they are."""
        name = covariate.name
        known = pd.api.types.is_any_real_numeric_dtype(values.dtype)
        if covariate.min is None and covariate.max is None and not (known and _has_infinite(values)):
            return
        numeric = values if known else pd.to_numeric(as_texts(values), errors="coerce")
        words = numeric.isna() & values.notna()
        low = -np.inf if covariate.min is None else covariate.min
        high = np.inf if covariate.max is None else covariate.max
        infinite = (numeric == np.inf) | (numeric == -np.inf)
        outside = ((numeric < low) | (numeric > high) | infinite | words).fillna(False).to_numpy(bool)
        if not outside.any():
            return
        rule = f"{low:g} to {high:g}".replace("-inf to inf", "finite numbers").replace("-inf to", "up to")
        rule = rule.replace(" to inf", " or more")
        hit = values[outside]
        texts = as_texts(hit).astype("str")
        self.flags.append(pd.DataFrame({"row": hit.index, "column": name, "value": texts, "rule": rule}))
        self.note(name, "flagged", int(outside.sum()), f"outside {rule}: kept, left out of summaries")

    def note(self, column: str, action: str, n_cells: int, detail: str) -> None:
        """Add a line to the log, if it concerns any cell."""
        if n_cells:
            self.log.append((column, action, n_cells, detail))

    def table(self) -> pd.DataFrame:
        """Put keys, items and covariates side by side."""
        if self.plain:
            table = self.raw.copy()
            table.insert(0, "person", np.arange(1, len(table) + 1))
            return table
        return pd.DataFrame(self.parts, index=self.raw.index, copy=False)

    def reason_table(self) -> pd.DataFrame:
        """Put the empty cells of all columns into one sparse table."""
        if self.plain:
            return _reason_table(self.raw.index, self.raw.columns, self.reasons)
        return _reason_table(self.raw.index, pd.Index([name for name, _, _ in self.reasons]), self.reasons)

    def log_table(self) -> pd.DataFrame:
        """Put the log into a table."""
        return pd.DataFrame(self.log, columns=list(LOG_COLUMNS))

    def flag_table(self) -> pd.DataFrame:
        """Put the flagged covariate values into a table."""
        return pd.concat(self.flags, ignore_index=True) if self.flags else NO_FLAGS.copy()


def _has_infinite(values: pd.Series[Any]) -> bool:
    if pd.api.types.is_integer_dtype(values.dtype):
        return False
    return bool(np.isinf(values.to_numpy(dtype=np.float64, na_value=np.nan)).any())


def _reason_table(index: pd.Index[Any], columns: pd.Index[str], parts: Sequence[tuple[str, Any, Any]]) -> pd.DataFrame:
    sizes = [len(empty) for _, empty, _ in parts]
    positions = np.concatenate([empty for _, empty, _ in parts] or [np.empty(0, dtype=np.int64)])
    codes = np.concatenate([codes for _, _, codes in parts] or [np.empty(0, dtype=np.int8)])
    numbers = np.repeat(columns.get_indexer(pd.Index([name for name, _, _ in parts], dtype=columns.dtype)), sizes)
    return pd.DataFrame(
        {
            "row": index.take(positions),
            "column": pd.Categorical.from_codes(numbers, categories=columns),
            "reason": pd.Categorical.from_codes(codes, categories=pd.Index(REASONS)),
        }
    )
