"""What tests share: where data sets and oracles are."""

import json
import os
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ORACLES = Path(__file__).parent / "oracles"


def oracle(name: str) -> dict:
    """Load an oracle: committed here, or beside the data that may not be committed; else skip the test."""
    folder = os.environ.get("TOOLKIT_TEST_DATA")
    places = [ORACLES, *([Path(folder).parent / "oracles"] if folder else [])]
    found = [place / f"{name}.json" for place in places if (place / f"{name}.json").is_file()]
    if not found:
        pytest.skip(f"the oracle {name} may not be committed: set TOOLKIT_TEST_DATA to the folder of data beside it")
    return json.loads(found[0].read_text(encoding="utf-8"))["result"]


def test_data(name: str) -> Path:
    """Locate a data set that may not be committed; skip the test where it is absent."""
    folder = os.environ.get("TOOLKIT_TEST_DATA")
    path = Path(folder) / name if folder else None
    if path is None or not path.is_file():
        pytest.skip(f"{name} may not be committed: set TOOLKIT_TEST_DATA to the folder that holds it")
    return path


test_data.__test__ = False


@pytest.fixture(scope="session")
def bfi():
    """Answers of the bfi sample."""
    import toolkit as tk

    return tk.read_responses(tk.read_study(ROOT / "data" / "bfi" / "study.yaml"))
