"""One large simulated population, shared by the tests of what was put in."""

import pytest

from toolkit.simulation import Design, simulate

COUPLES, WAVES, DAYS = 100_000, 3, 3
THEORY = ["rws6", "has10", "day"]


@pytest.fixture(scope="session")
def design():
    return Design(practice_group={"share": 0.4, "effect": 1.0}, change={"barriers": 0.1})


@pytest.fixture(scope="session")
def population(design):
    """200,000 persons, three waves and three diary days, with true scores."""
    return simulate(THEORY, n_couples=COUPLES, n_waves=WAVES, n_days=DAYS, seed=7, design=design)


@pytest.fixture(scope="session")
def waves(population):
    """True scores of constructs and scales, wave by wave: one row a person, couples together."""
    persons = population.truth["persons"]
    return {wave: rows.reset_index(drop=True) for wave, rows in persons.groupby("wave")}


@pytest.fixture(scope="session")
def days(population):
    """True daily states, day by day."""
    daily = population.truth["daily"]
    return {day: rows.reset_index(drop=True) for day, rows in daily.groupby("day")}
