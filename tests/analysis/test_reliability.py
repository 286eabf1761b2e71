import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import toolkit as tk
from tests.builders import some_examples
from tests.conftest import ROOT, oracle, test_data
from toolkit.errors import AnalysisError, ArgumentError, HeywoodWarning, UndefinedStatisticWarning
from toolkit.kernels import consistency

KEYS = oracle("01_scoring_bfi")["keys"]
FEELING = {"lambda2": "lambda2_cov", "lambda6": "lambda6_cor", "alpha_standardised": "alpha_std"}
IPIP = {"AS": "assertiveness", "SC": "social_confidence", "AD": "adventurousness", "DO": "dominance"}


@pytest.fixture(scope="module")
def keyed():
    raw = pd.read_csv(ROOT / "data" / "bfi" / "bfi.csv")
    return tk.Responses.from_frame(raw, tk.instrument_from_keys(KEYS, min=1, max=6, id="bfi"))


@pytest.fixture(scope="module")
def ipip():
    return tk.read_responses(
        test_data("ipip_assertiveness.csv"),
        "ipip_as",
        missing={0: "skipped"},
        columns={f"{ours.lower()}{{n}}": f"{ours}{{n}}" for ours in IPIP},
    )


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


@pytest.fixture(scope="module")
def couples():
    raw = pd.read_csv(ROOT / "data" / "bfi" / "bfi.csv").head(600)
    raw = raw.assign(person=range(600), couple=np.arange(600) // 2)
    keys = tk.instrument_from_keys(KEYS, min=1, max=6, id="bfi", min_answered=1)
    return tk.Responses.from_frame(raw, keys, person="person", couple="couple")


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
    with pytest.warns(UndefinedStatisticWarning, match="lambda6 has no interval: too many bootstrap samples"):
        found = tk.reliability(responses, ci="bootstrap", n_bootstrap=300, seed=1)
    assert "bootstrap samples leave lambda6 undefined" in found.fit["note"][0]
    lambda6 = found.tables["intervals"].set_index("coefficient").loc["lambda6"]
    assert lambda6[["se", "ci_low"]].isna().all()


def test_items_that_cancel_out_have_no_alpha():
    with pytest.warns(UndefinedStatisticWarning, match="sum of the items does not vary"):
        found = tk.reliability(small({"a": [1, 2, 3, 4], "b": [4, 3, 2, 1]}, {"f": ["a", "b"]}))
    assert pd.isna(found.estimates["alpha"][0])


def test_an_item_that_is_the_sum_of_others_has_no_lambda6_whatever_the_order():
    columns = {"a": [1, 2, 1, 2, 2, 1], "b": [1, 1, 2, 2, 3, 3], "c": [2, 3, 3, 4, 5, 4], "d": [5, 1, 4, 2, 3, 1]}
    for order in (list("abcd"), list("dcba")):
        with pytest.warns(UndefinedStatisticWarning, match="lambda6 is not defined"):
            found = tk.reliability(small(columns, {"f": order}))
        assert "lambda6" in found.fit["note"][0]


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


# --- beyond alpha -------------------------------------------------------------

SCALES = oracle("scale_reliability")["scales"]


@pytest.mark.parametrize("missing", ["listwise", "pairwise"])
@pytest.mark.parametrize("scale", SCALES)
def test_lambdas_splits_and_omegas_equal_r(keyed, scale, missing):
    expected = SCALES[scale][missing]
    found = tk.reliability(keyed, scale, missing=missing)
    row, table = found.estimates.iloc[0], found.tables["intervals"].set_index("coefficient")["estimate"]
    for name in ("lambda1", "lambda2", "lambda5", "omega_fitted", "omega_observed"):
        assert row[name] == pytest.approx(expected[name], abs=1e-10)
    assert table["lambda6_covariance"] == pytest.approx(expected["lambda6_covariance"], abs=1e-10)
    splits = [row["split_half_min"], row["split_half_mean"], row["lambda4"]]
    assert splits == pytest.approx([expected["split_half"][name] for name in ("min", "mean", "max")], abs=1e-12)
    assert row["split_half_max"] == row["lambda4"]


@pytest.mark.parametrize("name", ["omega_fitted", "omega_observed"])
@pytest.mark.parametrize("scale", SCALES)
def test_standard_errors_of_omega_equal_r(couples, scale, name):
    expected = SCALES[scale]["couples"][name]
    for cluster, column in (("auto", "se_clustered"), (None, "se_independent")):
        row = tk.reliability(couples, scale, cluster=cluster).estimates.iloc[0]
        assert row[name] == pytest.approx(expected["estimate"], abs=1e-10)
        assert row[f"{name}_se"] == pytest.approx(expected[column], rel=1e-7)
        assert row[f"{name}_ci_low"] < row[name] < row[f"{name}_ci_high"]


@pytest.mark.parametrize("scale", SCALES)
def test_omega_equals_semtools_as_closely_as_lavaan_converges(keyed, scale):
    expected = oracle("02_cfa_omega_bfi")[scale]
    row = tk.reliability(keyed, scale).estimates.iloc[0]
    assert row["omega_fitted"] == pytest.approx(expected["compRelSEM_obs.var_FALSE"]["value"]["F"], abs=1e-5)
    assert row["omega_observed"] == pytest.approx(expected["compRelSEM_obs.var_TRUE"]["value"]["F"], abs=1e-5)
    ordinal = expected["compRelSEM_ordinal_tau.eq_ord.scale_FALSE_ordinal_alpha"]["value"]["F"]
    assert row["alpha_ordinal"] == pytest.approx(ordinal, abs=1e-6)


@pytest.mark.parametrize("scale", SCALES)
def test_ordinal_alpha_and_its_error_equal_lavaan(keyed, scale):
    expected = SCALES[scale]["ordinal"]
    row = tk.reliability(keyed, scale).estimates.iloc[0]
    assert row["alpha_ordinal"] == pytest.approx(expected["estimate"], abs=1e-7)
    by_n = row["alpha_ordinal_se"] * np.sqrt((expected["n"] - 1) / expected["n"])
    assert by_n == pytest.approx(expected["se_N"], rel=1e-6)
    assert row["alpha_ordinal"] == pytest.approx(expected["psych_global"], abs=1e-5)


@pytest.mark.parametrize("level", [90, 95])
@pytest.mark.parametrize("scale", SCALES)
def test_smallest_detectable_change_equals_r(keyed, scale, level):
    row = tk.reliability(keyed, scale, confidence=level / 100).estimates.iloc[0]
    expected = SCALES[scale][f"smallest_detectable_change_{level}"]
    assert row["smallest_detectable_change"] == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("missing", ["listwise", "pairwise"])
@pytest.mark.parametrize("name", oracle("scale_reliability")["hierarchy"])
def test_omega_of_group_factors_equals_r(name, missing):
    expected = oracle("scale_reliability")["hierarchy"][name]
    raw = pd.read_csv(ROOT / "data" / "bfi" / "bfi.csv")
    keys = tk.instrument_from_keys({name: expected["items"]}, min=1, max=6, id="bfi")
    row = tk.reliability(tk.Responses.from_frame(raw, keys), missing=missing).estimates.iloc[0]
    for column in ("omega_total", "omega_hierarchical"):
        assert row[column] == pytest.approx(expected[missing][column], abs=1e-7)


def test_omega_of_group_factors_equals_psych_which_turns_items_by_itself():
    expected = oracle("02_omega_bfi25")["nfactors3"]
    raw = pd.read_csv(ROOT / "data" / "bfi" / "bfi.csv")
    turned = [f"{'-' if sign < 0 else ''}{item}" for item, sign in expected["key"].items()]
    keys = tk.instrument_from_keys({"all": turned}, min=1, max=6, id="bfi")
    found = tk.reliability(tk.Responses.from_frame(raw, keys), missing="pairwise")
    assert found.estimates["omega_total"][0] == pytest.approx(expected["omega_tot"], abs=1e-6)
    assert found.estimates["omega_hierarchical"][0] == pytest.approx(expected["omega_h"], abs=1e-5)
    plain = tk.instrument_from_keys({"all": list(expected["key"])}, min=1, max=6, id="bfi")
    asis = tk.reliability(tk.Responses.from_frame(raw, plain))
    assert "load negatively on the general factor: check the key" in asis.fit["note"][0]


def test_assertiveness_equals_psych_and_semtools_beyond_alpha(ipip):
    row = tk.reliability(ipip, "ipip_as.assertiveness").estimates.iloc[0]
    by_hand = oracle("02_guttman_splithalf_AS")["hand_covariance"]
    for name in ("lambda1", "lambda2", "lambda5"):
        assert row[name] == pytest.approx(by_hand[name], abs=1e-12)
    fitted = oracle("02_cfa_omega_ipip")["AS"]
    assert row["omega_fitted"] == pytest.approx(fitted["compRelSEM_obs.var_FALSE"]["value"]["F"], abs=1e-5)
    assert row["omega_observed"] == pytest.approx(fitted["compRelSEM_obs.var_TRUE"]["value"]["F"], abs=1e-5)
    ordinal = fitted["compRelSEM_ordinal_tau.eq_ord.scale_FALSE_ordinal_alpha"]["value"]["F"]
    assert row["alpha_ordinal"] == pytest.approx(ordinal, abs=1e-6)
    pairwise = tk.reliability(ipip, "ipip_as.assertiveness", missing="pairwise").estimates.iloc[0]
    expected = oracle("02_omega_AS")["nfactors3"]
    assert pairwise["omega_total"] == pytest.approx(expected["omega_tot"], abs=1e-5)
    assert pairwise["omega_hierarchical"] == pytest.approx(expected["omega_h"], abs=1e-4)


def test_split_halves_of_correlations_equal_psych(ipip):
    from toolkit.analysis.inputs import item_array
    from toolkit.kernels import split_half

    one, name = ipip.find_scale("ipip_as.assertiveness")
    x = item_array(ipip, one, one.scale_items(name))
    r = np.corrcoef(x[~np.isnan(x).any(axis=1)].T)
    expected, found = oracle("02_guttman_splithalf_AS"), split_half.split_halves(r)
    names = ("minrb", "meanr", "maxrb")
    assert [found.low, found.mean, found.high] == pytest.approx(
        [expected["splitHalf"][name] for name in names], abs=1e-12
    )
    assert found.n_splits == expected["splitHalf"]["n_splits"]
    assert consistency.lambda5(r) == pytest.approx(expected["hand_correlation"]["lambda5"], abs=1e-12)
    assert found.high == pytest.approx(expected["guttman"]["lambda.4"], abs=1e-12)


def test_bootstrap_gives_percentile_and_bca_for_every_coefficient(couples):
    found = tk.reliability(couples, "agree", ci="bootstrap", n_bootstrap=400, seed=2)
    row, table = found.estimates.iloc[0], found.tables["intervals"].set_index("coefficient")
    assert (row["alpha_ci_low"], row["alpha_ci_high"]) == (row["alpha_bca_low"], row["alpha_bca_high"])
    assert table.loc["alpha", "percentile_low"] == row["alpha_percentile_low"]
    assert row["omega_fitted_ci_low"] == table.loc["omega_fitted", "ci_low"]
    resampled = table.drop("alpha_ordinal")
    assert resampled[["se", "ci_low", "ci_high", "percentile_low", "percentile_high"]].notna().all(axis=None)
    assert (resampled["ci_low"] < resampled["estimate"]).all()
    analytic = tk.reliability(couples, "agree").tables["intervals"].set_index("coefficient")
    assert resampled["se"].to_numpy() == pytest.approx(analytic.loc[resampled.index, "se"].to_numpy(), rel=0.2)
    assert table.loc["alpha_ordinal", "ci_low"] == analytic.loc["alpha_ordinal", "ci_low"]
    assert "BCa bootstrap of couples (400 samples)" in found.fit["method"][0]


def parallel(n, k, seed=1):
    generator = np.random.default_rng(seed)
    x = np.rint(3 + generator.normal(size=(n, 1)) + 0.8 * generator.normal(size=(n, k)))
    return {f"q{place:03d}": np.clip(x[:, place], 1, 5) for place in range(k)}


def test_two_items_have_what_two_items_can_have():
    found = tk.reliability(small(parallel(60, 2), {"f": ["q000", "q001"]}))
    undefined = found.tables["undefined"].set_index("coefficient")["reason"]
    assert list(undefined.index) == ["omega_fitted", "omega_observed", "omega_total", "omega_hierarchical"]
    assert "two items do not determine" in found.fit["note"][0]
    assert found.estimates["lambda4"][0] == pytest.approx(found.estimates["alpha"][0])
    assert found.estimates["alpha_ordinal"][0] > found.estimates["alpha"][0]


def test_group_factors_need_six_items():
    found = tk.reliability(small(parallel(80, 5), {"f": sorted(parallel(80, 5))}))
    assert "three group factors need at least 6 items, but there are 5" in found.fit["note"][0]


def test_a_few_rows_get_no_factor_model():
    columns = parallel(8, 3, seed=4)
    with pytest.warns(UndefinedStatisticWarning, match="not fitted to fewer than 10 rows"):
        found = tk.reliability(small(columns, {"f": list(columns)}))
    assert "only 8 rows" in found.fit["note"][0]
    assert np.isfinite(found.estimates["alpha"][0])


def test_fewer_rows_than_items():
    columns = parallel(12, 20)
    with pytest.warns(UndefinedStatisticWarning, match="as always with 12 rows of 20 items"):
        found = tk.reliability(small(columns, {"f": list(columns)}))
    assert found.estimates["omega_fitted"].isna()[0]
    assert set(found.tables["undefined"]["coefficient"]) >= {"lambda6", "omega_fitted", "omega_total", "lambda4"}


def test_identical_items_have_no_interval():
    answers = parallel(30, 1)["q000"]
    with pytest.warns(UndefinedStatisticWarning, match="the items leave no error variance"):
        row = tk.reliability(small({"a": answers, "b": answers}, {"f": ["a", "b"]})).estimates.iloc[0]
    assert row["alpha"] == pytest.approx(1)
    assert row["smallest_detectable_change"] == pytest.approx(0, abs=1e-7)


def test_a_heywood_case_is_named():
    generator = np.random.default_rng(2)
    b, c = (generator.integers(1, 4, size=40) for _ in range(2))
    columns = {"a": b + c - 1, "b": b, "c": c}
    columns["a"][0] += 1 if columns["a"][0] < 5 else -1
    with pytest.warns(HeywoodWarning, match="no error variance to a"):
        found = tk.reliability(small(columns, {"f": ["a", "b", "c"]}))
    assert np.isfinite(found.estimates["omega_fitted"][0])
    assert found.estimates["omega_fitted_se"].isna()[0]
    assert "Heywood" in found.fit["note"][0]
    part = found.tables["undefined"].set_index("coefficient").loc["omega_fitted", "part"]
    assert part == "interval"


def test_pairwise_correlations_that_no_data_have():
    generator = np.random.default_rng(5)
    columns = {name: np.full(90, np.nan) for name in "abc"}
    for start, (one, two, sign) in zip((0, 30, 60), [("a", "b", 1), ("b", "c", 1), ("a", "c", -1)], strict=True):
        answers = generator.integers(1, 6, size=30)
        columns[one][start : start + 30] = answers
        columns[two][start : start + 30] = answers if sign > 0 else 6 - answers
    columns["a"][0] = 6 - columns["a"][0]
    with pytest.warns(UndefinedStatisticWarning, match="not those of any data"):
        found = tk.reliability(small(columns, {"f": ["a", "b", "c"]}), missing="pairwise")
    assert found.estimates["omega_fitted"].isna()[0]


def test_mostly_missing_answers():
    columns = parallel(1500, 4)
    holes = np.random.default_rng(1).random((1500, 4)) < 0.9
    columns = {name: np.where(holes[:, place], np.nan, values) for place, (name, values) in enumerate(columns.items())}
    with pytest.warns(UndefinedStatisticWarning, match="fewer than three rows"):
        tk.reliability(small(columns, {"f": list(columns)}))
    with pytest.warns(UndefinedStatisticWarning, match="not those of any data"):
        found = tk.reliability(small(columns, {"f": list(columns)}), missing="pairwise")
    assert "the covariances rest on" in found.fit["note"][0]
    assert found.estimates["alpha_ci_low"][0] < found.estimates["alpha"][0]


def test_long_scales_draw_their_splits_from_the_scales_name():
    columns = parallel(100, 20)
    responses = small(columns, {"f": list(columns)})
    one, two = tk.reliability(responses), tk.reliability(responses)
    pd.testing.assert_frame_equal(one.estimates, two.estimates)
    assert "split halves are 10,000 of all, drawn at random" in one.fit["note"][0]
    assert one.estimates["lambda4"].isna()[0]
    assert one.estimates["split_half_max"][0] > one.estimates["split_half_min"][0]
    other = tk.reliability(responses, seed=5).estimates
    assert other["split_half_max"][0] != one.estimates["split_half_max"][0]


def test_two_hundred_items():
    columns = parallel(260, 200)
    row = tk.reliability(small(columns, {"f": list(columns)})).estimates.iloc[0]
    assert row[["alpha", "alpha_ordinal", "omega_fitted", "omega_total", "lambda6"]].between(0.9, 1).all()


def test_items_of_many_options_have_no_ordinal_alpha():
    generator = np.random.default_rng(1)
    x = np.clip(np.rint(50 + 20 * (generator.normal(size=(80, 1)) + generator.normal(size=(80, 3)))), 0, 100)
    raw = pd.DataFrame(x, columns=list("abc"))
    found = tk.reliability(tk.Responses.from_frame(raw, tk.instrument_from_keys({"f": list("abc")}, min=0, max=100)))
    assert found.estimates["alpha_ordinal"].isna()[0]
    assert "more than 12 options" in found.fit["note"][0]


def test_composites_and_single_items_are_in_the_table_of_what_is_undefined():
    with pytest.warns(UndefinedStatisticWarning):
        found = tk.reliability(small({"a": [1, 2, 3, 4]}, {"one": ["a"]}))
    assert found.tables["undefined"].iloc[0].tolist()[:2] == ["my.one", "all"]


POINTS = [
    "alpha",
    "alpha_standardised",
    "alpha_ordinal",
    "omega_fitted",
    "omega_observed",
    "omega_total",
    "omega_hierarchical",
    "lambda2",
    "lambda5",
    "lambda6",
    "split_half_min",
    "split_half_max",
    "mean_r",
    "smallest_detectable_change",
]
ERRORS = ["alpha_ordinal_se", "omega_fitted_se", "omega_observed_ci_low", "omega_observed_ci_high"]


@settings(some_examples, max_examples=12)
@given(seed=st.integers(0, 50), order=st.permutations(range(6)), turned=st.sets(st.integers(0, 5)))
def test_order_and_reversal_change_nothing(seed, order, turned):
    columns = parallel(120, 6, seed)
    names = list(columns)
    plain = tk.reliability(small(columns, {"f": names})).estimates.iloc[0]
    moved = {name: 6 - values if place in turned else values for place, (name, values) in enumerate(columns.items())}
    rows = np.random.default_rng(seed).permutation(120)
    keys = [f"{'-' if place in turned else ''}{names[place]}" for place in order]
    found = tk.reliability(small({name: values[rows] for name, values in moved.items()}, {"f": keys}))
    row = found.estimates.iloc[0]
    assert row[POINTS + ERRORS].to_numpy(float) == pytest.approx(plain[POINTS + ERRORS].to_numpy(float), abs=1e-6)


def test_duplicated_rows_leave_the_estimates_and_shrink_the_errors():
    columns = parallel(150, 6)
    twice = {name: np.tile(values, 2) for name, values in columns.items()}
    one, two = (tk.reliability(small(table, {"f": list(columns)})).estimates.iloc[0] for table in (columns, twice))
    ratios = [name for name in POINTS if name != "smallest_detectable_change"]
    assert two[ratios].to_numpy(float) == pytest.approx(one[ratios].to_numpy(float), abs=1e-7)
    for name in ("omega_fitted_se", "omega_observed_se", "alpha_ordinal_se"):
        by_n = one[name] * np.sqrt(149 / 150), two[name] * np.sqrt(299 / 300)
        assert by_n[1] == pytest.approx(by_n[0] / np.sqrt(2), rel=1e-6)


def test_rows_that_are_there_twice_in_their_couple_add_nothing():
    columns = parallel(100, 6)
    twice = {name: np.repeat(values, 2) for name, values in columns.items()} | {"pair": np.repeat(range(100), 2)}
    one = tk.reliability(small(columns, {"f": list(columns)})).estimates.iloc[0]
    two = tk.reliability(small(twice, {"f": list(columns)}), cluster="pair").estimates.iloc[0]
    for name in ("omega_fitted_se", "omega_observed_se", "alpha_ordinal_se"):
        assert two[name] == pytest.approx(one[name], rel=1e-6)
