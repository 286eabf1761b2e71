import numpy as np
import pandas as pd
import pytest

import toolkit as tk
from tests.builders import my_scale
from tests.conftest import oracle
from toolkit.errors import AnalysisError, ArgumentError, UndefinedStatisticWarning

ORACLE = oracle("agreement")["kappa"]
FRAME = pd.DataFrame({"first": ORACLE["first"], "second": ORACLE["second"]})
PAIR = ["first", "second"]


def in_couples(frame):
    keyed = frame.assign(id=range(len(frame)), pair=np.arange(len(frame)) // 2)
    return tk.Responses.from_frame(keyed, person="id", couple="pair")


@pytest.mark.parametrize("weights", ["none", "linear", "quadratic"])
def test_kappa_equals_r(weights):
    expected = ORACLE[weights]
    row = tk.kappa(FRAME, PAIR, weights=weights).estimates.iloc[0]
    assert row["kappa"] == pytest.approx(expected["kappa"], abs=1e-12)
    assert row["se"] == pytest.approx(expected["se"], abs=1e-12)
    assert (row["ci_low"], row["ci_high"]) == pytest.approx(expected["ci"], abs=1e-10)


@pytest.mark.parametrize("weights", ["none", "linear", "quadratic"])
def test_couples_equal_r(weights):
    expected = ORACLE[weights]
    row = tk.kappa(in_couples(FRAME), PAIR, weights=weights).estimates.iloc[0]
    assert row["se"] == pytest.approx(expected["se_clustered"], rel=1e-8)
    assert (row["ci_low"], row["ci_high"]) == pytest.approx(expected["ci_clustered"], abs=1e-8)
    apart = tk.kappa(in_couples(FRAME), PAIR, weights=weights, cluster=None).estimates.iloc[0]
    assert apart["se"] == pytest.approx(expected["se"], abs=1e-12)


def test_psych_with_raw_ratings():
    data = oracle("02_cohen_kappa")
    frame = pd.DataFrame({"r1": data["r1"], "r2": data["r2"]})
    plain = tk.kappa(frame, ["r1", "r2"], weights="none").estimates.iloc[0]
    weighted = tk.kappa(frame, ["r1", "r2"]).estimates.iloc[0]
    low, estimate, high = data["raters"]["confid"]["values"][0]
    assert (plain["ci_low"], plain["kappa"], plain["ci_high"]) == pytest.approx((low, estimate, high), abs=1e-10)
    assert weighted["kappa"] == pytest.approx(data["raters"]["weighted_kappa"], abs=1e-12)
    shares = tk.kappa(frame, ["r1", "r2"]).to_frame("agreement")["share"]
    np.testing.assert_allclose(shares.to_numpy().reshape(3, 3), data["raters"]["agree"]["values"], atol=1e-12)


def test_doubled_rows_shrink_the_error_and_order_changes_nothing():
    one = tk.kappa(FRAME, PAIR).estimates.iloc[0]
    two = tk.kappa(pd.concat([FRAME, FRAME], ignore_index=True), PAIR).estimates.iloc[0]
    assert two["kappa"] == pytest.approx(one["kappa"])
    assert two["se"] == pytest.approx(one["se"] / np.sqrt(2))
    other = tk.kappa(FRAME.iloc[::-1], PAIR[::-1]).estimates.iloc[0]
    assert (other["kappa"], other["se"]) == pytest.approx((one["kappa"], one["se"]))


def test_words_need_an_order_for_weights():
    words = FRAME.replace(dict(enumerate(["", "none", "low", "some", "much", "all"])))
    order = ["none", "low", "some", "much", "all"]
    ordered = tk.kappa(words, PAIR, categories=order).estimates.iloc[0]
    assert ordered["kappa"] == pytest.approx(ORACLE["quadratic"]["kappa"])
    nominal = tk.kappa(words, PAIR, weights="none").estimates.iloc[0]
    assert nominal["kappa"] == pytest.approx(ORACLE["none"]["kappa"])
    with pytest.raises(ArgumentError, match="no order"):
        tk.kappa(words, PAIR)


def test_items_have_the_options_that_are_declared():
    raw = pd.DataFrame({"a1": [1, 2, 6, 1, 2], "a2": [1, 2, 6, 2, 2], "a3": [1, 1, 1, 2, 2]})
    found = tk.kappa(tk.Responses.from_frame(raw, my_scale()), ["a1", "a2", "a3"])
    assert len(found.estimates) == 3
    assert set(found.to_frame("agreement")["category_x"]) == set("123456")
    assert found.settings["instruments"] == {"my": "1.0.0"}
    with pytest.raises(ArgumentError, match="use icc"):
        tk.kappa(tk.Responses.from_frame(raw, my_scale()), ["my.main", "a1"])


def test_waves_are_compared_pair_by_pair():
    rows = pd.concat([pd.DataFrame({"id": range(60), "wave": w, "v": FRAME[name]}) for w, name in enumerate(PAIR)])
    found = tk.kappa(tk.Responses.from_frame(rows, person="id", wave="wave"), "v", over="wave")
    assert found.estimates["kappa"][0] == pytest.approx(ORACLE["quadratic"]["kappa"])
    assert found.fit["model"][0] == "v: 0 with 1"
    assert found.sentence().startswith("Agreement on categories (quadratic weights): wave 0 with wave 1 κ =")
    both = tk.kappa(
        tk.Responses.from_frame(rows.assign(w=rows["v"]), person="id", wave="wave"), ["v", "w"], over="wave"
    )
    assert "; w, wave 0 with wave 1 κ =" in both.sentence()


def test_missing_ratings_leave_their_case_out():
    holes = FRAME.astype(float).mask(np.random.default_rng(1).random(FRAME.shape) < 0.2)
    found = tk.kappa(holes, PAIR)
    expected = tk.kappa(holes.dropna(), PAIR).estimates.iloc[0]
    assert found.fit["n_dropped"][0] == holes.isna().any(axis=1).sum()
    assert found.estimates["se"][0] == pytest.approx(expected["se"])


@pytest.mark.parametrize(
    ("columns", "reason"),
    [
        ({"a": [1, 2, None], "b": [None, None, 2]}, "fewer than two cases"),
        ({"a": [1, 1, None], "b": [1, 1, 2]}, "one and the same"),
    ],
)
def test_what_is_not_defined_is_empty_and_says_why(columns, reason):
    with pytest.warns(UndefinedStatisticWarning, match=reason):
        found = tk.kappa(pd.DataFrame(columns, dtype=float), ["a", "b"])
    assert found.estimates["kappa"].isna().all()
    assert reason in found.fit["note"][0]
    assert "No kappa" in found.sentence()


def test_columns_that_nobody_answered():
    with pytest.raises(AnalysisError, match="nobody answered 'first', 'second'"):
        tk.kappa(FRAME * np.nan, PAIR)


@pytest.mark.parametrize(
    ("frame", "options", "message"),
    [
        (FRAME + 0.5, {}, "decimals"),
        (FRAME, {"categories": [1, 2, 3]}, "which categories does not name"),
        (FRAME, {"categories": [1, 2, 3, 4, 5, 5]}, "two different"),
        (FRAME, {"categories": 5}, "categories is 5, but must be a list"),
        (FRAME, {"weights": "cubic"}, "weights"),
        (FRAME, {"columns": ["first", "third"]}, "third"),
        (FRAME, {"columns": ["first"]}, "names 1 variable; name two or more"),
        (FRAME, {"columns": []}, "names no variable"),
        (FRAME, {"columns": 3}, "list of names"),
        (FRAME == 1, {}, "'first', 'second' hold words"),
        (pd.DataFrame({name: range(60) for name in PAIR}), {}, "60 different values"),
    ],
)
def test_wrong_arguments_say_what_is_wrong(frame, options, message):
    with pytest.raises(ArgumentError, match=message):
        tk.kappa(frame, **{"columns": PAIR, **options})
