from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, special

from tests.builders import some_examples
from toolkit.kernels import bivariate_normal

CORRELATIONS = (-0.9999999, -0.99, -0.93, -0.92, -0.7, -0.3, 0.0, 0.1, 0.3, 0.31, 0.75, 0.76, 0.925, 0.93, 0.999)
CUTS = ((-3.2, -2.5), (-1.0, 0.3), (-0.2, 0.2), (0.0, 0.0), (0.0, -1.2), (0.3, 0.3), (0.3, 0.30001), (1.7, -0.3))
finite = st.floats(-6, 6)
inside = st.floats(-0.999999, 0.999999)


def integrated(h: float, k: float, r: float) -> float:
    """Φ₂ as the integral of φ(x) Φ((k − rx) / sqrt(1 − r²)), split where the second factor turns."""
    spread, turn = np.sqrt((1 - r) * (1 + r)), np.clip(k / r if r else 0.0, -9, 9)
    near = [turn + step * spread for step in (-40, -8, -2, 0, 2, 8, 40)]
    bounds = sorted({-9.0, h, *(edge for edge in near if -9 < edge < h)})

    def height(x):
        return np.exp(-0.5 * x**2) / np.sqrt(2 * np.pi) * special.ndtr((k - r * x) / spread)

    pieces = pairwise(bounds)
    return sum(integrate.quad(height, low, high, epsabs=1e-15, epsrel=1e-13)[0] for low, high in pieces)


@pytest.mark.parametrize("r", CORRELATIONS)
def test_probabilities_equal_the_integral(r):
    found = [bivariate_normal.cdf(h, k, r) for h, k in CUTS]
    assert found == pytest.approx([integrated(h, k, r) for h, k in CUTS], abs=2e-13)


@pytest.mark.parametrize("r", [-0.9, -0.2, 0.5, 0.97])
def test_probabilities_equal_those_of_scipy(r):
    from scipy.stats import multivariate_normal

    normal = multivariate_normal([0, 0], [[1, r], [r, 1]])
    expected = [normal.cdf(np.array(cut)) for cut in CUTS]
    assert [bivariate_normal.cdf(h, k, r) for h, k in CUTS] == pytest.approx(expected, abs=1e-7)
    heights = [normal.pdf(np.array(cut)) for cut in CUTS]
    assert [bivariate_normal.density(h, k, r) for h, k in CUTS] == pytest.approx(heights, rel=1e-12)


@some_examples
@given(inside)
def test_at_the_origin_the_probability_is_known(r):
    assert bivariate_normal.cdf(0, 0, r) == pytest.approx(0.25 + np.arcsin(r) / (2 * np.pi), abs=1e-15)


@some_examples
@given(finite, finite, inside)
def test_symmetry_and_complement(h, k, r):
    p = bivariate_normal.cdf(h, k, r)
    assert bivariate_normal.cdf(k, h, r) == pytest.approx(p, abs=1e-15)
    assert special.ndtr(h) - bivariate_normal.cdf(h, -k, -r) == pytest.approx(p, abs=2e-15)
    assert max(0, special.ndtr(h) + special.ndtr(k) - 1) - 1e-15 <= p <= min(special.ndtr(h), special.ndtr(k)) + 1e-15


@pytest.mark.parametrize("h", [-1.3, 0.0, 0.8])
def test_limits(h):
    assert bivariate_normal.cdf(h, 0.5, 1) == pytest.approx(special.ndtr(min(h, 0.5)), abs=1e-15)
    assert bivariate_normal.cdf(h, 0.5, -1) == pytest.approx(max(0, special.ndtr(h) + special.ndtr(0.5) - 1), abs=1e-15)
    assert bivariate_normal.cdf(h, h, 1) == pytest.approx(special.ndtr(h), abs=1e-15)
    assert bivariate_normal.cdf(h, -h, -1) == pytest.approx(0, abs=1e-15)
    assert bivariate_normal.cdf(h, np.inf, 0.6) == pytest.approx(special.ndtr(h), abs=1e-15)
    assert bivariate_normal.cdf(-np.inf, h, 0.6) == pytest.approx(0, abs=1e-15)


@some_examples
@given(finite, finite, st.floats(-0.95, 0.95))
def test_the_density_is_the_slope_of_the_probability(h, k, r):
    step = 1e-5
    slope = (bivariate_normal.cdf(h, k, r + step) - bivariate_normal.cdf(h, k, r - step)) / (2 * step)
    assert bivariate_normal.density(h, k, r) == pytest.approx(slope, abs=1e-7)


@pytest.mark.parametrize("r", [-1.0, -0.999, -0.5, 0.5, 0.999, 1.0])
@pytest.mark.parametrize("k", [-0.5, 0.0, -0.0, 0.7])
def test_negative_zero_is_zero(k, r):
    """Turning thresholds around makes -0.0."""
    one, other = (
        bivariate_normal.corner_cdf(np.array([[zero]]), np.array([[k]]), np.array([r])) for zero in (0.0, -0.0)
    )
    np.testing.assert_array_equal(other, one)


def test_cells_cover_the_plane_and_their_slopes_sum_to_nothing():
    h, k = np.array([[-1.0, 0.2, 1.1]]), np.array([[-0.4, 0.9]])
    cells = bivariate_normal.rectangles(h, k, np.array([0.4]))
    assert cells.shape == (1, 4, 3)
    assert cells.sum() == pytest.approx(1, abs=1e-15)
    assert cells.sum(axis=2)[0] == pytest.approx(np.diff([0, *special.ndtr(h[0]), 1]), abs=1e-15)
    heights = bivariate_normal.density(h[:, :, None], k[:, None, :], np.array([0.4])[:, None, None])
    assert bivariate_normal.over_cells(heights).sum() == pytest.approx(0, abs=1e-15)
