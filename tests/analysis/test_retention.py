import json
import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import toolkit as tk
from tests.builders import my_scale
from tests.conftest import ROOT, oracle
from tests.kernels.test_retention import BFI25, complete
from toolkit.errors import (
    AnalysisError,
    ArgumentError,
    NotPositiveDefiniteWarning,
    SmallSampleWarning,
    TooFewCases,
    UndefinedStatisticWarning,
)

CASES = {
    "bfi_listwise": (BFI25, {}, 1e-8),
    "bfi_pairwise": (BFI25, {"missing": "pairwise"}, 1e-8),
    "agree_polychoric": (BFI25[:5], {"correlation": "polychoric"}, 1e-5),
}


def frame(name: str) -> pd.DataFrame:
    x = complete(name)
    return pd.DataFrame(x, columns=[f"v{place:02}" for place in range(x.shape[1])])


def factored(n=60, k=6, seed=0) -> pd.DataFrame:
    """Make answers from 1 to 5 to items of two factors."""
    rng = np.random.default_rng(seed)
    common = rng.normal(size=(n, 2))[:, np.arange(k) % 2]
    x = np.clip(np.floor(3.5 + common + 0.7 * rng.normal(size=(n, k))), 1, 5)
    return pd.DataFrame(x, columns=[f"v{place}" for place in range(k)])


def answers(result, rule) -> dict[str, int]:
    rows = result.estimates[result.estimates["rule"] == rule]
    return dict(zip(rows["variant"], rows["n_factors"], strict=True))


@pytest.mark.parametrize("case", CASES)
def test_rules_equal_r(bfi, case):
    (items, options, tolerance), expected = CASES[case], oracle("retention_rules")[case]
    result = tk.retention(bfi, items, replications=0, **options)
    fit, values, partials = result.fit.iloc[0], result.tables["eigenvalues"], result.tables["map"]
    assert fit["n_effective"] == pytest.approx(expected["n"], rel=1e-12)
    assert fit["kmo"] == pytest.approx(expected["kmo"], abs=tolerance)
    assert fit["chisq"] == pytest.approx(expected["chisq"], rel=tolerance)
    assert fit["df"] == expected["df"]
    assert fit["p"] == pytest.approx(np.exp(expected["log_p"]), abs=1e-12)
    assert fit["determinant"] == pytest.approx(expected["determinant"], rel=1e-4 if tolerance > 1e-8 else 1e-8)
    assert fit["smallest_eigenvalue"] == pytest.approx(expected["eigenvalues"][-1], abs=tolerance)
    np.testing.assert_allclose(values["component"], expected["eigenvalues"], atol=tolerance)
    np.testing.assert_allclose(values["factor"], expected["factor_values"], atol=1e-5)
    np.testing.assert_allclose(values["empirical_kaiser"], expected["ekc"], atol=tolerance)
    np.testing.assert_allclose(result.tables["kmo"]["kmo"], expected["kmo_items"], atol=tolerance)
    for power in (2, 4):
        np.testing.assert_allclose(partials[f"map{power}"], expected[f"map{power}"], atol=tolerance)
        assert answers(result, "minimum_average_partial")[f"power {power}"] == expected[f"n_map{power}"]
    assert answers(result, "empirical_kaiser") == {"components": expected["n_ekc"]}
    assert answers(result, "kaiser") == {"components": expected["n_kaiser"]}


@pytest.mark.parametrize("random", ["permutation", "normal"])
@pytest.mark.parametrize("name", ["hs", "bfi25", "AS", "ipip40"])
def test_parallel_analysis_suggests_what_psych_suggests(name, random):
    expected = oracle(f"04_retention_{name}")["parallel"]
    result = tk.retention(frame(name), random=random, seed=1)
    found = answers(result, "parallel_analysis")
    assert found == {f"factors, {random}": expected["nfact"], f"components, {random}": expected["ncomp"]}
    np.testing.assert_allclose(result.tables["eigenvalues"]["factor"], expected["fa.values"], atol=1e-6)


def test_references_are_those_of_the_simulation_in_r():
    expected = oracle("parallel_analysis")
    table = tk.retention(frame("hs"), random="both", replications=500, seed=2).tables["eigenvalues"]
    for random in ("permutation", "normal"):
        for kind in ("component", "factor"):
            theirs = expected[f"hs_{random}"][f"{kind}s"]
            error = np.array(theirs["sd"]) * np.sqrt(1 / 500 + 1 / 1000)
            mean = table[f"{random}_{kind}_mean"]
            assert (np.abs(mean - theirs["mean"]) < 4 * error).all()
            assert (np.abs(table[f"{random}_{kind}_quantile"] - theirs["quantile95"]) < 8 * error).all()


def test_the_quantile_or_the_mean_decides():
    data = frame("hs")
    strict = tk.retention(data, quantile=0.99, seed=1).tables["eigenvalues"]
    middle = tk.retention(data, quantile=0.5, seed=1).tables["eigenvalues"]
    assert (strict["permutation_component_quantile"] >= middle["permutation_component_quantile"]).all()
    mean = tk.retention(data, quantile="mean", seed=1)
    assert "permutation_component_quantile" not in mean.tables["eigenvalues"]
    expected = middle["permutation_component_mean"].tolist()
    assert mean.tables["eigenvalues"]["permutation_component_mean"].tolist() == expected
    assert "(permutation, mean, 100 data sets)" in mean.sentence()


def test_sentence_in_apa_style(bfi):
    assert tk.retention(bfi, seed=1).sentence() == (
        "KMO = .85; Bartlett's χ²(300) = 18,146.07, p < .001; parallel analysis (permutation, 95% quantile, 100 data"
        " sets) suggested 6 factors and 5 components, the minimum average partial 5 (power 4: 5), and the empirical"
        " Kaiser criterion 6 (n = 2,436)."
    )


def test_result_is_whole(bfi):
    result = tk.retention(bfi, "bfi.agreeableness", random="both", seed=1)
    assert result.settings["items"] == ["A1", "A2", "A3", "A4", "A5"]
    assert result.settings["seed"] == 1
    assert result.tables["kmo"]["text"][0] == "Am indifferent to the feelings of others."
    assert result.fit["method"][0] == (
        "Pearson correlations; parallel analysis of 100 data sets (answers permuted) and 100 data sets (normal)"
    )
    assert result.estimates["n_factors"].notna().all()
    assert json.loads(result.to_json())["kind"] == "retention"
    assert "Number of factors by each rule" in result.summary()
    assert result.plot().name == "retention-scree"


@pytest.mark.parametrize(
    "options",
    [
        {"random": "both"},
        {"random": "both", "missing": "pairwise"},
        {"correlation": "polychoric", "missing": "pairwise", "replications": 5},
        {"correlation": "polychoric", "random": "normal", "replications": 5},
    ],
    ids=["listwise", "pairwise", "polychoric", "polychoric normal"],
)
@settings(max_examples=8, deadline=None, derandomize=True)
@given(seed=st.integers(0, 1000))
def test_order_and_coding_change_nothing(options, seed):
    rng = np.random.default_rng(seed)
    data = factored(seed=seed)
    data = data.mask(rng.random(data.shape) < 0.05) if options.get("missing") else data
    other = data.copy()
    for name in rng.choice(data.columns, 3, replace=False):
        other[name] = 6 - data[name]
    other = other[rng.permutation(data.columns)].iloc[rng.permutation(len(data))]
    call = {"replications": 20, "seed": 3, **options}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", tk.errors.ToolkitWarning)
        one, two = tk.retention(data, **call), tk.retention(other, **call)
    pd.testing.assert_frame_equal(one.estimates, two.estimates)
    pd.testing.assert_frame_equal(one.tables["eigenvalues"], two.tables["eigenvalues"], atol=1e-5, rtol=0)
    kmo = [result.tables["kmo"].set_index("item")["kmo"].sort_index() for result in (one, two)]
    np.testing.assert_allclose(*kmo, atol=1e-6)


def test_adding_a_constant_changes_nothing():
    data = factored()
    one, two = (tk.retention(frame, seed=3, replications=20) for frame in (data, data.add([0, 1, 2, 10, 0, 100])))
    pd.testing.assert_frame_equal(one.tables["eigenvalues"], two.tables["eigenvalues"], atol=1e-8, rtol=0)


def test_duplicating_rows_leaves_correlations_and_strengthens_the_test():
    data = factored()
    one, two = (tk.retention(frame, replications=0) for frame in (data, pd.concat([data, data], ignore_index=True)))
    columns = ["component", "factor"]
    pd.testing.assert_frame_equal(one.tables["eigenvalues"][columns], two.tables["eigenvalues"][columns], atol=1e-6)
    assert two.fit["kmo"][0] == pytest.approx(one.fit["kmo"][0])
    assert two.fit["chisq"][0] > 1.9 * one.fit["chisq"][0]


def test_the_seed_repeats_the_analysis():
    data = factored()
    one, two, three = (tk.retention(data, seed=seed).tables["eigenvalues"] for seed in (1, 1, 2))
    pd.testing.assert_frame_equal(one, two)
    assert not one.equals(three)


def in_couples(n=120, seed=0) -> tk.Responses:
    rng = np.random.default_rng(seed)
    alike = np.repeat(rng.normal(size=(n // 2, 3)), 2, axis=0)
    x = np.clip(np.round(3.5 + alike + 0.4 * rng.normal(size=(n, 3))), 1, 6).astype(int)
    raw = pd.DataFrame(x, columns=["a1", "a2", "a3"]).assign(couple=np.arange(n) // 2, person=np.arange(n))
    return tk.Responses.from_frame(raw, my_scale(), person="person", couple="couple")


def test_couples_are_permuted_whole_and_the_rest_says_that_it_takes_rows_as_independent():
    data = in_couples()
    result = tk.retention(data, random="both", replications=400, seed=1)
    fit = result.fit.iloc[0]
    assert fit["n_clusters"] == 60
    assert "400 data sets (whole clusters permuted)" in fit["method"]
    assert "400 data sets (normal, rows taken as independent)" in fit["method"]
    assert fit["note"] == "Bartlett's test and the empirical Kaiser criterion take rows as independent"
    table = result.tables["eigenvalues"]
    alone = tk.retention(data, cluster=None, replications=400, seed=1).tables["eigenvalues"]
    # Partners who are much alike count for little more than one person, so that random correlations are larger.
    inflation = [frame["permutation_component_mean"][0] - 1 for frame in (table, alone)]
    assert 1.15 < inflation[0] / inflation[1] < 1.5
    assert tk.retention(data, cluster=None, seed=1).fit["note"][0] == ""


def test_several_waves_need_one():
    raw = factored().assign(wave=np.arange(60) % 2, person=np.arange(60) // 2)
    data = tk.Responses.from_frame(raw, person="person", wave="wave")
    with pytest.raises(ArgumentError, match="wave"):
        tk.retention(data, seed=1)
    assert tk.retention(data, wave=1, seed=1).fit["n_used"][0] == 30


def test_random_data_need_a_seed():
    with pytest.raises(ArgumentError, match=r"replications=100, 0 for none.*give a seed, such as seed=1"):
        tk.retention(factored())
    result = tk.retention(factored(), replications=0)
    assert set(result.estimates["rule"]) == {"minimum_average_partial", "empirical_kaiser", "kaiser"}
    assert "; the minimum average partial suggested " in result.sentence()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"correlation": "spearman"}, "correlation is 'spearman'"),
        ({"missing": "fiml"}, "missing is 'fiml'"),
        ({"random": "uniform"}, "random is 'uniform'"),
        ({"quantile": 95}, "quantile is 95"),
        ({"quantile": "median"}, "quantile is 'median'"),
        ({"replications": -1}, "replications is -1"),
        ({"seed": -1}, "seed is -1"),
        ({"items": ["v1", "v22"]}, "'v22'.* Did you mean 'v2'"),
    ],
)
def test_arguments_that_cannot_be_used_are_refused(options, message):
    with pytest.raises(ArgumentError, match=message):
        tk.retention(factored(), **{"seed": 1, **options})


def test_one_item_has_no_factors():
    with pytest.raises(AnalysisError, match="1 item"):
        tk.retention(factored(), ["v1"], seed=1)


def test_of_two_items_components_alone_are_defined():
    with pytest.warns(UndefinedStatisticWarning, match="two items do not determine a factor"):
        result = tk.retention(factored(), ["v0", "v2"], seed=1)
    assert pd.isna(answers(result, "parallel_analysis")["factors, permutation"])
    assert answers(result, "parallel_analysis")["components, permutation"] == 1
    assert pd.isna(answers(result, "minimum_average_partial")["power 2"])
    assert result.tables["eigenvalues"]["factor"].isna().all()
    assert result.fit["kmo"][0] == pytest.approx(0.5)
    assert result.fit["df"][0] == 1
    assert "two items" in result.fit["note"][0]
    assert "suggested 1 component and" in result.sentence()


def test_a_constant_item_is_named():
    with pytest.raises(AnalysisError, match="'v3' do not vary"):
        tk.retention(factored().assign(v3=2), seed=1)


def test_fewer_rows_than_items():
    data = factored(n=12, k=15)
    with pytest.warns() as given_warnings:
        result = tk.retention(data, random="both", seed=1)
    assert {one.category for one in given_warnings} == {
        SmallSampleWarning, NotPositiveDefiniteWarning, UndefinedStatisticWarning
    }  # fmt: skip
    assert "are not defined: there are no more rows than items" in result.fit["note"][0]
    assert result.fit[["kmo", "chisq", "p"]].isna().all(axis=None)
    assert result.tables["map"][["map2", "map4"]].isna().all(axis=None)
    assert result.tables["kmo"]["kmo"].isna().all()
    assert result.tables["eigenvalues"].notna().all(axis=None)
    assert result.sentence().startswith("Parallel analysis (permutation,")


def test_too_few_rows_are_refused():
    with pytest.raises(TooFewCases, match=r"at least 10 rows.*9 complete rows of 9"):
        tk.retention(factored(n=9), seed=1)


def test_perfectly_correlated_items_leave_the_inverse_undefined():
    data = factored().assign(v6=lambda one: 6 - one["v0"])
    with (
        pytest.warns(NotPositiveDefiniteWarning, match="v0 and v6 correlate perfectly"),
        pytest.warns(UndefinedStatisticWarning, match="an item is a linear combination of others"),
    ):
        result = tk.retention(data, seed=1)
    assert pd.isna(answers(result, "minimum_average_partial")["power 4"])
    assert answers(result, "parallel_analysis")["components, permutation"] == 2


def test_many_missing_answers():
    rng = np.random.default_rng(5)
    data = factored(n=2000)
    data = data.mask(rng.random(data.shape) < 0.9)
    with pytest.raises(TooFewCases, match="missing='pairwise' uses incomplete rows too"):
        tk.retention(data, seed=1)
    with warnings.catch_warnings(record=True) as given_warnings:
        warnings.simplefilter("always")
        result = tk.retention(data, missing="pairwise", random="both", seed=1)
    assert {one.category for one in given_warnings} <= {NotPositiveDefiniteWarning, UndefinedStatisticWarning}
    assert 10 < result.fit["n_effective"][0] < 40
    # Few rows in common make random eigenvalues large: as large as if there were that few rows
    assert result.tables["eigenvalues"]["normal_component_mean"][0] > 1.5


def test_a_pair_without_common_rows_is_named():
    data = factored()
    data.loc[:29, "v1"] = np.nan
    data.loc[30:, "v4"] = np.nan
    with pytest.raises(TooFewCases, match="'v1' and 'v4' have too few rows in common"):
        tk.retention(data, missing="pairwise", seed=1)


@pytest.mark.filterwarnings("ignore::toolkit.errors.ToolkitWarning")
def test_random_data_that_leave_pairs_without_variance_are_drawn_again_or_refused():
    data = factored(n=40)
    rare = pd.Series(np.where(np.arange(40) < 3, 2.0, 1.0))
    data = data.assign(
        v0=rare.mask(np.arange(40) >= 20), v1=data["v1"].mask((np.arange(40) < 20) & (np.arange(40) > 5))
    )
    result = tk.retention(data, missing="pairwise", seed=1)
    assert "random data sets left a pair without variance and were drawn again" in result.fit["note"][0]
    data["v0"] = pd.Series(np.where(np.arange(40) < 1, 2.0, 1.0))
    data["v1"] = data["v1"].mask(np.arange(40) > 5)
    with pytest.raises(AnalysisError, match="Leave out the items with most missing answers"):
        tk.retention(data, missing="pairwise", seed=1)


def test_decimals_are_no_ordinal_answers():
    with pytest.raises(ArgumentError, match="decimals"):
        tk.retention(factored() + 0.25, correlation="polychoric", seed=1)


def test_two_hundred_items():
    data = factored(n=400, k=200)
    result = tk.retention(data, random="normal", replications=10, seed=1)
    assert answers(result, "parallel_analysis") == {"factors, normal": 2, "components, normal": 2}
    assert answers(result, "minimum_average_partial") == {"power 2": 2, "power 4": 2}
    assert answers(result, "empirical_kaiser") == {"components": 2}


def test_polychoric_correlations_of_few_categories():
    data = (factored(n=300) > 2).astype(int)
    result = tk.retention(data, correlation="polychoric", random="both", replications=30, seed=1)
    assert set(answers(result, "parallel_analysis").values()) == {2}
    table = result.tables["eigenvalues"]
    pearson = tk.retention(data, random="both", replications=30, seed=1).tables["eigenvalues"]
    assert table["permutation_component_mean"][0] > pearson["permutation_component_mean"][0]


def test_the_bfi_study_has_five_scales_worth_of_factors():
    raw = pd.read_csv(ROOT / "data" / "bfi" / "bfi.csv")[BFI25]
    assert set(answers(tk.retention(raw, replications=0), "minimum_average_partial").values()) == {5}
