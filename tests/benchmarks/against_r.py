"""Time the measurement core against R's psych and lavaan."""

import numpy as np
import pandas as pd

import toolkit as tk
from tests.benchmarks.racing import Race, race, seconds
from tests.conftest import ROOT
from toolkit.format import number
from toolkit.kernels.cross_tables import CrossTables
from toolkit.kernels.factoring import minres
from toolkit.kernels.polychoric import of_tables, polychoric_correlations
from toolkit.kernels.polychoric_covariance import asymptotic_covariance
from toolkit.kernels.rotation import Rotation, rotate

BFI = ROOT / "data" / "bfi" / "bfi.csv"
AGREE = ["-A1", "A2", "A3", "A4", "A5"]
GROWTH = (1_000, 10_000, 100_000, 1_000_000)


def complete() -> pd.DataFrame:
    """Give the complete answers to the 25 items."""
    return pd.read_csv(BFI).iloc[:, :25].dropna().astype(int)


def extracted_and_rotated(x: np.ndarray) -> Rotation:
    """Correlate, extract and rotate."""
    return rotate(minres(np.corrcoef(x, rowvar=False), 5).loadings, "oblimin")


def races() -> list[Race]:
    """List the goals."""
    frame = complete()
    x = frame.to_numpy(dtype=np.float64)
    fitted = polychoric_correlations(x)
    agree = tk.Responses.from_frame(frame, tk.instrument_from_keys({"agree": AGREE}, min=1, max=6, id="bfi"))
    return [
        Race("polychoric correlations (kernel), 2,436 × 25", lambda: polychoric_correlations(x), "lavCor", 0.1),
        Race(
            "the same with their asymptotic covariance",
            lambda: (polychoric_correlations(x), asymptotic_covariance(x, fitted)),
            "lavCor",
            1.0,
        ),
        Race(
            "tk.retention, 100 random data sets of each kind",
            lambda: tk.retention(frame, random="both", replications=100, seed=1),
            "fa.parallel",
            1 / 8,
        ),
        Race("minres and oblimin of five factors (kernels)", lambda: extracted_and_rotated(x), "fa", 1.0),
        Race("tk.efa, the same with fit, tables and captions", lambda: tk.efa(frame, n_factors=5), "fa", 1.0),
        Race(
            "tk.reliability, 1,000 bootstrap samples of every coefficient",
            lambda: tk.reliability(agree, ci="bootstrap", n_bootstrap=1000, seed=1),
            "alpha",
            1 / 20,
        ),
    ]


def bench_against_r(store: bool = False) -> None:
    """Race the measurement core against psych and lavaan."""
    race("timings_core", races(), BFI, store=store)


def bench_growth() -> None:
    """Show that the cost of polychoric correlations grows with the rows only through the cross-tables."""
    x = complete().to_numpy(dtype=np.float64)
    print("\nPolychoric correlations of 25 items by rows (cross-tables / all the rest)")
    for n in GROWTH:
        rows = np.resize(x, (n, x.shape[1]))
        tables = CrossTables.of(rows)
        counting = seconds(lambda rows=rows: CrossTables.of(rows))
        estimating = seconds(lambda tables=tables: of_tables(tables))
        print(f"  {n:>9,} rows: {number(counting, 3)} s / {number(estimating, 3)} s")
