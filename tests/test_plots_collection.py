"""Figures of careless answers and of how a study came in."""

import numpy as np
import pandas as pd
import pytest

from toolkit.plots import plot
from toolkit.results import Result, fit_table

FIT = fit_table([{"model": "m", "n_used": 100, "n_dropped": 0, "method": "by hand"}])


def quality_result():
    rows = [
        ("longstring", 100, "at least", 8.0, 6),
        ("even_odd", 98, "above", -0.3, None),
        ("too_fast", 100, "below", 2.0, 0),
        ("missed", 0, None, np.nan, None),
    ]
    estimates = pd.DataFrame(rows, columns=["index", "n", "side", "cut", "n_flagged"]).astype({"n_flagged": "Int64"})
    bins = [("longstring", at - 0.5, at + 0.5, n) for at, n in ((3, 40), (4, 54), (9, 6))]
    bins += [("even_odd", -1.0, -0.5, 90), ("even_odd", -0.5, 0.0, None), ("even_odd", 0.0, 0.5, None)]
    bins += [("too_fast", 3.0, 5.0, 100)]
    histogram = pd.DataFrame(bins, columns=["index", "low", "high", "n"]).astype({"n": "Int64"})
    settings = {"smallest_cell": 5}
    tables = {"histogram": histogram}
    return Result(kind="quality", title="A title", estimates=estimates, fit=FIT, tables=tables, settings=settings)


def participation_result(withdrawn=2):
    stages = [("invited", 40, 1.0, 0, 0, 20), ("consented", 35, 0.875, 3, 0, 16), ("opened", 34, 0.85, 1, 0, 15)]
    stages += [("submitted", 28, 0.7, 6, 0, 12), ("analysed", 31, 0.775, 0, 3, 14)]
    columns = ["stage", "n", "share", "n_lost", "n_joined", "n_couples"]
    completion = pd.DataFrame(
        {"wave": ["1", "2", "3"], "n_expected": [35, 35, 0], "n_opened": [34, 20, 0], "n_submitted": [28, 20, 0]}
    )
    dates = pd.DataFrame({"date": ["2026-12-01", "2026-12-02"], "opened_so_far": [20, 54], "submitted_so_far": [9, 48]})
    still = [1.0, 1.0, 0.8, 0.8]
    dropout = pd.DataFrame(
        {"part": "wave 1", "place": range(4), "item": [None, "a", "b", "c"], "n": 34, "still": still}
    )
    dropout["n_stopped"] = [0, 0, 6, 0]
    times = [("item", "a", 34, 2.0, 3.0, 5.0), ("item", "b", None, np.nan, np.nan, np.nan), ("page", "p", 9, 1, 2, 3)]
    compliance = pd.DataFrame({"n_days": ["0 to 2", "3"], "n": [9, 26], "share": [9 / 35, 26 / 35]})
    tables = {
        "completion": completion,
        "dates": dates,
        "dropout": dropout,
        "times": pd.DataFrame(times, columns=["kind", "name", "n", "q1", "median", "q3"]),
        "compliance": compliance,
    }
    settings = {"smallest_cell": 5, "n_withdrawn": withdrawn}
    estimates = pd.DataFrame(stages, columns=columns)
    return Result(kind="participation", title="A title", estimates=estimates, fit=FIT, tables=tables, settings=settings)


def words(axes):
    return [entry.get_text() for entry in axes.texts if entry.get_text()]


def test_each_index_that_was_computed_has_a_panel_with_its_cut():
    drawn = plot(quality_result())
    shown = [axes for axes in drawn.axes if axes.axison]
    assert [axes.get_title(loc="left") for axes in shown] == [
        "Longest run (longstring)",
        "Even–odd inconsistency",
        "Too fast",
    ]
    assert [words(axes) for axes in shown] == [["8 →"], ["−0.30 →"], ["← 2"]]
    assert [axes.lines[0].get_xdata()[0] for axes in shown] == [7.5, -0.3, 2.0]


def test_bins_of_few_people_are_pale_and_of_one_height():
    heights = [(bar.get_x(), bar.get_height()) for bar in plot(quality_result()).axes[1].patches]
    assert heights == [(-1.0, 90), (-0.5, 2.5), (0.0, 2.5)]
    assert "1 to 4" in plot(quality_result()).caption


def test_heights_that_mean_nothing_have_no_scale():
    result = quality_result()
    bins = result.tables["histogram"]
    bins.loc[(bins["index"] == "even_odd") & bins["n"].notna(), "n"] = pd.NA
    shown = plot(result).axes
    assert [axes.get_ylabel() for axes in shown[:3]] == ["Persons", "Not shown", "Persons"]
    assert not len(shown[1].get_yticks())


def test_the_alternative_of_indices_tells_cuts_and_counts():
    assert "Longest run (longstring): 100 persons, flagged at least 8.00, 6 flagged" in plot(quality_result()).alt
    assert "flagged above −0.30, few or all but few flagged" in plot(quality_result()).alt


def test_no_index_no_histogram():
    result = quality_result()
    empty = Result(
        kind="quality", title="A title", estimates=result.estimates.assign(n=0), fit=FIT, settings=result.settings
    )
    assert plot(empty).alt == "No index could be computed."


def test_the_flow_has_a_box_for_each_stage_and_names_who_is_lost():
    drawn = plot(participation_result(), "flow")
    told = words(drawn.axes[0])
    assert told[0] == "Invited: 40 persons (100%)\nboth partners of 20 couples"
    assert "2 withdrew (deleted)\n3 did not agree" in told
    assert "and 3 who did not submit, but have a score" in told
    assert "Consented: 35 persons (88%), both partners of 16 couples; 1 did not open the questionnaire;" in drawn.alt


def test_a_flow_without_couples_or_withdrawals():
    result = participation_result(withdrawn=None)
    alone = Result(
        kind="participation",
        title="A title",
        estimates=result.estimates.drop(columns="n_couples"),
        fit=FIT,
        tables=result.tables,
        settings=result.settings,
    )
    assert "couple" not in plot(alone, "flow").alt
    assert "withdrew" not in plot(alone, "flow").alt


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("completion", "Wave 1: 80% (28 of 35); Wave 2: 57% (20 of 35); Wave 3: not open yet."),
        ("dates", "from 2026-12-01 to 2026-12-02: 54 opened, 48 submitted."),
        ("dropout", "Wave 1: 34 began, 80.0% went on to the end; largest steps: after b 80.0%."),
        ("times", "response times of 1 item, in seconds. a: 3.0 [2.0, 5.0]."),
        ("diary", "0 to 2 days: 9 (26%); 3 days: 26 (74%)."),
    ],
)
def test_figures_tell_in_words_what_they_show(kind, told):
    assert told in plot(participation_result(), kind).alt


def test_a_single_date_is_told_and_not_drawn():
    result = participation_result()
    result.tables["dates"] = result.tables["dates"].head(1)
    assert plot(result, "dates").alt == "All was on one date."


def test_the_curve_of_drop_out_is_that_of_the_table():
    line = plot(participation_result(), "dropout").axes[0].lines[0]
    assert line.get_ydata().tolist() == [1.0, 1.0, 0.8, 0.8]
