"""Load on a store, in SQLite and in PostgreSQL: how long a save takes, and whether anything is lost or doubled.

`python -m tests.benchmarks.collection_load [store]`, with `--submissions 10000` and `--savers 50` by default.
Only what is lost or doubled is asserted; times are printed, each beside what the disk itself needs for a write.
"""

import argparse
import multiprocessing
import os
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Queue
from statistics import median, quantiles
from typing import Any

from sqlalchemy import func, select

from tests.postgresql import server, why_not
from toolkit.format import count, number
from toolkit.store import Answer, Store
from toolkit.store.tables import answers, audit, participants, sittings

STUDY = "load"
PROCESSES = 8
ITEMS = tuple(f"q{index}" for index in range(1, 4))
SAVER_PROCESSES = 5
GOAL = 200  # milliseconds for 95 of 100 saves
THINKING = (1.0, 0.0)  # seconds between two answers: as people answer fast; as machines do


@contextmanager
def places(folder: Path) -> Iterator[dict[str, str]]:
    """Give the URL of an empty store of each kind."""
    urls = {"SQLite": f"sqlite:///{folder}/answers.db"}
    reason = why_not()
    if reason:
        print(f"PostgreSQL is left out: {reason}")
        yield urls
        return
    with server(durable=True) as url:
        yield {**urls, "PostgreSQL": url}


def disk_write(folder: Path, times: int = 100) -> float:
    """Time one write that reaches the disk, in milliseconds."""
    spent = []
    with (folder / "probe").open("wb") as file:
        for _ in range(times):
            start = time.perf_counter()
            file.write(b"x" * 4096)
            file.flush()
            os.fsync(file.fileno())
            spent.append(time.perf_counter() - start)
    return median(spent) * 1000


def submit_many(url: str, process: int, n: int) -> None:
    """Begin, answer and submit n occasions; every message is sent twice, as by a page that got no reply."""
    store = Store.open(url)
    for index in range(n):
        name = f"{process}-{index}"
        sitting = store.sit(store.walk_in(STUDY, name).number, wave="1", day=None, order=ITEMS, lease=name)
        for sequence, item in enumerate(ITEMS, start=1):
            answer = Answer(item, text=name) if item == ITEMS[-1] else Answer(item, index % 5)
            for _ in range(2):
                check(store.save(sitting.number, answer, lease=name, sequence=sequence))
        for _ in range(2):
            check(store.submit(sitting.number, lease=name, late=False))
    store.close()


def check(outcome: str) -> None:
    if outcome != "saved":
        raise SystemExit(f"an answer was {outcome}, not saved")


def in_processes(work: Callable[..., None], several: list[tuple[Any, ...]]) -> float:
    """Run work in processes at once; give the seconds until the last has ended."""
    fresh = multiprocessing.get_context("spawn")
    running = [fresh.Process(target=work, args=words) for words in several]
    start = time.perf_counter()
    for process in running:
        process.start()
    for process in running:
        process.join()
    if any(process.exitcode for process in running):
        raise SystemExit(f"a writing process failed: {[process.exitcode for process in running]}")
    return time.perf_counter() - start


def sizes(store: Store) -> dict[str, int]:
    """Count the rows of the tables that grow."""
    with store._reading() as connection:
        return {
            table.name: connection.execute(select(func.count()).select_from(table)).scalar_one()
            for table in (participants, sittings, answers, audit)
        }


def submissions(kind: str, url: str, n: int) -> None:
    """Let eight processes submit, and count what is in the store afterwards."""
    each = n // PROCESSES
    store = Store.open(url)
    before = sizes(store)
    seconds = in_processes(submit_many, [(url, process, each) for process in range(PROCESSES)])
    rows = store.rows(STUDY)
    whole = {row.person for row in rows if row.submitted and len(row.answers) == len(ITEMS)}
    own = all(answer.text == row.person for row in rows for answer in row.answers if answer.item == ITEMS[-1])
    added = {name: now - before[name] for name, now in sizes(store).items()}
    store.close()
    total = each * PROCESSES
    cells = total * len(ITEMS)
    assert whole == {f"{process}-{index}" for process in range(PROCESSES) for index in range(each)}
    assert own
    assert added == {"participants": total, "sittings": total, "answers": cells, "audit": cells}
    transactions = total * (2 * len(ITEMS) + 4)
    print(
        f"  {kind}: {count(total)} submissions of {len(ITEMS)} answers by {PROCESSES} processes, each message twice: "
        f"{number(seconds, 1)} s, {number(total / seconds, 1)} submissions and {number(transactions / seconds, 0)} "
        "transactions a second; none lost, none doubled"
    )


def save_like_people(url: str, own: list[int], thinking: float, n: int, told: Any) -> None:
    """Save n answers from each of some pages at once; tell how long each save took."""
    store, spent = Store.open(url), Queue()

    def page(sitting: int, offset: float) -> None:
        time.sleep(offset)
        for sequence in range(1, n + 1):
            start = time.perf_counter()
            check(store.save(sitting, Answer(f"q{sequence}", sequence % 5), lease="page", sequence=sequence))
            spent.put(time.perf_counter() - start)
            time.sleep(thinking)

    threads = [threading.Thread(target=page, args=(one, thinking * k / len(own))) for k, one in enumerate(own)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    told.put([spent.get() for _ in range(n * len(own))])
    store.close()


def savers(kind: str, url: str, n_savers: int, thinking: float, n: int = 25) -> None:
    """Let people answer at once; print the time of a save."""
    store = Store.open(url)
    begun = []
    for index in range(n_savers):
        person = store.walk_in("savers", f"{thinking}-{index}").number
        begun.append(store.sit(person, wave="1", day=None, order=(), lease="page").number)
    told = multiprocessing.get_context("spawn").SimpleQueue()
    shares = [begun[start::SAVER_PROCESSES] for start in range(SAVER_PROCESSES)]
    in_processes(save_like_people, [(url, share, thinking, n, told) for share in shares])
    spent = [one * 1000 for _ in shares for one in told.get()]
    saved = sum(len(store.answers(sitting)) for sitting in begun)
    store.close()
    assert saved == len(spent) == n_savers * n
    p95 = quantiles(spent, n=20)[-1]
    print(
        f"  {kind}: {n_savers} savers, {number(thinking, 1)} s between answers: median {number(median(spent), 1)}, "
        f"95th percentile {number(p95, 1)}, longest {number(max(spent), 0)} ms "
        f"(goal {GOAL}: {'met' if p95 <= GOAL else 'missed'}); {count(saved)} of {count(len(spent))} saved"
    )


def main(words: list[str]) -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("part", nargs="?", choices=["store"], default="store")
    options.add_argument("--submissions", type=int, default=10_000)
    options.add_argument("--savers", type=int, default=50)
    given = options.parse_args(words)
    with tempfile.TemporaryDirectory() as folder, places(Path(folder)) as urls:
        print(f"One write that reaches this disk: {number(disk_write(Path(folder)), 2)} ms")
        print("Saving while many answer:")
        for thinking in THINKING:
            for kind, url in urls.items():
                savers(kind, url, given.savers, thinking)
        print("Submitting from many processes:")
        for kind, url in urls.items() if given.submissions else ():
            submissions(kind, url, given.submissions)


if __name__ == "__main__":
    main(sys.argv[1:])
