import numpy as np
import pandas as pd
import pytest

import toolkit as tk
from tests.conftest import ROOT, oracle
from toolkit.errors import ArgumentError

KEYS = oracle("01_scoring_bfi")["keys"]
EXPECTED = oracle("describe_bfi")


@pytest.fixture(scope="module")
def found():
    raw = pd.read_csv(ROOT / "data" / "bfi" / "bfi.csv")
    keys = tk.instrument_from_keys(KEYS, min=1, max=6, id="bfi", min_answered=3)
    return tk.describe(tk.Responses.from_frame(raw, keys))


@pytest.mark.parametrize("statistic", ["n", "n_missing", "mean", "sd", "skew", "kurtosis"])
@pytest.mark.parametrize("kind", ["items", "scales"])
def test_moments_equal_psych(found, kind, statistic):
    rows = found.estimates.set_index("variable")
    for name, expected in EXPECTED[kind].items():
        row = rows.loc[name if kind == "items" else f"bfi.{name}"]
        assert row[statistic] == pytest.approx(expected[statistic], abs=1e-10)


def test_floor_and_ceiling_are_shares_of_the_extreme_scores(found):
    raw = pd.read_csv(ROOT / "data" / "bfi" / "bfi.csv")
    row = found.estimates.set_index("variable").loc["N1"]
    assert row["floor"] == (raw["N1"] == 1).sum() / raw["N1"].count()
    assert row["ceiling"] == (raw["N1"] == 6).sum() / raw["N1"].count()


def test_histogram_holds_everybody_and_density_integrates_to_nearly_one(found):
    estimates = found.estimates.set_index("variable")
    for scale, bins in found.tables["histogram"].groupby("scale"):
        assert bins["n"].sum() == estimates.loc[scale, "n"]
        assert bins["share"].sum() == pytest.approx(1)
        assert np.allclose(bins["high"].to_numpy()[:-1], bins["low"].to_numpy()[1:])
    for _, curve in found.tables["density"].groupby("scale"):
        assert np.trapezoid(curve["density"], curve["x"]) == pytest.approx(1, abs=0.05), (
            "but for the tails beyond the range"
        )


@pytest.mark.parametrize(
    ("rule", "bounds"), [("mean", (1, 5)), ("sum", (3, 15)), ("sum_complete", (3, 15)), ("pomp", (0, 100))]
)
def test_extreme_scores_fall_into_the_histogram_under_every_rule(rule, bounds):
    raw = pd.DataFrame({name: [1, 5, 3, 1, 5] for name in "abc"})
    keys = tk.instrument_from_keys({"f": list("abc")}, min=1, max=5, id="my", score=rule)
    described = tk.describe(tk.Responses.from_frame(raw, keys))
    bins = described.tables["histogram"]
    assert bins["n"].sum() == 5
    assert bins["low"].iloc[0] <= bounds[0] < bounds[1] <= bins["high"].iloc[-1]
    row = described.estimates.set_index("variable").loc["my.f"]
    assert (row["floor"], row["ceiling"]) == (0.4, 0.4)


def test_missing_is_counted_by_reason():
    raw = pd.DataFrame({"a": [1, -9, None, 2], "b": [1, 2, 3, -8], "c": [1, None, None, 2]})
    keys = tk.instrument_from_keys({"f": list("abc")}, min=1, max=5, id="my")
    responses = tk.Responses.from_frame(raw, keys, missing={-9: "refused", -8: "skipped"})
    table = tk.describe(responses).tables["missing"].set_index(["variable", "reason"])
    assert table["n"].to_dict() == {
        ("a", "refused"): 1,
        ("a", "unknown"): 1,
        ("b", "skipped"): 1,
        ("c", "unknown"): 2,
        ("my.f", "too few items answered"): 2,
    }
    assert table.loc[("c", "unknown"), "missing_share"] == 0.5


def test_flagged_values_are_left_out_of_the_summary():
    frame = pd.DataFrame({"age": [*range(20, 60), 444]})
    responses = tk.Responses.from_frame(frame, covariates=[{"name": "age", "max": 100}])
    row = tk.describe(responses).estimates.iloc[0]
    assert (row["n"], row["n_missing"], row["mean"]) == (40, 1, 39.5)
    assert responses.frame["age"].max() == 444


def test_smallest_cell_is_checked():
    with pytest.raises(ArgumentError, match="smallest_cell"):
        tk.describe(pd.DataFrame({"a": [1]}), smallest_cell=0)


def test_groups_that_are_small_lose_their_names():
    frame = pd.DataFrame({"group": ["a"] * 50 + ["b"] * 40 + ["rare"] * 2, "mail": [f"x{i}@y.org" for i in range(92)]})
    groups = tk.describe(frame).tables["groups"]
    assert groups[["value", "n"]].to_numpy().tolist() == [["a", 50], ["(small groups)", 42]]
    assert "y.org" not in tk.describe(frame).to_json()


def test_flagged_values_form_no_group():
    frame = pd.DataFrame({"age": [999] * 6 + [20] * 17 + [30] * 17})
    responses = tk.Responses.from_frame(frame, covariates=[{"name": "age", "max": 100}])
    assert tk.describe(responses).tables["groups"]["value"].tolist() == ["20", "30"]


def test_a_measured_covariate_with_a_word_in_it_stays_measured():
    frame = pd.DataFrame({"age": [*range(20, 60), "38 years"]}, dtype=object)
    responses = tk.Responses.from_frame(frame, covariates=[{"name": "age", "min": 18, "max": 100}])
    assert responses.flags["value"].tolist() == ["38 years"]
    assert tk.describe(responses).estimates.iloc[0][["kind", "n", "mean"]].tolist() == ["covariate", 40, 39.5]


def test_item_histograms_count_every_option(found):
    raw = pd.read_csv(ROOT / "data" / "bfi" / "bfi.csv")
    table = found.tables["item_histogram"].query("item == 'E4'").set_index("option")
    assert table["n"].to_dict() == raw["E4"].value_counts().sort_index().to_dict()
    assert table["share"].sum() == pytest.approx(1)
