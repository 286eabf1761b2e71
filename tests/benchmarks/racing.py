"""Race our calls against R's: measured in the same run where R is installed, else against ratios stored earlier.

Run `python -m tests.benchmarks --store` on a machine with R to renew the stored ratios.
"""

import json
import statistics
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from toolkit.format import number, percent

HERE = Path(__file__).parent
ROUNDS = 5


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


def seconds(work: Callable[[], object], rounds: int = ROUNDS) -> float:
    """Give the median time of several calls after one to warm up."""
    work()
    found = []
    for _ in range(rounds):
        start = time.perf_counter()
        work()
        found.append(time.perf_counter() - start)
    return statistics.median(found)


def timings_of_r(script: str, *data: Path) -> dict | None:
    """Run an R script that times R; None where R or its packages are not installed."""
    first, *others = (str(path) for path in data)
    command = ["Rscript", str(HERE / f"{script}.R"), first, str(ROUNDS), *others]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return json.loads(done.stdout.strip().splitlines()[-1])


def race(script: str, races: Sequence[Race], *data: Path, store: bool = False) -> None:
    """Print each goal's ratio: measured now, or stored where R is missing."""
    place = HERE / f"{script}.json"
    theirs = timings_of_r(script, *data)
    stored = json.loads(place.read_text(encoding="utf-8")) if place.is_file() else {"versions": [], "ratios": {}}
    about = ", ".join((theirs or stored)["versions"])
    print(f"\nAgainst R ({about}{'' if theirs else '; ratios stored earlier, since R is not installed here'})")
    ratios = {}
    for one in races:
        mine = seconds(one.ours)
        measured = theirs and one.share * mine / statistics.median(theirs["seconds"][one.r_call])
        ratio = measured or stored["ratios"].get(one.title)
        if ratio is None:
            print(f"  {one.title}: {number(mine, 4)} s; no ratio is stored")
            continue
        ratios[one.title] = ratio
        verdict = "met" if ratio <= one.goal else f"missed by {percent(ratio / one.goal - 1)}"
        print(
            f"  {one.title}: {number(mine, 4)} s, {number(1 / ratio, 1)} times as fast as {one.r_call}"
            f" (goal {number(1 / one.goal, 1)}: {verdict})"
        )
    if store and theirs:
        place.write_text(json.dumps({"versions": theirs["versions"], "ratios": ratios}, indent=1) + "\n")
