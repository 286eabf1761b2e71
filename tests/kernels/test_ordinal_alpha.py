import numpy as np
import pytest

from toolkit.kernels import consistency
from toolkit.kernels.ordinal_alpha import ordinal_alpha
from toolkit.kernels.polychoric import polychoric_correlations


def answers(n=400, k=4):
    generator = np.random.default_rng(1)
    x = generator.normal(size=(n, 1)) + generator.normal(size=(n, k))
    return np.searchsorted([-1.5, -0.4, 0.6, 1.8], x).astype(float)


@pytest.mark.parametrize("missing", ["listwise", "pairwise"])
def test_it_is_alpha_of_the_polychorics(missing):
    x = answers()
    x[np.random.default_rng(2).random(x.shape) < 0.1] = np.nan
    found = ordinal_alpha(x, missing)
    r = polychoric_correlations(x, missing=missing).r
    assert found.estimate == pytest.approx(consistency.alpha(r))
    assert found.influences.mean() == pytest.approx(0, abs=1e-8)
    assert not found.boundary


def test_influence_is_the_effect_of_a_row():
    x = answers()
    found = ordinal_alpha(x, "listwise")
    jackknife = [
        (len(x) - 1) * (found.estimate - ordinal_alpha(np.delete(x, row, axis=0), "listwise").estimate)
        for row in range(30)
    ]
    assert np.corrcoef(jackknife, found.influences[:30])[0, 1] > 0.999
    outer = ordinal_alpha(x, "listwise", information="outer").influences
    assert outer.std() == pytest.approx(found.influences.std(), rel=0.1)


def test_a_correlation_at_its_boundary_is_told():
    x = answers()
    x[:, 1] = x[:, 0]
    assert ordinal_alpha(x, "listwise").boundary
