"""Expressions: their values, exact derivatives by complex steps, and what is linear in them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import some_examples
from toolkit.errors import ModelError
from toolkit.kernels.sem.expressions import Affine, affine, evaluate, names_in, parse_expression

VALUES = {"a": np.array(1.7), "b": np.array(-0.6), "c": np.array(2.0)}


def value(text, **values):
    return evaluate(parse_expression(text), {name: np.asarray(one) for name, one in (values or VALUES).items()})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 + 2*3", 7.0),
        ("2 - 3 - 4", -5.0),
        ("8/4/2", 1.0),
        ("-2^2", -4.0),
        ("2^-1", 0.5),
        ("2^3^2", 512.0),
        ("2**3", 8.0),
        ("(1 + 2)*-3", -9.0),
        ("--2", 2.0),
        ("sqrt(c) + exp(0) + log(1) + abs(b)", np.sqrt(2.0) + 1.6),
        ("a*b/(c + a*b)", 1.7 * -0.6 / (2.0 - 1.02)),
        (".5e1", 5.0),
    ],
)
def test_expressions_are_worth_what_r_says(text, expected):
    assert float(value(text)) == pytest.approx(expected, rel=1e-15)


def test_expressions_take_arrays():
    assert value("a*b + 1", a=np.arange(3.0), b=2.0).tolist() == [1.0, 3.0, 5.0]


def test_what_is_not_defined_is_no_number():
    assert np.isnan(value("log(b)"))
    assert np.isinf(value("a/(b - b)"))


DERIVATIVES = [
    ("a*b^2", lambda a, b: (b**2, 2 * a * b)),
    ("b^3/a", lambda a, b: (-(b**3) / a**2, 3 * b**2 / a)),
    ("b^-2", lambda a, b: (0 * a, -2 * b**-3)),
    ("a^b", lambda a, b: (b * a ** (b - 1), a**b * np.log(a))),
    ("abs(b)*sqrt(a)", lambda a, b: (abs(b) / (2 * np.sqrt(a)), np.sign(b) * np.sqrt(a))),
    ("exp(a*b) - log(a)", lambda a, b: (b * np.exp(a * b) - 1 / a, a * np.exp(a * b))),
    ("a^0.5*(b - a)/2", lambda a, b: (((b - a) / (2 * np.sqrt(a)) - np.sqrt(a)) / 2, np.sqrt(a) / 2)),
]


@pytest.mark.parametrize(("text", "slopes"), DERIVATIVES, ids=[text for text, _ in DERIVATIVES])
@given(a=st.floats(0.1, 3), b=st.floats(-3, -0.1) | st.floats(0.1, 3))
@some_examples
def test_complex_steps_give_exact_derivatives(text, slopes, a, b):
    expression = parse_expression(text)
    for name, expected in zip("ab", slopes(a, b), strict=True):
        values = {"a": np.asarray(a + 0j), "b": np.asarray(b + 0j)}
        values[name] = values[name] + 1e-30j
        assert evaluate(expression, values).imag / 1e-30 == pytest.approx(expected, rel=1e-12, abs=1e-14)


@pytest.mark.parametrize(
    ("text", "slopes", "constant"),
    [
        ("2*a - b/4 + 3", {"a": 2.0, "b": -0.25}, 3.0),
        ("-(a - 2*(b - 1))", {"a": -1.0, "b": 2.0}, -2.0),
        ("a - a", {"a": 0.0}, 0.0),
        ("k*a + d", {"a": 3.0, "b": 2.0}, 1.0),
        ("sqrt(k + 1)^2", {}, 4.0),
        ("2^k*a", {"a": 8.0}, 0.0),
    ],
)
def test_linear_expressions_are_told_by_their_slopes(text, slopes, constant):
    known = {"k": Affine({}, 3.0), "d": Affine({"b": 2.0}, 1.0)}
    found = affine(parse_expression(text), known)
    assert found.slopes == pytest.approx(slopes)
    assert found.constant == pytest.approx(constant)


@pytest.mark.parametrize("text", ["a*b", "1/a", "a^2", "sqrt(a)", "a*(b + 1)", "e + 1", "1/0", "log(e)"])
def test_other_expressions_are_not_linear(text):
    assert affine(parse_expression(text), {"e": None}) is None


def test_names_are_listed_in_order():
    assert list(names_in(parse_expression("a*b + sqrt(c)^a"))) == ["a", "b", "c", "a"]


@pytest.mark.parametrize("text", ["", "a\nb", "a +", "a $ b"])
def test_what_is_no_expression_is_refused(text):
    with pytest.raises(ModelError, match=r"^the expression"):
        parse_expression(text)
