"""Start values: what the text gives, few steps from good data and from bad, units, groups."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import some_examples
from tests.conftest import test_data as data_path
from tests.kernels.sem.models import FIVE, LADDER, ONE, THREE, fit, personality, pupils
from toolkit.kernels.sem.defaults import TableOptions, parameter_table
from toolkit.kernels.sem.implied import implied_moments
from toolkit.kernels.sem.moments import SampleMoments
from toolkit.kernels.sem.ram import compile_model
from toolkit.kernels.sem.start import principal_axis, start_values


def start_of(text, covariance, mean=None, thresholds=(), **options):
    """Name the start values of a model of one group."""
    model = compile_model(parameter_table(text, TableOptions(**options)))
    covariance = np.asarray(covariance, dtype=float)
    mean = np.zeros(len(covariance)) if mean is None else np.asarray(mean, dtype=float)
    x = start_values(model, [SampleMoments(100, covariance, mean)], thresholds)
    return dict(zip([one.name for one in model.parameters], x.tolist(), strict=True))


def one_factor(loadings, sd=1.0):
    """Covariances of items of one factor."""
    loadings = np.asarray(loadings)
    r = np.outer(loadings, loadings)
    np.fill_diagonal(r, 1.0)
    return r * np.outer(sd * np.ones(len(r)), sd * np.ones(len(r)))


def test_the_principal_axis_of_one_factor_is_near_its_loadings():
    loadings = np.array([0.8, -0.6, 0.7, 0.5])
    np.testing.assert_allclose(principal_axis(one_factor(loadings)), loadings, atol=0.03)
    np.testing.assert_allclose(principal_axis(one_factor([0.6, 0.6])), [0.6, 0.6], atol=0.01)


def test_loadings_are_in_the_units_of_the_marker_or_of_the_factor():
    covariance = one_factor([0.8, 0.6, 0.7], [2.0, 1.0, 3.0])
    marker = start_of("f =~ x + y + z", covariance)
    assert marker["f=~y"] == pytest.approx(0.6 / 1.6, abs=0.03)
    assert marker["f~~f"] == pytest.approx(1.6**2, abs=0.2)
    standard = start_of("f =~ x + y + z", covariance, std_lv=True)
    assert [standard[f"f=~{name}"] for name in "xyz"] == pytest.approx([1.6, 0.6, 2.1], abs=0.06)
    assert standard["z~~z"] == pytest.approx(9 * (1 - 0.49), abs=0.3)
    negative = start_of("f =~ -1*x + y + z", covariance)
    assert negative["f=~y"] == pytest.approx(-0.6 / 1.6, abs=0.03)


def test_the_text_has_the_last_word():
    found = start_of("f =~ x + start(9)*y + z\nz ~~ 0.25?z", one_factor([0.8, 0.6, 0.7]))
    assert (found["f=~y"], found["z~~z"]) == (9.0, 0.25)


def test_paths_are_regressions_and_intercepts_reproduce_means():
    found = start_of("y ~ x + z", [[4, 1, 0.5], [1, 2, 0], [0.5, 0, 1]], [3, 2, 1], meanstructure=True, fixed_x=False)
    assert found["y~x"] == pytest.approx(0.5, rel=1e-2)
    assert found["y~z"] == pytest.approx(0.5, rel=1e-2)
    assert found["y~1"] == pytest.approx(3 - 2 * 0.5 - 0.5, rel=1e-2)
    assert found["x~~x"] == 2.0


def test_factor_means_follow_from_fixed_intercepts():
    text = "i =~ 1*a + 1*b + 1*c\ns =~ 0*a + 1*b + 2*c\ni + s ~ 1\na + b + c ~ 0*1"
    found = start_of(text, np.eye(3) + 1, [5, 7, 9])
    assert (found["i~1"], found["s~1"]) == pytest.approx((5, 2))


def test_thresholds_are_the_samples_or_evenly_spread():
    text, options = "f =~ u + v + w", {"ordinal": {"u": 3, "v": 2}}
    thresholds = [np.array([-0.3, 0.9, 0.1])]
    found = start_of(text, one_factor([0.8, 0.6, 0.7]), thresholds=thresholds, **options)
    assert [found[name] for name in ("u|t1", "u|t2", "v|t1")] == [-0.3, 0.9, 0.1]
    spread = start_of(text, one_factor([0.8, 0.6, 0.7]), **options)
    assert spread["u|t1"] == pytest.approx(-0.4307, abs=1e-4)
    assert spread["v|t1"] == pytest.approx(0.0, abs=1e-12)


STEPS = [
    (THREE, {}, 6),
    (THREE, {"std_lv": True}, 6),
    (THREE + "\ng =~ visual + textual + speed", {}, 7),
    (THREE + "\nvisual =~ x9", {}, 7),
    (ONE, {}, 7),
    (THREE + "\ntextual ~ visual\nspeed ~ textual + visual", {}, 6),
    (THREE + "\nvisual + textual ~ ageyr + sex\nspeed ~ visual + ageyr", {"meanstructure": True}, 7),
    *((THREE, {"group": "school", "group_equal": equal}, 7) for equal in LADDER.values()),
]


@pytest.mark.parametrize(("text", "options", "most"), STEPS)
def test_the_search_is_short(text, options, most):
    assert fit(text, pupils(), **options).minimum.iterations <= most


def test_the_search_is_short_for_25_items_and_for_ten():
    assert fit(FIVE, personality()).minimum.iterations <= 6
    answers = pd.read_csv(data_path("ipip_assertiveness.csv"))
    items = [f"AS{number}" for number in range(1, 11)]
    assert fit("f =~ " + " + ".join(items), answers[items].replace(0, np.nan).dropna()).minimum.iterations <= 6


@pytest.mark.parametrize("std_lv", [False, True])
@pytest.mark.parametrize("third", [0.05, -0.4])
def test_data_that_ask_for_negative_variances_have_usable_start_values(third, std_lv):
    covariance = np.array([[1, 0.9, third], [0.9, 1, 0.5], [third, 0.5, 1]])
    found = start_of("f =~ x + y + z", covariance, std_lv=std_lv)
    assert all(0.1 < found[f"{name}~~{name}"] <= 1 for name in "xyz")
    assert np.isfinite(list(found.values())).all()


@given(seed=st.integers(0, 10**6), rank=st.integers(1, 4), text=st.sampled_from([THREE, ONE, f"{ONE}\n{THREE}"]))
@some_examples
def test_implied_covariances_at_the_start_are_positive_definite(seed, rank, text):
    rng = np.random.default_rng(seed)
    loadings = rng.normal(size=(9, rank)) * rng.exponential(size=(9, 1))
    covariance = loadings @ loadings.T + np.diag(rng.uniform(0.01, 1, 9))
    model = compile_model(parameter_table(text, TableOptions(std_lv=True)))
    x = start_values(model, [SampleMoments(100, covariance, np.zeros(9))])
    assert np.linalg.eigvalsh(implied_moments(model.groups[0], x).covariance)[0] > 0


@given(scale=st.lists(st.floats(0.01, 100), min_size=9, max_size=9))
@some_examples
def test_units_of_measurement_change_nothing_but_units(scale):
    covariance, scale = np.cov(pupils()[[f"x{number}" for number in range(1, 10)]].T), np.array(scale)
    plain = start_of(THREE, covariance, std_lv=True)
    scaled = start_of(THREE, covariance * np.outer(scale, scale), std_lv=True)
    for number, factor in enumerate(scale, start=1):
        assert scaled[f"x{number}~~x{number}"] == pytest.approx(plain[f"x{number}~~x{number}"] * factor**2, rel=1e-6)
    assert scaled["visual~~speed"] == pytest.approx(plain["visual~~speed"], rel=1e-6)
