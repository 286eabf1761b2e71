from functools import partial

import numpy as np
import pytest

from tests.conftest import oracle
from tests.kernels.test_factor_scores import answers
from toolkit.kernels import factoring
from toolkit.kernels.factor_alignment import matched
from toolkit.kernels.factor_bootstrap import Whole, aligned_solutions, resampled_rows
from toolkit.kernels.rotation import rotate
from toolkit.kernels.rotation_criteria import RotationOptions


def minres(r, start, n_factors):
    return factoring.minres(r, n_factors, start=start)


def whole_of(r, n_factors, criterion):
    extraction = factoring.minres(r, n_factors)
    options = RotationOptions()
    rotation = rotate(extraction.loadings, criterion, options=options)
    return Whole(partial(minres, n_factors=n_factors), extraction, rotation, criterion, options)


def resamples(x, draws=6):
    """Take row 1 + (b i² + 11 i) mod n as row i of sample b, all counted from 1."""
    i = np.arange(1, len(x) + 1)
    return [np.corrcoef(x[(b * i**2 + 11 * i) % len(x)].T) for b in range(1, draws + 1)]


def test_each_sample_is_factored_as_in_r():
    x = answers("bfi")
    whole = whole_of(np.corrcoef(x.T), 5, "oblimin")
    found = aligned_solutions(resamples(x), whole)
    for loadings, phi, case in zip(found.loadings, found.phi, oracle("efa_tight")["resamples"]["bfi"], strict=True):
        wanted = np.array(case["loadings"]["values"])
        places, signs = matched(wanted, whole.rotation.loadings)
        np.testing.assert_allclose(loadings, wanted[:, places] * signs, atol=2e-6)
        np.testing.assert_allclose(
            phi, np.array(case["phi"])[np.ix_(places, places)] * np.outer(signs, signs), atol=2e-6
        )


@pytest.mark.parametrize("criterion", ["none", "varimax", "promax", "geomin", "oblimin"])
@pytest.mark.parametrize("n_factors", [1, 3])
def test_the_sample_itself_gives_the_solution_of_the_whole(criterion, n_factors):
    r = np.corrcoef(answers("hs").T)
    whole = whole_of(r, n_factors, criterion)
    found = aligned_solutions([r], whole)
    np.testing.assert_allclose(found.loadings[0], whole.rotation.loadings, atol=1e-7)
    np.testing.assert_allclose(found.phi[0], whole.rotation.phi, atol=1e-7)


def test_whole_clusters_are_drawn():
    cluster = np.array([2, 0, 1, 0, 2, 2])
    for rows in resampled_rows(cluster, 50, np.random.default_rng(1)):
        times = np.bincount(rows, minlength=6)
        assert all(len(set(times[cluster == one])) == 1 for one in range(3)), "a couple comes whole"
        assert sum(times[cluster == one][0] for one in range(3)) == 3


def test_samples_without_a_solution_stay_empty():
    r = np.corrcoef(answers("hs").T)
    whole = whole_of(r, 3, "oblimin")
    found = aligned_solutions([r, None, np.full((9, 9), np.nan)], whole)
    assert np.isfinite(found.loadings[0]).all()
    assert np.isnan(found.loadings[1:]).all()
    assert np.isnan(aligned_solutions([None], whole).phi).all()
