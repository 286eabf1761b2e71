"""The search: batches, constraints, units of measurement, searches that do not end."""

import numpy as np
import pytest

from tests.kernels.sem.models import THREE, fit, pupils, sample_rows
from toolkit.kernels.sem.bootstrap import weighted_moments
from toolkit.kernels.sem.constraints import constraints_of
from toolkit.kernels.sem.continuous import MaximumLikelihood
from toolkit.kernels.sem.defaults import TableOptions, parameter_table
from toolkit.kernels.sem.estimate import Constraints, Problem, minimise
from toolkit.kernels.sem.ram import compile_model


def bowl(power, constraints):
    """F = Σ x² / 2 + Σ x⁴ / power."""
    return Problem(
        value=lambda x: (x**2).sum(axis=-1) / 2 + (x**4).sum(axis=-1) / power,
        gradient=lambda x: x + 4 * x**3 / power,
        information=lambda x: np.eye(x.shape[-1]) + np.zeros((*x.shape, x.shape[-1])),
        constraints=constraints,
        hessian=lambda x: np.eye(x.shape[-1]) * (1 + 12 * x**2 / power)[..., None],
    )


def test_the_minimum_is_found_from_every_start():
    found = minimise(bowl(1.0, Constraints.none(3)), np.random.default_rng(1).uniform(-9, 9, (50, 3)))
    assert found.converged.all()
    np.testing.assert_allclose(found.x, 0, atol=1e-8)


def test_linear_constraints_hold():
    basis = np.array([[1.0], [1.0], [0.0]]) / np.sqrt(2)
    found = minimise(bowl(10.0, Constraints(basis, np.array([0.0, 1.0, 2.0]))), np.array([3.0, 4.0, 2.0]))
    assert found.converged
    assert found.x[1] - found.x[0] == pytest.approx(1.0)
    assert found.x[2] == 2.0
    np.testing.assert_allclose(found.x[:2], [-0.5, 0.5], atol=1e-8)


def test_a_batch_gives_what_its_members_give():
    table = parameter_table(THREE, TableOptions(group_equal=()))
    x = sample_rows(pupils(), table.observed).groups[0]
    weight = np.random.default_rng(3).multinomial(301, np.full(301, 1 / 301), 7).astype(float)
    samples = weighted_moments(x, weight)
    model, constraints = compile_model(table), constraints_of(table)
    start = fit(THREE, pupils()).x
    batch = minimise(MaximumLikelihood(model, (samples,)).problem(constraints), np.tile(start, (7, 1)))
    for draw in range(7):
        one = MaximumLikelihood(model, (samples.chosen(np.array([draw])),)).problem(constraints)
        np.testing.assert_allclose(batch.x[draw], minimise(one, start[None]).x[0], atol=1e-7)


@pytest.mark.parametrize("factor", [1e-4, 1e4])
def test_units_of_measurement_do_not_decide_whether_a_search_ends(factor):
    data = pupils()[[f"x{number}" for number in range(1, 10)]]
    plain, scaled = fit(THREE, data), fit(THREE, factor * data)
    assert scaled.minimum.converged
    assert scaled.chisq.statistic == pytest.approx(plain.chisq.statistic, rel=1e-9)


@pytest.mark.parametrize("start", ["x1 ~~ start(-50)*x1", "visual ~~ start(30)*textual", "x1 ~~ start(1e6)*x1"])
def test_impossible_start_values_are_no_obstacle(start):
    assert fit(f"{THREE}\n{start}", pupils()).chisq.statistic == pytest.approx(85.3055217699, rel=1e-10)
