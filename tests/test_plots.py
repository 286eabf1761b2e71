"""Figures: what they draw is what the tables hold, and what they say in words is the same."""

import base64
import os
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import matplotlib as mpl
import matplotlib.figure
import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from IPython.core.formatters import DisplayFormatter
from matplotlib.patches import Rectangle

from tests.test_plots_collection import participation_result, quality_result
from tests.test_plots_factors import efa_result
from tests.test_plots_invariance import invariance_result
from tests.test_plots_paths import THREE, cfa_result, rows_of
from tests.test_plots_residuals import SMALL_SQUARE, residual_result
from tests.test_plots_retention import retention_result
from toolkit import format as fmt
from toolkit.errors import ArgumentError
from toolkit.plots import FIGURES, Figure, figure, plot, text
from toolkit.plots.answers import palette
from toolkit.results import Result, fit_table

FIT = fit_table([{"model": "m", "n_used": 100, "n_dropped": 0, "method": "by hand"}])
FIVE = ["Never", "Rarely", "Sometimes", "Often", "Always"]
SHARES = {
    "a1": [0.10, 0.20, 0.40, 0.20, 0.10],
    "a2": [0.05, 0.05, 0.10, 0.30, 0.50],
    "b1": [0.60, 0.20, 0.04, 0.06, 0.10],
}
WRITABLE = st.text(st.characters(codec="utf-8"), max_size=90)  # pandas holds no half characters
ODD = [
    "$5 and $x_1$",
    "a\nb\tc",
    "🙂 smile",
    "\x00\x1b[31m",
    "\uffff\u202e",
    "x" * 10_000,
    "_private",
    "--><script>",
    "漢字",
]


def make(kind, estimates, settings=None, name="", **tables):
    frames = {key: pd.DataFrame(rows) for key, rows in tables.items()}
    return Result(
        kind=kind,
        title="A title",
        estimates=pd.DataFrame(estimates),
        fit=FIT,
        tables=frames,
        settings=settings or {},
        name=name,
    )


def item_result(shares=None, labels=FIVE, wording=None, first=0, scale=None):
    shares = SHARES if shares is None else shares
    frequencies, estimates = [], []
    for item, row in shares.items():
        home = scale or f"scale.{item[:1]}"
        for option, (label, share) in enumerate(zip(labels, row, strict=True), start=first):
            count = 0 if np.isnan(share) else int(share * 1000)
            frequencies.append(
                {"scale": home, "item": item, "option": option, "label": label, "n": count, "share": share}
            )
        statistics = {"n": 100, "mean": 2.25, "sd": 1.125, "r_raw": 0.5, "r_corrected": 0.5, "alpha_if_dropped": 0.8}
        r_drop = 0.125 + 0.25 * list(shares).index(item)
        estimates.append(
            {
                "scale": home,
                "item": item,
                "text": wording,
                "reverse": item == "a2",
                "r_drop": min(r_drop, 0.95),
                **statistics,
            }
        )
    return make("item_analysis", estimates, frequencies=frequencies)


def describe_result(names=("s.one", "s.two")):
    edges = [1.0, 2.0, 4.0]
    histogram = [
        {"scale": name, "low": low, "high": high, "n": n, "share": n / 100}
        for name in names
        for low, high, n in zip(edges, edges[1:], [30, 70], strict=False)
    ]
    density = [{"scale": name, "x": x, "density": 1 / 3} for name in names for x in (1.0, 2.5, 4.0)]
    estimates = [
        {
            "variable": name,
            "kind": "scale",
            "n": 1000,
            "n_missing": 0,
            "mean": 2.345,
            "sd": 0.675,
            "skew": -0.1,
            "kurtosis": 0.2,
            "floor": 0.01,
            "ceiling": 0.02,
        }
        for name in names
    ]
    return make("describe", estimates, histogram=histogram, density=density)


def correlation_result(names=("x", "y", "z"), values=None, kind="correlations"):
    values = np.array([[1, 0.5, -0.25], [0.5, 1, 0.125], [-0.25, 0.125, 1]]) if values is None else values
    matrix = pd.DataFrame(values, columns=list(names))
    matrix.insert(0, "variable", list(names))
    return make(kind, [], matrix=matrix)


def reliability_result(names=("s.one", "s.two", "s.three"), alphas=(0.875, 0.625, np.nan)):
    alpha = np.array(alphas)
    return make(
        "reliability",
        {
            "scale": list(names),
            "alpha": alpha,
            "alpha_ci_low": alpha - 0.0625,
            "alpha_ci_high": alpha + 0.03125,
            "n_used": [1280] * len(alpha),
        },
        settings={"confidence": 0.95},
    )


def style_result():
    means = np.array([1.5, 2.5, 1.0])
    rows = [
        {
            "style": style,
            "form": form,
            "mean": mean - shift,
            "ci_low": mean - shift - 0.25,
            "ci_high": mean - shift + 0.25,
        }
        for form, shift in (("raw", 0.0), ("ipsatised", means.mean()))
        for style, mean in zip(("css.passive", "css.assertive", "css.aggressive"), means, strict=True)
    ]
    return make("style_profile", {name: [row[name] for row in rows] for name in rows[0]})


ALL = [
    (style_result(), "styles"),
    (item_result(), "options"),
    (item_result(), "profile"),
    (describe_result(), "scores"),
    (correlation_result(), "heatmap"),
    (correlation_result(("p", "q", "r"), kind="polychoric"), "heatmap"),
    (reliability_result(), "intervals"),
    (retention_result(), "scree"),
    (efa_result(), "loadings"),
    (cfa_result(rows_of(THREE)), "paths"),
    (cfa_result(rows_of(THREE, [("speed", "~", "visual", 0.3)]), kind="sem"), "paths"),
    (residual_result(SMALL_SQUARE), "residuals"),
    (residual_result([[0, 0.25], [0.25, 0]], kind="sem"), "residuals"),
    (invariance_result(), "ladder"),
    (quality_result(), "indices"),
    *((participation_result(), kind) for kind in FIGURES["participation"]),
]
IDS = [kind for _, kind in ALL]


def bars(axes):
    """Bars by row: their left edge and width, from left to right."""
    found = {}
    for patch in axes.patches:
        row = round(patch.get_y() + patch.get_height() / 2)
        found.setdefault(row, []).append((patch.get_x(), patch.get_width()))
    return {row: sorted(edges) for row, edges in found.items()}


def words(axes):
    return [entry.get_text() for entry in axes.texts if entry.get_text()]


def labels(axes):
    return [label.get_text() for label in axes.get_yticklabels()]


# --- the contract of a figure -------------------------------------------------


@pytest.mark.parametrize(("result", "kind"), ALL, ids=IDS)
def test_figure_names_itself_and_speaks(result, kind):
    drawn = plot(result, kind)
    assert isinstance(drawn, Figure)
    assert drawn.name == f"{result.kind}-{kind}"
    assert drawn.alt.endswith(".")
    assert drawn.caption.startswith("A title: ")
    assert drawn.caption.endswith(".")


def test_all_kinds_are_tested():
    assert {(result.kind, kind) for result, kind in ALL} == {(kind, name) for kind in FIGURES for name in FIGURES[kind]}


def test_styles_show_raw_and_relative_means_side_by_side():
    drawn = plot(style_result())
    left, right = drawn.axes
    assert left.lines[-1].get_xdata().tolist() == [1.5, 2.5, 1.0]
    np.testing.assert_allclose(right.lines[0].get_xdata(), np.array([1.5, 2.5, 1.0]) - 5 / 3)
    assert "css.assertive, raw: 2.50 [2.25, 2.75]" in drawn.alt


def test_first_figure_is_the_default():
    assert plot(item_result()).name == "item_analysis-options"
    assert item_result().plot().name == "item_analysis-options"


def test_name_is_a_file_stem():
    assert plot(reliability_result().named("Women & men/1")).name == "Women-men-1-intervals"


def test_unknown_figure_names_the_known_ones():
    with pytest.raises(ArgumentError, match=r"kind is 'option', but must be one of 'options', 'profile'\. Did you"):
        plot(item_result(), "option")


def test_result_without_figures_says_so():
    result = make("power", [])
    with pytest.raises(ArgumentError, match=r"kind 'power', for which there is no figure; .*'reliability'.*to_frame"):
        plot(result)


@pytest.mark.parametrize(("result", "kind"), ALL, ids=IDS)
def test_notebook_gets_svg_png_and_words(result, kind):
    drawn = plot(result, kind)
    data, metadata = DisplayFormatter().format(drawn)
    about = {"alt": drawn.alt, "name": drawn.name, "caption": drawn.caption}
    assert {"image/svg+xml", "image/png", "text/plain"} == set(data)
    assert metadata["image/svg+xml"] == about
    assert metadata["image/png"] == about
    assert data["text/plain"] == drawn.alt
    assert ET.fromstring(data["image/svg+xml"]).tag.endswith("svg")
    assert base64.b64decode(data["image/png"]).startswith(b"\x89PNG")


def test_png_has_200_dots_an_inch():
    drawn = plot(reliability_result())
    width = int.from_bytes(drawn.png()[16:20], "big")
    assert width == int(drawn.get_size_inches()[0] * 200)


@pytest.mark.parametrize(("result", "kind"), ALL, ids=IDS)
@pytest.mark.parametrize("wording", [None, "A text that is long enough to need more than one line in any figure"])
def test_nothing_is_cut_off_at_the_edge(result, kind, wording):
    result = item_result(wording=wording, scale=wording) if result.kind == "item_analysis" else result
    drawn = plot(result, kind)
    box, (width, height) = drawn.get_tightbbox(), drawn.get_size_inches()
    assert box.x0 > -0.01
    assert box.y0 > -0.01
    assert box.x1 < width + 0.01
    assert box.y1 < height + 0.01


SCRIPT = """
import hashlib, sys
sys.path.insert(0, {folder!r})
from test_plots import ALL, plot
for result, kind in ALL:
    figure = plot(result, kind)
    print(hashlib.sha256(figure.svg().encode() + figure.png()).hexdigest())
"""


def digests(seed):
    script = SCRIPT.format(folder=str(Path(__file__).parent))
    environment = {**os.environ, "PYTHONHASHSEED": seed}
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, env=environment)
    return done.stdout.split()


def test_two_processes_give_the_same_bytes():
    first = digests("1")
    assert len(set(first)) == len(ALL)
    assert digests("2") == first


def test_drawing_twice_gives_the_same_bytes():
    drawn = plot(item_result())
    first = drawn.svg()
    assert drawn.png()
    assert first == drawn.svg() == plot(item_result()).svg()


def test_readers_settings_do_not_count_and_are_kept():
    expected = plot(reliability_result()).svg()
    with mpl.rc_context({"font.size": 30, "text.parse_math": True, "lines.linewidth": 9, "figure.facecolor": "red"}):
        before = dict(mpl.rcParams)
        assert plot(reliability_result()).svg() == expected
        assert dict(mpl.rcParams) == before


def test_figures_leave_no_global_state():
    import matplotlib.pyplot as plt

    for result, kind in ALL:
        plot(result, kind).png()
    assert plt.get_fignums() == []


@pytest.mark.parametrize("shade", [(0, 0, 0), (1, 1, 1), (0.4, 0.4, 0.4), (0.2, 0.6, 0.55)])
def test_letters_stand_out(shade):
    ink = {"white": (1, 1, 1), "black": (0, 0, 0)}[figure.ink_on(shade)]
    assert contrast(ink, shade) >= 4.5


def contrast(one, other):
    linear = [
        [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in colour]
        for colour in (one, other)
    ]
    low, high = sorted(float(np.dot([0.2126, 0.7152, 0.0722], parts)) for parts in linear)
    return (high + 0.05) / (low + 0.05)


# --- answers ------------------------------------------------------------------


def test_bars_are_as_wide_as_shares_and_centred():
    drawn = plot(item_result(), "options")
    first, second = drawn.axes
    for axes, names in [(first, ["a1", "a2"]), (second, ["b1"])]:
        for row, name in enumerate(names):
            edges = bars(axes)[row]
            assert [width for _, width in edges] == pytest.approx(SHARES[name])
            left, width = edges[2]
            assert left + width / 2 == pytest.approx(0)
            assert [left for left, _ in edges[1:]] == pytest.approx([left + width for left, width in edges[:-1]])


def test_even_number_of_options_is_centred_between_the_middle_two():
    drawn = plot(item_result({"a1": [0.25, 0.125, 0.5, 0.125]}, labels=["w", "x", "y", "z"]))
    assert [left for left, _ in bars(drawn.axes[0])[0]] == pytest.approx([-0.375, -0.125, 0, 0.5])
    assert words(drawn.axes[0]) == ["38%", "62%", "scale.a"]


def test_totals_are_printed_and_the_middle_only_where_it_fits():
    first, second = plot(item_result(), "options").axes
    assert words(first) == ["30%", "30%", "40%", "10%", "80%", "10%", "scale.a"]
    assert words(second) == ["80%", "16%", "scale.b"]


def test_items_keep_form_order_and_reversed_ones_are_marked():
    first, second = plot(item_result(wording="I speak up early"), "options").axes
    assert labels(first) == ["a1  I speak up early", "a2 (R)  I speak up early"]
    assert labels(second) == ["b1  I speak up early"]
    assert first.get_ylim()[0] > first.get_ylim()[1]


def test_legend_reads_from_left_to_right():
    legend = plot(item_result(), "options").legends[0]
    assert [entry.get_text() for entry in legend.get_texts()] == [f"{place} {name}" for place, name in enumerate(FIVE)]
    colours = [mpl.colors.to_hex(handle.get_facecolor()) for handle in legend.get_patches()]
    assert colours == palette(5)


def test_wrapped_legend_reads_row_by_row():
    names = [f"A rather long option label, number {place}" for place in range(5)]
    legend = plot(item_result({"a1": SHARES["a1"]}, labels=names), "options").legends[0]
    columns = len(legend.get_texts())
    assert legend._ncols in (1, 2)
    shown = [entry.get_text()[0] for entry in legend.get_texts()]
    assert sorted(shown) == list("01234")
    assert shown == (list("01234") if legend._ncols == 1 else list("02413"))
    assert columns == 5


def test_other_response_options_get_their_own_legend():
    five, four = item_result(), item_result({"c1": [0.25] * 4}, labels=["w", "x", "y", "z"], first=1)
    both = make(
        "item_analysis",
        pd.concat([five.estimates, four.estimates]),
        frequencies=pd.concat([five.tables["frequencies"], four.tables["frequencies"]]),
    )
    drawn = plot(both)
    assert len(drawn.subfigs) == 2
    shown = [[entry.get_text() for entry in part.legends[0].get_texts()] for part in drawn.subfigs]
    assert shown[1] == ["1 w", "2 x", "3 y", "4 z"]


def test_many_options_name_ends_and_middle():
    drawn = plot(item_result({"a1": [1 / 101] * 101}, labels=[""] * 101))
    assert [entry.get_text() for entry in drawn.legends[0].get_texts()] == ["0", "50", "100"]


def test_item_without_answers_says_so():
    drawn = plot(item_result({"a1": SHARES["a1"], "a3": [np.nan] * 5}))
    assert "no answers" in words(drawn.axes[0])
    assert "a3: no answers" in drawn.alt
    assert drawn.png()


@pytest.mark.parametrize("k", [1, 2, 3, 4, 5, 6, 7, 11])
def test_palette_diverges(k):
    colours = palette(k)
    assert len(set(colours)) == k
    assert (k % 2 == 1) == (figure.PALE in colours)


def test_alt_of_few_items_holds_all_shares():
    alt = plot(item_result()).alt
    assert alt.startswith("Diverging stacked bar chart of the answers to 3 items.")
    assert "scale.a, a2 (R): 0 Never 5%, 1 Rarely 5%, 2 Sometimes 10%, 3 Often 30%, 4 Always 50%" in alt


def test_alt_of_many_items_names_the_extremes():
    shares = {f"i{place}": [1 - place / 100, 0, 0, place / 100, 0] for place in range(1, 71)}
    drawn = plot(item_result(shares, scale="s"))
    assert "Lowest: s, i1: 1%; s, i2: 2%; s, i3: 3%. Highest: s, i70: 70%; s, i69: 69%; s, i68: 68%." in drawn.alt
    assert "table beside the figure holds all 70 rows" in drawn.alt
    assert drawn.get_size_inches()[1] / 70 > 0.2


def test_nothing_to_draw_is_said():
    empty = make("item_analysis", item_result().estimates, frequencies=item_result().tables["frequencies"][:0])
    assert plot(empty).alt == "There are no answers to draw."
    assert plot(empty).png()


# --- profile ------------------------------------------------------------------


def dots(axes):
    found = [line for line in axes.lines if line.get_marker() in {"o", "D"}]
    pairs = [pair for line in found for pair in zip(line.get_ydata(), line.get_xdata(), strict=True)]
    return {int(y): x for y, x in sorted(pairs)}


def test_profile_has_a_dot_an_item():
    drawn = plot(item_result(), "profile")
    assert dots(drawn.axes[0]) == {0: 0.125, 1: 0.375}
    assert dots(drawn.axes[2]) == {0: 0.625}
    assert dots(drawn.axes[1]) == {0: 2.25, 1: 2.25}
    assert [line.get_xdata()[0] for line in drawn.axes[0].lines if line.get_linestyle() == "--"] == [0.3]
    assert labels(drawn.axes[0]) == ["a1", "a2 (R)"]


def test_profile_alt_holds_the_numbers():
    alt = plot(item_result(), "profile").alt
    assert "scale.a, a1: .12 (mean 2.25, SD 1.12)" in alt
    assert "scale.b, b1: .62 (mean 2.25, SD 1.12)" in alt


def test_profile_names_items_without_correlation():
    result = item_result()
    result.estimates.loc[0, "r_drop"] = np.nan
    assert plot(result, "profile").alt.endswith("Not defined for: a1.")
    assert plot(result, "profile").png()


def test_profile_without_frequencies():
    drawn = plot(make("item_analysis", item_result().estimates), "profile")
    assert dots(drawn.axes[1]) == {0: 2.25, 1: 2.25}
    assert drawn.png()


def test_negative_correlations_are_in_view():
    result = item_result()
    result.estimates.loc[0, "r_drop"] = -0.4
    assert plot(result, "profile").axes[0].get_xlim()[0] < -0.4


# --- scores -------------------------------------------------------------------


def test_histogram_is_a_density():
    drawn = plot(describe_result())
    for axes in drawn.axes:
        boxes = [patch for patch in axes.patches if isinstance(patch, Rectangle)]
        assert [(box.get_x(), box.get_width()) for box in boxes] == [(1, 1), (2, 2)]
        assert [box.get_height() for box in boxes] == pytest.approx([0.3, 0.35])
        assert sum(box.get_width() * box.get_height() for box in boxes) == pytest.approx(1)
        assert axes.lines[0].get_ydata().tolist() == [1 / 3] * 3


def test_scores_tell_mean_and_sd():
    drawn = plot(describe_result())
    assert drawn.axes[0].get_title(loc="left") == "s.one"
    expected = f"M = {fmt.number(2.345)}, SD = {fmt.number(0.675)}, n = 1,000"
    assert words(drawn.axes[0]) == [expected]
    assert f"s.one: {expected}, skew −0.10, kurtosis 0.20, 1% at the lowest and 2% at the highest score" in drawn.alt


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 7])
def test_a_panel_a_scale(n):
    names = [f"s.{place}" for place in range(n)]
    assert [axes.get_title(loc="left") for axes in plot(describe_result(names)).axes] == names


def test_equal_scores_have_no_bars():
    result = describe_result(["s.one"])
    result.tables["histogram"]["high"] = result.tables["histogram"]["low"]
    assert plot(result).png()


def test_no_scores():
    result = make("describe", describe_result().estimates, histogram={"scale": []}, density={"scale": []})
    assert plot(result).alt == "There are no scale scores to draw."


# --- correlations -------------------------------------------------------------


def test_cells_print_the_lower_triangle():
    axes = plot(correlation_result()).axes[0]
    shown = {entry.get_position(): entry.get_text() for entry in axes.texts}
    assert shown == {
        (0.5, 0.5): fmt.EMPTY,
        (0.5, 1.5): ".50",
        (1.5, 1.5): fmt.EMPTY,
        (0.5, 2.5): "−.25",
        (1.5, 2.5): ".12",
        (2.5, 2.5): fmt.EMPTY,
    }
    mesh = axes.collections[0]
    assert mesh.get_clim() == (-1, 1)
    assert np.ma.count(mesh.get_array()) == 3
    assert labels(axes) == ["1  x", "2  y", "3  z"]


def test_rows_and_columns_go_by_name():
    result = correlation_result()
    result.tables["matrix"].iloc[:] = result.tables["matrix"].iloc[::-1].to_numpy()
    assert plot(result).alt == plot(correlation_result()).alt


def test_heatmap_alt_holds_each_pair():
    alt = plot(correlation_result()).alt
    assert "y with x: .50; z with x: −.25; z with y: .12." in alt


def test_undefined_correlations_are_named():
    values = np.array([[1, np.nan], [np.nan, 1]])
    drawn = plot(correlation_result(["x", "y"], values))
    assert drawn.alt.endswith("Not defined for: y with x.")
    assert drawn.png()


def test_letters_stand_out_in_every_cell():
    for r in np.linspace(-1, 1, 41):
        axes = plot(correlation_result(["x", "y"], np.array([[1, r], [r, 1]]))).axes[0]
        entry = next(entry for entry in axes.texts if entry.get_position() == (0.5, 1.5))
        shade = mpl.colormaps["BrBG"]((r + 1) / 2)[:3]
        assert contrast(mpl.colors.to_rgb(entry.get_color()), shade) >= 4.5


def test_one_variable_has_no_pairs():
    assert plot(correlation_result(["x"], np.ones((1, 1)))).alt == "There are no pairs of variables to draw."


# --- reliability --------------------------------------------------------------


def test_intervals_are_where_they_should_be():
    axes = plot(reliability_result()).axes[0]
    assert dots(axes) == {0: 0.875, 1: 0.625}
    segments = [part.tolist() for part in axes.collections[0].get_segments()]
    assert segments == [[[0.8125, 0], [0.90625, 0]], [[0.5625, 1], [0.65625, 1]]]
    assert labels(axes) == ["s.one", "s.two"]
    assert words(axes) == [".88 [.81, .91]", ".62 [.56, .66]", "convention: .70"]


def with_omega(omegas=(0.9375, np.nan, np.nan)):
    result = reliability_result()
    omega = np.array(omegas)
    columns = {"omega_fitted": omega, "omega_fitted_ci_low": omega - 0.0625, "omega_fitted_ci_high": omega + 0.03125}
    return make("reliability", result.estimates.assign(**columns), settings={"confidence": 0.95})


def test_omega_stands_below_alpha_in_another_form():
    drawn = plot(with_omega())
    axes = drawn.axes[0]
    alpha, omega = (line for line in axes.lines if line.get_marker() in {"o", "D"})
    assert alpha.get_xdata().tolist() == [0.875, 0.625]
    assert omega.get_xdata()[0] == 0.9375
    assert np.isnan(omega.get_xdata()[1])
    assert (alpha.get_ydata() < omega.get_ydata()).all()
    assert alpha.get_marker() != omega.get_marker()
    assert omega.get_markerfacecolor() == "white"
    segments = [part.tolist() for part in axes.collections[1].get_segments()]
    assert segments[0] == [[0.875, pytest.approx(0.17)], [0.96875, pytest.approx(0.17)]]
    assert words(axes) == [".88 [.81, .91]", ".62 [.56, .66]", "α", ".94 [.88, .97]", fmt.EMPTY, "ω", "convention: .70"]
    assert [entry.get_text() for entry in drawn.legends[0].get_texts()] == ["Cronbach’s α", "ω of one factor"]
    assert "s.one: α .88 [.81, .91], ω .94 [.88, .97], n = 1,280; s.two: α .62 [.56, .66], ω —, n = 1,280" in drawn.alt
    assert "ω of a one-factor model (open diamonds) of each scale with their 95% intervals" in drawn.caption


def test_without_omega_alpha_stands_alone():
    drawn = plot(with_omega((np.nan, np.nan, np.nan)))
    assert dots(drawn.axes[0]) == dots(plot(reliability_result()).axes[0])
    assert drawn.legends == []


def test_an_omega_at_an_edge_has_no_interval():
    result = with_omega()
    result.estimates.loc[0, ["omega_fitted_ci_low", "omega_fitted_ci_high"]] = np.nan
    assert "ω .94, n = 1,280" in plot(result).alt


@pytest.mark.parametrize("n", [1, 30])
def test_numbers_stay_within_the_figure(n):
    result = reliability_result([f"instrument.scale_number_{place}" for place in range(n)], [0.8] * n)
    omega = {name: result.estimates[name.replace("omega_fitted", "alpha")] for name in ("omega_fitted",)}
    drawn = plot(make("reliability", result.estimates.assign(**omega), settings={"confidence": 0.95}))
    width, height = drawn.bbox.width, drawn.bbox.height
    for entry in drawn.axes[0].texts:
        box = entry.get_window_extent()
        assert box.x0 >= 0
        assert box.x1 <= width + 1
        assert 0 <= box.y0 < box.y1 <= height + 1


def test_undefined_alpha_is_left_out_and_named():
    drawn = plot(reliability_result())
    assert "for 2 scales" in drawn.alt
    assert "s.one: .88 [.81, .91], n = 1,280" in drawn.alt
    assert drawn.alt.endswith("Left out, since alpha is not defined: s.three.")
    assert "its 95% interval" in drawn.caption


def test_no_alpha_at_all():
    drawn = plot(reliability_result(["s"], [np.nan]))
    assert drawn.alt == "There is no defined alpha to draw. Left out, since alpha is not defined: s."
    assert drawn.png()


def test_negative_alpha_is_in_view():
    assert plot(reliability_result(["s"], [-0.5])).axes[0].get_xlim()[0] < -0.5625


# --- any character ------------------------------------------------------------


@pytest.mark.parametrize("value", ODD, ids=range(len(ODD)))
def test_odd_texts_draw(value):
    drawn = [
        plot(item_result({value: SHARES["a1"], "a2": SHARES["a2"]}, labels=[value] * 5, wording=value, scale=value)),
        plot(item_result({value: SHARES["a1"]}, wording=value, scale=value), "profile"),
        plot(describe_result([value])),
        plot(correlation_result([value, "other"], np.eye(2))),
        plot(reliability_result([value], [0.8])),
    ]
    for one in drawn:
        ET.fromstring(one.svg())
        assert one.png()
        assert len(one.alt.encode()) < 5000
        assert "\n" not in one.alt


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(WRITABLE, min_size=5, max_size=5), WRITABLE)
def test_any_text_draws(options, wording):
    drawn = plot(item_result({wording: SHARES["a1"]}, labels=options, wording=wording))
    ET.fromstring(drawn.svg())
    assert drawn.png()


@given(st.text())
def test_drawn_text_is_short_and_can_be_written(value):
    result = text.drawn(value)
    assert len(result.replace("\n", "")) <= text.LABEL
    assert all(len(line) <= text.LINE for line in result.split("\n"))
    assert all(character == "\n" or ord(character) in text._glyphs() for character in result)
    text.clean(value).encode()
    assert figure.text_width([result]) >= 0


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("short", "short"),
        ("one two three four", "one two…"),
        ("onetwothreefour", "onetwothree…"),
        ("one two thre, four", "one two thre…"),
    ],
)
def test_short(value, expected):
    assert text.short(value, 12 if "," not in value else 14) == expected


def test_labels_of_texts_that_are_missing():
    assert text.item_label("a1", False, None).drawn == "a1"
    assert text.item_label("a1", True, float("nan")).drawn == "a1 (R)"
    assert text.item_label("a1", True, pd.NA).name == "a1 (R)"


def test_half_a_character_is_dropped():
    assert text.clean("a\ud800b") == text.drawn("a\ud800b") == "ab"


def test_dollars_do_not_start_mathematics():
    axes = plot(reliability_result(["$x^2$"], [0.8])).axes[0]
    assert labels(axes) == ["$x^2$"]
    assert not any(label.get_parse_math() for label in axes.get_yticklabels())


def test_figure_is_matplotlibs():
    assert issubclass(Figure, matplotlib.figure.Figure)
