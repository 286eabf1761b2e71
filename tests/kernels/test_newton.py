import numpy as np
import pytest

from toolkit.errors import NotConverged
from toolkit.kernels import newton


def test_each_maximum_is_found_and_each_is_dropped_when_found():
    target, asked = np.array([-0.8, 0.0, 0.4, 0.99]), []

    def derivatives(sought, rho):
        asked.append(len(sought))
        return np.tanh(5 * (target[sought] - rho)), 5 / np.cosh(5 * (target[sought] - rho)) ** 2

    np.testing.assert_allclose(newton.maximise(np.zeros(4), derivatives), target, atol=1e-12)
    assert asked[0] == 4
    assert asked[-1] < 4


@pytest.mark.parametrize("sign", [-1, 1])
def test_a_likelihood_without_a_maximum_leads_to_the_end(sign):
    found = newton.maximise(np.zeros(1), lambda _, rho: (sign * np.ones(1), np.full(1, 1e-3)))
    assert found[0] == pytest.approx(sign, abs=2e-8)


def test_what_does_not_settle_is_an_error(monkeypatch):
    monkeypatch.setattr(newton, "MOST_ITERATIONS", 3)
    with pytest.raises(NotConverged, match="1 correlations had not converged after 3 iterations"):
        newton.maximise(np.zeros(1), lambda _, rho: (np.ones(1), np.full(1, 30.0)))
