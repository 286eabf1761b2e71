import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import some_examples
from tests.conftest import oracle
from toolkit.kernels import rotation
from toolkit.kernels.rotation_criteria import CRITERIA, RotationOptions

TIGHT = oracle("efa_tight")["rotation"]
CASES = [(data, name) for data in TIGHT for name in TIGHT[data]["rotated"]]


def matched(found, wanted):
    """Put the columns of one matrix in the order and direction of another's: place of each, and sign."""
    product = found.T @ wanted
    places = np.abs(product).argmax(axis=0)
    assert sorted(places) == list(range(wanted.shape[1])), "each factor has one partner"
    return places, np.sign(product[places, range(len(places))])


def options_of(case):
    given_ = dict(case["options"]) if case["options"] else {}
    if "target" in given_:
        given_["target"] = np.array(given_["target"], dtype=float)
    return RotationOptions(**given_)


def unrotated(data="bfi"):
    return np.array(TIGHT[data]["unrotated"]["values"])


def random_target(n_items=25, n_factors=5):
    return np.where(np.arange(n_items)[:, None] % n_factors == np.arange(n_factors), np.nan, 0.0)


# GPArotation's line search ends at a projected gradient of about 1e-7, which bounds how close it is to the optimum.
@pytest.mark.parametrize(("data", "name"), CASES)
def test_rotations_equal_gparotation_and_stats(data, name):
    case = TIGHT[data]["rotated"][name]
    found = rotation.rotate(unrotated(data), case["criterion"], options=options_of(case))
    wanted = np.array(case["loadings"]["values"])
    places, signs = matched(found.loadings, wanted)
    assert found.converged
    np.testing.assert_allclose(found.loadings[:, places] * signs, wanted, atol=2e-6)
    phi = np.eye(wanted.shape[1]) if case["phi"] is None or case["phi"] == {} else np.array(case["phi"])
    np.testing.assert_allclose(found.phi[np.ix_(places, places)] * np.outer(signs, signs), phi, atol=2e-6)
    if case["criterion"].startswith("target"):
        assert places.tolist() == list(range(len(places))), "a target says which factor is which"


@pytest.mark.parametrize("name", ["none", "varimax", "oblimin"])
@pytest.mark.parametrize("method", ["minres", "ml"])
def test_order_and_sign_are_those_of_psych(method, name):
    expected = oracle(f"05_efa_bfi25_{method}")
    given_ = np.array(expected["none"]["loadings"]["values"])
    found = rotation.rotate(given_, name)
    tolerance = {"varimax": 2e-3, "oblimin": 5e-5, "none": 1e-12}[name]  # stats::varimax stops early
    np.testing.assert_allclose(found.loadings, expected[name]["loadings"]["values"], atol=tolerance)


@pytest.mark.parametrize("name", list(CRITERIA))
@pytest.mark.parametrize("gamma", [0.0, -0.5])
def test_gradients_are_those_of_the_criteria(name, gamma):
    options = RotationOptions(gamma=gamma, target=random_target(6, 3))
    loadings, step = np.random.default_rng(3).uniform(-0.9, 0.9, (6, 3)), 1e-6
    _, slope = CRITERIA[name].evaluate(loadings, options)
    for place in np.ndindex(6, 3):
        move = np.zeros((6, 3))
        move[place] = step
        up, down = (CRITERIA[name].evaluate(loadings + sign * move, options)[0] for sign in (1, -1))
        np.testing.assert_allclose(slope[place], (up - down) / (2 * step), atol=1e-8)


@pytest.mark.parametrize("name", rotation.ROTATIONS)
def test_a_rotation_changes_no_model(name):
    a = unrotated()
    found = rotation.rotate(a, name, options=RotationOptions(target=random_target()))
    np.testing.assert_allclose(found.loadings @ found.phi @ found.loadings.T, a @ a.T, atol=1e-12)
    np.testing.assert_allclose(found.loadings, a @ np.linalg.inv(found.transformation).T, atol=1e-12)
    np.testing.assert_allclose(found.phi, found.transformation.T @ found.transformation, atol=1e-12)
    if name == "none" or (name in CRITERIA and not CRITERIA[name].oblique):
        np.testing.assert_allclose(found.phi, np.eye(5), atol=1e-12)


@some_examples
@given(st.sampled_from(["varimax", "oblimin", "geomin", "promax"]), st.integers(0, 10_000))
def test_what_an_item_or_a_row_is_called_does_not_matter(name, seed):
    a = unrotated("hs")
    draw = np.random.default_rng(seed)
    order, signs = draw.permutation(9), draw.choice([-1.0, 1.0], 9)
    plain, moved = rotation.rotate(a, name), rotation.rotate((a * signs[:, None])[order], name)
    places, turns = matched(moved.loadings, (plain.loadings * signs[:, None])[order])
    np.testing.assert_allclose(moved.loadings[:, places] * turns, (plain.loadings * signs[:, None])[order], atol=1e-7)


@some_examples
@given(st.sampled_from(["quartimax", "varimax", "oblimin", "quartimin"]), st.integers(0, 10_000))
def test_where_it_starts_does_not_matter_for_a_clear_structure(name, seed):
    a = unrotated()
    turn = np.linalg.qr(np.random.default_rng(seed).standard_normal((5, 5)))[0]
    one, two = rotation.rotate(a, name), rotation.rotate(a @ turn, name)
    np.testing.assert_allclose(one.criterion, two.criterion, atol=1e-12)
    np.testing.assert_allclose(one.loadings, two.loadings, atol=1e-6)


def test_random_starts_find_several_optima_and_keep_the_lowest():
    a = np.random.default_rng(5).uniform(-0.7, 0.7, (12, 4))
    alone = rotation.rotate(a, "geomin", options=RotationOptions(epsilon=0.001))
    many = rotation.rotate(a, "geomin", options=RotationOptions(epsilon=0.001), generator=np.random.default_rng(1))
    assert alone.n_optima == 1
    assert many.n_optima > 1
    assert many.optima[0, 0] == pytest.approx(many.criterion)
    assert 20 < many.optima[:, 1].sum() <= 31
    assert many.criterion <= alone.criterion + 1e-9
    again = rotation.rotate(a, "geomin", options=RotationOptions(epsilon=0.001), generator=np.random.default_rng(1))
    np.testing.assert_array_equal(many.loadings, again.loadings)


def test_no_way_further_is_told():
    found = rotation.rotate(unrotated(), "geomin", options=RotationOptions(maximum_iterations=3))
    assert not found.converged


def test_one_factor_is_not_rotated():
    a = -unrotated()[:, :1]
    found = rotation.rotate(a, "oblimin")
    np.testing.assert_array_equal(found.loadings, -a)
    assert found.phi.tolist() == [[1.0]]


@pytest.mark.parametrize("name", ["oblimin", "varimax", "promax", "geomin"])
def test_a_stack_is_rotated_as_each_alone(name):
    stack = np.stack([unrotated("hs"), unrotated("hs")[::-1], 0.9 * unrotated("hs")])
    starts = np.repeat(np.eye(3)[None], 3, axis=0)
    found = rotation.rotate_stack(stack, name, starts, RotationOptions())
    for one, transformation in zip(stack, found.transformations, strict=True):
        together = rotation.arranged(one, transformation, ordered=False)
        np.testing.assert_allclose(together.loadings, rotation.rotate(one, name).loadings, atol=1e-9)


def test_promax_is_that_of_factanal_and_not_the_other_of_psych():
    expected = oracle("05_efa_hs_rotations")
    found = rotation.rotate(np.array(expected["unrotated"]["values"]), "promax")
    wanted = np.array(expected["promax_m4_of_varimax_kaiser"]["loadings"]["values"])
    places, signs = matched(found.loadings, wanted)
    np.testing.assert_allclose(found.loadings[:, places] * signs, wanted, atol=5e-5)


def test_an_item_without_common_variance_can_be_normalised():
    found = rotation.rotate(np.vstack([unrotated("hs"), np.zeros((1, 3))]), "varimax")
    assert found.converged
    assert np.isfinite(found.loadings).all()
    assert not found.loadings[9].any()
