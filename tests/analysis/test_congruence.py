import numpy as np
import pandas as pd
import pytest

import toolkit as tk
from tests.conftest import ROOT, oracle
from toolkit.errors import AnalysisError, ArgumentError, UndefinedStatisticWarning

EXPECTED = oracle("efa_tight")["congruence"]
FIRST, SECOND = (
    pd.DataFrame(np.array(EXPECTED[name]["values"]), index=EXPECTED[name]["rows"]).rename(
        columns=lambda at: f"F{at + 1}"
    )
    for name in ("first", "second")
)


def test_matrix_equals_psych():
    found = tk.congruence(FIRST, SECOND)
    np.testing.assert_allclose(found.tables["matrix"].iloc[:, 1:].to_numpy(), EXPECTED["phi"], atol=1e-12)
    assert found.estimates["congruence"].abs().min() > 0.9
    assert sorted(found.estimates["with_factor"]) == sorted(SECOND.columns)


def test_results_of_efa_equal_psych():
    hs = pd.read_csv(ROOT / "tests" / "data" / "hs1939.csv")[[f"x{i}" for i in range(1, 10)]]
    expected = np.array(oracle("05_pca_hs_congruence")["tucker_congruence"]["values"])  # with psych's own promax
    one = tk.efa(hs, n_factors=3)
    two = tk.efa(hs, n_factors=3, method="ml", rotation="promax")
    found = tk.congruence(one, two)
    np.testing.assert_allclose(found.estimates["congruence"], expected.max(axis=1), atol=0.02)
    assert found.fit["n_used"][0] == 9
    assert found.sentence().startswith("Tucker's congruence over 9 items: F1 with F1 φ = ")


def test_a_solution_is_congruent_with_itself_in_any_order():
    turned = FIRST.iloc[::-1, [4, 2, 0, 1, 3]] * [1, -1, 1, 1, -1]
    found = tk.congruence(FIRST, turned.reset_index(names="item"))
    np.testing.assert_allclose(found.estimates["congruence"].abs(), 1)
    assert found.estimates["with_factor"].tolist() == FIRST.columns.tolist()
    assert (found.estimates["congruence"] < 0).tolist() == [False, False, True, True, False]


def test_only_items_in_both_count():
    found = tk.congruence(FIRST.iloc[:20], SECOND.iloc[5:])
    assert found.fit[["n_used", "n_dropped"]].iloc[0].tolist() == [15, 10]


def test_solutions_of_different_size():
    with pytest.warns(UndefinedStatisticWarning, match="no partner"):
        found = tk.congruence(FIRST, SECOND[["F1", "F2"]])
    assert found.estimates["congruence"].notna().sum() == 2
    assert "no partner" in found.fit["note"][0]
    assert tk.congruence(SECOND[["F1", "F2"]], FIRST).estimates["congruence"].notna().all()


def test_a_factor_of_zeros():
    with pytest.warns(UndefinedStatisticWarning, match="all loadings of a factor are 0"):
        found = tk.congruence(FIRST[["F1"]].assign(F1=0.0), SECOND[["F1"]])
    assert "No congruence is defined" in found.sentence()


@pytest.mark.parametrize(
    ("one", "error", "words"),
    [
        (FIRST.rename(index=str.lower), AnalysisError, "share 0 items"),
        ({"a": 1}, ArgumentError, "one must be a result of efa"),
        (FIRST.assign(F2="x"), ArgumentError, "not numbers"),
        (FIRST.mask(FIRST > 0.8), ArgumentError, "empty cells"),
        (FIRST.replace(FIRST.iloc[0, 0], np.inf), ArgumentError, "infinite"),
        (FIRST.astype(complex), ArgumentError, "not numbers"),
        (FIRST.set_axis(["F1"] * FIRST.shape[1], axis=1), ArgumentError, "'F1' more than once"),
        (pd.concat([FIRST, FIRST]), ArgumentError, "more than once"),
    ],
)
def test_what_cannot_be_compared(one, error, words):
    with pytest.raises(error, match=words):
        tk.congruence(one, SECOND)
