import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import some_examples
from tests.conftest import oracle
from toolkit.kernels.kappa import agreement_weights, kappa, standard_error

PSYCH = oracle("02_cohen_kappa")


def counts(name):
    expected = PSYCH[name]
    return np.array(expected["agree"]["values"]) * expected["n.obs"]


@pytest.mark.parametrize("name", ["raters", "table_n200"])
def test_estimates_and_the_unweighted_error_equal_psych(name):
    table = counts(name)
    plain, weighted = (kappa(table, agreement_weights(3, weights)) for weights in ("none", "quadratic"))
    assert plain.estimate == pytest.approx(PSYCH[name]["kappa"], abs=1e-12)
    assert weighted.estimate == pytest.approx(PSYCH[name]["weighted_kappa"], abs=1e-12)
    assert standard_error(table, plain) ** 2 == pytest.approx(PSYCH[name]["var.kappa"], abs=1e-12)
    np.testing.assert_allclose(agreement_weights(3, "quadratic"), PSYCH[name]["weight"]["values"])


def test_the_weighted_error_is_that_of_the_formula_which_psych_misses():
    expected = oracle("agreement")["kappa"]["table_n200"]
    table = counts("table_n200")
    found = standard_error(table, kappa(table, agreement_weights(3, "quadratic")))
    assert found == pytest.approx(expected["se"], abs=1e-12)
    assert found == pytest.approx(expected["se_numerical"], rel=1e-8)
    assert abs(found - PSYCH["table_n200"]["var.weighted"] ** 0.5) > 0.003


def test_linear_weights():
    np.testing.assert_allclose(agreement_weights(3, "linear"), [[1, 0.5, 0], [0.5, 1, 0.5], [0, 0.5, 1]])


@some_examples
@given(st.lists(st.integers(0, 20), min_size=9, max_size=9), st.sampled_from(["none", "linear", "quadratic"]))
def test_raters_may_be_exchanged_and_influences_sum_to_zero(cells, weights):
    table = np.array(cells, dtype=float).reshape(3, 3) + np.eye(3)
    weight = agreement_weights(3, weights)
    one, two = kappa(table, weight), kappa(table.T, weight)
    assert one.estimate == pytest.approx(two.estimate, abs=1e-12)
    np.testing.assert_allclose(one.influence, two.influence.T, atol=1e-9)
    assert (table * one.influence).sum() == pytest.approx(0, abs=1e-8)


def test_one_category_has_no_kappa():
    with pytest.raises(ZeroDivisionError):
        kappa(np.diag([5.0, 0.0]), agreement_weights(2, "none"))
