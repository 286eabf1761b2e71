"""A study, its store and its clock."""

import pytest

from tests.questionnaire.visits import Clock, Visit, open_store, read_plan


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def plan(tmp_path):
    return read_plan(tmp_path)


@pytest.fixture
def store(tmp_path, clock):
    found = open_store(tmp_path, clock)
    yield found
    found.close()


@pytest.fixture
def couple(plan, store, clock):
    """Two invitations that belong together."""
    from datetime import timedelta

    return store.invite(plan.study, 1, couples=True, roles=["a", "b"], expires_at=clock() + timedelta(days=120))


@pytest.fixture
def visit(plan, store, clock):
    return Visit(plan, store, clock)
