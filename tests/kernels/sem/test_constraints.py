"""Constraints and defined parameters: lavaan's numbers under them, what they leave free, contradictions."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import some_examples
from tests.conftest import oracle
from tests.kernels.sem.models import THREE, fit, pupils
from toolkit.errors import ModelError, NotConverged
from toolkit.kernels.sem.constrained import Equations, minimise_constrained
from toolkit.kernels.sem.constraints import constraints_of
from toolkit.kernels.sem.defaults import parameter_table
from toolkit.kernels.sem.definitions import definitions_of
from toolkit.kernels.sem.estimate import Problem
from toolkit.kernels.sem.inference import delta_method, errors_of, jacobian
from toolkit.kernels.sem.table import Parameter, ParameterTable

MODELS = oracle("lavaan_constraints")
pytestmark = pytest.mark.filterwarnings("ignore::toolkit.errors.ModelWarning")
NEAR = 4e-5  # where equations are not linear lavaan stops this far from the minimum: see the next test but one
PATHS = "y ~ a*x1 + b*x2 + c*x3 + d*x4\n"  # free: a, b, c, d, y~~y


@pytest.mark.parametrize("name", MODELS)
def test_constrained_models_are_lavaans(name):
    case = MODELS[name]
    fitted = fit(case["text"], pupils(), group="school" if case["groups"] else None)
    found = [f"{one.lhs}{one.op}{one.rhs}" for one in fitted.model.parameters]
    assert found == case["free"]["name"]
    assert fitted.chisq.statistic == pytest.approx(case["chisq"], rel=1e-7)
    assert fitted.df == case["df"]
    np.testing.assert_allclose(fitted.x, case["free"]["est"], atol=NEAR if fitted.constraints.equations else 1e-5)
    np.testing.assert_allclose(fitted.se, case["free"]["se"], rtol=1e-4, atol=1e-8)


@pytest.mark.parametrize("name", [name for name, case in MODELS.items() if case["defined"]["est"]])
def test_defined_parameters_and_their_errors_are_lavaans(name):
    case = MODELS[name]["defined"]
    fitted = fit(MODELS[name]["text"], pupils(), group="school" if MODELS[name]["groups"] else None)
    defined = definitions_of(fitted.model.table)
    assert [one.split(":=")[0] for one in case["name"]] == list(defined.names)
    np.testing.assert_allclose(defined(fitted.x), case["est"], atol=NEAR)
    errors = errors_of(delta_method(defined, fitted.x, fitted.covariance))
    known = [error or 0.0 for error in case["se"]]  # null where a constraint leaves no error
    np.testing.assert_allclose(errors, known, rtol=1e-4, atol=1e-8)


@pytest.mark.parametrize("name", MODELS)
def test_the_minimum_under_constraints_is_one(name):
    fitted = fit(MODELS[name]["text"], pupils(), group="school" if MODELS[name]["groups"] else None)
    slope = fitted.estimator.problem(fitted.constraints).gradient(fitted.x)
    assert np.abs(slope @ fitted.basis).max() < 1e-7
    if fitted.constraints.equations:
        assert np.abs(fitted.constraints.equations(fitted.x)).max() < 1e-8


def left_free(text):
    return constraints_of(parameter_table(text))


def test_equal_labels_leave_one_direction():
    found = left_free("y ~ a*x1 + a*x2 + a*x3 + d*x4")
    assert found.basis.shape == (5, 3)
    np.testing.assert_allclose(found.basis[:, 0], [3**-0.5] * 3 + [0, 0])
    np.testing.assert_array_equal(found.origin, np.zeros(5))
    assert found.equations is None


@given(u=st.lists(st.floats(-5, 5), min_size=3, max_size=3))
@some_examples
def test_every_point_of_what_is_free_satisfies_the_linear_constraints(u):
    found = left_free(PATHS + "a + 2*b == 3 - c\nd/2 == -(b - 0.5)\na - a == 0")
    a, b, c, d, _ = found.basis @ np.array(u) + found.origin
    assert a + 2 * b == pytest.approx(3 - c, abs=1e-12)
    assert d / 2 == pytest.approx(-(b - 0.5), abs=1e-12)
    np.testing.assert_allclose(found.basis.T @ found.basis, np.eye(3), atol=1e-14)


def test_a_constraint_that_follows_from_others_takes_nothing():
    assert left_free(PATHS + "a == b\nb == c\na == c\n2*a == b + c").basis.shape == (5, 3)


def test_constraints_may_use_definitions_and_rows():
    found = left_free(PATHS + "total := a + b\ntotal == 2\n.p3. == 2*.p4.")
    a, b, c, d, _ = found.origin + found.basis @ np.arange(3.0)
    assert a + b == pytest.approx(2)
    assert c == pytest.approx(2 * d)


def test_a_label_of_a_fixed_parameter_is_its_value():
    text = "f =~ 0.8*x1 + k*x1 + l*x2 + m*x3\nm == 2*k\nd := k + l\ne := l^0"
    table = parameter_table(text)
    found = constraints_of(table)
    assert found.origin[1] == pytest.approx(1.6)
    values = definitions_of(table)(np.array([[1.0] * 6, [2.0] * 6]))
    np.testing.assert_allclose(values, [[1.8, 1.0], [2.8, 1.0]])


def test_an_equal_label_of_a_fixed_parameter_fixes_a_free_one():
    rows = (Parameter("y", "~~", "y", label="v"), Parameter("x", "~~", "x", fixed=2.0, label="v"))
    found = constraints_of(ParameterTable(rows, ("y", "x"), ()))
    assert found.basis.shape == (1, 0)
    assert found.origin.tolist() == [2.0]


def test_equations_that_are_not_linear_are_kept():
    found = left_free(PATHS + "a*b == c^2\na == b")
    assert found.basis.shape == (5, 4)
    assert found.equations.names == ("a*b == c^2",)
    np.testing.assert_allclose(found.equations(np.array([3.0, 2.0, 1.0, 0.0, 1.0])), [5.0])
    np.testing.assert_allclose(jacobian(found.equations, np.array([3.0, 2.0, 1.0, 0.0, 1.0])), [[2, 3, -2, 0, 0]])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a == 1\na == 2", "line 3, column 1: 'a == 2' contradicts the constraints before it"),
        ("a == b\nb == c\na - c == 1", "line 4, column 1: 'a - c == 1' contradicts"),
        ("1 == 2", "line 2, column 1: '1 == 2' contradicts"),
        ("f =~ 1*x5 + k*x5 + 2*x6 + k*x6", "parameters with the label 'k' are fixed at different values, 1.0, 2.0"),
        ("a == bb", "line 2, column 1: no parameter has the label 'bb'. Did you mean 'b'? Labels: 'a', 'b', 'c', 'd'"),
        ("i := a*j\nj := b", "line 2, column 1: no parameter has the label 'j'. Labels:"),
        ("i := a\ni == k*2\nj := i*kk", "line 4, column 1: no parameter has the label 'kk'"),
        ("a := b", "line 2, column 1: 'a' is a label as well; give the defined parameter another name"),
    ],
)
def test_contradictions_and_unknown_names_are_refused_with_their_place(text, message):
    with pytest.raises(ModelError) as problem:
        left_free(PATHS + text)
    assert message.replace(" - ", "-") in str(problem.value).replace(" - ", "-")


def test_labels_are_asked_for_where_there_are_none():
    with pytest.raises(ModelError, match=r"No parameter has a label; write for example y ~ a\*x"):
        left_free("y ~ x\nd := a*b")


def test_equations_that_cannot_hold_together_are_refused_at_once():
    with pytest.raises(NotConverged, match=r"constraints 'a\*b == 0.5', 'log\(a\)\+b == 0.3' hold; 'a\*b == 0.5' is"):
        fit(THREE.replace("x2 + x3", "a*x2 + b*x3") + "\na*b == 0.5\nlog(a) + b == 0.3", pupils())


def nearest_point(text, centre):
    """Minimise half the squared distance of a, b, c, d and y~~y from a point, or several."""
    centre = np.asarray(centre, dtype=float)
    return minimise_constrained(
        Problem(
            value=lambda x: 0.5 * ((x - centre) ** 2).sum(axis=-1),
            gradient=lambda x: x - centre,
            information=lambda x: np.broadcast_to(np.eye(5), (*x.shape, 5)),
            constraints=left_free(PATHS + text),
        ),
        centre,
    )


def test_the_nearest_point_of_a_sphere_is_found_for_many_points_at_once():
    rng = np.random.default_rng(1)
    centres = rng.normal(size=(20, 5)) + 0.5
    found = nearest_point("a^2 + b^2 + c^2 + d^2 == 4", centres)
    assert found.converged.all()
    paths = centres[:, :4]
    np.testing.assert_allclose(found.x[:, :4], 2 * paths / np.linalg.norm(paths, axis=1)[:, None], atol=1e-7)
    np.testing.assert_allclose(found.x[:, 4], centres[:, 4], atol=1e-9)


def test_a_linear_constraint_written_twice_or_as_an_equation_gives_one_answer():
    centre = [1.0, 2.0, 3.0, 4.0, 5.0]
    plain = nearest_point("a == b", centre)
    bent = nearest_point("exp(a) == exp(b)\nexp(2*a) == exp(2*b)", centre)
    np.testing.assert_allclose(plain.x, [1.5, 1.5, 3, 4, 5], atol=1e-9)
    np.testing.assert_allclose(bent.x, plain.x, atol=1e-7)


def test_derivatives_of_equations():
    equations = Equations(left_free(PATHS + "a*b^2 == exp(c)").equations, np.array([2.0]))
    x = np.array([[1.0, 2.0, 0.5, 0.0, 1.0], [3.0, -1.0, 0.0, 0.0, 1.0]])
    a, b, c = x[:, 0], x[:, 1], x[:, 2]
    np.testing.assert_allclose(equations.jacobian(x)[:, 0, :3], 2 * np.stack([b**2, 2 * a * b, -np.exp(c)], axis=1))
    curvature = equations.curvature(x, np.ones((2, 1)))
    np.testing.assert_allclose(curvature[:, 0, 1], 4 * b, rtol=1e-8)
    np.testing.assert_allclose(curvature[:, 2, 2], -2 * np.exp(c), rtol=1e-8)
