"""What the design puts in is what the true scores hold."""

import math

import numpy as np
import pytest

from tests.simulation.conftest import COUPLES
from toolkit.errors import ArgumentError
from toolkit.simulation import Design, simulate
from toolkit.simulation.theory import CONSTRUCTS, FACETS

THEORY = CONSTRUCTS[:-1]
SE = 1 / math.sqrt(2 * COUPLES)


def partner(values):
    return np.asarray(values, dtype=float).reshape(-1, 2)[:, ::-1].ravel()


def regression(outcome, *predictors):
    """Coefficients and couple-clustered standard errors, without the intercept."""
    x = np.column_stack([np.ones(len(outcome)), *[np.asarray(one, dtype=float) for one in predictors]])
    y = np.asarray(outcome, dtype=float)
    bread = np.linalg.inv(x.T @ x)
    found = bread @ (x.T @ y)
    scores = (x * (y - x @ found)[:, None]).reshape(-1, 2, x.shape[1]).sum(axis=1)
    return found[1:], np.sqrt(np.diag(bread @ (scores.T @ scores) @ bread))[1:]


def assert_found(outcome, predictors, wanted):
    found, error = regression(outcome, *predictors)
    assert np.all(np.abs(found - wanted) < 3.5 * error), (found, wanted, error)
    assert np.all(error < 0.01)


def test_constructs_have_variance_one_and_partners_correlate_as_designed(waves, design):
    for name in THEORY:
        values = waves[1][name].to_numpy(float)
        assert values.mean() == pytest.approx(0, abs=4 * SE)
        assert values.var() == pytest.approx(1, abs=8 * SE)
        wanted = getattr(design.couple_correlation, name)
        assert np.corrcoef(values, partner(values))[0, 1] == pytest.approx(wanted, abs=5 * SE)


def test_correlations_are_those_that_the_paths_imply(waves, population):
    for row in population.truth["correlations"].itertuples():
        if "general" in (row.one, row.two):
            continue
        one, two = waves[1][row.one].to_numpy(float), waves[1][row.two].to_numpy(float)
        assert np.corrcoef(one, two)[0, 1] == pytest.approx(row.within_person, abs=5 * SE)
        assert np.corrcoef(one, partner(two))[0, 1] == pytest.approx(row.between_partners, abs=5 * SE)


@pytest.mark.parametrize("wave", [1, 3])
def test_actor_and_partner_paths(waves, design, wave):
    now, paths = waves[wave], design.paths
    barriers, withholding, assertiveness = (now[name] for name in ("barriers", "withholding", "assertiveness"))
    wanted = [paths.barriers_on_withholding_actor, paths.barriers_on_withholding_partner]
    assert_found(withholding, [barriers, partner(barriers)], wanted)
    wanted = [
        paths.withholding_on_climate_actor,
        paths.withholding_on_climate_partner,
        paths.assertiveness_on_climate_actor,
        paths.assertiveness_on_climate_partner,
    ]
    predictors = [withholding, partner(withholding), assertiveness, partner(assertiveness)]
    assert_found(now["climate"], predictors, wanted)


def test_assertiveness_changes_with_practice_and_barriers(waves, design):
    before, after = waves[1], waves[2]
    wanted = [design.stability, design.paths.practice_on_assertiveness_change]
    assert_found(after["assertiveness"], [before["assertiveness"], after["practice"]], wanted)


def test_constructs_are_stable_from_wave_to_wave(waves, design):
    for name in ("barriers", "withholding", "rws6.avoidance"):
        found = np.corrcoef(waves[1][name], waves[2][name])[0, 1]
        assert found == pytest.approx(design.stability, abs=5 * SE)
        later = np.corrcoef(waves[1][name], waves[3][name])[0, 1]
        assert later == pytest.approx(design.stability**2, abs=5 * SE)


def test_mean_change_and_the_practice_group(waves, population):
    assert waves[3]["barriers"].mean() == pytest.approx(0.2, abs=4 * SE)
    practising = np.repeat(population.truth["couples"]["practice_group"].to_numpy(), 2)
    assert practising.mean() == pytest.approx(0.4, abs=0.01)
    practice = [waves[wave]["practice"] for wave in (1, 2)]
    gaps = [one[practising].mean() - one[~practising].mean() for one in practice]
    assert gaps == pytest.approx([0, 1], abs=0.02)


def test_scales_show_their_constructs(waves):
    for scale, construct in (("rws6.avoidance", "withholding"), ("has10.flexible", "assertiveness")):
        facet = FACETS[scale.replace("6", "").replace("10", "")]
        assert np.corrcoef(waves[1][scale], waves[1][construct])[0, 1] == pytest.approx(facet.loading, abs=5 * SE)


def test_ratings_of_who_does_more_point_opposite_ways():
    truth = simulate("bur", n_couples=50_000).truth["persons"]
    initiating = truth["bur.initiating"].to_numpy(float)
    gap = partner(truth["assertiveness"]) - truth["assertiveness"].to_numpy(float)
    assert initiating.var() == pytest.approx(1, abs=0.03)
    assert np.corrcoef(initiating, gap)[0, 1] == pytest.approx(0.7, abs=0.01)
    assert np.corrcoef(initiating, partner(initiating))[0, 1] == pytest.approx(-0.49, abs=0.02)


def test_daily_closeness_follows_withholding(days, design):
    paths = design.paths
    name = "daily_withholding_on_closeness"
    wanted = [paths.carry_over]
    predictors = [days[2]["day.closeness.within"]]
    for day, when in ((3, "same_day"), (2, "next_day")):
        withholding = days[day]["day.withholding.within"]
        predictors += [withholding, partner(withholding)]
        wanted += [getattr(paths, f"{name}_{when}_{who}") for who in ("actor", "partner")]
    assert_found(days[3]["day.closeness.within"], predictors, wanted)


def test_daily_states_are_stationary_and_carry_over(days, design):
    for scale in ("withholding", "closeness", "assertiveness", "conflict"):
        for day in (1, 3):
            values = days[day][f"day.{scale}.within"].to_numpy(float)
            assert values.var() == pytest.approx(1, abs=8 * SE)
            assert np.corrcoef(values, partner(values))[0, 1] == pytest.approx(0.25, abs=5 * SE)
    one, two = (days[day]["day.withholding.within"] for day in (1, 2))
    assert np.corrcoef(one, two)[0, 1] == pytest.approx(design.paths.carry_over, abs=5 * SE)
    assertive = np.corrcoef(days[1]["day.assertiveness.within"], one)[0, 1]
    assert assertive == pytest.approx(design.paths.daily_withholding_with_assertiveness, abs=5 * SE)


def test_daily_states_keep_the_share_between_persons(days, waves, design):
    whole = days[2]["day.closeness"].to_numpy(float)
    assert whole.var() == pytest.approx(1, abs=8 * SE)
    wanted = math.sqrt(design.diary.person_share) * FACETS["day.closeness"].loading
    assert np.corrcoef(whole, waves[1]["climate"])[0, 1] == pytest.approx(wanted, abs=5 * SE)


def test_scales_outside_the_theory_model_correlate_by_one_number():
    design = Design(scale_correlation=0.4, couple_correlation=0.2)
    truth = simulate(["ipip_as", "ecr"], n_couples=50_000, design=design).truth["persons"]
    scales = [name for name in truth if "." in name]
    assert len(scales) == 6
    found = np.corrcoef(truth[scales].to_numpy(float), rowvar=False)
    assert found[np.triu_indices(6, 1)] == pytest.approx(0.4, abs=0.02)
    for name in scales:
        assert np.corrcoef(truth[name], partner(truth[name]))[0, 1] == pytest.approx(0.2, abs=0.02)
    assert "withholding" not in truth


def test_who_takes_part():
    frame = simulate("rws", n_couples=50_000, design=Design(mixed_gender_share=0.7)).frame
    woman = (frame["gender"] == "woman").to_numpy().reshape(-1, 2)
    role_a = (frame["role"] == "a").to_numpy().reshape(-1, 2)
    assert (woman[:, 0] != woman[:, 1]).mean() == pytest.approx(0.7, abs=0.01)
    assert (role_a.sum(axis=1) == 1).all()
    for first in (role_a[:, 0], woman[:, 0]):
        assert first.mean() == pytest.approx(0.5, abs=0.01)
    mixed = woman[:, 0] != woman[:, 1]
    assert (role_a == woman)[mixed].mean() == pytest.approx(0.5, abs=0.01)
    ages = frame["age"].to_numpy()
    assert ages.min() >= 18
    assert ages.dtype.kind == "i"
    assert np.corrcoef(ages[::2], ages[1::2])[0, 1] == pytest.approx(0.9, abs=0.02)


def test_negative_partner_correlations_can_be_had():
    design = Design(couple_correlation={"general": -0.4})
    values = simulate("ecr", n_couples=20_000, design=design).truth["persons"]["ecr.anxiety"]
    assert np.corrcoef(values, partner(values))[0, 1] == pytest.approx(-0.4, abs=0.03)


def test_paths_that_explain_too_much_are_refused():
    with pytest.raises(ArgumentError, match="paths on withholding explain more than"):
        simulate("rws", design=Design().updated(paths={"barriers_on_withholding_actor": 0.99}))
    with pytest.raises(ArgumentError, match="daily closeness"):
        Design().updated(paths={"daily_withholding_on_closeness_same_day_actor": -0.99})
