"""Factor scores: lavPredict's, with and without missing answers, and posterior modes that are modes."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from tests.conftest import ROOT, oracle, test_data
from tests.kernels.sem.models import FIVE, THREE, fit, personality, pupils, sample_rows
from tests.kernels.sem.test_modification import PREDICTED, SECOND, WITH_HOLES, answers, ordinal
from toolkit.errors import AnalysisError
from toolkit.kernels.sem.estimator import SampleRows
from toolkit.kernels.sem.posterior import Conditional, posterior_modes
from toolkit.kernels.sem.scores import factor_scores
from toolkit.kernels.sem.solution import FitOptions

FIML = FitOptions(missing="fiml")
MIXED = "A =~ A2 + A3 + A4 + A5\nC =~ C1 + C2 + C3"


def scores_of(fitted, data, method) -> np.ndarray:
    return factor_scores(fitted, sample_rows(data, fitted.model.table.observed), method)[0]


def assert_scores(fitted, data, method, wanted, tolerance=3e-5):
    values = np.array(wanted["values"], dtype=float)
    np.testing.assert_allclose(scores_of(fitted, data, method)[: len(values)], values, atol=tolerance, rtol=0)


def mixed():
    data = pd.read_csv(ROOT / "data" / "bfi" / "bfi.csv")
    options = FitOptions(estimator="WLSMV", missing="pairwise")
    return fit(MIXED, data, options, std_lv=True, ordinal=dict.fromkeys(("A2", "A3", "C1", "C2", "C3"), 6)), data


@pytest.mark.parametrize("identification", ["marker", "std.lv"])
@pytest.mark.parametrize("method", ["regression", "Bartlett"])
def test_scores_of_pupils(identification, method):
    wanted = oracle("06_cfa_hs_ml")[identification][f"factor_scores_{method}_first20"]
    assert_scores(fit(THREE, pupils(), std_lv=identification == "std.lv"), pupils(), method.lower(), wanted)


@pytest.mark.parametrize("method", ["regression", "Bartlett"])
def test_scores_with_missing_answers(method):
    data = pd.read_csv(WITH_HOLES)
    fitted = fit(THREE, data, FIML, std_lv=True, meanstructure=True)
    assert_scores(fitted, data, method.lower(), oracle("06_cfa_hs_fiml")["fiml"][f"factor_scores_{method}_first20"])


def test_scores_of_25_items():
    wanted = oracle("06_cfa_bfi_ml")["ML"]["factor_scores_regression_first10"]
    assert_scores(fit(FIVE, personality(), std_lv=True), personality(), "regression", wanted)


@pytest.mark.parametrize("method", ["regression", "Bartlett"])
def test_scores_of_assertiveness(method):
    names = [f"AS{number}" for number in range(1, 11)]
    data = pd.read_csv(test_data("ipip_assertiveness.csv"))[names].replace(0, np.nan).dropna()
    wanted = oracle("06_cfa_AS_1factor")["ML"][f"factor_scores_{method}_first10"]
    assert_scores(fit(f"F =~ {' + '.join(names)}", data, std_lv=True), data, method.lower(), wanted)


def test_second_order_factors_and_predictors():
    wanted = oracle("sem_after_fit")["scores"]
    assert_scores(fit(SECOND, pupils()), pupils(), "regression", wanted["second"])
    predicted = fit(PREDICTED, pupils())
    assert_scores(predicted, pupils(), "regression", wanted["predicted"])
    assert_scores(predicted, pupils(), "bartlett", wanted["predicted_bartlett"])


def test_bartlett_scores_leave_out_what_answers_do_not_determine():
    found = scores_of(fit(SECOND, pupils()), pupils(), "bartlett")
    assert np.isfinite(found[:, :3]).all()
    assert np.isnan(found[:, 3]).all()


def test_bartlett_scores_with_a_residual_variance_of_0():
    text = "visual =~ x1 + x2 + x3\nother =~ x4"
    found = scores_of(fit(text, pupils()), pupils(), "bartlett")
    np.testing.assert_allclose(found[:, 1], pupils()["x4"] - pupils()["x4"].mean(), atol=1e-8)


def test_a_row_without_answers_has_no_scores():
    fitted = fit(THREE, pupils(), FIML, meanstructure=True)
    values = np.vstack([pupils()[[f"x{number}" for number in range(1, 10)]].to_numpy(float)[:2], np.full(9, np.nan)])
    values[1, 3:] = np.nan
    regression, bartlett = (factor_scores(fitted, SampleRows((values,)), one)[0] for one in ("regression", "bartlett"))
    assert np.isnan(regression[2]).all()
    assert np.isfinite(regression[:2]).all()
    assert np.isfinite(bartlett[1, 0])
    assert np.isnan(bartlett[1, 1:]).all(), "no answer tells these factors"


def test_modes_of_ordinal_answers():
    # R stops its search at a relative change of 1e-8, which leaves modes good to about 1e-4
    assert_scores(ordinal(), answers(), "ebm", oracle("sem_after_fit")["scores"]["ordinal"], 3e-4)


def test_modes_of_ordinal_and_continuous_answers_some_missing():
    fitted, data = mixed()
    assert_scores(fitted, data, "ebm", oracle("sem_after_fit")["scores"]["mixed"], 3e-4)


def test_modes_of_assertiveness():
    names = [f"AS{number}" for number in range(1, 11)]
    data = pd.read_csv(test_data("ipip_assertiveness.csv"))[names].replace(0, np.nan).dropna()
    options = FitOptions(estimator="WLSMV")
    wanted = oracle("06_cfa_AS_1factor")["WLSMV"]["factor_scores_EBM_first10"]
    made = [
        fit(
            f"F =~ {' + '.join(names)}",
            data,
            options,
            std_lv=True,
            ordinal=dict.fromkeys(names, 5),
            parameterization=one,
        )
        for one in ("delta", "theta")
    ]
    assert_scores(made[0], data, "ebm", wanted, 1e-4)
    np.testing.assert_allclose(scores_of(made[0], data, "ebm"), scores_of(made[1], data, "ebm"), atol=1e-6)


def log_posterior(found: Conditional, row, eta) -> float:
    """Write the log posterior out for one row, by scipy's distributions."""
    away = eta - found.mean
    total = -0.5 * away @ found.precision @ away
    for variable, answer in enumerate(row):
        centre, deviation = found.intercepts[variable] + found.loadings[variable] @ eta, found.deviations[variable]
        if np.isnan(answer):
            continue
        cuts = found.cuts[variable]
        if len(cuts):
            upper, lower = (norm.cdf((cuts[int(answer) + step - 1] - centre) / deviation) for step in (1, 0))
            total += np.log(upper - lower)
        else:
            total += norm.logpdf(answer, centre, deviation)
    return float(total)


def test_modes_are_where_the_posterior_is_highest():
    fitted, data = mixed()
    group, values = fitted.model.groups[0], data[list(fitted.model.table.observed)].to_numpy(float)
    found, modes = Conditional.of(group, fitted.x), posterior_modes(group, fitted.x, values)
    for row in (0, 7, 40, 99):
        best = log_posterior(found, values[row], modes[row])
        for step in (1e-3, -1e-3):
            for axis in np.eye(2):
                assert log_posterior(found, values[row], modes[row] + step * axis) < best


def test_extreme_answers_have_finite_modes():
    rows = np.array([[1.0] * 10, [6.0] * 10, [1.0, 6.0] * 5, [np.nan] * 10])
    found = posterior_modes(ordinal().model.groups[0], ordinal().x, np.vstack([rows, answers().iloc[:, :10]]))
    assert np.isfinite(found[:3]).all()
    assert np.abs(found[:3]).max() < 6
    assert np.isnan(found[3]).all()


def test_methods_and_variables_must_match():
    rows = sample_rows(answers(), ordinal().model.table.observed)
    with pytest.raises(AnalysisError, match="'ebm'"):
        factor_scores(ordinal(), rows, "regression")
    with pytest.raises(AnalysisError, match="'regression' or 'bartlett'"):
        factor_scores(fit(THREE, pupils()), sample_rows(pupils(), [f"x{n}" for n in range(1, 10)]), "ebm")


def test_answers_beyond_the_thresholds_are_refused():
    values = answers()[list(ordinal().model.table.observed)].to_numpy(float).copy()
    values[0, 0] = 9.0
    with pytest.raises(AnalysisError, match="no threshold"):
        posterior_modes(ordinal().model.groups[0], ordinal().x, values)
