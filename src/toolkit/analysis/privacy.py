"""Counts of groups of people that may be shown."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

SMALL_GROUPS = "(small groups)"


def shown_groups(values: pd.Series[Any], smallest_cell: int) -> pd.DataFrame:
    """Count people by group; groups that are too small go, without their names, into one row.

    Where the small groups together are fewer people than `smallest_cell`, or as few as there are groups, the next
    smallest join them, so that the total gives none away.

    Returns
    -------
    DataFrame
        `value`, `n` (empty where not even all groups together are enough), `share` of all rows.

    Examples
    --------
    >>> shown_groups(pd.Series(["a"] * 9 + ["b"] * 7 + ["c"] * 2), 5)[["value", "n"]].to_dict("records")
    [{'value': 'a', 'n': 9}, {'value': '(small groups)', 'n': 9}]
    """
    counts = values.value_counts(sort=False).sort_index(key=lambda index: index.astype(str))
    sizes = counts.to_numpy()
    small = hidden(sizes, smallest_cell)
    rows: list[tuple[str, int | None]]
    rows = [(_plain(value), int(n)) for value, n in zip(counts.index[~small], sizes[~small], strict=True)]
    pooled = int(sizes[small].sum())
    if small.any():
        rows.append((SMALL_GROUPS, pooled if pooled >= smallest_cell else None))
    table = pd.DataFrame(rows, columns=["value", "n"]).astype({"n": "Int64"})
    return table.assign(share=table["n"].astype("Float64") / max(len(values), 1))


def hidden(sizes: Any, smallest_cell: int) -> Any:
    """Mark the smallest groups, until together they give no single one away."""
    order = np.argsort(sizes, kind="stable")
    n_small = int((sizes < smallest_cell).sum())
    while 0 < n_small < len(sizes):
        pooled = sizes[order[:n_small]].sum()
        if n_small > 1 and pooled >= smallest_cell and pooled > n_small:
            break
        n_small += 1
    marked = np.zeros(len(sizes), dtype=bool)
    marked[order[:n_small]] = True
    return marked


def _plain(value: Any) -> str:
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
