import warnings

import numpy as np
import pandas as pd
import pytest

import toolkit as tk
from tests.conftest import ROOT, oracle
from toolkit.errors import AnalysisError, ArgumentError, UndefinedStatisticWarning
from toolkit.kernels import consistency

KEYS = oracle("01_scoring_bfi")["keys"]
FEELING = {"lambda2": "lambda2_cov", "lambda6": "lambda6_cor", "alpha_standardised": "alpha_std"}
IPIP = {"AS": "assertiveness", "SC": "social_confidence", "AD": "adventurousness", "DO": "dominance"}


@pytest.mark.parametrize("missing", ["listwise", "pairwise"])
@pytest.mark.parametrize("scale", KEYS)
def test_every_coefficient_equals_psych(keyed, scale, missing):
    expected = oracle("reliability_bfi")[scale][missing]
    row = tk.reliability(keyed, scale, missing=missing).estimates.iloc[0]
    assert row["alpha"] == pytest.approx(expected["alpha"], abs=1e-10)
    assert row["mean_r"] == pytest.approx(expected["mean_r"], abs=1e-10)
    for ours, theirs in FEELING.items():
        assert row[ours] == pytest.approx(expected[theirs], abs=1e-10)
    if missing == "listwise":
        assert row["standard_error_of_measurement"] == pytest.approx(expected["sem"], abs=1e-10)


@pytest.mark.parametrize(("missing", "rows"), [("listwise", "n_complete"), ("pairwise", "n_rows")])
@pytest.mark.parametrize("level", [90, 95])
@pytest.mark.parametrize("scale", KEYS)
def test_feldt_and_duhachek_equal_psych(keyed, scale, missing, rows, level):
    expected = oracle("reliability_bfi")[scale][missing]["intervals"][rows]
    row = tk.reliability(keyed, scale, missing=missing, confidence=level / 100).estimates.iloc[0]
    assert row["n_used"] == expected["n"]
    feldt = expected[f"feldt_{level}"]
    assert (row["alpha_feldt_low"], row["alpha_feldt_high"]) == pytest.approx(
        (feldt["lower"], feldt["upper"]), abs=1e-9
    )
    assert row["alpha_duhachek_se"] == pytest.approx(expected["ase"], abs=1e-10)
    if level == 95:
        normal = expected["normal_95"]
        found = row["alpha_duhachek_low"], row["alpha_duhachek_high"]
        assert found == pytest.approx((normal["lower"], normal["upper"]), abs=1e-9)


@pytest.mark.parametrize("scale", KEYS)
def test_pairwise_equals_the_shared_oracle(keyed, scale):
    total = oracle("02_alpha_bfi")[scale]["total"]
    row = tk.reliability(keyed, scale, missing="pairwise").estimates.iloc[0]
    found = [row["alpha"], row["alpha_standardised"], row["lambda6"], row["mean_r"], row["alpha_duhachek_se"]]
    expected = [total[name] for name in ("raw_alpha", "std.alpha", "G6(smc)", "average_r", "ase")]
    assert found == pytest.approx(expected, abs=1e-10)


@pytest.mark.parametrize("key", IPIP)
def test_assertiveness_answers_equal_psych(ipip, key):
    expected = oracle("02_alpha_ipip")[key]
    row = tk.reliability(ipip, f"ipip_as.{IPIP[key]}", missing="pairwise").estimates.iloc[0]
    assert row["alpha"] == pytest.approx(expected["total"]["raw_alpha"], abs=1e-10)
    assert row["alpha_feldt_low"] == pytest.approx(expected["feldt"]["lower"], abs=1e-9)
    assert row["alpha_feldt_high"] == pytest.approx(expected["feldt"]["upper"], abs=1e-9)
    assert tk.reliability(ipip, f"ipip_as.{IPIP[key]}").estimates["n_used"][0] == expected["n_complete"]


CLUSTERED = oracle("alpha_clustered_bfi")
COEFFICIENTS = {
    "alpha": "alpha",
    "alpha_standardised": "alpha_std",
    "lambda2": "lambda2_cov",
    "mean_r": "mean_r",
    "lambda6": "lambda6_cor",
}


@pytest.mark.parametrize("name", COEFFICIENTS)
@pytest.mark.parametrize("scale", CLUSTERED["scales"])
def test_standard_errors_of_couples_equal_lavaan(couples, scale, name):
    expected = CLUSTERED["scales"][scale]
    for cluster, column in (("auto", "se_clustered"), (None, "se_independent")):
        found = tk.reliability(couples, scale, cluster=cluster)
        row = found.tables["intervals"].set_index("coefficient").loc[name]
        assert row["estimate"] == pytest.approx(expected[COEFFICIENTS[name]]["estimate"], abs=1e-10)
        assert row["se"] == pytest.approx(expected[COEFFICIENTS[name]][column], abs=1e-10)
        if cluster:
            lavaan = expected[COEFFICIENTS[name]]["lavaan"]["se_clustered"]
            assert row["se"] == pytest.approx(lavaan, rel=1e-5)
            assert found.fit["n_clusters"][0] == expected["n_couples"]


def test_clustered_rows_get_no_interval_that_is_too_narrow(couples):
    row = tk.reliability(couples, "agree").estimates.iloc[0]
    assert pd.isna(row["alpha_feldt_low"])
    assert row["alpha_ci_low"] < row["alpha"] < row["alpha_ci_high"]


def couples_with_shared_answers(seed, n_couples=150, k=6):
    """Partners who share half of their true score, and answer at three waves; alpha is known."""
    generator = np.random.default_rng(seed)
    couple = np.repeat(generator.normal(size=n_couples), 2)
    person = generator.normal(size=2 * n_couples)
    true = np.repeat(np.sqrt(0.5) * couple + np.sqrt(0.5) * person, 3)
    x = true[:, None] + 1.2 * generator.normal(size=(len(true), k))
    return x, np.repeat(np.arange(n_couples), 6)


def test_the_interval_of_couples_covers_where_the_naive_one_does_not():
    from toolkit.kernels import intervals

    k, hits_naive, hits_clustered, runs = 6, 0, 0, 400
    true = k / (k - 1) * (1 - k * (1 + 1.44) / (k * (1 + 1.44) + k * (k - 1)))
    for seed in range(runs):
        x, clusters = couples_with_shared_answers(seed)
        alpha = consistency.alpha(np.cov(x.T))
        low, high = intervals.feldt(alpha, len(x), k, 0.95)
        hits_naive += low <= true <= high
        se = intervals.sandwich(intervals.influence(consistency.alpha, x), clusters)
        low, high = intervals.normal(alpha, se, 0.95, df=149)
        hits_clustered += low <= true <= high
    assert hits_naive / runs < 0.90
    assert 0.92 < hits_clustered / runs < 0.98


def test_bootstrap_needs_a_seed_and_repeats_with_it(couples):
    with pytest.raises(ArgumentError, match="seed"):
        tk.reliability(couples, ci="bootstrap")
    one, two = (tk.reliability(couples, "agree", ci="bootstrap", n_bootstrap=200, seed=7) for _ in range(2))
    pd.testing.assert_frame_equal(one.estimates, two.estimates)
    other_order = tk.reliability(couples, ["openness", "agree"], ci="bootstrap", n_bootstrap=200, seed=7)
    assert other_order.estimates["alpha_ci_low"][1] == one.estimates["alpha_ci_low"][0]


def test_the_sentence_names_the_bootstrap(couples):
    found = tk.reliability(couples, "agree", ci="bootstrap", n_bootstrap=100, seed=1)
    assert found.sentence().startswith(
        "Internal consistency (complete rows of each scale; BCa bootstrap intervals) was α"
    )


def test_an_instrument_stands_for_its_scales(couples):
    one = couples.instruments[0]
    everything = tk.reliability(couples).estimates["scale"].tolist()
    assert tk.reliability(couples, [f"{one.id}.agree", one.id]).estimates["scale"].tolist()[0] == f"{one.id}.agree"
    assert tk.reliability(couples, one.id).estimates["scale"].tolist() == everything
    with pytest.raises(ArgumentError, match="not one scale of these data"):
        tk.reliability(couples, "nothing")


def test_bootstrap_of_couples_agrees_with_the_sandwich(couples):
    analytic = tk.reliability(couples, "neuroticism").estimates.iloc[0]
    drawn = tk.reliability(couples, "neuroticism", ci="bootstrap", n_bootstrap=1000, seed=1).estimates.iloc[0]
    assert drawn["alpha_se"] == pytest.approx(analytic["alpha_se"], rel=0.1)


def small(columns, keys, **options):
    return tk.Responses.from_frame(
        pd.DataFrame(columns), tk.instrument_from_keys(keys, min=1, max=5, id="my"), **options
    )


@pytest.mark.parametrize(
    ("columns", "keys", "reason"),
    [
        ({"a": [1, 2, 3, 4]}, {"one": ["a"]}, "one item"),
        ({"a": [3, 3, 3, 3], "b": [1, 2, 3, 4]}, {"flat": ["a", "b"]}, "do not vary"),
        ({"a": [1, 2, None, None], "b": [None, None, 3, 4]}, {"apart": ["a", "b"]}, "fewer than three"),
    ],
)
def test_an_undefined_scale_keeps_its_row_with_the_reason(columns, keys, reason):
    with pytest.warns(UndefinedStatisticWarning, match=reason):
        found = tk.reliability(small(columns, keys))
    assert pd.isna(found.estimates["alpha"][0])
    assert reason in found.fit["note"][0]


def test_a_repeated_item_has_no_lambda6():
    columns = {"a": [1, 2, 3, 4, 5], "b": [1, 2, 3, 4, 5], "c": [2, 1, 4, 3, 5]}
    with pytest.warns(UndefinedStatisticWarning, match="linear combination"):
        row = tk.reliability(small(columns, {"f": ["a", "b", "c"]})).estimates.iloc[0]
    assert pd.isna(row["lambda6"])
    assert row["alpha"] > 0.9


def test_negative_alpha_is_pointed_out():
    found = tk.reliability(small({"a": [1, 2, 3, 4, 5], "b": [5, 4, 2, 3, 1]}, {"f": ["a", "b"]}))
    assert "reversed" in found.fit["note"][0]


def test_two_items_are_enough():
    row = tk.reliability(small({"a": [1, 2, 3, 4, 5], "b": [2, 1, 3, 5, 4]}, {"f": ["a", "b"]})).estimates.iloc[0]
    assert row["alpha"] == pytest.approx(8 / 9)


@pytest.mark.parametrize(("rule", "unit"), [("mean", 1.0), ("sum", 5.0), ("sum_complete", 5.0), ("pomp", 20.0)])
def test_standard_error_of_measurement_is_in_units_of_the_score(rule, unit):
    raw = pd.read_csv(ROOT / "data" / "bfi" / "bfi.csv")
    keys = {"agree": KEYS["agree"]}
    instrument = tk.instrument_from_keys(keys, min=1, max=6, id="bfi", score=rule)
    row = tk.reliability(tk.Responses.from_frame(raw, instrument)).estimates.iloc[0]
    expected = oracle("reliability_bfi")["agree"]["listwise"]["sem"] * unit
    assert row["standard_error_of_measurement"] == pytest.approx(expected)


def test_several_waves_ask_for_one(couples):
    raw = pd.concat([couples.frame.assign(wave=wave) for wave in (1, 2)])
    several = tk.Responses.from_frame(raw, couples.instruments[0], person="person", couple="couple", wave="wave")
    with pytest.raises(ArgumentError, match="several values of wave"):
        tk.reliability(several)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert tk.reliability(several, "agree", wave=2).fit["n_dropped"][0] == 18


def test_no_instrument_no_scales():
    with pytest.raises(AnalysisError, match="no instrument"):
        tk.reliability(pd.DataFrame({"a": [1, 2]}))


def test_settings_are_enough_to_run_it_again(couples):
    found = tk.reliability(couples, "agree", ci="bootstrap", n_bootstrap=150, seed=3, confidence=0.9)
    settings = dict(found.settings)
    assert settings.pop("instruments") == {"bfi": "1.0.0"}
    again = tk.reliability(couples, **settings)
    pd.testing.assert_frame_equal(again.estimates, found.estimates)


def test_pairwise_intervals_do_not_take_rows_for_answers():
    generator = np.random.default_rng(4)
    x = np.clip(np.rint(3 + generator.normal(size=(60, 1)) + generator.normal(size=(60, 4))), 1, 5)
    x[generator.random(x.shape) < 0.2] = np.nan
    padded = np.vstack([x, np.full((1000, 4), np.nan)])
    one, two = (
        tk.reliability(small(dict(zip("abcd", table.T, strict=True)), {"f": list("abcd")}), missing="pairwise")
        for table in (x, padded)
    )
    for column in ("alpha", "alpha_se", "alpha_ci_low", "alpha_ci_high"):
        assert one.estimates[column][0] == pytest.approx(two.estimates[column][0], rel=1e-9)
    assert two.fit["n_dropped"][0] >= 1000
    assert two.estimates["alpha_feldt_low"][0] > one.estimates["alpha_feldt_low"][0], "psych's n is that of all rows"


def test_a_single_cluster_has_no_clustered_error():
    responses = small({"a": [1, 2, 3, 4, 5], "b": [2, 1, 4, 3, 5], "site": ["x"] * 5}, {"f": ["a", "b"]})
    with pytest.warns(UndefinedStatisticWarning, match="two clusters"):
        found = tk.reliability(responses, cluster="site")
    assert pd.isna(found.estimates["alpha"][0])


def test_bootstrap_says_which_samples_leave_a_coefficient_undefined():
    responses = small({"a": [1, 2, 3, 4, 5], "b": [2, 1, 4, 3, 5], "c": [1, 3, 2, 5, 4]}, {"f": ["a", "b", "c"]})
    with pytest.warns(UndefinedStatisticWarning, match="λ6 has no interval: too many bootstrap samples"):
        found = tk.reliability(responses, ci="bootstrap", n_bootstrap=300, seed=1)
    assert "bootstrap samples leave λ6 undefined" in found.fit["note"][0]
    lambda6 = found.tables["intervals"].set_index("coefficient").loc["lambda6"]
    assert lambda6[["se", "ci_low"]].isna().all()


def test_items_that_cancel_out_have_no_alpha():
    with pytest.warns(UndefinedStatisticWarning, match="sum of the items does not vary"):
        found = tk.reliability(small({"a": [1, 2, 3, 4], "b": [4, 3, 2, 1]}, {"f": ["a", "b"]}))
    assert pd.isna(found.estimates["alpha"][0])


def test_an_item_that_is_the_sum_of_others_has_no_lambda6_whatever_the_order():
    columns = {"a": [1, 2, 1, 2, 2, 1], "b": [1, 1, 2, 2, 3, 3], "c": [2, 3, 3, 4, 5, 4], "d": [5, 1, 4, 2, 3, 1]}
    for order in (list("abcd"), list("dcba")):
        with pytest.warns(UndefinedStatisticWarning, match="λ6 is not defined"):
            found = tk.reliability(small(columns, {"f": order}))
        assert "λ6" in found.fit["note"][0]


def test_warnings_point_at_the_line_that_called():
    with pytest.warns(UndefinedStatisticWarning) as caught:
        tk.reliability(small({"a": [1, 2, 3, 4]}, {"one": ["a"]}))
    assert caught[0].filename == __file__


@pytest.mark.parametrize(
    ("options", "message"),
    [({"scale": []}, "names no scale"), ({"seed": -1}, "seed"), ({"n_bootstrap": 5}, "n_bootstrap")],
)
def test_arguments_are_checked(couples, options, message):
    with pytest.raises(ArgumentError, match=message):
        tk.reliability(couples, **options)
