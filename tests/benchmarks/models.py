"""Time confirmatory models against lavaan, and show how their cost grows."""

import math
import subprocess

import numpy as np
import pandas as pd

import toolkit as tk
from tests.benchmarks.racing import HERE, Race, race, seconds
from tests.conftest import ROOT
from toolkit.format import number, percent

BFI = ROOT / "data" / "bfi" / "bfi.csv"
HS, HOLES = ROOT / "tests" / "data" / "hs1939.csv", ROOT / "tests" / "data" / "hs1939_missing.csv"
THREE = "visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6\nspeed =~ x7 + x8 + x9"
FIVE = "\n".join(f"{factor} =~ {' + '.join(f'{factor}{item}' for item in range(1, 6))}" for factor in "ACENO")
LADDER = ((), ("loadings",), ("loadings", "intercepts"), ("loadings", "intercepts", "residuals"))
ITEMS, ROWS, FIML_ROWS = (10, 20, 40, 60), (1_000, 10_000, 100_000, 1_000_000), (1_000, 10_000, 100_000)
PATIENCE = 120  # seconds for one call of lavaan's


def races() -> list[Race]:
    """List the goals; fit measures are included on both sides."""
    hs, holes, everyone = pd.read_csv(HS), pd.read_csv(HOLES), pd.read_csv(BFI).iloc[:, :25]
    bfi = everyone.dropna().astype(int)
    ml, fiml = {"estimator": "ML"}, {"estimator": "ML", "missing": "fiml", "std_lv": True}
    listwise = {**ml, "missing": "listwise"}
    return [
        Race("HS, three factors, ML", lambda: tk.cfa(hs, THREE, **listwise), "hs_ml", 1 / 5),
        Race("bfi, five factors, ML", lambda: tk.cfa(bfi, FIVE, std_lv=True, **listwise), "bfi_ml", 1 / 10),
        Race(
            "bfi, five factors, WLSMV",
            lambda: tk.cfa(bfi, FIVE, std_lv=True, estimator="WLSMV", ordered=True),
            "bfi_wlsmv",
            1 / 10,
        ),
        Race(
            "HS, four steps of invariance, ML",
            lambda: [tk.cfa(hs, THREE, group="school", group_equal=equal, **listwise) for equal in LADDER],
            "hs_ladder",
            1 / 10,
        ),
        Race(
            "the same as tk.invariance, with tests and effect sizes",
            lambda: tk.invariance(hs, THREE, group="school", estimator="ML"),
            "hs_ladder",
            1 / 10,
        ),
        Race("HS with holes, FIML", lambda: tk.cfa(holes, THREE, **fiml), "hs_fiml", 1 / 10),
        Race("bfi, everyone, FIML", lambda: tk.cfa(everyone, FIVE, **fiml), "bfi_fiml", 1 / 10),
        Race(
            "HS, 1,000 bootstrap draws (R: 100, times ten)",
            lambda: tk.cfa(hs, THREE, bootstrap=1000, seed=1, **listwise),
            "hs_hundred_draws",
            1 / 10,
            share=0.1,
        ),
    ]


def bench_models(store: bool = False) -> None:
    """Race confirmatory models against lavaan."""
    race("timings_lavaan", races(), BFI, HS, HOLES, store=store)


def normal(n: int, k: int, generator: np.random.Generator) -> pd.DataFrame:
    """Draw normal answers to k items of factors with five items each, which correlate .3."""
    m = k // 5
    factors = generator.multivariate_normal(np.zeros(m), 0.7 * np.eye(m) + 0.3, size=n)
    answers = 0.7 * np.repeat(factors, 5, axis=1) + np.sqrt(0.51) * generator.standard_normal((n, k))
    return pd.DataFrame(answers, columns=[f"y{item}" for item in range(k)])


def text_of(k: int) -> str:
    """Write the model of `normal`."""
    factors = (range(5 * factor, 5 * factor + 5) for factor in range(k // 5))
    return "\n".join(f"f{place} =~ {' + '.join(f'y{item}' for item in items)}" for place, items in enumerate(factors))


def seconds_of_lavaan(n: int, k: int, missing: float) -> float | None:
    """Time the same in lavaan; infinite where it takes too long, None where R or lavaan is not installed."""
    command = ["Rscript", str(HERE / "timings_growth.R"), str(k), str(n), str(missing)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        return math.inf
    except (OSError, subprocess.CalledProcessError):
        return None
    return float(done.stdout.split()[-1])


def grow(n: int, k: int, missing: float = 0.0) -> None:
    """Fit the model to n rows of k items, and print how long that takes here and in lavaan."""
    generator = np.random.default_rng([1, n, k])
    frame = normal(n, k, generator)
    frame = frame.mask(generator.random((n, k)) < missing) if missing else frame
    how = "fiml" if missing else "listwise"
    took = seconds(lambda: tk.cfa(frame, text_of(k), estimator="ML", missing=how), 1)
    theirs = seconds_of_lavaan(n, k, missing)
    beside = "" if theirs is None else f"; lavaan {number(theirs, 3)}, {number(theirs / took, 1)} times as long"
    if theirs == math.inf:
        beside = f"; lavaan and its start more than {PATIENCE}"
    holes = f", {percent(missing)} missing, FIML" if missing else ""
    print(f"  {number(n, 0)} rows, {k} items{holes}: {number(took, 3)}{beside}", flush=True)


def bench_model_growth() -> None:
    """Grow one axis at a time: items at 1,000 rows, rows at 25 items, rows with holes at 25 items."""
    print("\nGrowth of tk.cfa, ML with fit measures (seconds)")
    for k in ITEMS:
        grow(1_000, k)
    for n in ROWS:
        grow(n, 25)
    for n in FIML_ROWS:
        grow(n, 25, 0.02)
