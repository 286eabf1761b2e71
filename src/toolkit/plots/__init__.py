"""Result → Figure: never computes.

Every figure carries its name, a caption and a text alternative, and shows itself in a notebook as SVG
and PNG.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from ..checks import check_one_of, listed, quoted
from ..errors import ArgumentError
from ..results import Result
from . import (
    answers,
    factors,
    invariance,
    participation,
    path_diagram,
    profile,
    quality,
    reliability,
    residuals,
    retention,
    scales,
    styles,
)
from .figure import Figure, style

__all__ = ["FIGURES", "Figure", "plot"]

FIGURES: dict[str, dict[str, Callable[[Result], Figure]]] = {
    "item_analysis": {"options": answers.options, "profile": profile.profile},
    "describe": {"scores": scales.scores},
    "correlations": {"heatmap": scales.heatmap},
    "polychoric": {"heatmap": scales.heatmap},
    "reliability": {"intervals": reliability.intervals},
    "style_profile": {"styles": styles.styles},
    "retention": {"scree": retention.scree},
    "efa": {"loadings": factors.loadings},
    "cfa": {"paths": path_diagram.paths, "residuals": residuals.residuals},
    "sem": {"paths": path_diagram.paths, "residuals": residuals.residuals},
    "invariance": {"ladder": invariance.ladder},
    "quality": {"indices": quality.indices},
    "participation": {
        "flow": participation.flow,
        "completion": participation.completion,
        "dates": participation.dates,
        "dropout": participation.dropout,
        "times": participation.times,
        "diary": participation.diary,
    },
}


def plot(result: Result, kind: str | None = None) -> Figure:
    """Draw a result.

    Parameters
    ----------
    result : what an analysis returned.
    kind : which of its figures; the first in `FIGURES` by default.

    Returns
    -------
    Figure
        With `name` (a file stem such as ``reliability-intervals``), `alt` and `caption`.
    """
    if result.kind not in FIGURES:
        raise ArgumentError(
            f"result is of kind {quoted(result.kind)}, for which there is no figure; there are figures for"
            f" {listed(FIGURES, 20)}. Read its tables with to_frame()."
        )
    figures = FIGURES[result.kind]
    chosen = next(iter(figures)) if kind is None else kind
    check_one_of("kind", chosen, list(figures))
    with style():
        figure = figures[chosen](result).arranged()
    figure.name = re.sub(r"[^\w.-]+", "-", f"{result.name}-{chosen}")
    return figure
