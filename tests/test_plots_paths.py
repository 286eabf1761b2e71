"""The path diagram: what is drawn and told is what the estimates hold, and nothing touches."""

import itertools

import numpy as np
import pandas as pd
import pytest
from matplotlib.patches import Ellipse, FancyArrowPatch, Rectangle

from toolkit.plots import plot
from toolkit.results import Result, fit_table

THREE = {"visual": ("x1", "x2", "x3"), "textual": ("x4", "x5", "x6"), "speed": ("x7", "x8", "x9")}
WIDE = "A name of a factor that is long beyond measure"


def rows_of(factors, extra=(), loading=0.5) -> list[tuple]:
    """Give loadings, residual variances and further rows (lhs, op, rhs, value)."""
    rows = [(factor, "=~", item, loading) for factor, items in factors.items() for item in items]
    items = dict.fromkeys(item for own in factors.values() for item in own if item not in factors)
    return rows + [(item, "~~", item, 0.75) for item in items] + list(extra)


def correlated(names, value=0.25) -> list[tuple]:
    return [(first, "~~", second, value) for first, second in itertools.combinations(names, 2)]


def cfa_result(rows, groups=("",), kind="cfa") -> Result:
    """Make a result by hand; small values have a p-value above .05."""
    frame = pd.DataFrame(
        [
            {"lhs": lhs, "op": op, "rhs": rhs, "group": group, "label": "", "est": value, "se": 0.1}
            | {"z": value / 0.1, "p": 0.5 if abs(value) < 0.1 else 0.001, "ci_low": value - 0.2, "ci_high": value + 0.2}
            | {"std_lv": value, "std_all": value}
            for group in groups
            for lhs, op, rhs, value in rows
        ]
    )
    fit = fit_table([{"model": "m", "n_used": 100, "n_dropped": 0, "method": "by hand"}])
    return Result(kind=kind, title="A title", estimates=frame, fit=fit)


def shapes(figure, kind) -> list:
    return [one for one in figure.axes[0].patches if isinstance(one, kind)]


def printed(figure) -> list[str]:
    return [one.get_text() for one in figure.axes[0].texts if one.get_text()]


def boxes_of(figure, kind) -> np.ndarray:
    """Give left, top, right and bottom of shapes in inches."""
    found = [one.get_window_extent().transformed(figure.dpi_scale_trans.inverted()) for one in shapes(figure, kind)]
    return np.array([[one.x0, one.y0, one.x1, one.y1] for one in found])


def overlaps(boxes) -> int:
    pairs = itertools.combinations(boxes, 2)
    return sum(bool((a[:2] < b[2:] - 1e-3).all() and (b[:2] < a[2:] - 1e-3).all()) for a, b in pairs)


def test_factors_are_ellipses_and_items_boxes():
    figure = plot(cfa_result(rows_of(THREE, correlated(THREE))))
    assert len(shapes(figure, Ellipse)) == 3
    assert len(shapes(figure, Rectangle)) == 9
    assert len(shapes(figure, FancyArrowPatch)) == 9 + 9 + 3, "loadings, residuals, correlations"
    names = [name for items in THREE.values() for name in items]
    assert set(printed(figure)) == {*THREE, *names, ".50", ".75", ".25"}


def test_the_words_list_every_path():
    extra = [
        *correlated(("visual", "textual")),
        ("x1", "~~", "x4", -0.2),
        ("speed", "~", "visual", 0.3),
        ("speed", "~", "age", 0.125),
    ]
    figure = plot(cfa_result(rows_of(THREE, extra)))
    assert figure.alt == (
        "Path diagram of a model with 3 factors and 10 observed variables, standardised."
        " visual: x1 .50, x2 .50, x3 .50. textual: x4 .50, x5 .50, x6 .50. speed: x7 .50, x8 .50, x9 .50."
        " Regressions: speed on visual .30; speed on age .12. Correlations: visual with textual .25."
        " Correlations of residuals: x1 with x4 −.20."
    )
    assert figure.name == "cfa-paths"


def test_groups_stand_below_one_another():
    figure = plot(cfa_result(rows_of(THREE), ("girls", "boys")))
    assert {"girls", "boys"} <= set(printed(figure))
    assert len(shapes(figure, Ellipse)) == 6
    assert "Group girls. visual:" in figure.alt
    assert "Group boys. visual:" in figure.alt
    single = plot(cfa_result(rows_of(THREE)))
    assert figure.get_size_inches()[1] > 1.9 * single.get_size_inches()[1]


def test_broken_lines_are_not_clearly_different_from_0_and_brown_ones_negative():
    rows = [("f", "=~", "x1", 0.8), ("f", "=~", "x2", -0.8), ("f", "=~", "x3", 0.05), ("f", "=~", "x4", 0.4)]
    arrows = shapes(plot(cfa_result(rows)), FancyArrowPatch)
    assert [one.get_linestyle() for one in arrows] == ["solid", "solid", "dashed", "solid"]
    first, second, _, fourth = arrows
    assert first.get_edgecolor() == fourth.get_edgecolor() != second.get_edgecolor()
    assert first.get_linewidth() == second.get_linewidth() > fourth.get_linewidth()


def test_a_marker_fixed_at_1_is_drawn_and_a_path_fixed_at_0_is_not():
    frame = cfa_result(rows_of(THREE, correlated(THREE))).estimates
    frame.loc[frame["rhs"] == "x1", ["se", "z", "p"]] = np.nan
    none = frame["op"].eq("~~") & frame["lhs"].ne(frame["rhs"])
    frame.loc[none, ["se", "z", "p"]] = np.nan
    frame.loc[none, ["est", "std_all"]] = 0.0
    fit = fit_table([{"model": "m", "n_used": 100, "n_dropped": 0, "method": "by hand"}])
    figure = plot(Result(kind="cfa", title="t", estimates=frame, fit=fit))
    assert "Correlations" not in figure.alt
    assert "x1 .50" in figure.alt
    assert len(shapes(figure, FancyArrowPatch)) == 18


def test_second_order_factors_stand_left_of_first_order_ones():
    extra = [*(("g", "=~", name, 0.7) for name in THREE), *((name, "~~", name, 0.51) for name in THREE)]
    figure = plot(cfa_result(rows_of(THREE, extra)))
    middles = {text.get_text(): text.get_position() for text in figure.axes[0].texts}
    assert middles["g"][0] < middles["visual\n(.51)"][0] < middles["x1"][0]
    assert middles["g"][1] == pytest.approx(middles["textual\n(.51)"][1])
    assert "in brackets" in figure.caption


def test_the_general_factor_of_a_bifactor_model_stands_on_the_right():
    factors = {"g": tuple(f"x{number}" for number in range(1, 10)), **THREE}
    figure = plot(cfa_result(rows_of(factors)))
    middles = {text.get_text(): text.get_position() for text in figure.axes[0].texts}
    assert middles["g"][0] > middles["x1"][0] > middles["visual"][0]
    assert "in its box" in figure.caption


def test_a_cross_loading_leaves_the_factor_where_its_own_items_are():
    plain, crossed = (plot(cfa_result(rows_of(THREE, extra))) for extra in ([], [("visual", "=~", "x9", 0.2)]))
    heights = [{one.get_text(): one.get_position()[1] for one in figure.axes[0].texts} for figure in (plain, crossed)]
    assert heights[0]["visual"] == heights[1]["visual"] == heights[0]["x2"]


def test_a_structural_model_of_observed_variables_alone():
    figure = plot(cfa_result([("y", "~", "x", 0.5), ("y", "~~", "y", 0.75)], kind="sem"))
    assert len(shapes(figure, Rectangle)) == 2
    assert figure.alt == (
        "Path diagram of a model with 0 factors and 2 observed variables, standardised. Regressions: y on x .50."
    )


@pytest.mark.parametrize(("n_factors", "n_items"), [(1, 3), (3, 3), (5, 10), (8, 4), (1, 40)])
def test_nothing_touches_and_all_lies_within(n_factors, n_items):
    factors = {f"Factor {f}": tuple(f"item{f}_{i}" for i in range(n_items)) for f in range(n_factors)}
    figure = plot(cfa_result(rows_of(factors, correlated(factors))))
    nodes = np.vstack([boxes_of(figure, Ellipse), boxes_of(figure, Rectangle)])
    assert overlaps(nodes) == 0
    width, height = figure.get_size_inches()
    assert nodes[:, :2].min() > 0
    assert nodes[:, 2].max() < width
    assert nodes[:, 3].max() < height
    assert height < 12
    inches = figure.dpi_scale_trans.inverted()
    words = [one.get_window_extent().transformed(inches) for one in figure.axes[0].texts if one.get_text()]
    assert min(one.x0 for one in words) > 0
    assert max(one.x1 for one in words) < width
    assert overlaps([np.array([one.x0, one.y0 + 0.02, one.x1, one.y1 - 0.02]) for one in words]) == 0


def test_correlated_residuals_of_two_occasions_lie_beside_one_another():
    factors = {"first": tuple(f"a{i}" for i in range(8)), "second": tuple(f"b{i}" for i in range(8))}
    extra = [(f"a{i}", "~~", f"b{i}", 0.25) for i in range(8)]
    figure = plot(cfa_result(rows_of(factors, [*correlated(factors, 0.625), *extra])))
    places = [one.get_position()[0] for one in figure.axes[0].texts if one.get_text() == ".25"]
    assert len(set(np.round(places, 6))) == 8
    assert max(places) < figure.get_size_inches()[0]


def test_strange_names_and_values_are_drawn():
    factors = {WIDE: ("x" * 300, "漢字", "$a_1$"), "🙂": ("b1", "b2")}
    rows = rows_of(factors, [(WIDE, "~~", "🙂", np.nan)])
    figure = plot(cfa_result(rows))
    assert figure.png()
    assert "—" in printed(figure)


def test_nothing_to_draw():
    empty = cfa_result([("x1", "~1", "", 0.5)])
    assert plot(empty).alt == "There are no paths to draw."


def test_the_same_drawing_each_time():
    assert plot(cfa_result(rows_of(THREE))).svg() == plot(cfa_result(rows_of(THREE))).svg()


def test_the_value_of_a_cross_loading_stands_clear_of_other_paths():
    figure = plot(cfa_result(rows_of(THREE, [("visual", "=~", "x9", 0.375)])))
    lines = [one.get_path().vertices for one in shapes(figure, FancyArrowPatch)[:10]]
    place = next(np.array(one.get_position()) for one in figure.axes[0].texts if one.get_text() == ".38")
    distances = []
    for first, last in (line[:2] for line in lines):
        share = np.clip(np.dot(place - first, last - first) / np.dot(last - first, last - first), 0, 1)
        distances.append(np.hypot(*(first + share * (last - first) - place)))
    own, *others = sorted(distances)
    assert own == pytest.approx(0, abs=1e-6)
    assert others[0] > 0.12
