"""Tucker's congruence of the factors of two solutions."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from .. import format as fmt
from ..checks import counted, listed
from ..errors import AnalysisError, ArgumentError
from ..kernels import factor_alignment
from ..results import Result, fit_table
from .inputs import Array, one_blas_thread, warn_undefined

BESIDE = {"text", "communality", "uniqueness", "complexity"}


@one_blas_thread
def congruence(one: Result | pd.DataFrame, two: Result | pd.DataFrame) -> Result:
    """Compare the factors of two solutions by Tucker's congruence.

    φ = Σ xy / sqrt(Σ x² Σ y²) over the items that both solutions hold, x and y the loadings (pattern) of a factor of
    each. Factors are paired so that the absolute congruences add up to the most. From .85 to .94 factors are taken as
    fairly similar, from .95 on as the same.

    Parameters
    ----------
    one, two : results of `efa`, or frames of loadings: one column a factor, indexed by the items or with a column
        `item`.

    Returns
    -------
    Result
        `estimates`: each factor of the first solution with its partner in the second; a negative congruence says that
        one of them is turned round. A factor without a partner keeps its row. `tables["matrix"]`: all congruences.
        `fit`: `n_used` counts items in both solutions, `n_dropped` items in one only.

    Raises
    ------
    AnalysisError
        If the solutions share fewer than two items.
    ArgumentError
        If what is given holds no loadings.

    References
    ----------
    Tucker (1951). Lorenzo-Seva & ten Berge (2006), doi:10.1027/1614-2241.2.2.57. In R:
    ``psych::factor.congruence(one, two, digits = 15)``.

    Examples
    --------
    >>> one = pd.DataFrame({"F1": [0.7, 0.6, 0.1], "F2": [0.0, 0.2, 0.8]}, index=["a", "b", "c"])
    >>> two = pd.DataFrame({"F1": [0.1, 0.1, 0.9], "F2": [-0.8, -0.5, 0.0]}, index=["a", "b", "c"])
    >>> print(congruence(one, two).sentence())
    Tucker's congruence over 3 items: F1 with F2 φ = −.98; F2 with F1 φ = .99.
    """
    first, second = _loadings("one", one), _loadings("two", two)
    shared = [item for item in first.index if item in second.index]
    if len(shared) < 2:
        raise AnalysisError(
            f"the two solutions share {counted(len(shared), 'item')}, but congruence needs at least two items in both:"
            f" one has {listed(first.index)}, two has {listed(second.index)}."
        )
    left, right = (frame.loc[shared].to_numpy(dtype=np.float64) for frame in (first, second))
    phi = factor_alignment.congruence(left, right)
    estimates = _pairs(first, second, left, right, phi)
    matrix = pd.DataFrame(phi, columns=second.columns)
    matrix.insert(0, "factor", list(first.columns))
    return Result(
        kind="congruence",
        title="Congruence of factors",
        estimates=estimates,
        fit=fit_table([_fit(first, second, shared, estimates)]),
        tables={"matrix": matrix},
        settings={"items": shared},
        statement=_sentence(estimates, len(shared)),
        captions={
            "estimates": "Each factor of the first solution with its partner in the second",
            "matrix": "Tucker's congruence of factors of the first solution (rows) with those of the second",
        },
    )


def _loadings(argument: str, given: Any) -> pd.DataFrame:
    """Take the loadings of a solution as a frame, items by factors."""
    frame = given.to_frame("loadings") if isinstance(given, Result) and "loadings" in given.tables else given
    if not isinstance(frame, pd.DataFrame):
        raise ArgumentError(f"{argument} must be a result of efa, or a frame of loadings with one row an item.")
    frame = frame.set_index("item") if "item" in frame.columns else frame
    frame = frame.drop(columns=[name for name in frame.columns if name in BESIDE])
    repeated = [*frame.index[frame.index.duplicated()].unique(), *frame.columns[frame.columns.duplicated()].unique()]
    if repeated:
        raise ArgumentError(f"{argument} holds {listed(repeated)} more than once.")
    wrong = [name for name, kind in frame.dtypes.items() if not pd.api.types.is_any_real_numeric_dtype(kind)]
    if wrong or frame.shape[1] == 0 or not np.isfinite(frame.to_numpy(dtype=np.float64)).all():
        empty = "no loadings, or empty cells or infinite ones"
        what = f"columns that are not numbers ({listed(wrong)})" if wrong else empty
        raise ArgumentError(f"{argument} has {what}; give one numeric column a factor, filled for each item.")
    return frame


def _pairs(first: pd.DataFrame, second: pd.DataFrame, left: Array, right: Array, phi: Array) -> pd.DataFrame:
    """Pair the factors; the solution with fewer of them decides how many pairs there are."""
    if left.shape[1] >= right.shape[1]:
        places, _ = factor_alignment.matched(left, right)
        partner = dict(zip(places.tolist(), range(right.shape[1]), strict=True))
    else:
        places, _ = factor_alignment.matched(right, left)
        partner = dict(enumerate(places.tolist()))
    rows = []
    for place, name in enumerate(first.columns):
        there = partner.get(place)
        match = {} if there is None else {"with_factor": second.columns[there], "congruence": phi[place, there]}
        rows.append({"factor": name, **match})
    return pd.DataFrame(rows, columns=["factor", "with_factor", "congruence"])


def _fit(first: pd.DataFrame, second: pd.DataFrame, shared: list[Any], estimates: pd.DataFrame) -> dict[str, Any]:
    notes = []
    alone = estimates.loc[estimates["with_factor"].isna(), "factor"].tolist()
    if alone:
        notes.append(
            f"{', '.join(map(str, alone))} of the first solution {'has' if len(alone) == 1 else 'have'} no"
            " partner, since the second has fewer factors"
        )
    empty = estimates.loc[estimates["with_factor"].notna() & estimates["congruence"].isna(), "factor"].tolist()
    if empty:
        notes.append(f"the congruence of {', '.join(map(str, empty))} is not defined: all loadings of a factor are 0")
    for note in notes:
        warn_undefined(note)
    dropped = len(first.index.union(second.index)) - len(shared)
    return {
        "model": "congruence",
        "n_used": len(shared),
        "n_dropped": dropped,
        "method": "Tucker's congruence over the items of both solutions",
        "note": "; ".join(notes),
    }


def _sentence(estimates: pd.DataFrame, n_items: int) -> str:
    known = estimates.dropna(subset=["congruence"])
    if known.empty:
        return "No congruence is defined for these solutions."
    parts = [
        f"{row.factor} with {row.with_factor} φ = {fmt.number(row.congruence, bounded=True)}" for row in fmt.rows(known)
    ]
    return f"Tucker's congruence over {n_items} items: {'; '.join(parts)}."
