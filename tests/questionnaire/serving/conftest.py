from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.served import Served, serving


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Serve the demonstration once for all tests that leave the server as it is."""
    pytest.importorskip("voila", reason="voila is not installed")
    with serving(tmp_path_factory.mktemp("served"), "--ready", "2") as one:
        yield one
