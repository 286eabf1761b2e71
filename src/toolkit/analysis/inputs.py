"""What all analyses share: one occasion of the data, its clusters, and arrays of its variables."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache, wraps
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import numpy as np
import numpy.typing as npt
import pandas as pd
from threadpoolctl import ThreadpoolController

from ..checks import check_known, listed, name_list, quoted
from ..errors import AnalysisError, ArgumentError, TooFewCases, ToolkitWarning, UndefinedStatisticWarning
from ..instrument_model import Instrument
from ..kernels.moments import Missing, Moments, tabulate
from ..occasions import KEYS
from ..responses import Responses, as_responses
from ..scoring import score_scale

Array = npt.NDArray[np.float64]
AUTO = "auto"
TINY = 1e-12
Parameters = ParamSpec("Parameters")
Returned = TypeVar("Returned")


@lru_cache(maxsize=1)
def _controller() -> ThreadpoolController:
    return ThreadpoolController()


def one_blas_thread(function: Callable[Parameters, Returned]) -> Callable[Parameters, Returned]:
    """Run an analysis with one BLAS thread: small matrices are many times faster so."""

    @wraps(function)
    def limited(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Returned:
        with _controller().limit(limits=1, user_api="blas"):
            return function(*args, **kwargs)

    return limited


@dataclass(frozen=True)
class Sample:
    """The rows of one occasion and, where rows belong together, the cluster of each.

    Attributes
    ----------
    responses : the rows.
    cluster : cluster number of each row, or None where rows are independent.
    settings : occasion, clusters and instrument versions, for `Result.settings`.
    """

    responses: Responses
    cluster: npt.NDArray[np.intp] | None
    settings: dict[str, Any]

    @property
    def frame(self) -> pd.DataFrame:
        """The rows as a frame."""
        return self.responses.frame

    def why_no_clusters(self, rows: Any) -> str:
        """Say why some rows allow no clustered errors, or nothing."""
        if self.cluster is None or len(np.unique(self.cluster[rows])) > 1:
            return ""
        return "clustered errors need two clusters with complete answers; say cluster=None if rows are independent"

    def clusters_of(self, rows: Any) -> npt.NDArray[np.intp]:
        """Renumber the clusters among some rows from 0; without clusters each row is one."""
        if self.cluster is None:
            return np.arange(int(rows.sum()))
        found, numbers = np.unique(self.cluster[rows], return_inverse=True)
        if len(found) < 2:
            raise TooFewCases(f"clustered errors need two clusters with complete answers, but there is {len(found)}.")
        return numbers


def sample(data: Responses | pd.DataFrame, *, wave: Any = None, day: Any = None, cluster: str | None = AUTO) -> Sample:
    """Choose one occasion, and find the clusters: the couple where there is one, unless told otherwise."""
    responses = as_responses(data).occasion(wave=wave, day=day)
    name = _cluster_name(responses, cluster)
    codes = None
    if name is not None:
        codes, _ = pd.factorize(responses.frame[name])
        if (codes < 0).any():
            raise AnalysisError(
                f"cluster {quoted(name)} is empty in {int((codes < 0).sum())} rows; fill it or leave it out."
            )
    versions = {one.id: one.version for one in responses.instruments}
    occasion = {"wave": wave, "day": day} | responses.named_occasion()
    return Sample(responses, codes, {**occasion, "cluster": name, "instruments": versions})


def _cluster_name(responses: Responses, cluster: str | None) -> str | None:
    if isinstance(cluster, str) and cluster == AUTO:
        return "couple" if "couple" in responses.keys else None
    if cluster is not None:
        check_known("cluster", name_list("cluster", [cluster]), list(responses.frame.columns), "column")
    return cluster


def chosen_scales(responses: Responses, scale: str | Sequence[str] | None) -> list[tuple[Instrument, str]]:
    """List the scales to analyse, each once: those named, or all; an instrument stands for its scales."""
    if not responses.instruments:
        raise AnalysisError("the data have no instrument, hence no scales: read them with instruments=... .")
    if not responses.scales:
        raise AnalysisError("no scale of these data is scored: the items of their instruments belong to none.")
    names = responses.scales if scale is None else name_list("scale", scale)
    if not names:
        raise ArgumentError(f"scale names no scale. Scales: {', '.join(responses.scales)}.")
    found = [one for name in names for one in _scales_named(responses, name)]
    return list({f"{one.id}.{scale}": (one, scale) for one, scale in found}.values())


def _scales_named(responses: Responses, name: str) -> list[tuple[Instrument, str]]:
    """Give the scales that a name stands for; a scale comes before an instrument of the same name."""
    own = [scale for scale in responses.scales if scale.startswith(f"{name}.")]
    bare = [scale.partition(".")[2] for scale in responses.scales]
    return [responses.find_scale(one) for one in (own if own and name not in bare else [name])]


def item_array(responses: Responses, one: Instrument, items: Sequence[str], *, reverse: bool = True) -> Array:
    """Take items as an (n, k) array with NaN for missing; reversed items are turned unless told otherwise."""
    values = np.empty((len(responses.frame), len(items)), order="F")
    for position, item in enumerate(items):
        column = responses.frame[item].to_numpy(dtype="float64", na_value=np.nan)
        turned = reverse and one.by_id[item].reverse
        values[:, position] = sum(one.range(item)) - column if turned else column
    return values


def unflagged(responses: Responses, name: str) -> pd.Series[Any]:
    """Take a column with its flagged values emptied."""
    column = responses.frame[name]
    if responses.flags.empty:
        return column
    flagged = responses.flags.loc[responses.flags["column"] == name, "row"]
    return column.mask(column.index.isin(flagged)) if len(flagged) else column


def as_numbers(responses: Responses, name: str) -> Array | None:
    """Take a column as numbers, flagged values left out; None where it holds words."""
    column = unflagged(responses, name)
    if _is_bool(responses, name) or pd.api.types.is_complex_dtype(column.dtype):
        return None
    if not pd.api.types.is_numeric_dtype(column.dtype):
        numbers = pd.to_numeric(column, errors="coerce")
        if (numbers.isna() & column.notna()).any() or column.isna().all():
            return None
        column = numbers
    return column.to_numpy(dtype="float64", na_value=np.nan, copy=True)


def _is_bool(responses: Responses, name: str) -> bool:
    return bool(pd.api.types.is_bool_dtype(responses.frame[name].dtype))


def variable(responses: Responses, name: str) -> Array:
    """Take one variable as numbers: an item (as answered), a scale score or a numeric covariate; NaN is missing."""
    if responses.holds(name):
        numbers = as_numbers(responses, name)
        if numbers is None:
            hint = "; make true and false numbers with astype(int)" if _is_bool(responses, name) else ""
            raise ArgumentError(f"column {quoted(name)} is not numeric, so it cannot be used here{hint}.")
        return numbers
    if not responses.scales:
        check_known("columns", [name], [*responses.covariates], "column")
    one, scale = responses.find_scale(name)
    return score_scale(responses, one, scale)[0]


def number_block(responses: Responses, names: Sequence[str]) -> Array | None:
    """Take several columns at once, (n, k), where all are plain numbers of which none is flagged; else None."""
    columns = responses.frame.columns
    if not responses.flags.empty or any(name in KEYS or name not in columns for name in names):
        return None
    block = responses.frame[list(names)]
    plain = all(isinstance(dtype, np.dtype) and dtype.kind in "iuf" for dtype in block.dtypes)
    return np.array(block, dtype=np.float64, order="F") if plain else None


def numeric_columns(responses: Responses) -> tuple[str, ...]:
    """List the columns of no instrument that hold numbers."""
    return tuple(name for name in responses.covariates if as_numbers(responses, name) is not None)


def chosen_items(responses: Responses, items: str | Sequence[str] | None) -> tuple[str, ...]:
    """List the columns to analyse, each once: those named, or all items (of a plain frame all numeric columns).

    A name is an item, a numeric column, a scale or an instrument; the last two stand for their items.
    """
    if items is None:
        found = responses.items or numeric_columns(responses)
        if not found:
            raise AnalysisError("the data have no numeric columns; make true and false numbers with astype(int).")
        return found
    return tuple(dict.fromkeys(item for name in name_list("items", items) for item in _items_named(responses, name)))


def _items_named(responses: Responses, name: str) -> Sequence[str]:
    """Give the items that a name stands for."""
    if name in responses.items or name in responses.covariates:
        return [name]
    for one in responses.instruments:
        if name == one.id:
            return [item.id for item in one.items if item.id in responses.frame.columns]
    scales = [scale.partition(".")[2] for scale in responses.scales]
    if name in responses.scales or scales.count(name) == 1:
        one, scale = responses.find_scale(name)
        return one.scale_items(scale)
    known = [*(one.id for one in responses.instruments), *responses.scales, *responses.items, *responses.covariates]
    check_known("items", [name], known, "item, scale or column")
    return []


def answers_array(responses: Responses, items: Sequence[str]) -> Array:
    """Take items or numeric columns as answered, as an (n, k) array with NaN for missing."""
    values = np.empty((len(responses.frame), len(items)), order="F")
    for position, name in enumerate(items):
        values[:, position] = variable(responses, name)
    return values


def wording(responses: Responses, item: str) -> str | None:
    """Give the wording of an item; nothing for one without, or for another column."""
    homes = [one for one in responses.instruments if item in one.by_id]
    return homes[0].text(homes[0].by_id[item].text) if homes else None


def option_counts(responses: Responses, item: str) -> pd.DataFrame:
    """Count the answers to an item at each option, as given; shares of those who answered, empty where nobody did."""
    low, high = responses.declared(item)
    answers = responses.frame[item].dropna().to_numpy(dtype=np.int64)
    n = tabulate(answers, low, high)
    share = n / len(answers) if len(answers) else np.full(len(n), np.nan)
    return pd.DataFrame({"item": item, "option": range(low, high + 1), "n": n, "share": share})


def why_no_covariance(moments: Moments, missing: Missing) -> str:
    """Say why the items of a scale have no covariances to work with, or nothing."""
    sums = moments.sums(missing)
    if sums.n.min() < 3:
        return "fewer than three rows hold the answers that are needed"
    still = [name for name, spread in zip(moments.names, np.diag(sums.cross), strict=True) if spread == 0]
    if still:
        return f"the answers to {listed(still)} do not vary"
    total = moments.covariance(missing).sum()
    return "" if total > TINY else "the sum of the items does not vary: check which items are reversed"


def warn_undefined(message: str) -> None:
    """Warn about a statistic that is not defined, at the line that called the toolkit."""
    warn(message, UndefinedStatisticWarning)


def warn(message: str, category: type[ToolkitWarning]) -> None:
    """Give a named warning at the line that called the toolkit."""
    package = str(Path(__file__).parents[1])
    frame, level = sys._getframe(1), 2
    while frame.f_back is not None and frame.f_code.co_filename.startswith(package):
        frame, level = frame.f_back, level + 1
    warnings.warn(message, category, stacklevel=level)


def random_stream(seed: int | None, name: str) -> np.random.Generator:
    """Derive a random stream from the seed and a name, so that the order of scales changes nothing."""
    entropy = None if seed is None else [seed, *name.encode()]
    return np.random.default_rng(entropy)
