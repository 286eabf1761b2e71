"""The ladder of invariance."""

import numpy as np
import pandas as pd
import pytest

from toolkit.plots import plot
from toolkit.plots.figure import HIGH, LOW
from toolkit.results import Result, fit_table

LADDER = pd.DataFrame(
    {
        "step": ["configural", "metric", "scalar", "strict"],
        "cfi": [0.923, 0.921, 0.882, 0.873],
        "rmsea": [0.097, 0.093, 0.107, 0.104],
        "srmr": [0.068, 0.092, 0.104, 0.106],
        "delta_cfi": [np.nan, -0.002, -0.039, -0.009],
        "delta_rmsea": [np.nan, -0.004, 0.014, -0.003],
        "delta_srmr": [np.nan, 0.024, 0.012, 0.002],
    }
)


def invariance_result(ladder=LADDER, n=400) -> Result:
    fit = fit_table([{"model": "m", "n_used": n, "n_dropped": 0, "method": "by hand"}])
    return Result(kind="invariance", title="A title", estimates=ladder[["step"]], fit=fit, tables={"ladder": ladder})


def test_three_indices_over_the_steps():
    figure = plot(invariance_result())
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["CFI", "RMSEA", "SRMR"]
    labels = [one.get_text() for one in figure.axes[0].get_yticklabels()]
    assert labels == LADDER["step"].tolist()
    words = [one.get_text() for one in figure.axes[0].texts]
    assert words == [".923", ".921 (−.002)", ".882 (−.039)", ".873 (−.009)"]
    assert figure.name == "invariance-ladder"


def test_what_reaches_a_mark_is_a_brown_diamond():
    marked = []
    for axes in plot(invariance_result()).axes:
        _, kept, reached = axes.lines
        assert (kept.get_color(), reached.get_color()) == (HIGH, LOW)
        assert (kept.get_marker(), reached.get_marker()) == ("o", "D")
        marked.append([int(row) for row in reached.get_ydata()])
    assert marked == [[2], [], [2]], "SRMR may rise by .030 for loadings, by .010 after them"


def test_marks_are_smaller_in_samples_up_to_300():
    marked = [[int(row) for row in axes.lines[2].get_ydata()] for axes in plot(invariance_result(n=300)).axes]
    assert marked == [[2, 3], [2], [2]]
    captions = [plot(invariance_result(n=n)).caption for n in (300, 301)]
    assert "CFI −.005, RMSEA +.010, SRMR +.025 for loadings, SRMR +.005 after them" in captions[0]
    assert "CFI −.010, RMSEA +.015, SRMR +.030 for loadings, SRMR +.010 after them" in captions[1]


def test_the_words_tell_every_step():
    alt = plot(invariance_result()).alt
    assert "metric: CFI .921 (−.002), RMSEA .093 (−.004), SRMR .092 (+.024)." in alt
    assert "scalar: CFI .882 (−.039), RMSEA .107 (+.014), SRMR .104 (+.012); reaches Chen’s mark: CFI, SRMR." in alt
    assert "configural: CFI .923, RMSEA .097, SRMR .068." in alt


def test_an_index_that_is_not_there_has_no_panel():
    figure = plot(invariance_result(LADDER.drop(columns=["srmr", "delta_srmr"])))
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["CFI", "RMSEA"]


@pytest.mark.parametrize("ladder", [LADDER.iloc[:0], LADDER[["step"]]])
def test_nothing_to_draw(ladder):
    assert plot(invariance_result(ladder)).alt == "There are no steps to draw."


def test_equal_fit_and_empty_cells_are_drawn():
    same = LADDER.assign(cfi=0.95, delta_cfi=[np.nan, 0.0, 0.0, 0.0], rmsea=[np.nan, 0.05, 0.05, 0.05])
    figure = plot(invariance_result(same))
    assert figure.png()
    assert figure.axes[0].texts[1].get_text() == ".950 (+.000)"
    assert figure.axes[1].texts[0].get_text() == "—"
