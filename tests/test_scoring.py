import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import toolkit as tk
from tests.conftest import ROOT, oracle, test_data
from toolkit.errors import AnalysisError, ArgumentError

IPIP_COLUMNS = {f"{name}{{n}}": f"{name.upper()}{{n}}" for name in ("as", "sc", "ad", "do")}
SCALES = {"AS": "assertiveness", "SC": "social_confidence", "AD": "adventurousness", "DO": "dominance"}


def keyed(raw, keys, **options):
    instrument = tk.instrument_from_keys(keys, min=options.pop("min"), max=options.pop("max"), id="my", **options)
    return tk.Responses.from_frame(raw, instrument)


@pytest.fixture(scope="module")
def bfi_frame():
    return pd.read_csv(ROOT / "data" / "bfi" / "bfi.csv")


def expected_scores(block):
    first = block["first_scores"]
    return pd.DataFrame(first["values"], columns=first["cols"]).astype(float)


def test_means_equal_psych_with_one_answer_enough(bfi_frame):
    result = oracle("01_scoring_bfi")
    scores = tk.score(keyed(bfi_frame, result["keys"], min=1, max=6, min_answered=1))
    scores.columns = [name.removeprefix("my.") for name in scores]
    np.testing.assert_allclose(scores.head(25), expected_scores(result["means"])[list(scores)], atol=1e-10)
    for scale in scores:
        assert scores[scale].mean() == pytest.approx(result["means"]["scale_mean"][scale], abs=1e-10)
        assert scores[scale].std() == pytest.approx(result["means"]["scale_sd"][scale], abs=1e-10)
        assert scores[scale].count() == result["means"]["scale_n"][scale]


def test_complete_sums_equal_psych_where_nothing_is_missing(bfi_frame):
    result = oracle("01_scoring_bfi")
    responses = keyed(bfi_frame, result["keys"], min=1, max=6)
    totals = expected_scores(result["totals"])
    sums = tk.score(responses, scores="sum_complete").head(25)
    for scale in result["keys"]:
        complete = sums[f"my.{scale}"].notna()
        np.testing.assert_allclose(sums.loc[complete, f"my.{scale}"], totals.loc[complete, scale], atol=1e-10)
        assert complete.sum() >= 20


@pytest.fixture(scope="module")
def ipip():
    path = test_data("ipip_assertiveness.csv")
    return tk.read_responses(path, "ipip_as", missing={0: "skipped"}, columns=IPIP_COLUMNS)


def test_assertiveness_scores_equal_row_means(ipip):
    expected = oracle("01_scoring_ipip_rowmeans")["first25"]
    found = tk.score(ipip, n_answered=True)
    for position, key in enumerate(expected["cols"]):
        column = found[f"ipip_as.{SCALES[key]}"].head(25)
        reference = pd.Series([row[position] for row in expected["values"]], dtype=float)
        enough = found[f"ipip_as.{SCALES[key]}.n_answered"].head(25) >= 5
        np.testing.assert_allclose(column[enough], reference[enough], atol=1e-10)
        assert column[~enough].isna().all()


def test_rows_with_missing_answers_follow_the_half_rule_and_psych_does_not(ipip):
    result = oracle("01_scoring_ipip_missing_rows")
    rows = [row - 1 for row in result["rows_1based"]]
    found = tk.score(ipip, n_answered=True).iloc[rows].reset_index(drop=True)
    sums = tk.score(ipip, scores="sum").iloc[rows].reset_index(drop=True)
    for position, key in enumerate(result["impute_none_means"]["cols"]):
        name = f"ipip_as.{SCALES[key]}"
        psych = pd.Series([row[position] for row in result["impute_none_means"]["values"]], dtype=float)
        totals = pd.Series([row[position] for row in result["impute_none_totals"]["values"]], dtype=float)
        answered = found[f"{name}.n_answered"]
        missing = [row[position] for row in result["n_missing_by_scale"]["values"]]
        assert (10 - answered).tolist() == missing
        given = answered >= 5
        np.testing.assert_allclose(found.loc[given, name], psych[given], atol=1e-10)
        np.testing.assert_allclose(sums.loc[given, name], (totals * 10 / answered)[given], atol=1e-9)


answers = st.lists(st.one_of(st.none(), st.integers(1, 5)), min_size=4, max_size=4)
RULES = ("mean", "sum", "sum_complete", "pomp")


@settings(deadline=None)
@given(st.lists(answers, min_size=1, max_size=12), st.sampled_from(RULES), st.integers(1, 4))
def test_scores_follow_their_definition(rows, rule, needed):
    raw = pd.DataFrame(rows, columns=list("abcd"), dtype="Int64")
    found = tk.score(keyed(raw, {"f": ["a", "-b", "c", "-d"]}, min=1, max=5, min_answered=needed), scores=rule)["my.f"]
    for row, value in zip(rows, found, strict=True):
        turned = [6 - x if index % 2 else x for index, x in enumerate(row) if x is not None]
        enough = len(turned) == 4 if rule == "sum_complete" else len(turned) >= needed
        if not enough:
            assert math.isnan(value)
            continue
        mean = sum(turned) / len(turned)
        expected = {"mean": mean, "sum": 4 * mean, "sum_complete": sum(turned), "pomp": 100 * (mean - 1) / 4}[rule]
        assert value == pytest.approx(expected, abs=1e-10)


@settings(deadline=None)
@given(st.lists(answers, min_size=1, max_size=8), st.permutations(list("abcd")))
def test_column_order_changes_nothing(rows, order):
    raw = pd.DataFrame(rows, columns=list("abcd"), dtype="Int64")
    keys = {"f": ["a", "-b", "c", "-d"]}
    one, two = (tk.score(keyed(frame, keys, min=1, max=5)) for frame in (raw, raw[order]))
    pd.testing.assert_frame_equal(one, two)


def test_reversal_uses_the_declared_range_not_the_data():
    raw = pd.DataFrame({"a": [2, 3, 4]})
    assert tk.score(keyed(raw, {"f": ["-a"]}, min=0, max=10))["my.f"].tolist() == [8, 7, 6]


def test_bipolar_ranges():
    raw = pd.DataFrame({"a": [-3, 0, 3], "b": [3, 0, None]})
    assert tk.score(keyed(raw, {"f": ["a", "-b"]}, min=-3, max=3))["my.f"].tolist() == [-3, 0, 3]


def test_a_scale_of_scales_pools_items_and_applies_its_rule_to_the_pool():
    rws = tk.instrument("rws")
    frame = pd.DataFrame({item: [2, 2] for item in rws.item_ids}, dtype="Int64")
    avoidance = list(rws.scale_items("avoidance"))
    frame.loc[1, [*avoidance, *rws.scale_items("nontransparency")[:4]]] = pd.NA
    found = tk.score(tk.Responses.from_frame(frame, rws), n_answered=True)
    assert found["rws.total"].notna().tolist() == [True, False]
    assert found["rws.total.n_answered"].tolist() == [18, 8]
    assert found["rws.nontransparency"].notna().tolist() == [True, False]
    assert found["rws.emotional_withdrawal"].notna().all()


def test_high_withholding_scores_high():
    rws = tk.instrument("rws")
    most = {item: [0 if rws.by_id[item].reverse else 4] for item in rws.item_ids}
    assert (tk.score(tk.Responses.from_frame(pd.DataFrame(most), rws)) == 4).all(axis=None)


def test_index_of_the_frame_is_kept():
    raw = pd.DataFrame({"a": [1, 2]}, index=["x", "y"])
    assert tk.score(keyed(raw, {"f": ["a"]}, min=1, max=5)).index.tolist() == ["x", "y"]


def test_wrong_rule_and_no_scales():
    with pytest.raises(ArgumentError, match="Did you mean 'mean'"):
        tk.score(pd.DataFrame({"a": [1]}), scores="means")
    with pytest.raises(AnalysisError, match="instruments="):
        tk.score(pd.DataFrame({"a": [1]}))
