"""The scree plot: what it draws is what the tables hold."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex
from matplotlib.text import Text

from toolkit.plots import plot
from toolkit.plots.figure import HIGH
from toolkit.results import Result, fit_table

COMPONENTS = [3.0, 1.25, 0.5, 0.25]
FACTORS = [2.5, 0.5, -0.25, -0.5]
REFERENCE = [1.5, 1.0, 0.75, 0.5]
REDUCED = [0.75, 0.625, 0.0, -0.25]
KAISER = [1.75, 1.0, 1.0, 1.0]


def retention_result(draws=("permutation",), quantile=0.95, k=4, factors=FACTORS):
    """Make a result by hand: 2 components (empirical Kaiser 2) and 1 factor of k items."""
    statistic = "mean" if quantile == "mean" else "quantile"
    end = np.linspace(0.2, 0.1, k - 4).tolist()
    table = {"position": np.arange(1, k + 1), "component": COMPONENTS + end, "factor": [*factors, *end]}
    rows = []
    for draw in draws:
        table[f"{draw}_component_{statistic}"] = REFERENCE + [0.4] * (k - 4)
        table[f"{draw}_factor_{statistic}"] = REDUCED + [-0.4] * (k - 4)
        undefined = np.isnan(factors).any()
        rows += [("parallel_analysis", f"factors, {draw}", None if undefined else 1)]
        rows += [("parallel_analysis", f"components, {draw}", 2)]
    rows += [("minimum_average_partial", "power 2", 1), ("empirical_kaiser", "components", 2)]
    estimates = pd.DataFrame(rows, columns=["rule", "variant", "n_factors"]).astype({"n_factors": "Int64"})
    return Result(
        kind="retention",
        title="A title",
        estimates=estimates,
        fit=fit_table([{"model": "m", "n_used": 100, "n_dropped": 0, "method": "by hand"}]),
        tables={"eigenvalues": pd.DataFrame({**table, "empirical_kaiser": KAISER + [1.0] * (k - 4)})},
        settings={"quantile": quantile},
    )


def labels(axes):
    return [entry.get_text() for entry in axes.texts]


def points(axes, *, filled):
    """The eigenvalues that are drawn as points, filled or hollow."""
    chosen = [line for line in axes.lines if line.get_marker() == "o"]
    found = [line for line in chosen if (to_hex(line.get_markerfacecolor()) == HIGH) is filled]
    return [value for line in found for value in line.get_ydata()]


def test_eigenvalues_are_filled_as_far_as_they_are_retained():
    components, factors = plot(retention_result()).axes
    assert (points(components, filled=True), points(components, filled=False)) == ([3.0, 1.25], [0.5, 0.25])
    assert (points(factors, filled=True), points(factors, filled=False)) == ([2.5], [0.5, -0.25, -0.5])
    titles = [axes.get_title(loc="left") for axes in (components, factors)]
    assert titles == ["Components: 2 retained", "Factors: 1 retained"]


def test_references_are_drawn_and_named_at_their_ends():
    components, factors = plot(retention_result(("permutation", "normal"))).axes
    lines = {tuple(line.get_ydata()) for line in components.lines}
    assert {tuple(REFERENCE), tuple(KAISER)} <= lines
    assert tuple(REDUCED) in {tuple(line.get_ydata()) for line in factors.lines}
    permutation, normal = "Permutation,\n95% quantile", "Normal,\n95% quantile"
    kaiser = "Empirical Kaiser\ncriterion: 2"
    assert set(labels(components)) == {"Observed", f"{permutation}: 2", f"{normal}: 2", kaiser}
    assert set(labels(factors)) == {"Observed", f"{permutation}: 1", f"{normal}: 1"}
    patterns = {str(line._unscaled_dash_pattern) for line in components.lines if line.get_linestyle() != "None"}
    assert len(patterns) == 4


@pytest.mark.parametrize("result", [retention_result(("permutation", "normal")), retention_result(k=200)])
def test_names_of_lines_do_not_touch(result):
    drawn = plot(result)
    for axes in drawn.axes:
        boxes = [Text.get_window_extent(entry) for entry in axes.texts]
        for place, box in enumerate(boxes):
            assert not any(box.overlaps(other) for other in boxes[place + 1 :])
    box, (width, height) = drawn.get_tightbbox(), drawn.get_size_inches()
    assert box.x0 > -0.01
    assert box.y0 > -0.01
    assert box.x1 < width + 0.01
    assert box.y1 < height + 0.01


def test_the_mean_may_be_the_reference():
    drawn = plot(retention_result(quantile="mean"))
    assert "Permutation,\nmean: 2" in labels(drawn.axes[0])
    assert "filled: above the reference by permutation, mean" in drawn.caption


def test_text_alternative_tells_what_is_retained():
    told = plot(retention_result()).alt
    assert told == (
        "Scree plot of 4 items. 2 components exceed their reference (permutation, 95% quantile): 3.00 against 1.50,"
        " 1.25 against 1.00; the next, 0.50 against 0.75, does not. By empirical Kaiser criterion: 2. 1 factor exceeds"
        " its reference (permutation, 95% quantile): 2.50 against 0.75; the next, 0.50 against 0.62, does not."
    )


def test_without_parallel_analysis_the_empirical_kaiser_criterion_decides():
    drawn = plot(retention_result(draws=()))
    components, factors = drawn.axes
    assert components.get_title(loc="left") == "Components: 2 retained"
    assert factors.get_title(loc="left") == "Factors"
    assert points(factors, filled=True) == []
    assert "filled: above the reference by empirical Kaiser criterion" in drawn.caption
    assert drawn.alt.endswith("Eigenvalues of factors: 2.50, 0.50, −0.25, −0.50.")


def test_without_factors_there_are_only_components():
    drawn = plot(retention_result(factors=[np.nan] * 4))
    assert [axes.get_title(loc="left") for axes in drawn.axes] == ["Components: 2 retained"]
    assert "factor" not in drawn.alt
