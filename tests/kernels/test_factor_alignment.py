import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import some_examples
from tests.conftest import oracle
from toolkit.kernels import factor_alignment as alignment
from toolkit.kernels.rotation import rotate
from toolkit.kernels.rotation_criteria import RotationOptions

EXPECTED = oracle("efa_tight")["congruence"]
FIRST, SECOND = (np.array(EXPECTED[name]["values"]) for name in ("first", "second"))


def test_congruence_equals_psych():
    np.testing.assert_allclose(alignment.congruence(FIRST, SECOND), EXPECTED["phi"], atol=1e-12)


def test_a_factor_without_loadings_has_no_congruence():
    found = alignment.congruence(np.column_stack([FIRST[:, 0], np.zeros(25)]), SECOND)
    assert np.isnan(found[1]).all()
    assert np.isfinite(found[0]).all()


@some_examples
@given(st.permutations(range(5)), st.lists(st.sampled_from([-1.0, 1.0]), min_size=5, max_size=5))
def test_factors_find_their_places_and_direction(order, signs):
    moved = FIRST[:, order] * signs
    places, turns = alignment.matched(moved, FIRST)
    np.testing.assert_array_equal(moved[:, places] * turns, FIRST)


@some_examples
@given(st.integers(0, 10_000))
def test_procrustes_undoes_an_orthogonal_rotation(seed):
    turn = np.linalg.qr(np.random.default_rng(seed).standard_normal((5, 5)))[0]
    found = alignment.procrustes(FIRST @ turn, FIRST)
    np.testing.assert_allclose(found, turn.T, atol=1e-10)


def test_the_oblique_procrustes_rotation_is_a_target_that_is_wholly_specified():
    unrotated = np.array(oracle("efa_tight")["rotation"]["bfi"]["unrotated"]["values"])
    found = rotate(unrotated, "target", options=RotationOptions(target=FIRST))
    np.testing.assert_allclose(found.loadings, FIRST, atol=1e-6)
    assert found.criterion == pytest.approx(0, abs=1e-12)
