"""Fifty people at once on a served questionnaire: how long until they can answer, how long until an answer is saved."""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from tests import postgresql
from tests.served import Person, Served, serving

PEOPLE = 50
ANSWERS = 18
SECONDS_PER_ANSWER = 2.0  # a fast reader
GOAL = 0.2
MEGABYTE = 1e6


def bench_serving() -> None:
    """Print times and memory with SQLite and with PostgreSQL, and whether anything was lost."""
    _bench("SQLite")
    reason = postgresql.why_not()
    if reason:
        print(f"\nServing with PostgreSQL: left out ({reason})")
        return
    with postgresql.server(durable=True) as url:
        _bench("PostgreSQL", url)


def _bench(name: str, store: str | None = None) -> None:
    options = ("--store", store) if store else ()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        served = stack.enter_context(serving(folder, "--ready", "5", *options))
        rows = served.invited(PEOPLE // 2, store=store)
        people = [Person(served, row) for row in rows]
        ready = asyncio.run(_answer(people))
        print(f"\nServing {PEOPLE} people who come at once, with {name}")
        print(f"  until they can answer: {_seconds(ready)}")
        saves = [wait for person in people for wait in person.waits]
        reached = "met" if _percentile(saves, 0.95) <= GOAL else "missed"
        print(f"  until an answer is saved: {_seconds(saves)} (goal for 95 %: {GOAL} s: {reached})")
        print(f"  memory: {_memory(served)}")
        kept = served.stored(store)
        lost = [row["person"] for row, one in zip(rows, people, strict=True) if not _kept(one, kept[row["person"]])]
        print(f"  answers shown as saved: {sum(len(one.ledger) for one in people)}; people who lost one: {len(lost)}")


async def _answer(people: Sequence[Person]) -> list[float]:
    began = time.perf_counter()
    ready = await asyncio.gather(*(_come(person, began) for person in people))
    for person in people:
        person.waits.clear()
    await asyncio.gather(*(_go_through(person, number) for number, person in enumerate(people)))
    return list(ready)


async def _come(person: Person, began: float) -> float:
    await person.come()
    await person.begin()
    return time.perf_counter() - began


async def _go_through(person: Person, number: int) -> None:
    await asyncio.sleep(SECONDS_PER_ANSWER * number / PEOPLE)
    items = [item for item in person.items if item["kind"] == "options"][:ANSWERS]
    for item in items:
        await person.answer(item["id"], item["options"][number % len(item["options"])]["value"])
        await asyncio.sleep(SECONDS_PER_ANSWER)


def _kept(person: Person, stored: dict[str, object]) -> bool:
    return all(stored.get(item) == value for item, value in person.ledger.items())


def _memory(served: Served) -> str:
    """Add up what processes have of their own and their share of what they have in common."""
    shares = sorted(kernel.memory_full_info().pss for kernel in served.kernels())
    own = statistics.median(shares) / MEGABYTE
    return f"{own:.0f} MB a kernel (median), {sum(shares) / MEGABYTE:.0f} MB for {len(shares)} processes"


def _percentile(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(int(share * len(ordered)), len(ordered) - 1)]


def _seconds(values: Sequence[float]) -> str:
    parts = ((0.5, "half of them within"), (0.95, "95 % within"), (1.0, "all within"))
    return ", ".join(f"{words} {_percentile(values, share):.3f} s" for share, words in parts)


if __name__ == "__main__":
    bench_serving()
