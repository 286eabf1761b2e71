import numpy as np
import pandas as pd
import pytest

import toolkit as tk
from tests.conftest import oracle
from toolkit.errors import AnalysisError, ArgumentError, UndefinedStatisticWarning

ORACLE = oracle("agreement")
FORMS = ["ICC1", "ICC2", "ICC3", "ICC1k", "ICC2k", "ICC3k"]


def table(name):
    rows = ORACLE["icc"][name]["x"]
    values = np.array([[np.nan if value is None else value for value in row] for row in rows], dtype=float)
    return pd.DataFrame(values, columns=[f"J{rater}" for rater in range(1, values.shape[1] + 1)])


def in_couples(frame):
    n = len(frame)
    keyed = frame.assign(id=range(n), pair=np.arange(n) // 2)
    return tk.Responses.from_frame(keyed, person="id", couple="pair")


def check(found, expected, tolerance):
    rows = found.estimates.set_index("form").loc[FORMS]
    np.testing.assert_allclose(rows["icc"], [expected["icc"][form] for form in FORMS], atol=tolerance)
    for ours, theirs in (("f", "F"), ("df1", "df1"), ("df2", "df2")):
        np.testing.assert_allclose(rows[ours].astype(float), expected[theirs], rtol=1e-7)
    np.testing.assert_allclose(rows["p"], expected["p"], rtol=1e-5)
    for bound in ("ci_low", "ci_high"):
        np.testing.assert_allclose(rows[bound], expected[bound], atol=tolerance)
    for form, bounds in expected["satterthwaite"].items():
        found_bounds = rows.loc[form, ["satterthwaite_low", "satterthwaite_high"]].astype(float)
        np.testing.assert_allclose(found_bounds, bounds, atol=tolerance)


@pytest.mark.parametrize("name", ORACLE["icc"])
def test_tables_with_and_without_holes_equal_r(name):
    frame = table(name)
    found = tk.icc(frame, list(frame), degrees_of_freedom="design")
    check(found, ORACLE["icc"][name], 1e-8)
    assert found.fit["n_used"][0] == len(frame)
    assert found.fit["n_ratings"][0] == frame.notna().sum().sum()


@pytest.mark.parametrize("name", ORACLE["information"])
def test_empty_cells_leave_the_degrees_of_freedom_that_the_information_bears_out(name):
    frame = table(name)
    found = tk.icc(frame, list(frame))
    check(found, ORACLE["information"][name], 1e-7)
    design = tk.icc(frame, list(frame), degrees_of_freedom="design").estimates
    assert (found.estimates["df2"] < design["df2"]).all()


def test_shrout_and_fleiss_with_a_hole_equal_psych():
    data = oracle("02_icc_shrout_fleiss")
    frame = pd.DataFrame(data["data"]["values"], columns=data["data"]["cols"], dtype=float)
    frame.loc[1, "J3"] = np.nan
    expected = data["lmer_TRUE_one_missing_S2J3"]["results"]
    found = tk.icc(frame, list(frame), degrees_of_freedom="design").estimates
    # psych calls lmer with its default tolerance, which leaves the sixth digit open.
    for ours, theirs in (("icc", "ICC"), ("df1", "df1"), ("df2", "df2")):
        np.testing.assert_allclose(found[ours].astype(float), expected[theirs], atol=1e-6)
    np.testing.assert_allclose(found["f"], expected["F"], rtol=1e-6)
    for row, form in enumerate(FORMS):
        column = "satterthwaite" if form.startswith("ICC2") else "ci"
        bounds = found.loc[row, [f"{column}_low", f"{column}_high"]].astype(float)
        np.testing.assert_allclose(bounds, [expected["lower bound"][row], expected["upper bound"][row]], atol=1e-5)


@pytest.mark.parametrize("name", ORACLE["clustered"])
def test_couples_equal_the_jackknife_in_r(name):
    frame = table(name)
    found = tk.icc(in_couples(frame), list(frame))
    check(found, ORACLE["clustered"][name], 1e-7)
    assert found.fit["n_clusters"][0] == len(frame) // 2
    apart = tk.icc(in_couples(frame), list(frame), cluster=None)
    pd.testing.assert_frame_equal(apart.estimates, tk.icc(frame, list(frame)).estimates)


def test_shrout_and_fleiss_equal_psych():
    data = oracle("02_icc_shrout_fleiss")
    frame = pd.DataFrame(data["data"]["values"], columns=data["data"]["cols"])
    expected = data["lmer_FALSE"]["results"]
    found = tk.icc(frame, list(frame)).estimates
    for ours, theirs in (("form", "type"), ("df1", "df1"), ("df2", "df2")):
        assert found[ours].tolist() == expected[theirs]
    for ours, theirs in (("icc", "ICC"), ("f", "F"), ("p", "p")):
        np.testing.assert_allclose(found[ours], expected[theirs], atol=1e-10)
    for row, form in enumerate(FORMS):
        column = "satterthwaite" if form.startswith("ICC2") else "ci"
        bounds = found.loc[row, [f"{column}_low", f"{column}_high"]].astype(float)
        expected_bounds = [expected["lower bound"][row], expected["upper bound"][row]]
        np.testing.assert_allclose(bounds, expected_bounds, atol=1e-9)


def long(frame, over):
    """Write a table as rows: each target's ratings at the values of a key."""
    rows = frame.assign(target=range(len(frame))).melt("target", var_name=over, value_name="value")
    return rows.sample(frac=1, random_state=1)


def test_waves_of_one_variable_are_raters():
    frame = table("some_holes")
    rows = long(frame, "wave").assign(pair=lambda x: x["target"] // 2)
    keyed = tk.Responses.from_frame(rows, person="target", wave="wave", couple="pair")
    found = tk.icc(keyed, "value", over="wave")
    np.testing.assert_allclose(
        found.estimates["icc"].astype(float), tk.icc(in_couples(frame), list(frame)).estimates["icc"], atol=1e-10
    )
    assert found.estimates["variable"].unique().tolist() == ["value"]
    assert found.fit["n_clusters"][0] == 20


def test_partners_are_raters_of_their_couple():
    frame = table("two_raters")
    rows = long(frame, "role").assign(id=lambda x: x["target"].astype(str) + x["role"])
    keyed = tk.Responses.from_frame(rows, person="id", couple="target", role="role")
    found = tk.icc(keyed, "value", over="role")
    expected = tk.icc(frame, list(frame)).estimates
    np.testing.assert_allclose(found.estimates["ci_low"].astype(float), expected["ci_low"], atol=1e-10)
    assert "independent" in found.fit["method"][0]


def test_listwise_uses_the_complete_targets():
    frame = table("some_holes")
    found = tk.icc(frame, list(frame), missing="listwise")
    assert found.fit["n_used"][0] == len(frame.dropna())
    assert found.fit["n_dropped"][0] == len(frame) - len(frame.dropna())
    pd.testing.assert_frame_equal(found.estimates, tk.icc(frame.dropna(), list(frame)).estimates)


def test_order_and_shift_change_nothing_and_doubling_keeps_the_error_variance():
    frame = table("complete")
    one = tk.icc(frame, list(frame)).estimates
    other = tk.icc(7 + 2 * frame.iloc[::-1], list(frame)[::-1]).estimates
    np.testing.assert_allclose(one["icc"], other["icc"], atol=1e-12)
    np.testing.assert_allclose(one["ci_low"], other["ci_low"], atol=1e-10)
    moved = tk.icc(frame + np.array([0, 1, 2, 3]), list(frame)).estimates
    assert moved["icc"][2] == pytest.approx(one["icc"][2])
    assert moved["icc"][1] < one["icc"][1]


def test_a_variance_at_the_boundary_and_empty_cells_are_said():
    frame = table("no_rater_variance")
    note = tk.icc(frame, list(frame)).fit["note"][0]
    assert "variance of raters is 0" in note
    assert "24 cells are empty" in note


@pytest.mark.parametrize(
    ("columns", "reason"),
    [
        ({"a": [1, 2, 3, 4], "b": [2, 3, 4, 5]}, "agree but for their means"),
        ({"a": [1, 1, 1, 1], "b": [1, 1, 1, 1]}, "do not vary"),
        ({"a": [1, 2, None, None], "b": [None, None, 3, 4]}, "fewer than two targets"),
        ({"a": [1, 2, 3, 4], "b": [2, 3, 1, 5], "c": [None] * 4}, "rated none"),
        ({"a": [1, 2, 1, 2], "b": [2, 1, 2, 1]}, "targets do not differ"),
    ],
)
def test_what_is_not_defined_is_empty_and_says_why(columns, reason):
    frame = pd.DataFrame(columns, dtype=float)
    with pytest.warns(UndefinedStatisticWarning, match=reason):
        found = tk.icc(frame, list(frame))
    assert found.estimates["ci_low"].isna().all()
    assert reason in found.fit["note"][0]


def test_three_couples_have_estimates_without_intervals():
    frame = table("complete").head(6)
    with pytest.warns(UndefinedStatisticWarning, match="four clusters"):
        found = tk.icc(in_couples(frame), list(frame)).estimates
    assert found["icc"].notna().all()
    assert found["ci_low"].isna().all()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda frame: tk.icc(frame, "J1"), "two or more"),
        (lambda frame: tk.icc(frame, ["J1", "J9"]), "J9"),
        (lambda frame: tk.icc(frame, "J1", over="wave"), "no wave"),
        (lambda frame: tk.icc(frame, "J1", over="week"), "one of"),
        (lambda frame: tk.icc(frame, ["J1", "J2"], missing="pairwise"), "missing"),
        (lambda frame: tk.icc(frame, ["J1", "J2"], confidence=95), "confidence"),
        (lambda frame: tk.icc(frame, ["J1", "J2"], degrees_of_freedom="some"), "degrees_of_freedom"),
        (lambda frame: tk.icc(frame.assign(J1="x"), ["J1", "J2"]), "not numeric"),
    ],
)
def test_wrong_arguments_say_what_is_wrong(call, message):
    with pytest.raises(ArgumentError, match=message):
        call(table("complete"))


def test_one_wave_is_not_compared():
    rows = pd.DataFrame({"id": [1, 2, 3], "wave": [1, 1, 1], "value": [1, 2, 3]})
    keyed = tk.Responses.from_frame(rows, person="id", wave="wave")
    with pytest.raises(AnalysisError, match="two values of wave"):
        tk.icc(keyed, "value", over="wave")
    with pytest.raises(ArgumentError, match="compares them all"):
        tk.icc(keyed, "value", over="wave", wave=1)


def test_settings_are_enough_to_run_it_again():
    frame = table("some_holes")
    found = tk.icc(in_couples(frame), list(frame), confidence=0.9)
    settings = dict(found.settings)
    assert settings.pop("instruments") == {}
    pd.testing.assert_frame_equal(tk.icc(in_couples(frame), **settings).estimates, found.estimates)


def test_tables_and_sentence():
    frame = table("complete")
    found = tk.icc(frame, list(frame))
    components = found.to_frame("components")["variance"]
    squares = found.to_frame("mean_squares").set_index("source")["mean_square"]
    assert components[2] == pytest.approx(squares["error"])
    assert "ICC(2,1) = .63" in found.sentence()
    assert "ICC" in found.table().headings


def test_too_few_ratings_for_intervals_are_said():
    ratings = pd.DataFrame({"a": [5.0, 5.0, np.nan], "b": [5.0, 4.0, 5.0], "c": [1.0, 2.0, np.nan]})
    with pytest.warns(UndefinedStatisticWarning, match="too few ratings"):
        found = tk.icc(ratings, ["a", "b", "c"])
    assert found.estimates["icc"].notna().all()
    assert "too few ratings" in found.fit["note"][0]


def test_clustered_intervals_need_variances_that_couples_move():
    scores = np.random.default_rng(5).normal(size=(40, 3))
    frame = pd.DataFrame(scores - scores.mean(axis=0), columns=["a", "b", "c"]).assign(couple=np.arange(40) // 2)
    frame["a"] = (-frame["b"] - frame["c"]) / 2
    frame.loc[0, "a"] = np.nan
    responses = tk.Responses.from_frame(frame, couple="couple")
    with pytest.warns(UndefinedStatisticWarning, match="variance that is 0, at its boundary"):
        found = tk.icc(responses, ["a", "b", "c"])
    assert found.estimates["icc"].notna().all()
    assert found.estimates["ci_low"].isna().all()


@pytest.mark.filterwarnings("ignore::toolkit.errors.ToolkitWarning")
@pytest.mark.parametrize("seed", range(40))
def test_small_tables_have_ordered_intervals_or_none(seed):
    """Of few targets and raters, with empty cells or without: estimate within its interval, or the reason."""
    draw = np.random.default_rng(seed)
    values = draw.integers(1, 6, (draw.integers(2, 8), draw.integers(2, 5))).astype(float)
    values[draw.random(values.shape) < 0.3 * (seed % 2)] = np.nan
    frame = pd.DataFrame(values, columns=[f"r{place}" for place in range(values.shape[1])])
    found = tk.icc(frame, list(frame.columns))
    known = found.estimates.dropna(subset=["ci_low"])
    assert (known["ci_low"] <= known["ci_high"]).all()
    assert len(known) == 6 or found.fit["note"][0]


def test_the_mean_of_raters_of_two_targets_has_no_lower_bound():
    found = tk.icc(pd.DataFrame({"a": [1.0, 2.0], "b": [3.0, 2.0], "c": [2.0, 2.5]}), ["a", "b", "c"]).estimates
    assert found["icc"].notna().all()
    assert found["ci_high"].notna().all()
