"""What `reliability` reports beyond alpha: lambdas, splits, omegas, ordinal alpha, BCa intervals, undefined cells."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import toolkit as tk
from tests.analysis.test_reliability import small
from tests.builders import some_examples
from tests.conftest import ROOT, oracle
from toolkit.analysis.inputs import item_array
from toolkit.errors import HeywoodWarning, UndefinedStatisticWarning
from toolkit.kernels import consistency, split_half
from toolkit.kernels.ordinal_alpha import ordinal_alpha

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
    assert row["alpha_ordinal"] == pytest.approx(expected["psych_global"], abs=1e-5)
    one, name = keyed.find_scale(scale)
    x = item_array(keyed, one, one.scale_items(name))
    complete = x[~np.isnan(x).any(axis=1)]
    outer = ordinal_alpha(complete, "listwise", information="outer").influences
    assert np.sqrt((outer**2).sum()) / len(outer) == pytest.approx(expected["se_N"], rel=1e-6)
    assert row["alpha_ordinal_se"] > expected["se_N"], "answers that are not cut from normal responses vary more"


def test_the_error_of_ordinal_alpha_is_that_of_a_bootstrap(keyed):
    one, name = keyed.find_scale("openness")
    x = item_array(keyed, one, one.scale_items(name))
    complete = x[~np.isnan(x).any(axis=1)]
    generator = np.random.default_rng(1)
    samples = (generator.integers(0, len(complete), len(complete)) for _ in range(120))
    drawn = [ordinal_alpha(complete[rows], "listwise").estimate for rows in samples]
    row = tk.reliability(keyed, "openness").estimates.iloc[0]
    assert np.std(drawn) == pytest.approx(row["alpha_ordinal_se"], rel=0.12)


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
    others = [name for name in turned if name.removeprefix("-") != "N1"]
    wrong = "N1" if "-N1" in turned else "-N1"
    keys = tk.instrument_from_keys({"all": [*others, wrong]}, min=1, max=6, id="bfi")
    assert "N1 loads negatively on the general" in tk.reliability(tk.Responses.from_frame(raw, keys)).fit["note"][0]


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
