"""Score tests of equality constraints: lavTestScore, and what the statistics promise."""

import numpy as np
import pytest
from scipy.special import chdtrc

from tests.conftest import oracle
from tests.kernels.sem.models import LADDER, THREE, fit, pupils
from toolkit.kernels.sem.score_tests import score_tests
from toolkit.kernels.sem.solution import FitOptions

LABELLED = "visual =~ a*x1 + a*x2 + x3\ntextual =~ x4 + b*x5 + c*x6\nspeed =~ x7 + x8 + x9\nb == 2*c"


def of_schools(step: str, **options):
    return fit(THREE, pupils(), group="school", group_equal=LADDER[step], **options)


def test_scalar_invariance():
    wanted = oracle("07_invariance_hs_ml")["score_test_scalar"]
    found = score_tests(of_schools("scalar"))
    np.testing.assert_allclose(found.statistic, wanted["uni"]["X2"], rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(found.pvalue, wanted["uni"]["p.value"], rtol=1e-3)
    assert found.total == pytest.approx(wanted["total"]["X2"][0], rel=1e-5)


def test_degrees_of_freedom_count_what_the_data_determine():
    found, (wanted,) = (
        score_tests(of_schools("scalar")),
        oracle("07_invariance_hs_ml")["score_test_scalar"]["total"]["df"],
    )
    assert wanted == len(found.statistic) == 15
    assert found.df == of_schools("scalar").df - of_schools("configural").df == 12


def test_metric_invariance():
    wanted = oracle("sem_after_fit")["tests"]["groups"]
    found = score_tests(of_schools("metric"))
    np.testing.assert_allclose(found.statistic, wanted["statistic"], rtol=1e-4, atol=1e-4)
    assert found.total == pytest.approx(wanted["total"], rel=1e-5)
    assert found.df == 6


def test_labels_and_stated_constraints():
    wanted = oracle("sem_after_fit")["tests"]["labelled"]
    found = score_tests(fit(LABELLED, pupils(), std_lv=True))
    assert [one.text for one in found.restrictions] == ["visual=~x1 == visual=~x2", "b == 2*c"]
    np.testing.assert_allclose(found.statistic, wanted["statistic"][::-1], rtol=1e-4)
    assert found.total == pytest.approx(wanted["total"], rel=1e-5)
    assert found.df == 2
    first, second = found.restrictions
    assert (first.left.rhs, first.right.rhs) == ("x1", "x2")
    assert second.left is second.right is None


def test_the_expected_change_is_about_what_a_release_brings():
    found = score_tests(of_schools("scalar"))
    worst = int(found.statistic.argmax())
    assert found.restrictions[worst].text == "x3~1 (Pasteur) == x3~1 (Grant-White)"
    freed = of_schools("scalar", group_partial=("x3~1",))
    values = dict(zip([(one.name, one.group) for one in freed.model.parameters], freed.x, strict=True))
    assert found.change[worst] == pytest.approx(values["x3~1", 0] - values["x3~1", 1], rel=0.15)
    fall = of_schools("scalar").chisq.statistic - freed.chisq.statistic
    assert found.statistic[worst] == pytest.approx(fall, rel=0.1)


def test_a_constraint_that_follows_from_others_has_no_test_of_its_own():
    found = score_tests(fit(f"{LABELLED}\n2*b == 4*c", pupils(), std_lv=True))
    assert np.isfinite(found.statistic).tolist() == [True, False, False]
    assert found.df == 2


def test_robust_methods_divide_by_the_scale_of_the_model_test():
    fitted = of_schools("scalar")
    robust = fit(THREE, pupils(), FitOptions(estimator="MLR"), group="school", group_equal=LADDER["scalar"])
    found, plain = score_tests(robust), score_tests(fitted)
    np.testing.assert_allclose(found.statistic, plain.statistic, rtol=1e-6)
    assert found.scale == pytest.approx(robust.scaled.factor)
    np.testing.assert_allclose(found.pvalue, chdtrc(1, found.statistic / robust.scaled.factor))
    assert found.total_pvalue == pytest.approx(chdtrc(12, found.total / robust.scaled.factor))


def test_without_constraints_there_is_nothing_to_test():
    found = score_tests(fit(THREE, pupils()))
    assert found.restrictions == ()
    assert found.df == found.total == 0
    assert np.isnan(found.total_pvalue)
