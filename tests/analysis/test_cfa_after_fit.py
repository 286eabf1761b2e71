"""Modification indices, reliability, discriminant validity and factor scores of tk.cfa."""

import numpy as np
import pandas as pd
import pytest

import toolkit as tk
from tests.analysis.cfa_cases import AS, FIVE, THREE, assertiveness, personality, pupils, pupils_with_holes, swapped
from tests.conftest import oracle
from toolkit.errors import (
    UndefinedStatisticWarning,
)


@pytest.mark.parametrize(
    ("name", "key", "text", "options"),
    [
        ("06_cfa_hs_ml", "marker", THREE, {"estimator": "ML"}),
        ("06_cfa_hs_fiml", "fiml", THREE, {"estimator": "ML", "missing": "fiml", "std_lv": True}),
        ("06_cfa_bfi_ml", "ML", FIVE, {"estimator": "ML", "std_lv": True}),
        ("06_cfa_bfi_wlsmv", "WLSMV", FIVE, {"ordered": True, "std_lv": True}),
        ("06_cfa_AS_1factor", "WLSMV", AS, {"ordered": True, "std_lv": True}),
    ],
)
def test_modification_indices_equal_lavaan(name, key, text, options):
    """The ten largest, with their expected changes."""
    expected = pd.DataFrame(oracle(name)[key]["modification_indices_top10"])
    data = {"hs": pupils(), "bf": personality()}.get(name[7:9])
    data = pupils_with_holes() if key == "fiml" else assertiveness() if data is None else data
    found = tk.cfa(data, text, **options).tables["modification_indices"]
    ours = found.assign(param=found["lhs"] + found["op"] + found["rhs"]).set_index("param")
    for _, line in expected.iterrows():
        row = ours.loc[line["param"] if line["param"] in ours.index else swapped(line["param"])]
        for column, theirs in (("mi", "mi"), ("epc", "epc"), ("sepc_lv", "sepc.lv"), ("sepc_all", "sepc.all")):
            assert row[column] == pytest.approx(line[theirs], rel=1e-3, abs=1e-3), (line["param"], column)
    assert found["mi"].is_monotonic_decreasing
    assert found["mi"].min() >= 3.84


@pytest.mark.parametrize("scale", ["agree", "conscientious", "extraversion", "neuroticism", "openness"])
def test_reliability_equals_semtools(bfi, scale):
    """Items as answered; the key of the instrument turns them around."""
    wanted = oracle("02_cfa_omega_bfi")[scale]
    letter = scale[0].upper()
    data = bfi.keep(bfi.frame[[f"{letter}{number}" for number in range(1, 6)]].notna().all(axis=1).to_numpy())
    text = "F =~ " + " + ".join(f"{letter}{number}" for number in range(1, 6))
    plain = tk.cfa(data, text, estimator="ML").tables["reliability"].iloc[0]
    ordinal = tk.cfa(data, text).tables["reliability"].iloc[0]
    found = {
        "compRelSEM_obs.var_TRUE": plain["omega_observed"],
        "compRelSEM_obs.var_FALSE": plain["omega"],
        "AVE_ML": plain["ave_observed"],
        "compRelSEM_ordinal_ord.scale_TRUE": ordinal["omega_categorical_observed"],
        "compRelSEM_ordinal_ord.scale_FALSE": ordinal["omega_observed"],
        "AVE_WLSMV": ordinal["ave_observed"],
    }
    for name, value in found.items():
        assert value == pytest.approx(wanted[name]["value"]["F"], abs=1e-5), name


def test_reliability_of_the_assertiveness_sum():
    """Without a key what loads negatively is turned around, and said to be."""
    found = tk.cfa(assertiveness(), AS, std_lv=True, ordered=True)
    table = found.tables["reliability"]
    assert table["omega_categorical"][0] == pytest.approx(0.846715, abs=1e-6)
    assert table["omega_categorical_observed"][0] == pytest.approx(0.858341, abs=1e-6)
    assert "'AS7', 'AS8', 'AS9', 'AS10', which load negatively, are turned around" in found.fit["note"][0]


def test_discriminant_validity():
    found = tk.cfa(pupils(), THREE, estimator="ML")
    table = found.tables["discriminant"]
    assert table[["factor", "with_factor"]].to_numpy().tolist() == [
        ["visual", "textual"], ["visual", "speed"], ["textual", "speed"]
    ]  # fmt: skip
    covariances = found.estimates.query("op == '~~' and lhs != rhs")
    np.testing.assert_allclose(table["r"], covariances["std_all"], atol=1e-10)
    assert (table["fornell_larcker"] == (table[["ave", "ave_with"]].min(axis=1) > table["r_squared"])).all()
    r = pupils()[[f"x{number}" for number in range(1, 7)]].corr().abs().to_numpy()
    within = [r[block][:, block][np.tril_indices(3, -1)].mean() for block in (slice(0, 3), slice(3, 6))]
    assert table["htmt"][0] == pytest.approx(r[:3, 3:].mean() / np.sqrt(within[0] * within[1]))


@pytest.mark.parametrize("method", ["regression", "Bartlett"])
def test_factor_scores_equal_lavaan(method):
    expected = oracle("06_cfa_hs_ml")["marker"][f"factor_scores_{method}_first20"]
    options = tk.ModelOptions(scores=method.lower())
    found = tk.cfa(pupils(), THREE, options, estimator="ML")
    np.testing.assert_allclose(found.cases[expected["cols"]].iloc[:20], expected["values"], atol=1e-4)
    assert next(iter(found.cases)) == "person"
    assert "cases" not in found.to_json()


def test_scores_of_incomplete_rows_equal_lavaan():
    expected = oracle("06_cfa_hs_fiml")["fiml"]["factor_scores_regression_first20"]
    options = tk.ModelOptions(scores="regression")
    found = tk.cfa(pupils_with_holes(), THREE, options, estimator="ML", missing="fiml", std_lv=True)
    np.testing.assert_allclose(found.cases[expected["cols"]].iloc[:20], expected["values"], atol=1e-4)


def test_scores_of_groups_stand_at_their_rows():
    mixed = pupils().sample(frac=1, random_state=1)
    options = tk.ModelOptions(scores="regression")
    one = tk.cfa(pupils(), THREE, options, estimator="ML", group="school").cases[["visual", "textual", "speed"]]
    other = tk.cfa(mixed, THREE, options, estimator="ML", group="school").cases[["visual", "textual", "speed"]]
    np.testing.assert_allclose(other.to_numpy(), one.to_numpy()[mixed.index], atol=1e-6)


def test_ordinal_scores_are_empty_where_an_answer_is_missing():
    data = personality()[["A2", "A3", "A4", "A5"]]
    found = tk.cfa(data, "A =~ A2 + A3 + A4 + A5", tk.ModelOptions(scores="regression"), ordered=True)
    assert (found.cases["A"].isna() == data.isna().any(axis=1)).all()
    assert found.cases["A"].corr(data.mean(axis=1)) > 0.9


def test_bartlett_scores_that_answers_do_not_determine():
    text = f"{THREE}\ng =~ visual + textual + speed"
    with pytest.warns(UndefinedStatisticWarning) as caught:
        found = tk.cfa(pupils(), text, tk.ModelOptions(scores="bartlett"), estimator="ML")
    assert any("Bartlett scores of" in str(one.message) for one in caught)
    assert "'g'" in found.fit["note"][0]
    assert found.cases["g"].isna().all()
