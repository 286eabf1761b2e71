import numpy as np
import pandas as pd
import pytest

import toolkit as tk
from tests.conftest import ROOT, oracle, test_data
from toolkit.errors import AnalysisError, ArgumentError, UndefinedStatisticWarning

KEYS = oracle("01_scoring_bfi")["keys"]
ORACLE = oracle("attenuation")
SCALES = ["agree", "conscientious", "neuroticism"]
IPIP = {"AS": "assertiveness", "SC": "social_confidence", "AD": "adventurousness", "DO": "dominance"}


@pytest.fixture(scope="module")
def couples():
    raw = pd.read_csv(ROOT / "data" / "bfi" / "bfi.csv").head(600)
    raw = raw.assign(person=range(600), couple=np.arange(600) // 2)
    keys = tk.instrument_from_keys(KEYS, min=1, max=6, id="bfi", min_answered=1)
    return tk.Responses.from_frame(raw, keys, person="person", couple="couple")


@pytest.mark.parametrize(("coefficient", "tolerance"), [("alpha", 1e-10), ("omega_fitted", 1e-6)])
def test_errors_and_intervals_equal_r(couples, coefficient, tolerance):
    found = tk.attenuation(couples, SCALES, coefficient=coefficient).estimates
    apart = tk.attenuation(couples, SCALES, coefficient=coefficient, cluster=None).estimates
    for row, expected in enumerate(ORACLE[coefficient]):
        for column in ("n", "r", "reliability_x", "reliability_y", "r_corrected"):
            assert found[column][row] == pytest.approx(expected[column], abs=tolerance)
        assert apart["se"][row] == pytest.approx(expected["se"], rel=tolerance)
        assert found["se"][row] == pytest.approx(expected["se_clustered"], rel=tolerance)
        for table, bounds in ((apart, expected["ci"]), (found, expected["ci_clustered"])):
            assert (table["ci_low"][row], table["ci_high"][row]) == pytest.approx(bounds, abs=tolerance)


def test_pairwise_estimates_equal_psych():
    expected = oracle("03_corrected_for_attenuation")
    answers = tk.read_responses(
        test_data("ipip_assertiveness.csv"),
        "ipip_as",
        missing={0: "skipped"},
        columns={f"{ours.lower()}{{n}}": f"{ours}{{n}}" for ours in IPIP},
    )
    one = answers.instruments[0].model_dump()
    one["scales"] = {name: {**scale, "min_answered": 1} for name, scale in one["scales"].items()}
    answers = tk.Responses.from_frame(answers.frame, tk.Instrument.from_mapping(one), person="person")
    found = tk.attenuation(answers, [f"ipip_as.{name}" for name in IPIP.values()], missing="pairwise")
    matrix = found.to_frame("matrix").drop(columns="variable").to_numpy()
    np.testing.assert_allclose(matrix, expected["correct.cor"]["values"], atol=1e-10)


def test_doubled_rows_shrink_the_error(couples):
    plain = couples.frame.drop(columns=["person", "couple"])
    one, two = (
        tk.attenuation(tk.Responses.from_frame(frame, couples.instruments[0]), SCALES[:2]).estimates.iloc[0]
        for frame in (plain, pd.concat([plain, plain], ignore_index=True))
    )
    assert two["r_corrected"] == pytest.approx(one["r_corrected"])
    assert two["se"] == pytest.approx(one["se"] / np.sqrt(2), rel=2e-3)


def test_reversing_an_item_with_its_key_and_reordering_change_nothing(couples):
    frame = couples.frame.drop(columns=["person", "couple"])
    turned = {name: items[::-1] for name, items in KEYS.items()}
    turned["agree"] = ["A1" if item == "-A1" else item for item in turned["agree"]]
    other = tk.Responses.from_frame(
        frame.assign(A1=7 - frame["A1"]).iloc[::-1],
        tk.instrument_from_keys(turned, min=1, max=6, id="bfi", min_answered=1),
    )
    same = tk.Responses.from_frame(frame, couples.instruments[0])
    one, two = (tk.attenuation(data, SCALES).estimates for data in (same, other))
    for column in ("r", "r_corrected", "se", "ci_low"):
        np.testing.assert_allclose(one[column], two[column], atol=1e-10)


def small(columns, keys):
    return tk.Responses.from_frame(pd.DataFrame(columns), tk.instrument_from_keys(keys, min=1, max=9, id="my"))


COLUMNS = {"a": [1, 2, 3, 4, 5, 2], "b": [2, 1, 4, 3, 5, 2], "c": [1, 2, 3, 5, 4, 3], "d": [5, 4, 2, 3, 1, 5]}


@pytest.mark.parametrize(
    ("columns", "keys", "reason"),
    [
        (COLUMNS, {"f": ["a", "b"], "g": ["b", "c"]}, "both scales hold 'b'"),
        (COLUMNS, {"f": ["a", "b"], "g": ["c"]}, "my.g: the reliability needs at least 2 items"),
        (COLUMNS, {"f": ["a", "b"], "g": ["c", "d"]}, "my.g: alpha is not positive"),
        ({**COLUMNS, "d": [3] * 6}, {"f": ["a", "b"], "g": ["c", "d"]}, "'d' do not vary"),
        ({**COLUMNS, "a": [1, 2, 3] + [None] * 3}, {"f": ["a"], "g": ["c", "d"]}, "fewer than four rows"),
    ],
)
def test_what_is_not_defined_is_empty_and_says_why(columns, keys, reason):
    with pytest.warns(UndefinedStatisticWarning, match=reason):
        found = tk.attenuation(small(columns, keys))
    assert found.estimates["r_corrected"].isna().all()
    assert reason in found.fit["note"][0]
    assert "No correlation" in found.sentence()


def test_omega_without_a_solution_is_said():
    same = {name: [1, 2, 3, 4, 5, 2] for name in "efg"}
    answers = small({**COLUMNS, **same}, {"f": ["a", "b", "c"], "g": ["e", "f", "g"]})
    with pytest.warns(UndefinedStatisticWarning, match="my.g: omega_fitted is not defined"):
        found = tk.attenuation(answers, coefficient="omega_fitted").estimates
    assert found["r"].notna().all()
    assert found["r_corrected"].isna().all()


def test_an_observed_r_stays_where_the_corrected_one_is_not_defined():
    with pytest.warns(UndefinedStatisticWarning):
        found = tk.attenuation(small(COLUMNS, {"f": ["a", "b"], "g": ["b", "c"]})).estimates
    assert found["r"].notna().all()


def test_above_one_is_given_with_a_note():
    generator = np.random.default_rng(5)
    true = generator.normal(size=(200, 1))
    x = np.clip(np.rint(5 + true + 1.5 * generator.normal(size=(200, 4))), 1, 9)
    x[:, 2] = x[:, 0]  # shared error, which the correction takes for common variance
    found = tk.attenuation(small(dict(zip("abcd", x.T, strict=True)), {"f": ["a", "b"], "g": ["c", "d"]}))
    assert found.estimates["r_corrected"][0] > 1
    assert found.estimates["ci_high"][0] > found.estimates["r_corrected"][0]
    assert "exceeds 1" in found.fit["note"][0]


def test_wrong_arguments_say_what_is_wrong(couples):
    with pytest.raises(ArgumentError, match="coefficient"):
        tk.attenuation(couples, coefficient="gamma")
    with pytest.raises(AnalysisError, match="two scales"):
        tk.attenuation(couples, ["agree"])
    with pytest.raises(AnalysisError, match="no instrument"):
        tk.attenuation(pd.DataFrame({"a": [1, 2]}))


def test_settings_are_enough_to_run_it_again(couples):
    found = tk.attenuation(couples, SCALES, coefficient="lambda2", confidence=0.9)
    settings = dict(found.settings)
    settings.pop("instruments")
    pd.testing.assert_frame_equal(tk.attenuation(couples, **settings).estimates, found.estimates)
