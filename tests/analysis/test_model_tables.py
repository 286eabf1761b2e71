"""Tables of fitted models."""

import numpy as np
import pandas as pd

import toolkit as tk
from tests.conftest import ROOT

THREE = "visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6\nspeed =~ x7 + x8 + x9"


def test_the_largest_residuals_are_those_of_the_square():
    pupils = pd.read_csv(ROOT / "tests" / "data" / "hs1939.csv")
    for group in (None, "school"):
        found = tk.cfa(pupils, THREE, estimator="ML", group=group)
        square = found.tables["residual_correlations"].set_index([*(["group"] if group else []), "item"])
        table = found.tables["largest_residuals"]
        keys = ["group", "item"] if group else "item"
        values = [
            square.loc[row[keys] if not group else tuple(row[keys]), row["with_item"]] for _, row in table.iterrows()
        ]
        np.testing.assert_array_equal(table["residual"], values)
        assert table["residual"].abs().is_monotonic_decreasing
        large = (square.abs().to_numpy() >= 0.10).sum()
        assert len(table) == large / 2
