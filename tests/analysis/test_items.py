import numpy as np
import pandas as pd
import pytest

import toolkit as tk
from tests.conftest import ROOT, oracle
from toolkit.errors import UndefinedStatisticWarning

KEYS = oracle("01_scoring_bfi")["keys"]
COLUMNS = {
    "n": "n",
    "mean": "mean",
    "sd": "sd",
    "r_raw": "raw.r",
    "r_corrected": "r.cor",
    "r_drop": "r.drop",
    "alpha_if_dropped": "drop_raw_alpha",
    "alpha_standardised_if_dropped": "drop_std_alpha",
}


@pytest.fixture(scope="module")
def keyed():
    raw = pd.read_csv(ROOT / "data" / "bfi" / "bfi.csv")
    return tk.Responses.from_frame(raw, tk.instrument_from_keys(KEYS, min=1, max=6, id="bfi"))


@pytest.mark.parametrize("ours", COLUMNS)
@pytest.mark.parametrize("missing", ["listwise", "pairwise"])
@pytest.mark.parametrize("scale", KEYS)
def test_item_statistics_equal_psych(keyed, scale, missing, ours):
    expected = oracle("reliability_bfi")[scale][missing]["items"]
    found = tk.item_analysis(keyed, scale, missing=missing).estimates
    assert found["item"].tolist() == expected["item"]
    np.testing.assert_allclose(found[ours].astype(float), expected[COLUMNS[ours]], atol=1e-10)


@pytest.mark.parametrize("scale", KEYS)
def test_frequencies_equal_psych(keyed, scale):
    expected = oracle("02_alpha_bfi")[scale]["response.freq"]
    found = tk.item_analysis(keyed, scale).tables["frequencies"].pivot(index="item", columns="option", values="share")
    shares = np.array(expected["values"])[:, :6]
    for row, item in enumerate(expected["rows"]):
        turned = f"-{item}" in KEYS[scale]  # psych was given reversed items; ours are as answered
        np.testing.assert_allclose(found.loc[item], shares[row][::-1] if turned else shares[row], atol=1e-10)


def test_composite_and_single_item_are_described_but_not_correlated():
    data = {
        "id": "my",
        "title": "My",
        "status": "keys-only",
        "licence": "none",
        "source": {"citation": "none"},
        "response": {"f": {"min": 1, "max": 5}},
        "items": [{"id": name, "response": "f"} for name in "abc"],
        "scales": {
            "pair": {"items": ["a", "b"]},
            "one": {"items": ["c"]},
            "all": {"scales": ["pair", "one"], "kind": "composite"},
        },
    }
    raw = pd.DataFrame({"a": [1, 2, 3, 5], "b": [2, 1, 4, 5], "c": [1, 5, 2, 3]})
    responses = tk.Responses.from_frame(raw, tk.Instrument.from_mapping(data))
    with pytest.warns(UndefinedStatisticWarning):
        found = tk.item_analysis(responses).estimates
    assert found.loc[found["scale"] == "my.pair", "r_drop"].notna().all()
    assert found.loc[found["scale"] == "my.pair", "alpha_if_dropped"].isna().all(), "one item has no alpha"
    assert found.loc[found["scale"] != "my.pair", "r_drop"].isna().all()
    assert found["mean"].notna().all()


def test_weak_items_are_named_in_the_sentence(keyed):
    assert "A1" not in tk.item_analysis(keyed, "agree").sentence()
    assert "O4" in tk.item_analysis(keyed, "openness").sentence()
