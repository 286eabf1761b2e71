"""The heat map of loadings: what it draws is what the tables hold."""

import numpy as np
import pandas as pd
import pytest

from toolkit.plots import plot
from toolkit.results import Result, fit_table

LOADINGS = [[0.75, 0.125], [-0.5, 0.3125], [0.25, 0.875], [-0.125, -0.296]]


def efa_result(values=LOADINGS, wording=True, items=None):
    """Make a result by hand: items in the order of their factors."""
    values = np.array(values, dtype=float)
    factors = [f"F{place + 1}" for place in range(values.shape[1])]
    names = items or [f"a{place + 1}" for place in range(len(values))]
    table = pd.DataFrame({"item": names})
    if wording:
        table["text"] = ["Express myself easily, even where many people listen and some of them disagree"] * len(names)
    table[factors] = values
    phi = pd.DataFrame(np.eye(len(factors)), columns=factors)
    phi.insert(0, "factor", factors)
    return Result(
        kind="efa",
        title="A title",
        estimates=pd.DataFrame(),
        fit=fit_table([{"model": "m", "n_used": 100, "n_dropped": 0, "method": "by hand"}]),
        tables={"loadings": table, "phi": phi},
    )


def printed(axes):
    return [entry.get_text() for entry in axes.texts]


def test_each_loading_is_printed_in_its_cell():
    (axes,) = plot(efa_result()).axes
    assert printed(axes) == [".75", ".12", "−.50", ".31", ".25", ".88", "−.12", "−.30"]
    np.testing.assert_array_equal(axes.collections[0].get_array().ravel(), np.ravel(LOADINGS))
    assert [label.get_text() for label in axes.get_xticklabels()] == ["F1", "F2"]


def test_items_stand_in_the_order_of_the_table_with_their_wording():
    (axes,) = plot(efa_result()).axes
    labels = [label.get_text() for label in axes.get_yticklabels()]
    assert [label.split()[0] for label in labels] == ["a1", "a2", "a3", "a4"]
    assert all("Express myself" in label for label in labels)
    assert axes.get_ylim() == (4, 0), "the first item is at the top"
    (bare,) = plot(efa_result(wording=False)).axes
    assert [label.get_text() for label in bare.get_yticklabels()] == ["a1", "a2", "a3", "a4"]


def test_reversed_items_are_marked():
    result = efa_result(wording=False)
    assert "(R)" not in plot(result).caption
    result.tables["loadings"].insert(1, "reverse", [False, True, False, False])
    drawn = plot(result)
    assert [label.get_text() for label in drawn.axes[0].get_yticklabels()] == ["a1", "a2 (R)", "a3", "a4"]
    assert "Items marked (R) are reversed" in drawn.caption


def test_salient_loadings_are_bold_as_they_are_printed():
    (axes,) = plot(efa_result()).axes
    bold = [entry.get_text() for entry in axes.texts if entry.get_weight() == "bold"]
    assert bold == [".75", "−.50", ".31", ".88", "−.30"]


def test_a_line_parts_the_factors():
    (axes,) = plot(efa_result()).axes
    assert [line.get_ydata()[0] for line in axes.lines] == [2.0]


def test_the_words_say_which_items_belong_to_which_factor():
    drawn = plot(efa_result())
    assert drawn.alt == (
        "Heat map of the loadings of 4 items on 2 factors. Items by the factor that they load on most:"
        " F1: a1 .75, a2 −.50. F2: a3 .88, a4 −.30."
    )
    assert "no item loads on it most" in plot(efa_result([[0.5, 0.1], [0.4, 0.2]])).alt


def test_a_loading_beyond_one_keeps_its_value():
    (axes,) = plot(efa_result([[1.25, -0.25], [0.25, 0.5]])).axes
    assert printed(axes)[0] == "1.25"


@pytest.mark.parametrize(("n_items", "n_factors"), [(40, 4), (40, 10), (3, 1), (100, 2)])
def test_many_items_stay_readable(n_items, n_factors):
    values = np.sort(np.random.default_rng(1).uniform(-0.9, 0.9, (n_items, n_factors)), axis=0)
    drawn = plot(efa_result(values))
    (axes,) = drawn.axes
    heights = [entry.get_window_extent().height for entry in axes.get_yticklabels()]
    row = axes.get_window_extent().height / n_items
    assert max(heights) <= row
    widest = max(entry.get_window_extent().width for entry in axes.texts)
    assert widest < axes.get_window_extent().width / n_factors
    assert drawn.get_size_inches()[0] < 8.5
    box, (width, height) = drawn.get_tightbbox(), drawn.get_size_inches()
    assert box.x0 > -0.01
    assert box.x1 < width + 0.01
    assert box.y1 < height + 0.01


def test_nothing_to_draw():
    drawn = plot(efa_result(np.empty((0, 0)), wording=False))
    assert drawn.alt == "There are no loadings to draw."


def test_wide_names_are_drawn():
    assert plot(efa_result(items=["x" * 500, "漢字", "$a_1$", "🙂"])).png()
