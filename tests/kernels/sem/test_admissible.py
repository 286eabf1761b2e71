"""Solutions that cannot be: what is not identified, negative variances, impossible correlations."""

import numpy as np
import pytest

from tests.kernels.sem.models import THREE, fit, pupils
from toolkit.errors import ImproperSolutionWarning, NotConverged, NotIdentified
from toolkit.kernels.sem import estimate


def made_up(correlations, n=400):
    """Make data with exactly these correlations."""
    r = np.array(correlations, dtype=float)
    z = np.random.default_rng(3).standard_normal((n, len(r)))
    z = (z - z.mean(axis=0)) @ np.linalg.inv(np.linalg.cholesky(np.cov(z.T, bias=True))).T
    made = z @ np.linalg.cholesky(r).T
    columns = [f"x{number}" for number in range(1, len(r) + 1)]
    return pupils().head(0)[columns].reindex(range(n)).assign(**dict(zip(columns, made.T, strict=True)))


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("f =~ x1 + x2", "f=~x2"),
        ("f =~ x1 + x2 + x3\ng =~ x4", None),
        ("f =~ NA*x1 + x2 + x3\nf ~~ NA*f", "f~~f"),
        (f"{THREE}\nvisual ~ x1", "visual~x1"),
        ("f =~ x1 + x2 + x3\nx1 ~~ x2\nx1 ~~ x3\nx2 ~~ x3", "f=~x2"),
    ],
)
def test_what_the_data_do_not_determine_is_named(text, named):
    if named is None:  # a factor with one indicator has no residual variance of its own, as in lavaan
        assert fit(text, pupils()).df == 2
        return
    with pytest.raises(NotIdentified, match="do not determine") as caught:
        fit(text, pupils())
    assert named in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_single_indicator_with_a_free_residual_is_not_identified():
    with pytest.raises(NotIdentified, match="x4~~x4"):
        fit("f =~ x1 + x2 + x3\ng =~ x4\nx4 ~~ NA*x4", pupils())


def test_only_parameters_concerned_are_named():
    with pytest.raises(NotIdentified) as caught:
        fit(THREE.replace("x1", "NA*x1"), pupils())
    assert "visual" in str(caught.value)
    assert "textual~~textual" not in str(caught.value)


def test_groups_are_named():
    with pytest.raises(NotIdentified, match=r"\(Pasteur\)"):
        fit("f =~ x1 + x2", pupils(), group="school")


def test_heywood_cases_are_named():
    data = made_up([[1, 0.8, 0.7], [0.8, 1, 0.4], [0.7, 0.4, 1]])
    with pytest.warns(ImproperSolutionWarning, match="the variance x1~~x1 is negative"):
        fitted = fit("f =~ x1 + x2 + x3", data)
    assert fitted.faults == ("the variance x1~~x1 is negative",)
    assert np.isfinite(fitted.std_all[: len(fitted.x)]).all()


def test_impossible_correlations_are_named():
    within, between = 0.4, 0.55
    r = [
        [1, within, between, between],
        [within, 1, between, between],
        [between, between, 1, within],
        [between, between, within, 1],
    ]
    with pytest.warns(ImproperSolutionWarning, match="the correlation of f and g is beyond ±1"):
        fit("f =~ x1 + x2\ng =~ x3 + x4", made_up(r))


def test_a_search_that_does_not_end_is_refused(monkeypatch):
    monkeypatch.setattr(estimate, "MOST_STEPS", 1)
    with pytest.raises(NotConverged, match="The search stopped after 1 steps"):
        fit(THREE, pupils())
