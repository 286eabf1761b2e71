"""The heat map of residual correlations."""

import numpy as np
import pandas as pd
import pytest

from tests.test_plots_paths import THREE, cfa_result, rows_of
from toolkit.plots import plot
from toolkit.results import Result

NAMES = [name for items in THREE.values() for name in items]


def residual_result(values, names=None, groups=("",), factors=THREE, kind="cfa") -> Result:
    names = NAMES[: len(values)] if names is None else names
    parts = []
    for group in groups:
        part = pd.DataFrame(values, columns=names)
        part.insert(0, "item", names)
        if group:
            part.insert(0, "group", group)
        parts.append(part)
    made = cfa_result(rows_of(factors))
    tables = {"residual_correlations": pd.concat(parts, ignore_index=True)}
    return Result(kind=kind, title="A title", estimates=made.estimates, fit=made.fit, tables=tables)


def symmetric(size, seed=3) -> np.ndarray:
    values = np.tril(np.random.default_rng(seed).uniform(-0.2, 0.2, (size, size)), -1)
    return values + values.T


SMALL_SQUARE = [[0, 0.125, -0.35], [0.125, 0, 0.098], [-0.35, 0.098, 0]]


def test_each_residual_is_printed_in_its_cell():
    (axes,) = plot(residual_result(SMALL_SQUARE), "residuals").axes
    assert [one.get_text() for one in axes.texts] == ["—", ".12", "—", "−.35", ".10", "—"]
    assert [one.get_text() for one in axes.texts if one.get_weight() == "bold"] == [".12", "−.35", ".10"]
    limits = axes.collections[0].get_clim()
    assert limits == (-0.3, 0.3)
    assert axes.collections[0].get_array().min() == -0.3, "colours end at the limit, the number does not"


def test_the_words_name_the_largest():
    figure = plot(residual_result(SMALL_SQUARE), "residuals")
    assert figure.alt == (
        "Heat map of the residual correlations among 3 variables. 3 of 3 pairs reach .10 in size."
        " Largest: x1 with x3 −.35; x1 with x2 .12; x2 with x3 .10."
    )
    assert figure.name == "cfa-residuals"


def test_lines_part_the_items_of_factors():
    (axes,) = plot(residual_result(symmetric(9)), "residuals").axes
    assert [list(line.get_ydata()) for line in axes.lines] == [[3, 3], [3, 9], [6, 6], [6, 9]]


def test_groups_stand_below_one_another():
    figure = plot(residual_result(symmetric(9), groups=("girls", "boys")), "residuals")
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["girls", "boys"]
    assert "in group boys" in figure.alt


@pytest.mark.parametrize("size", [3, 25, 40])
def test_many_items_stay_readable(size):
    names = [f"item{place}" for place in range(size)]
    figure = plot(residual_result(symmetric(size), names, factors={"f": tuple(names)}), "residuals")
    (axes,) = figure.axes
    cell = axes.get_window_extent().width / size
    assert max(one.get_window_extent().width for one in axes.texts) < 1.12 * cell
    assert figure.get_size_inches()[0] < 14


def test_nothing_to_draw():
    drawn = plot(residual_result([[0.0]]), "residuals")
    assert drawn.alt == "There are no pairs of variables to draw."
