"""Tables of fitted models."""

import numpy as np
import pandas as pd
import pytest

import toolkit as tk
from tests.conftest import ROOT

THREE = "visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6\nspeed =~ x7 + x8 + x9"


@pytest.mark.parametrize("group", [None, "school"])
def test_the_largest_residuals_are_those_of_the_square(group):
    pupils = pd.read_csv(ROOT / "tests" / "data" / "hs1939.csv")
    found = tk.cfa(pupils, THREE, estimator="ML", group=group)
    square = found.tables["residual_correlations"]
    rows = square.assign(group=square.get("group", "")).set_index(["group", "item"])
    table = found.tables["largest_residuals"]
    named = table.assign(group=table.get("group", ""))
    values = [rows.loc[(one.group, one.item), one.with_item] for one in named.itertuples()]
    np.testing.assert_allclose(table["residual"], values, atol=1e-14)
    assert table["residual"].abs().is_monotonic_decreasing
    assert len(table) == (rows.abs().to_numpy() >= 0.10).sum() / 2
