"""Race our calls against R's: measured in the same run where R is installed, else against ratios stored earlier.

Both sides count processor time on one core, so that other work on the machine matters little, and each of our calls is
timed before and after R's.

Run `python -m tests.benchmarks --store` on a machine with R to renew the stored ratios.
"""

import json
import math
import statistics
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from toolkit.format import number, percent

HERE = Path(__file__).parent
ROUNDS = 5
LEAST = 1.0  # seconds that the rounds of a race take together at the least


@dataclass(frozen=True)
class Race:
    """One of our calls, R's call by its name in the R script, and the largest ratio of times that the goal allows.

    `share` is the part of our work that R's call does, such as a tenth of the bootstrap draws.
    """

    title: str
    ours: Callable[[], object]
    r_call: str
    goal: float
    share: float = 1.0


def processor_time(work: Callable[[], object]) -> float:
    """Time one call."""
    start = time.process_time()
    work()
    return time.process_time() - start


def times(work: Callable[[], object]) -> list[float]:
    """Time several calls after one to warm up."""
    work()
    first = processor_time(work)
    rounds = max(ROUNDS, math.ceil(LEAST / max(first, 1e-6)))
    return [first, *(processor_time(work) for _ in range(rounds - 1))]


def seconds(work: Callable[[], object], rounds: int = ROUNDS) -> float:
    """Give the median time of several calls after one to warm up."""
    work()
    return statistics.median(processor_time(work) for _ in range(rounds))


def timings_of_r(script: str, call: str, *data: Path) -> dict | None:
    """Run an R script that times one call of R's; None where R or its packages are not installed."""
    paths = (str(path) for path in data)
    command = ["Rscript", str(HERE / f"{script}.R"), call, str(ROUNDS), str(LEAST), *paths]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return json.loads(done.stdout.strip().splitlines()[-1])


def race(script: str, races: Sequence[Race], *data: Path, store: bool = False) -> None:
    """Print each goal's ratio: measured now, or stored where R is missing."""
    place = HERE / f"{script}.json"
    stored = json.loads(place.read_text(encoding="utf-8")) if place.is_file() else {"versions": [], "ratios": {}}
    versions, ratios = [], {}
    print(f"\nAgainst R (stored ratios: {', '.join(stored['versions'])})")
    for one in races:
        mine = times(one.ours)
        theirs = timings_of_r(script, one.r_call, *data)
        if theirs:
            mine += times(one.ours)
            versions = theirs["versions"]
            ratios[one.title] = one.share * statistics.median(mine) / statistics.median(theirs["seconds"])
        print(verdict(one, statistics.median(mine), ratios.get(one.title), stored["ratios"].get(one.title)))
    print(f"  measured now: {', '.join(versions) or 'nothing, since R is not installed here'}")
    if store and len(ratios) == len(races):
        place.write_text(json.dumps({"versions": versions, "ratios": ratios}, indent=1) + "\n", encoding="utf-8")


def verdict(one: Race, mine: float, measured: float | None, stored: float | None) -> str:
    """Say how fast one call is beside R's, and whether that meets the goal."""
    ratio = measured or stored
    if ratio is None:
        return f"  {one.title}: {number(mine, 4)} s; no ratio is stored"
    met = "met" if ratio <= one.goal else f"missed by {percent(ratio / one.goal - 1)}"
    return (
        f"  {one.title}: {number(mine, 4)} s, {number(1 / ratio, 1)} times as fast as {one.r_call}"
        f"{'' if measured else ' (stored)'} (goal {number(1 / one.goal, 1)}: {met})"
    )
