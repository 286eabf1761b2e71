import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import toolkit as tk
from tests.conftest import ROOT, oracle
from toolkit.errors import AnalysisError, ArgumentError, UndefinedStatisticWarning

KEYS = oracle("01_scoring_bfi")["keys"]


@pytest.fixture(scope="module")
def keyed():
    raw = pd.read_csv(ROOT / "data" / "bfi" / "bfi.csv")
    return tk.Responses.from_frame(raw, tk.instrument_from_keys(KEYS, min=1, max=6, id="bfi", min_answered=1))


@pytest.mark.parametrize("pair", oracle("correlations_bfi")["pairs"], ids=lambda pair: f"{pair['x']}-{pair['y']}")
def test_correlations_equal_cor_test(keyed, pair):
    row = tk.correlations(keyed, [f"bfi.{pair['x']}", f"bfi.{pair['y']}"]).estimates.iloc[0]
    assert row["n"] == pair["n"]
    found = row["r"], row["ci_low"], row["ci_high"]
    assert found == pytest.approx((pair["r"], pair["lower_95"], pair["upper_95"]), abs=1e-10)
    assert np.log10(row["p"]) == pytest.approx(pair["log10_p"], rel=1e-8)


@pytest.mark.parametrize(
    "pair", oracle("alpha_clustered_bfi")["correlations"], ids=lambda pair: f"{pair['x']}-{pair['y']}"
)
def test_clustered_standard_errors_equal_lavaan(keyed, pair):
    raw = pd.read_csv(ROOT / "data" / "bfi" / "bfi.csv").head(600).assign(couple=np.arange(600) // 2, person=range(600))
    couples = tk.Responses.from_frame(raw, keyed.instruments[0], person="person", couple="couple")
    row = tk.correlations(couples, [f"bfi.{pair['x']}", f"bfi.{pair['y']}"]).estimates.iloc[0]
    assert row["r"] == pytest.approx(pair["r"]["estimate"], abs=1e-10)
    assert row["se"] == pytest.approx(pair["r"]["se_clustered"], abs=1e-10)
    assert row["ci_low"] < row["r"] < row["ci_high"]


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 1000), st.floats(-5, 5).filter(lambda a: abs(a) > 0.01))
def test_turning_and_scaling_a_variable_turns_the_correlation(seed, factor):
    x = np.random.default_rng(seed).normal(size=(20, 2))
    one = tk.correlations(pd.DataFrame(x, columns=["a", "b"])).estimates["r"][0]
    two = tk.correlations(pd.DataFrame({"a": x[:, 0] * factor, "b": x[:, 1]})).estimates["r"][0]
    assert two == pytest.approx(np.sign(factor) * one, abs=1e-9)


def test_listwise_uses_the_same_rows_for_all_pairs():
    frame = pd.DataFrame({"a": [1, 2, 3, 4, 5, 6.0], "b": [2, 1, 4, 3, 6, 5], "c": [1, None, 3, 2, 5, None]})
    assert tk.correlations(frame).estimates["n"].tolist() == [6, 4, 4]
    assert tk.correlations(frame, missing="listwise").estimates["n"].tolist() == [4, 4, 4]


def test_an_undefined_pair_keeps_its_row():
    frame = pd.DataFrame({"a": [1, 2, 3, 4, 5.0], "b": [2, 1, 4, 3, 5], "c": [1, 1, 1, 1, 1]})
    with pytest.warns(UndefinedStatisticWarning, match="does not vary"):
        found = tk.correlations(frame)
    assert found.estimates["r"].isna().tolist() == [False, True, True]
    assert found.fit["note"].str.len().gt(0).tolist() == [False, True, True]


def test_perfect_correlation_has_a_point_interval():
    row = tk.correlations(pd.DataFrame({"a": [1, 2, 3, 4, 5.0], "b": [2, 4, 6, 8, 10]})).estimates.iloc[0]
    assert (row["r"], row["ci_low"], row["ci_high"]) == (1, 1, 1)


def test_text_and_unknown_columns_are_refused():
    frame = pd.DataFrame({"a": [1, 2], "word": ["x", "y"]})
    with pytest.raises(ArgumentError, match="not numeric"):
        tk.correlations(frame, ["a", "word"])
    with pytest.raises(ArgumentError, match="Did you mean 'word'"):
        tk.correlations(frame, ["a", "wort"])
    with pytest.raises(AnalysisError, match="at least two"):
        tk.correlations(frame)
