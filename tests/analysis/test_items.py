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


STATISTICS = oracle("item_statistics")


@pytest.fixture(scope="module")
def first_600():
    raw = pd.read_csv(ROOT / "data" / "bfi" / "bfi.csv").head(600)
    return tk.Responses.from_frame(raw, tk.instrument_from_keys(KEYS, min=1, max=6, id="bfi"))


@pytest.mark.parametrize("missing", ["listwise", "pairwise"])
@pytest.mark.parametrize("scale", STATISTICS)
def test_what_psych_does_not_give_equals_r(first_600, scale, missing):
    expected = STATISTICS[scale][missing]
    found = tk.item_analysis(first_600, scale, missing=missing)
    for column, tolerance in (("r_drop_polychoric", 1e-5), ("discrimination", 1e-12), ("omega_if_dropped", 1e-7)):
        np.testing.assert_allclose(found.estimates[column].astype(float), expected[column], atol=tolerance)
    residuals = found.to_frame("residual_correlations")
    np.testing.assert_allclose(residuals["residual"], expected["residuals"], atol=1e-7)
    assert residuals["above"].tolist() == [abs(value) > 0.2 for value in expected["residuals"]]


def test_large_residuals_are_counted_and_named():
    generator = np.random.default_rng(2)
    x = 1.2 * generator.normal(size=(400, 1)) + generator.normal(size=(400, 8))
    x[:, :2] += 1.2 * generator.normal(size=(400, 1))  # what two similar items share beyond the scale
    raw = pd.DataFrame(np.clip(np.rint(4 + x), 1, 7), columns=list("abcdefgh"))
    responses = tk.Responses.from_frame(raw, tk.instrument_from_keys({"f": list("abcdefgh")}, min=1, max=7, id="my"))
    found = tk.item_analysis(responses)
    assert found.estimates["n_large_residuals"].tolist() == [1, 1, 0, 0, 0, 0, 0, 0]
    assert "Residual correlations beyond .20: a with b" in found.sentence()


def turned(keyed, scale, item):
    """Reverse an item's answers together with its key."""
    keys = {scale: [item if name == f"-{item}" else f"-{item}" if name == item else name for name in KEYS[scale]]}
    frame = keyed.frame.assign(**{item: 7 - keyed.frame[item]})
    return tk.Responses.from_frame(frame, tk.instrument_from_keys(keys, min=1, max=6, id="bfi"), person="person")


@pytest.mark.parametrize("item", ["A1", "A3"])
def test_reversing_an_item_with_its_key_changes_nothing(first_600, item):
    one = tk.item_analysis(first_600, "agree").estimates
    two = tk.item_analysis(turned(first_600, "agree", item), "agree").estimates
    for column in one.columns.drop(["scale", "item", "text", "reverse"]):
        np.testing.assert_allclose(one[column].astype(float), two[column].astype(float), atol=1e-8)


def test_order_of_rows_and_items_changes_only_the_order(first_600):
    one = tk.item_analysis(first_600, "agree").estimates.set_index("item")
    keys = {"agree": KEYS["agree"][::-1]}
    frame = first_600.frame.iloc[::-1]
    other = tk.Responses.from_frame(frame, tk.instrument_from_keys(keys, min=1, max=6, id="bfi"), person="person")
    two = tk.item_analysis(other, "agree").estimates.set_index("item").loc[one.index]
    for column in one.columns.drop(["scale", "text", "reverse"]):
        np.testing.assert_allclose(one[column].astype(float), two[column].astype(float), atol=1e-8)


def test_rows_twice_change_nothing_but_their_number(first_600):
    frame, keys = first_600.frame.drop(columns="person"), first_600.instruments[0]
    once, twice = (
        tk.item_analysis(tk.Responses.from_frame(one, keys), ["agree", "openness"]).estimates
        for one in (frame, pd.concat([frame, frame], ignore_index=True))
    )
    n = once["n"].astype(float)
    assert (twice["n"] == 2 * once["n"]).all()
    np.testing.assert_allclose(twice["sd"] ** 2 * (2 * n - 1) / (2 * n), once["sd"] ** 2 * (n - 1) / n)
    for column in once.columns.drop(["scale", "item", "text", "reverse", "n", "sd"]):
        np.testing.assert_allclose(twice[column].astype(float), once[column].astype(float), atol=1e-8)


def small(columns, minimum=1, maximum=5):
    keys = tk.instrument_from_keys({"f": list(columns)}, min=minimum, max=maximum, id="my")
    return tk.Responses.from_frame(pd.DataFrame(columns), keys)


def test_too_few_items_are_a_remark_and_not_a_warning():
    found = tk.item_analysis(small({"a": [1, 2, 3, 5], "b": [2, 1, 4, 5]}))
    assert "needs three items" in found.fit["note"][0]
    assert found.estimates["omega_if_dropped"].isna().all()
    three = tk.item_analysis(small({"a": [1, 2, 3, 5, 4], "b": [2, 1, 4, 5, 4], "c": [1, 3, 3, 4, 5]}))
    assert three.fit["note"][0].startswith("omega if dropped and residual correlations need four")
    assert three.estimates["alpha_if_dropped"].notna().all()


def test_visual_analogue_scales_have_no_polychorics():
    generator = np.random.default_rng(3)
    x = np.clip(np.rint(50 + 15 * (generator.normal(size=(80, 1)) + generator.normal(size=(80, 4)))), 0, 100)
    found = tk.item_analysis(small(dict(zip("abcd", x.T, strict=True)), 0, 100))
    assert found.estimates["r_drop_polychoric"].isna().all()
    assert "more than 12 options" in found.fit["note"][0]
    assert found.estimates["omega_if_dropped"].notna().all()


@pytest.mark.parametrize(
    ("columns", "reason"),
    [
        ({"a": [1, 2, 3, 4], "b": [2, 1, 4, 3], "c": [3, 3, 3, 3]}, "do not vary"),
        ({"a": [1, 2, None, None], "b": [None, None, 3, 4], "c": [1, 2, 3, 4]}, "fewer than three"),
        ({name: [1, 2, 3, 4, 5, 3] for name in "abcd"}, "combination of others"),
        ({name: [1, 2, 3, 4, 5, 3] for name in "abcd"}, "one factor has no"),
    ],
)
def test_bad_items_say_why_a_cell_is_empty(columns, reason):
    with pytest.warns(UndefinedStatisticWarning, match=reason):
        found = tk.item_analysis(small(columns))
    assert reason in found.fit["note"][0]


def test_mostly_missing_answers_are_analysed_pairwise_or_refused():
    generator = np.random.default_rng(4)
    x = np.clip(np.rint(3 + generator.normal(size=(600, 1)) + generator.normal(size=(600, 4))), 1, 5)
    x[generator.random(x.shape) < 0.9] = np.nan
    responses = small(dict(zip("abcd", x.T, strict=True)))
    with pytest.warns(UndefinedStatisticWarning):
        assert tk.item_analysis(responses).estimates["r_drop"].isna().all()


@pytest.mark.parametrize("missing", ["listwise", "pairwise"])
def test_correlations_with_what_does_not_vary_are_empty_and_said(missing):
    a = np.random.default_rng(3).integers(1, 6, 60)
    raw = pd.DataFrame({"a": a, "b": 6 - a, "c": np.random.default_rng(4).integers(1, 6, 60)})
    responses = tk.Responses.from_frame(raw, tk.instrument_from_keys({"f": ["a", "b", "c"]}, min=1, max=5, id="my"))
    with pytest.warns(UndefinedStatisticWarning, match="not defined for 'c': the others cancel out"):
        found = tk.item_analysis(responses, missing=missing)
    assert found.estimates["r_drop"].isna().tolist() == [False, False, True]
    assert found.estimates["alpha_if_dropped"].isna().tolist() == [False, False, True]
    assert "for 'c': the others cancel out" in found.fit["note"][0]
