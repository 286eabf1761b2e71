"""Measurement invariance: what must hold for any data, special models, verdicts, and errors in words."""

import re

import numpy as np
import pandas as pd
import pytest

import toolkit as tk
from tests.analysis.test_invariance import ITEMS, THREE, TWO, categories, partners, school
from toolkit.analysis.invariance import invariance
from toolkit.analysis.invariance_verdicts import Marks, chen, chen_marks, cheung_rensvold, highest
from toolkit.errors import AnalysisError, ArgumentError, ModelError, ModelWarning, NotIdentified, TooFewCases

ONE = "f =~ x1 + x2 + x3"


def copies(kind):
    pupils = school()[["x1", "x2", "x3", "x7", "x8", "x9"]]
    pupils = categories(pupils) if kind == "ordinal" else pupils
    return pd.concat([pupils.assign(copy="a"), pupils.assign(copy="b")], ignore_index=True)


def ordinal_answers(n=400, options=3, items=4, groups=("a", "b"), seed=7):
    """Draw answers of one factor with equal numbers of options."""
    draw = np.random.default_rng(seed)
    factor = draw.standard_normal((n, 1))
    behind = 0.8 * factor + 0.6 * draw.standard_normal((n, items))
    cuts = np.linspace(-0.8, 0.8, options - 1)
    answers = 1 + (behind[..., None] > cuts).sum(axis=-1)
    frame = pd.DataFrame(answers, columns=[f"u{item}" for item in range(1, items + 1)])
    return frame.assign(g=np.array(groups)[np.arange(n) % len(groups)])


FOUR = "f =~ u1 + u2 + u3 + u4"


@pytest.mark.parametrize("kind", ["continuous", "ordinal"])
def test_two_copies_of_one_group_are_alike_at_all_steps(kind):
    result = invariance(copies(kind), TWO, group="copy", ordered=kind == "ordinal")
    ladder = result.to_frame("ladder").iloc[1:]
    np.testing.assert_allclose(ladder["chisq_diff"].astype(float), 0, atol=2e-6 if kind == "continuous" else 1)
    chisq = result.to_frame("ladder")["chisq"]
    np.testing.assert_allclose(chisq, chisq[0], atol=1e-6)
    assert set(ladder["cheung_rensvold"]) == {"holds"}
    np.testing.assert_allclose(result.to_frame("latent_means")["difference"], 0, atol=1e-6)
    np.testing.assert_allclose(result.to_frame("dmacs")[["dmacs", "signed"]], 0, atol=1e-5)
    np.testing.assert_allclose(result.to_frame("score_tests")["chisq"].fillna(0), 0, atol=1e-6)


def test_two_copies_hold_by_every_rule():
    sentence = str(invariance(copies("continuous"), TWO, group="copy", estimator="ML").sentence())
    assert sentence.count("all steps hold, up to strict invariance") == 3
    assert (
        "Chen’s marks permit comparisons of structure, associations and factor means, and of observed scores"
        in sentence
    )


def test_scales_and_reversals_of_items_change_nothing():
    pupils = school()
    changed = pupils.assign(x1=10 - pupils["x1"], x5=3 * pupils["x5"] + 1)
    columns = ["chisq", "df", "chisq_diff", "cfi", "rmsea", "srmr"]
    ours, theirs = (
        invariance(frame, THREE, group="school", estimator="MLR").to_frame("ladder")[columns].astype(float)
        for frame in (pupils, changed)
    )
    np.testing.assert_allclose(ours, theirs, rtol=1e-6, atol=1e-6)


def test_both_identifications_fit_alike():
    ladders = [
        invariance(school(), THREE, group="school", estimator="ML", std_lv=std_lv).to_frame("ladder")
        for std_lv in (True, False)
    ]
    np.testing.assert_allclose(ladders[0]["chisq"], ladders[1]["chisq"], rtol=1e-8)
    dmacs = [
        invariance(school(), THREE, group="school", estimator="ML", std_lv=std_lv).to_frame("dmacs")["dmacs"]
        for std_lv in (True, False)
    ]
    np.testing.assert_allclose(dmacs[0], dmacs[1], atol=1e-6)


def test_partial_invariance_frees_what_it_names():
    whole = invariance(school(), THREE, group="school", estimator="ML")
    part = invariance(school(), THREE, group="school", estimator="ML", partial=["x3 ~ 1", "x7~1"])
    assert part.to_frame("ladder")["chisq"][2] < whole.to_frame("ladder")["chisq"][2] - 30
    assert part.to_frame("ladder")["df"][2] == whole.to_frame("ladder")["df"][2] - 2
    assert "Left free at all steps (partial invariance): x3~1, x7~1" in str(part.sentence())
    assert not {"x3~1", "x7~1"} & set(part.to_frame("score_tests")["parameter"])


@pytest.mark.parametrize("over", ["group", "role"])
def test_partial_thresholds_intercepts_and_residuals_of_ordinal_items(over):
    partial = ["x1|t2", "x2~1", "x3~~x3", "visual=~x3"]
    if over == "group":
        whole = invariance(categories(school()), TWO, group="school", ordered=True)
        part = invariance(categories(school()), TWO, group="school", ordered=True, partial=partial)
    else:
        whole = invariance(partners("ordinal"), TWO, over="role", ordered=True)
        part = invariance(partners("ordinal"), TWO, over="role", ordered=True, partial=partial)
    lost = whole.to_frame("ladder")["df"] - part.to_frame("ladder")["df"]
    assert lost.tolist() == [0, 1, 2, 3, 4]


def test_twelve_groups():
    data = ordinal_answers(2400, groups=tuple("abcdefghijkl"))
    result = invariance(data, FOUR, group="g", estimator="MLR")
    assert len(result.to_frame("latent_means")) == 11
    assert "; 12 groups)" in str(result.sentence())
    assert result.to_frame("ladder")["df_diff"].tolist()[1:] == [33, 33, 44]


def test_items_of_three_options_are_not_restricted_by_equal_thresholds():
    with pytest.warns(ModelWarning, match="thresholds is no restriction beyond the step before"):
        result = invariance(ordinal_answers(), FOUR, group="g", ordered=True)
    ladder = result.to_frame("ladder").set_index("step")
    assert ladder.loc["thresholds", "df_diff"] == 0
    assert np.isnan(ladder.loc["thresholds", "p_diff"])
    assert "thresholds is no restriction" in result.fit.set_index("model").loc["thresholds", "note"]
    assert result.fit.set_index("model").loc["metric", "note"].count("no restriction") == 0


def test_items_of_two_options_have_three_steps():
    data = ordinal_answers(800, options=2, items=6)
    model = "f =~ " + " + ".join(f"u{item}" for item in range(1, 7))
    result = invariance(data, model, group="g", ordered=True)
    ladder = result.to_frame("ladder")
    assert ladder["step"].tolist() == ["configural", "scalar", "strict"]
    assert ladder["df_diff"].tolist()[1:] == [4, 6]
    with pytest.raises(ArgumentError, match=r"'u1', .* have two categories"):
        invariance(data, model, group="g", ordered=True, steps=("configural", "metric"))


def test_named_steps_hold_what_came_before_them():
    result = invariance(categories(school()), TWO, group="school", ordered=True, steps=("loadings", "scalar"))
    ladder = result.to_frame("ladder")
    assert ladder["equal"].tolist() == ["", "thresholds, loadings", "thresholds, loadings, intercepts"]
    whole = invariance(categories(school()), TWO, group="school", ordered=True).to_frame("ladder")
    assert ladder["chisq"].tolist() == pytest.approx(whole["chisq"].iloc[[0, 2, 3]].tolist(), rel=1e-6)


def test_without_a_scalar_step_there_are_no_means():
    result = invariance(school(), THREE, group="school", estimator="ML", steps=("configural", "metric"))
    assert set(result.tables) == {"ladder", "score_tests"}


def test_a_second_order_model():
    model = f"{THREE}\ng =~ visual + textual + speed"
    result = invariance(school(), model, group="school", estimator="ML")
    assert result.to_frame("ladder")["df"].tolist() == [48, 56, 62, 71]
    assert result.to_frame("latent_means")["factor"].tolist() == ["visual", "textual", "speed"]
    assert "the mean of g is 0" in result.fit["note"][2]


def test_a_single_item_is_not_compared():
    model = f"{ONE}\nx9 ~~ f"
    result = invariance(school(), model, group="school", estimator="ML")
    assert result.to_frame("ladder")["df_diff"].tolist()[1:] == [2, 2, 3]
    assert "x9 measure no factor and are not compared" in result.fit["note"][0]
    couples = invariance(partners(), model, over="role", estimator="ML")
    assert couples.to_frame("ladder")["df_diff"].tolist()[1:] == [2, 2, 3]
    names = set(couples.estimates["lhs"] + "~~" + couples.estimates["rhs"])
    assert {"x9_h~~x9_w", "f_w~~x9_h", "f_h~~x9_w", "f_h~~x9_h"} <= names


def test_a_bifactor_model_over_partners_stays_orthogonal():
    model = "g =~ x1 + x2 + x3 + x7 + x8 + x9\ns =~ x7 + x8 + x9\ng ~~ 0*s"
    result = invariance(partners(), model, over="role", estimator="ML", steps=("configural", "metric"))
    table = result.estimates.query("step == 'configural' and op == '~~'").set_index(["lhs", "rhs"])["est"]
    assert table["g_h", "s_w"] == table["g_w", "s_h"] == table["g_h", "s_h"] == 0
    assert table["g_h", "g_w"] != 0 != table["s_h", "s_w"]


def test_an_instrument_over_waves_is_clustered_by_couple():
    keys = tk.instrument_from_keys({"f": ["u1", "u2", "u3", "-u4"]}, min=1, max=3, id="my")
    first, second = ordinal_answers(300), ordinal_answers(300, seed=8)
    rows = [part.drop(columns="g").assign(id=range(300), time=time) for time, part in ((1, first), (2, second))]
    frame = pd.concat(rows, ignore_index=True)
    responses = tk.Responses.from_frame(
        frame.assign(pair=frame["id"] // 2), keys, person="id", couple="pair", wave="time"
    )
    result = invariance(responses, keys, over="wave", estimator="MLR", steps=("configural", "metric"))
    assert result.settings["cluster"] == "couple"
    assert "clustered by couple" in result.fit["method"][0]
    assert result.settings["instruments"] == {"my": keys.version}


def test_missing_partners_are_kept_and_counted():
    result = invariance(partners("missing"), TWO, over="role")
    assert result.fit["n_used"].tolist() == [150] * 4
    assert "10 of 150 couples without a row for every role" in result.fit["note"][0]
    complete = invariance(partners("missing"), TWO, over="role", estimator="ML")
    assert (complete.fit["n_used"][0], complete.fit["n_dropped"][0]) == (140, 10)


def test_a_cluster_of_couples():
    responses = partners()
    frame = responses.frame.assign(town=responses.frame["couple"] // 3)
    again = tk.Responses.from_frame(frame, person="person", couple="couple", role="role")
    result = invariance(again, TWO, over="role", estimator="MLR", cluster="town", steps=("configural", "metric"))
    assert "clustered by town" in result.fit["method"][0]
    differing = tk.Responses.from_frame(frame.assign(town=range(300)), person="person", couple="couple", role="role")
    with pytest.raises(ArgumentError, match="cluster='town' differs between rows of one couple"):
        invariance(differing, TWO, over="role", cluster="town")


def test_waves_of_one_day():
    first, second = ordinal_answers(100), ordinal_answers(100, seed=8)
    parts = [
        part.drop(columns="g").assign(id=range(100), time=time, day=day)
        for time, part in ((1, first), (2, second))
        for day in (1, 2)
    ]
    responses = tk.Responses.from_frame(pd.concat(parts, ignore_index=True), person="id", wave="time", day="day")
    steps = ("configural", "metric")
    assert invariance(responses, FOUR, over="wave", day=2, estimator="ML", steps=steps).fit["n_used"][0] == 100
    with pytest.raises(ArgumentError, match="several days as well; choose one with day="):
        invariance(responses, FOUR, over="wave", estimator="ML", steps=steps)
    with pytest.raises(ArgumentError, match="day=3 is not in the data"):
        invariance(responses, FOUR, over="wave", day=3, estimator="ML", steps=steps)


def test_chens_marks():
    assert chen_marks("metric", 301) == Marks(0.010, 0.015, 0.030)
    assert chen_marks("scalar", 301) == Marks(0.010, 0.015, 0.010)
    assert chen_marks("thresholds", 300) == Marks(0.005, 0.010, 0.025)
    assert chen_marks("strict", 300) == Marks(0.005, 0.010, 0.005)


@pytest.mark.parametrize(
    ("change", "verdict"),
    [
        (Marks(-0.009, 0.014, 0.029), "holds"),
        (Marks(-0.010, 0.015, 0.0), "fails"),
        (Marks(-0.010, 0.0, 0.030), "fails"),
        (Marks(-0.010, 0.0, 0.0), "mixed"),
        (Marks(0.0, 0.015, 0.0), "mixed"),
        (Marks(float("nan"), 0.0, 0.0), ""),
    ],
)
def test_chens_verdict(change, verdict):
    assert chen(change, chen_marks("metric", 1000)) == verdict


def test_cheung_and_rensvolds_verdict():
    assert [cheung_rensvold(change) for change in (0.0, -0.010, -0.0101, float("nan"))] == [
        "holds",
        "holds",
        "fails",
        "",
    ]
    assert highest(["configural", "metric", "scalar", "strict"], ["", "holds", "mixed", "holds"]) == "metric"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "give one of them"),
        ({"group": "school", "over": "role"}, "give group or over, not both"),
        ({"over": "couple"}, "over is 'couple', but must be one of"),
        ({"group": "school", "estimator": "ULS"}, "estimator is 'ULS', but must be one of"),
        ({"group": "school", "steps": ("configural", "weak")}, "steps: there is no step 'weak'"),
        ({"group": "school", "steps": "configural"}, "names no step after configural"),
        ({"group": "school", "steps": ("thresholds",)}, "steps names thresholds, which items have only where"),
        ({"group": "school", "partial": ["x3~1", "x99~1"]}, "partial: there is no parameter 'x99~1'"),
        ({"group": "nowhere"}, "group: there is no column 'nowhere'"),
        ({"group": "school", "confidence": 95}, "confidence is 95"),
        ({"over": "wave"}, "over='wave': the data have no wave column"),
        ({"over": "role"}, "over='role': the data have no role column"),
        ({"over": "wave", "std_lv": False}, "std_lv=False is for groups"),
        ({"over": "wave", "wave": 1}, "leave wave out"),
        ({"group": "school", "ordered": ITEMS, "std_lv": False}, "std_lv=False is for groups"),
    ],
)
def test_arguments_that_cannot_be_used(options, words):
    with pytest.raises(ArgumentError, match=re.escape(words)):
        invariance(categories(school()), TWO, **options)


def test_partners_whom_nothing_tells_apart():
    frame = partners().frame.drop(columns="role")
    responses = tk.Responses.from_frame(frame, person="person", couple="couple")
    with pytest.raises(ArgumentError, match=r"equal by definition and there is nothing to test.*clustered by couple"):
        invariance(responses, TWO, over="role")


@pytest.mark.parametrize(
    ("model", "words"),
    [
        ("x1 ~ x2", "Invariance is of measurement models"),
        (f"{TWO}\nvisual ~ speed", "plain measurement models .* 'visual~speed'"),
        ("visual =~ a*x1 + a*x2 + x3", "also states 'visual=~x1', 'visual=~x2'"),
        (f"{TWO}\nd := 1", "also states 'd'"),
        ("visual =~ x1 + x2 + y9", "'y9' is neither a factor"),
    ],
)
def test_models_that_cannot_be_compared_over_partners(model, words):
    with pytest.raises(ModelError, match=words):
        invariance(partners(), model, over="role")


def test_a_model_that_is_no_text():
    with pytest.raises(ArgumentError, match="model is int"):
        invariance(school(), 3, group="school")


def test_a_group_of_eight_people():
    pupils = school()
    pupils["group"] = np.where(pupils.index < 8, "few", "many")
    with pytest.raises(TooFewCases, match="8 in group few"):
        invariance(pupils, THREE, group="group", estimator="ML")
    with pytest.raises(TooFewCases, match="8 in group few"):
        invariance(pupils, THREE, group="group")


def test_an_option_that_one_group_did_not_choose():
    data = categories(school())
    data.loc[(data["school"] == "Pasteur") & (data["x1"] == 4), "x1"] = 3
    with pytest.raises(AnalysisError, match="one side only: x1 has no answer 4 in Pasteur"):
        invariance(data, TWO, group="school", ordered=True)


def test_an_option_that_one_partner_did_not_choose():
    frame = partners("ordinal").frame.copy()
    frame.loc[(frame["role"] == "w") & (frame["x1"] == 1), "x1"] = 2
    responses = tk.Responses.from_frame(frame, person="person", couple="couple", role="role")
    with pytest.raises(AnalysisError, match="one side only: x1 has no answer 1 in role w"):
        invariance(responses, TWO, over="role", ordered=True)


def test_a_step_that_is_not_identified_is_named():
    with pytest.raises(NotIdentified, match="Step configural: The data do not determine"):
        invariance(school(), "f =~ x1 + x2", group="school", estimator="ML")


def test_the_result_can_be_shown_and_drawn():
    result = invariance(school(), THREE, group="school", estimator="MLR")
    assert "ΔCFI" in result._repr_html_()
    assert result.settings["indices"] == "robust"
    assert "robust CFI" in str(result.sentence())
    assert result.plot().png()
    assert tk.invariance is invariance
