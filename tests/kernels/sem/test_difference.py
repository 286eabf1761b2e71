"""Tests of nested models against lavaan's lavTestLRT."""

import numpy as np
import pytest

from tests.conftest import oracle
from tests.kernels.sem.models import LADDER, ONE, THREE, fit, pupils
from toolkit.kernels.sem.chisquare import ChiSquare
from toolkit.kernels.sem.difference import (
    difference_traces,
    plain_difference,
    scaled_difference_2000,
    scaled_difference_2001,
)
from toolkit.kernels.sem.solution import FitOptions

MLR, SATORRA_BENTLER = FitOptions("MLR"), FitOptions(test="satorra_bentler")
DIFFERENCES = oracle("sem_continuous_hs")["differences"]
RELATIVE = 1e-5  # scaling factors move with lavaan's estimates, which are good to about 1e-5


def scaled_2001(less, more):
    factors = less.scaled.factor, more.scaled.factor
    return scaled_difference_2001(less.chisq, more.chisq, factors)


def scaled_2000(less, more, shifted):
    structure = less.estimator.structure(less.x)
    jacobian = more.estimator.structure(more.x).jacobian @ more.basis
    return scaled_difference_2000(less.chisq, more.chisq, difference_traces(structure, less.basis, jacobian), shifted)


def assert_same(found, chisq, df, pvalue):
    assert found.statistic == pytest.approx(chisq, rel=RELATIVE)
    assert found.df == df
    assert found.pvalue == pytest.approx(pvalue, rel=1e-4)


@pytest.mark.parametrize("estimator", ["ML", "MLR"])
def test_ladder_of_invariance(estimator):
    table = oracle(f"07_invariance_hs_{estimator.lower()}")["lrt"]["table"]
    fits = [
        fit(THREE, pupils(), FitOptions(estimator), group="school", group_equal=LADDER[row]) for row in table["row"]
    ]
    for index in range(1, len(fits)):
        less, more = fits[index - 1], fits[index]
        found = plain_difference(less.chisq, more.chisq) if estimator == "ML" else scaled_2001(less, more)
        assert_same(found, *(table[name][index] for name in ("Chisq diff", "Df diff", "Pr(>Chisq)")))


@pytest.mark.parametrize("block", ["lrt_one_vs_three", "lrt_mlr_one_vs_three"])
def test_one_factor_or_three(block):
    table = oracle("06_cfa_hs_variants")[block]["table"]
    options = MLR if "mlr" in block else FitOptions()
    less, more = fit(THREE, pupils(), options), fit(ONE, pupils(), options)
    found = scaled_2001(less, more) if "mlr" in block else plain_difference(less.chisq, more.chisq)
    assert_same(found, *(table[name][1] for name in ("Chisq diff", "Df diff", "Pr(>Chisq)")))


@pytest.mark.parametrize("block", DIFFERENCES)
def test_scaled_differences(block):
    options = MLR if block.startswith("mlr") else SATORRA_BENTLER
    if block.startswith("metric"):
        less, more = (
            fit(THREE, pupils(), options, group="school", group_equal=LADDER[name]) for name in ("configural", "metric")
        )
    else:
        less, more = fit(THREE, pupils(), options), fit(ONE, pupils(), options)
    found = scaled_2001(less, more) if "2001" in block else scaled_2000(less, more, "scaled" not in block)
    assert_same(found, **DIFFERENCES[block])


def test_a_negative_factor_leaves_the_test_undefined():
    found = scaled_difference_2001(ChiSquare(10.0, 5), ChiSquare(20.0, 6), (3.0, 1.0))
    assert np.isnan(found.statistic)
    assert found.factor < 0


def test_equal_degrees_of_freedom_leave_the_test_undefined():
    assert np.isnan(scaled_difference_2001(ChiSquare(10.0, 5), ChiSquare(20.0, 5), (1.0, 1.0)).pvalue)
