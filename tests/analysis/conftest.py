"""Data of which several analyses report."""

import numpy as np
import pandas as pd
import pytest

import toolkit as tk
from tests.conftest import ROOT, oracle, test_data

KEYS = oracle("01_scoring_bfi")["keys"]
IPIP = {"AS": "assertiveness", "SC": "social_confidence", "AD": "adventurousness", "DO": "dominance"}


@pytest.fixture(scope="session")
def keyed():
    raw = pd.read_csv(ROOT / "data" / "bfi" / "bfi.csv")
    return tk.Responses.from_frame(raw, tk.instrument_from_keys(KEYS, min=1, max=6, id="bfi"))


@pytest.fixture(scope="session")
def ipip():
    return tk.read_responses(
        test_data("ipip_assertiveness.csv"),
        "ipip_as",
        missing={0: "skipped"},
        columns={f"{ours.lower()}{{n}}": f"{ours}{{n}}" for ours in IPIP},
    )


@pytest.fixture(scope="session")
def couples():
    raw = pd.read_csv(ROOT / "data" / "bfi" / "bfi.csv").head(600)
    raw = raw.assign(person=range(600), couple=np.arange(600) // 2)
    keys = tk.instrument_from_keys(KEYS, min=1, max=6, id="bfi", min_answered=1)
    return tk.Responses.from_frame(raw, keys, person="person", couple="couple")
