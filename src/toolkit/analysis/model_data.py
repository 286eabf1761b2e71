"""The data of a structural equation model: its variables by the names in its text, in groups and clusters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ..checks import check_known, counted, listed, nearest, quoted
from ..errors import AnalysisError, ArgumentError, Fault, ModelError, TooFewCases
from ..instrument_model import Instrument
from ..kernels.sem.estimator import SampleRows
from ..kernels.sem.ram import Positions
from ..kernels.sem.roles import Roles
from ..kernels.sem.syntax import SUBJECT, Syntax, parse
from ..occasions import KEYS
from ..responses import Responses, as_responses
from .inputs import Array, Sample, number_block, variable
from .model_plan import Choice


@dataclass(frozen=True)
class ModelText:
    """A model as the caller gave it.

    Attributes
    ----------
    name : the instrument's id, or `model`.
    text : in lavaan's language.
    syntax, roles : what it says.
    """

    name: str
    text: str
    syntax: Syntax
    roles: Roles

    @classmethod
    def of(cls, model: str | Instrument) -> ModelText:
        """Read a text, or write that of an instrument."""
        text = model.model() if isinstance(model, Instrument) else model
        syntax = parse(text)
        return cls(model.id if isinstance(model, Instrument) else "model", text, syntax, Roles.of(syntax))


@dataclass(frozen=True)
class ModelData:
    """Rows that a model is fitted to.

    Attributes
    ----------
    sample : the rows of one occasion, and their clusters.
    names : the observed variables of the model, in the order of its text.
    x : all rows of the sample, (n, p), NaN where an answer is missing.
    order : the rows used, group by group.
    rows : their values and clusters.
    labels : the groups, in the order in which they appear; one without a name where there are no groups.
    group : the column that tells groups apart.
    """

    sample: Sample
    names: tuple[str, ...]
    x: Array
    order: Positions
    rows: SampleRows
    labels: tuple[str, ...] = ("",)
    group: str | None = None

    @property
    def n_dropped(self) -> int:
        """Rows that are not used."""
        return len(self.x) - len(self.order)

    @property
    def spans_groups(self) -> bool:
        """Whether some cluster has rows in several groups, as couples have where the groups are partners."""
        if self.rows.cluster is None or len(self.labels) == 1:
            return False
        ends = np.cumsum([len(values) for values in self.rows.groups])[:-1]
        found = [np.unique(part) for part in np.split(self.rows.cluster, ends)]
        return sum(len(one) for one in found) > len(np.unique(self.rows.cluster))

    def categories(self, ordinal: tuple[str, ...]) -> Mapping[str, int]:
        """Count the different answers to ordinal variables in the rows used."""
        used = self.x[self.order]
        columns = {name: used[:, self.names.index(name)] for name in ordinal}
        return {name: len(np.unique(column[~np.isnan(column)])) for name, column in columns.items()}


def read_for(text: ModelText, data: Responses | pd.DataFrame, *others: str | Sequence[str] | bool | None) -> Responses:
    """Accept responses, or read the columns of a plain frame that a model and other arguments name.

    Where some name is no column all are read, so that errors can say what there is.
    """
    if not isinstance(data, pd.DataFrame) or not data.columns.is_unique or any(name in KEYS for name in data.columns):
        return as_responses(data)
    named = [one for other in others if not isinstance(other, bool) for one in _names(other)]
    wanted = list(dict.fromkeys([*text.roles.observed, *named]))
    return as_responses(data[wanted] if all(name in data.columns for name in wanted) else data)


def _names(argument: str | Sequence[str] | None) -> Sequence[str]:
    return () if argument is None else (argument,) if isinstance(argument, str) else argument


def model_data(chosen: Sample, model: ModelText, choice: Choice, group: str | None) -> ModelData:
    """Find the variables of a model in the data, and the rows that can be used.

    Rows that hold all variables (listwise), or at least one of them and all exogenous ones; and a group.
    """
    names = model.roles.observed
    x = _values(chosen.responses, model)
    holes = np.isnan(x)
    given = [names.index(name) for name in model.roles.held]
    used = ~holes.any(axis=1) if choice.missing == "listwise" else ~(holes.all(axis=1) | holes[:, given].any(axis=1))
    _check_ordinal(x, names, choice.ordinal)
    codes, labels = _groups(chosen.responses, group)
    used &= codes >= 0
    sizes = np.bincount(codes[used], minlength=len(labels))
    _check_sizes(labels, sizes, len(names), _more_rows(choice, bool((holes.any(axis=1) & ~used).any())))
    order = np.flatnonzero(used)[np.argsort(codes[used], kind="stable")]
    parts = tuple(np.split(x[order], np.cumsum(sizes)[:-1]))
    cluster = None if chosen.cluster is None else _renumbered(chosen, order)
    return ModelData(chosen, names, x, order, SampleRows(parts, cluster), labels, group)


def _renumbered(chosen: Sample, order: Positions) -> Positions:
    used = np.zeros(len(chosen.frame), dtype=bool)
    used[order] = True
    numbers = np.zeros(len(used), dtype=np.intp)
    numbers[used] = chosen.clusters_of(used)
    return np.asarray(numbers[order])


def _values(responses: Responses, model: ModelText) -> Array:
    """Take the variables as an (n, p) array; unknown names are refused together, each with its place in the text."""
    block = number_block(responses, model.roles.observed)
    if block is not None:
        return block
    values = np.empty((len(responses.frame), len(model.roles.observed)), order="F")
    faults: list[Fault] = []
    for position, name in enumerate(model.roles.observed):
        if not _is_variable(responses, name):
            faults.append(_unknown(responses, model, name))
        else:
            values[:, position] = variable(responses, name)
    if faults:
        raise ModelError.from_faults(SUBJECT, faults)
    return values


def _is_variable(responses: Responses, name: str) -> bool:
    if responses.holds(name):
        return True
    bare = [scale.partition(".")[2] for scale in responses.scales]
    return name in responses.scales or bare.count(name) == 1


def _unknown(responses: Responses, model: ModelText, name: str) -> Fault:
    known = (*responses.items, *responses.scales, *responses.covariates)
    place = next((one.place for one in model.syntax.terms if name in (one.lhs, one.rhs)), None)
    suggestion = nearest(name, (*known, *model.roles.latent)) or " Name an item, a scale or a numeric column."
    return Fault(
        "" if place is None else f"line {place.line}, column {place.column}",
        f"{quoted(name)} is neither a factor of the model nor a variable of the data.{suggestion}",
    )


def _check_ordinal(x: Array, names: tuple[str, ...], ordinal: tuple[str, ...]) -> None:
    """Refuse ordinal variables with decimals."""
    columns = {name: x[:, names.index(name)] for name in ordinal}
    broken = [name for name, column in columns.items() if (np.floor(column) != column)[~np.isnan(column)].any()]
    if broken:
        raise ArgumentError(
            f"ordered: {listed(broken)} {'has' if len(broken) == 1 else 'have'} decimals, which ordinal answers do not "
            "have: leave what is continuous out of ordered=."
        )


def _groups(responses: Responses, group: str | None) -> tuple[npt.NDArray[np.intp], tuple[str, ...]]:
    """Give each row its group, numbered in the order of appearance as in lavaan; −1 where it is unknown."""
    if group is None:
        return np.zeros(len(responses.frame), dtype=np.intp), ("",)
    known = [*responses.covariates, *responses.keys, *responses.items]
    check_known("group", [group], known, "column")
    codes, values = pd.factorize(responses.frame[group])
    if len(values) < 2:
        raise AnalysisError(
            f"group={quoted(group)} has {counted(len(values), 'value')} in these data, so there is nothing to compare: "
            "leave group out."
        )
    return np.asarray(codes, dtype=np.intp), tuple(_label(value) for value in values)


def _label(value: Any) -> str:
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _more_rows(choice: Choice, dropped: bool) -> str:
    """Say how rows with missing answers can count, where there are some that do not."""
    if choice.missing != "listwise" or not dropped:
        return ""
    other = "missing='pairwise'" if choice.ordinal else "missing='fiml' with ML or MLR"
    return f"; {other} uses incomplete rows as well"


def _check_sizes(labels: tuple[str, ...], sizes: npt.NDArray[np.intp], p: int, more_rows: str) -> None:
    """Refuse groups with too few rows for the covariances of the variables."""
    small = list(_too_small(labels, sizes, p))
    if small:
        several = len(labels) > 1
        raise TooFewCases(
            f"A model of {counted(p, 'variable')} needs more than {p} rows that can be used"
            f"{' in each group' if several else ''}, but there are {', '.join(small)}: use fewer variables"
            f"{', join groups' if several else ''} or collect more{more_rows}."
        )


def _too_small(labels: tuple[str, ...], sizes: npt.NDArray[np.intp], p: int) -> Iterator[str]:
    for label, size in zip(labels, sizes, strict=True):
        if size <= p:
            yield f"{size} in group {label}" if label else f"{size}"
