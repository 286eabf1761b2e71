"""Time the simulation of a million persons against drawing as many normal numbers."""

from collections.abc import Callable

import numpy as np

import toolkit as tk
from toolkit.simulation import Design, simulate

PERSONS, ITEMS, SCALES = 1_000_000, 40, 4
GOAL = 20.0
Compare = Callable[[str, Callable[[], object], dict[str, tuple[Callable[[], object], float]]], None]


def bench_simulation(compare: Compare) -> None:
    """Simulate 1,000,000 persons × 40 items, with and without missing answers and careless respondents."""
    per_scale = ITEMS // SCALES
    signed = [f"{'-' if index % 3 == 0 else ''}q{index:02d}" for index in range(ITEMS)]
    keys = {f"s{index}": signed[index * per_scale : (index + 1) * per_scale] for index in range(SCALES)}
    instrument = tk.instrument_from_keys(keys, min=1, max=5, id="bench")
    spoilt = Design(
        missing={"mcar": 0.03, "mar": 0.02}, careless={"straight_lining": 0.02, "random": 0.02, "drifting": 0.02}
    )
    normals = {"numpy normals": (lambda: np.random.default_rng(1).standard_normal((PERSONS, ITEMS)), GOAL)}
    size = f"{PERSONS:,} × {ITEMS}"
    compare(f"simulate {size}", lambda: simulate(instrument, n_couples=PERSONS // 2), normals)
    compare(
        f"simulate {size}, with missing answers and careless respondents",
        lambda: simulate(instrument, n_couples=PERSONS // 2, design=spoilt),
        normals,
    )


if __name__ == "__main__":
    from tests.benchmarks.__main__ import compare

    bench_simulation(compare)
