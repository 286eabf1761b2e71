"""Time the speed goals: each against its yardstick, side by side in one run, as ratios. Nothing is asserted."""

import os

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")

import statistics
import subprocess
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

import toolkit as tk
from toolkit.format import number, percent

ROWS, ITEMS, SCALES, MISSING = 1_000_000, 40, 4, 0.03
ROUNDS = 5
REVERSED_EVERY = 3


def timed(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def compare(title: str, ours: Callable[[], object], yardsticks: dict[str, tuple[Callable[[], object], float]]) -> None:
    """Run ours and the yardsticks in turn; print the median of each and the ratios pair by pair."""
    ours()
    for work, _ in yardsticks.values():
        work()
    rounds = [(timed(ours), {name: timed(work) for name, (work, _) in yardsticks.items()}) for _ in range(ROUNDS)]
    print(f"\n{title}\n  ours: {number(statistics.median(mine for mine, _ in rounds), 3)} s (median of {ROUNDS})")
    for name, (_, goal) in yardsticks.items():
        ratio = statistics.median(mine / others[name] for mine, others in rounds)
        seconds = statistics.median(others[name] for _, others in rounds)
        verdict = "met" if ratio <= goal else f"missed by {percent(ratio / goal - 1)}"
        print(f"  {name}: {number(seconds, 3)} s; ratio {number(ratio)} (goal at most {number(goal)}: {verdict})")


def keys() -> dict[str, list[str]]:
    per_scale = ITEMS // SCALES
    signed = [f"{'-' if index % REVERSED_EVERY == 0 else ''}q{index:02d}" for index in range(ITEMS)]
    return {f"s{index}": signed[index * per_scale : (index + 1) * per_scale] for index in range(SCALES)}


def answers(rows: int) -> pd.DataFrame:
    generator = np.random.default_rng(1)
    values = generator.integers(1, 6, size=(rows, ITEMS)).astype(float)
    values[generator.random(values.shape) < MISSING] = np.nan
    return pd.DataFrame(values, columns=[f"q{index:02d}" for index in range(ITEMS)])


def pandas_scores(frame: pd.DataFrame) -> pd.DataFrame:
    """The straightforward way: reverse, average, apply the half rule."""
    scores = {}
    for scale, items in keys().items():
        names = [item.removeprefix("-") for item in items]
        part = frame[names].copy()
        turned = [item.removeprefix("-") for item in items if item.startswith("-")]
        part[turned] = 6 - part[turned]
        scores[scale] = part.mean(axis=1).where(part.notna().sum(axis=1) >= len(names) / 2)
    return pd.DataFrame(scores)


def bench_scoring() -> None:
    frame = answers(ROWS)
    array = frame.to_numpy()
    instrument = tk.instrument_from_keys(keys(), min=1, max=5, id="bench")
    responses = tk.Responses.from_frame(frame, instrument)
    same = np.allclose(tk.score(responses), pandas_scores(frame), equal_nan=True)
    print(f"Scores of {ROWS:,} × {ITEMS} equal those of pandas: {same}")
    compare(
        "tk.score on validated Responses",
        lambda: tk.score(responses),
        {
            "numpy nansum of the array": (lambda: np.nansum(array, axis=1), 4.0),
            "pandas": (lambda: pandas_scores(frame), 0.5),
        },
    )
    compare(
        "Responses.from_frame and tk.score, from a raw frame with validation",
        lambda: tk.score(tk.Responses.from_frame(frame, instrument)),
        {"pandas": (lambda: pandas_scores(frame), 2.0)},
    )
    tracemalloc.start()
    tk.score(responses)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    print(f"  peak memory of tk.score: {peak / 1e6:.0f} MB; the whole table as float is {array.nbytes / 1e6:.0f} MB")


def bench_csv() -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "answers.csv"
        frame = answers(1_250_000).astype("Int8")
        frame.insert(0, "person", np.arange(len(frame)))
        frame.to_csv(path, index=False)
        instrument = tk.instrument_from_keys(keys(), min=1, max=5, id="bench")
        compare(
            f"tk.read_responses of a CSV of {path.stat().st_size / 1e6:.0f} MB",
            lambda: tk.read_responses(path, instrument, person="person"),
            {"pandas.read_csv": (lambda: pd.read_csv(path), 2.5)},
        )


def bench_import() -> None:
    def fresh(statement: str) -> Callable[[], object]:
        return lambda: subprocess.run([sys.executable, "-c", statement], check=True)

    compare(
        "import toolkit, in a fresh process", fresh("import toolkit"), {"import pandas": (fresh("import pandas"), 1.3)}
    )


if __name__ == "__main__":
    from tests.benchmarks.against_r import bench_against_r, bench_growth
    from tests.benchmarks.coverage import bench_coverage
    from tests.benchmarks.coverage_polychoric import bench_polychoric_coverage
    from tests.benchmarks.models import bench_model_growth, bench_models
    from tests.benchmarks.serving_load import bench_serving
    from tests.benchmarks.simulation import bench_simulation
    from tests.benchmarks.simulation_models import bench_model_simulation

    bench_import()
    bench_serving()
    bench_scoring()
    bench_csv()
    bench_simulation(compare)
    bench_against_r(store="--store" in sys.argv)
    bench_growth()
    bench_models(store="--store" in sys.argv)
    bench_model_growth()
    bench_coverage()
    bench_polychoric_coverage()
    bench_model_simulation()
