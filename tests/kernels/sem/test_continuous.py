"""Estimators from moments: derivatives, and what must hold whatever the data are."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.builders import some_examples
from tests.kernels.sem.models import ONE, THREE, fit, pupils, sample_rows, two_copies
from toolkit.kernels.sem.continuous import MaximumLikelihood, UnweightedLeastSquares, unrestricted_trace
from toolkit.kernels.sem.defaults import TableOptions, parameter_table
from toolkit.kernels.sem.inference import jacobian
from toolkit.kernels.sem.moments import SampleMoments
from toolkit.kernels.sem.points import points_at
from toolkit.kernels.sem.ram import compile_model
from toolkit.kernels.sem.solution import FitOptions
from toolkit.kernels.sem.start import start_values

SECOND = f"{THREE}\ng =~ visual + textual + speed\nx1 ~~ x4\nx9 ~ x2"
MLR = FitOptions("MLR")
few_examples = settings(some_examples, max_examples=12)
seeds = st.integers(0, 2**32 - 1)
pytestmark = pytest.mark.filterwarnings("ignore::toolkit.errors.ImproperSolutionWarning")
ITEMS = [f"x{number}" for number in range(1, 10)]


def resampled(seed, rows=301):
    """Draw pupils with replacement, so that every example has other data."""
    generator = np.random.default_rng(seed)
    return pupils().iloc[generator.integers(0, 301, rows)].reset_index(drop=True)


def prepared(estimator, seed):
    """Meet a model with paths of every kind, means and two groups, away from its minimum."""
    table = parameter_table(SECOND, TableOptions(groups=("Pasteur", "Grant-White"), group_equal=("loadings",)))
    made = estimator.of(compile_model(table), sample_rows(pupils(), table.observed, "school"))
    x = start_values(made.model, made.samples)
    return made, x + 0.05 * np.random.default_rng(seed).standard_normal(len(x))


@pytest.mark.parametrize("estimator", [MaximumLikelihood, UnweightedLeastSquares])
@few_examples
@given(seeds)
def test_hessian_is_the_derivative_of_the_gradient(estimator, seed):
    made, x = prepared(estimator, seed)
    wanted = jacobian(lambda moved: made.discrepancy.gradient(points_at(made.model, made.samples, moved)), x)
    found = made.observed_information(x)
    np.testing.assert_allclose(found, wanted, atol=1e-10 * np.abs(wanted).max())
    np.testing.assert_allclose(found, found.T, atol=1e-10 * np.abs(wanted).max())


@pytest.mark.parametrize("estimator", [MaximumLikelihood, UnweightedLeastSquares])
@few_examples
@given(seeds)
def test_gradient_is_the_derivative_of_the_discrepancy(estimator, seed):
    made, x = prepared(estimator, seed)
    problem = made.problem(None)
    direction = np.random.default_rng(seed + 1).standard_normal(len(x))
    step = 1e-5
    slope = (problem.value(x + step * direction) - problem.value(x - step * direction)) / (2 * step)
    assert problem.gradient(x) @ direction == pytest.approx(slope, rel=1e-5, abs=1e-6)


@pytest.mark.parametrize("estimator", [MaximumLikelihood, UnweightedLeastSquares])
def test_scores_sum_to_minus_the_gradient(estimator):
    made, x = prepared(estimator, 1)
    samples = tuple(SampleMoments.of(values) for values in made.rows.groups)
    made = estimator(made.model, samples, made.rows)
    np.testing.assert_allclose(made.scores(x).mean(axis=0), -made.problem(None).gradient(x), atol=1e-10)


def test_batches_give_what_single_points_give():
    made, x = prepared(MaximumLikelihood, 2)
    points = np.stack([x, x + 0.01, x - 0.01])
    problem = made.problem(None)
    for function in (problem.value, problem.gradient, problem.information, problem.hessian):
        np.testing.assert_allclose(function(points), [function(one) for one in points], rtol=1e-10, atol=1e-12)


@few_examples
@given(seeds, st.integers(1, 8))
def test_reversing_an_item_changes_no_fit_index(seed, item):
    data = resampled(seed)
    name = ITEMS[item] if item % 3 else ITEMS[item + 1]  # not the first of a factor
    other = data.assign(**{name: 10.0 - data[name]})
    options = {"meanstructure": True}
    plain, reversed_ = fit(THREE, data, MLR, **options), fit(THREE, other, MLR, **options)
    for key, value in plain.fit_measures.items():
        if "nomean" in key or not key.startswith(("gfi", "agfi", "pgfi", "rmr", "srmr", "crmr")):
            assert reversed_.fit_measures[key] == pytest.approx(value, rel=1e-6, abs=1e-6, nan_ok=True), key
    sign = np.array(
        [-1.0 if one.op in ("=~", "~1") and name in (one.lhs, one.rhs) else 1.0 for one in plain.model.parameters]
    )
    slopes = np.array([one.op != "~1" for one in plain.model.parameters])
    np.testing.assert_allclose(reversed_.x[slopes], (sign * plain.x)[slopes], atol=1e-6)
    np.testing.assert_allclose(reversed_.se, plain.se, rtol=1e-5)


@few_examples
@given(seeds, st.floats(0.01, 100))
def test_scaling_a_variable_scales_its_parameters(seed, factor):
    data = resampled(seed)
    plain, scaled = fit(THREE, data), fit(THREE, data.assign(x5=factor * data["x5"]))
    assert scaled.chisq.statistic == pytest.approx(plain.chisq.statistic, rel=1e-8)
    power = np.array([(one.lhs == "x5") + (one.rhs == "x5") for one in plain.model.parameters])
    np.testing.assert_allclose(scaled.x, plain.x * factor**power, rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(scaled.se, plain.se * factor**power, rtol=1e-5)
    np.testing.assert_allclose(scaled.std_all, plain.std_all, atol=1e-6)


@few_examples
@given(seeds)
def test_marker_and_unit_variance_give_the_same_fit(seed):
    data = resampled(seed)
    marker, unit = fit(THREE, data, MLR), fit(THREE, data, MLR, std_lv=True)
    for key, value in marker.fit_measures.items():
        if key != "scaling_factor_h0":  # depends on the parameters by lavaan's definition only through their number
            assert unit.fit_measures[key] == pytest.approx(value, rel=1e-6, abs=1e-6, nan_ok=True), key
    np.testing.assert_allclose(np.abs(unit.std_all), np.abs(marker.std_all), atol=1e-6)


@few_examples
@given(seeds)
def test_two_copies_of_a_group_double_chi_square(seed):
    data = resampled(seed)
    one = fit(THREE, data, meanstructure=True)
    two = fit(THREE, two_copies(data), group="copy")
    half = len(two.x) // 2
    np.testing.assert_allclose(two.x[:half], one.x, atol=1e-7)
    np.testing.assert_allclose(two.x[half:], one.x, atol=1e-7)
    np.testing.assert_allclose(two.se[:half], one.se, rtol=1e-6)
    assert two.chisq.statistic == pytest.approx(2 * one.chisq.statistic, rel=1e-8)
    assert two.df == 2 * one.df


@few_examples
@given(seeds)
def test_a_nested_model_never_fits_better(seed):
    data = resampled(seed)
    more = fit(f"{THREE}\nx7 ~~ x8", data).minimum.value
    three = fit(THREE, data).minimum.value
    less = fit(THREE, data, orthogonal=True).minimum.value
    one = fit(ONE, data).minimum.value
    assert more <= three + 1e-10
    assert three <= less + 1e-10
    assert three <= one + 1e-10


def test_unrestricted_trace_is_that_of_its_matrices():
    x = pupils()[ITEMS[:4]].to_numpy()
    sample = SampleMoments.of(x)
    centred = x - sample.mean
    row, column = np.tril_indices(4)
    inverse = np.linalg.inv(sample.covariance)
    z = centred @ inverse
    twice = np.where(row == column, 0.5, 1.0)
    scores = np.hstack([z, twice * (z[:, row] * z[:, column] - inverse[row, column])])
    both = inverse[np.ix_(row, row)] * inverse[np.ix_(column, column)]
    both = both + inverse[np.ix_(row, column)] * inverse[np.ix_(column, row)]
    bent = np.zeros((14, 14))
    bent[:4, :4], bent[4:, 4:] = inverse, twice[:, None] * both * twice
    for cluster in (None, pupils()["uneven"].to_numpy()):
        sums, factor = scores, 1.0
        if cluster is not None:
            sums = np.stack([scores[cluster == one].sum(axis=0) for one in np.unique(cluster)])
            factor = len(sums) / (len(sums) - 1)
        wanted = factor * np.trace(np.linalg.solve(bent, sums.T @ sums)) / 301
        assert unrestricted_trace(x, sample, True, cluster) == pytest.approx(wanted, rel=1e-10)


def test_clusters_of_one_row_change_only_the_factor():
    data = pupils().assign(own=np.arange(301))
    alone = fit(THREE, data, MLR, meanstructure=True)
    own = fit(THREE, data, MLR, cluster="own", meanstructure=True)
    np.testing.assert_allclose(own.se, alone.se * np.sqrt(301 / 300), rtol=1e-10)
    assert own.scaled.factor == pytest.approx(alone.scaled.factor * 301 / 300, rel=1e-10)


def test_clusters_may_span_groups():
    """Pairs of one Pasteur and one Grant-White pupil: equal loadings then have other errors."""
    order = pupils().groupby("school", sort=False).cumcount()
    data = pupils().assign(couple=order)
    table = {"group": "school", "group_equal": ("loadings",)}
    couples, alone = fit(THREE, data, MLR, cluster="couple", **table), fit(THREE, data, MLR, **table)
    np.testing.assert_allclose(couples.x, alone.x, atol=1e-10)
    assert np.abs(couples.se / alone.se - 1).max() > 0.01
    separate = fit(THREE, data, MLR, cluster="couple", group="school")
    own = fit(THREE, data, MLR, group="school")
    sizes = np.repeat([156.0, 145.0], len(own.x) // 2)
    np.testing.assert_allclose(separate.se, own.se * np.sqrt(sizes / (sizes - 1)), rtol=1e-8)
