"""Time the measurement core against R's psych and lavaan, in the same run where they are installed.

Run `python -m tests.benchmarks --store` on a machine with R to renew the stored ratios.
"""

import json
import statistics
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

import toolkit as tk
from tests.conftest import ROOT
from toolkit.format import number, percent
from toolkit.kernels.cross_tables import CrossTables
from toolkit.kernels.factoring import minres
from toolkit.kernels.polychoric import of_tables, polychoric_correlations
from toolkit.kernels.polychoric_covariance import asymptotic_covariance
from toolkit.kernels.rotation import Rotation, rotate

HERE = Path(__file__).parent
BFI = ROOT / "data" / "bfi" / "bfi.csv"
STORED = HERE / "timings_r.json"
ROUNDS = 5
AGREE = ["-A1", "A2", "A3", "A4", "A5"]
GROWTH = (1_000, 10_000, 100_000, 1_000_000)


@dataclass(frozen=True)
class Race:
    """One of our calls, R's call by its name in timings.R, and the largest ratio of times that the goal allows."""

    title: str
    ours: Callable[[], object]
    r_call: str
    goal: float


def complete() -> pd.DataFrame:
    """Give the complete answers to the 25 items."""
    return pd.read_csv(BFI).iloc[:, :25].dropna().astype(int)


def seconds(work: Callable[[], object]) -> float:
    """Give the median time of several calls after one to warm up."""
    work()
    found = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        work()
        found.append(time.perf_counter() - start)
    return statistics.median(found)


def timings_of_r() -> dict | None:
    """Run timings.R; None where R, psych or lavaan is not installed."""
    command = ["Rscript", str(HERE / "timings.R"), str(BFI), str(ROUNDS)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return json.loads(done.stdout.strip().splitlines()[-1])


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
    """Print each goal's ratio: measured now, or stored where R is missing."""
    theirs = timings_of_r()
    stored = json.loads(STORED.read_text(encoding="utf-8")) if STORED.is_file() else {"ratios": {}}
    about = ", ".join((theirs or stored)["versions"])
    print(f"\nAgainst R ({about}{'' if theirs else '; ratios stored earlier, since R is not installed here'})")
    ratios = {}
    for race in races():
        mine = seconds(race.ours)
        ratio = mine / statistics.median(theirs["seconds"][race.r_call]) if theirs else stored["ratios"][race.title]
        ratios[race.title] = ratio
        verdict = "met" if ratio <= race.goal else f"missed by {percent(ratio / race.goal - 1)}"
        print(
            f"  {race.title}: {number(mine, 4)} s, {number(1 / ratio, 1)} times as fast as {race.r_call}"
            f" (goal {number(1 / race.goal, 1)}: {verdict})"
        )
    if store and theirs:
        STORED.write_text(json.dumps({"versions": theirs["versions"], "ratios": ratios}, indent=1) + "\n")


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
