"""A server that is killed loses nothing that a page showed as saved, and can be started again."""

from __future__ import annotations

import asyncio
import itertools
import random
import signal
import time

import psutil
from websockets.exceptions import ConnectionClosed

from tests.served import Person, Served, serving

PEOPLE = 20


def test_twenty_people_answer_while_the_server_is_killed_and_started_again(tmp_path):
    served = Served(tmp_path, "--ready", "2").start()
    people = [Person(served, row) for row in served.invited(PEOPLE // 2)]
    asyncio.run(answer_until_killed(served, people))
    ledger = {person.invitation["person"]: dict(person.ledger) for person in people}
    assert all(ledger.values())
    assert in_store(served, ledger) == ledger
    served.start()
    asyncio.run(finish(served, people[:3]))
    assert in_store(served, ledger) == ledger | {one.invitation["person"]: one.ledger for one in people[:3]}
    served.kill()


async def answer_until_killed(served, people):
    """Everybody answers, changes answers and answers on; then everything is killed in the middle of it."""
    await asyncio.gather(*(come(person) for person in people))
    answering = [asyncio.create_task(answer_on(person)) for person in people]
    while min(len(person.waits) for person in people) < 25:
        await asyncio.sleep(0.05)
    await asyncio.to_thread(served.kill)
    await asyncio.gather(*answering)
    await asyncio.gather(*(person.leave() for person in people))


async def come(person):
    await person.come()
    await person.begin()


async def answer_on(person):
    """Answer item after item; an answer that was sent, and not acknowledged, may be in the store or not."""
    draw = random.Random(person.invitation["person"])
    options = [item for item in person.items if item["kind"] == "options"]
    try:
        for item in itertools.cycle(options):
            value = draw.choice(item["options"])["value"]
            person.under_way = item["id"]
            await person.answer(item["id"], value)
    except ConnectionClosed:
        person.ledger.pop(person.under_way, None)


async def finish(served, people):
    """Come back with the same link, answer one more item and send."""
    for person in people:
        back = Person(served, person.invitation)
        await back.come()
        page = await back.begin()
        assert page["page"] == "form"
        await back.answer("age", 40)
        assert (await back.say("submit"))["page"]["page"] == "finished"
        person.ledger["age"] = 40
        await back.leave()


def in_store(served, ledger):
    """Read what the store holds of the items in the ledger, and of the age."""
    stored = served.stored()
    return {
        person: {item: value for item, value in stored[person].items() if item in {"age", *known}}
        for person, known in ledger.items()
    }


def test_ctrl_c_ends_the_server_its_kernels_and_its_traces(tmp_path):
    with serving(tmp_path, "--ready", "1") as served:

        async def answer():
            person = await Person(served, served.invited(1)[0]).come()
            await person.begin()
            await person.say("answer", item="comment", text="only the store knows this")
            await person.leave()
            return person.invitation

        invitation = asyncio.run(answer())
        kernels = served.kernels()
        assert kernels
        assert served.stop(signal.SIGINT) == 0
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline and any(map(psutil.Process.is_running, kernels)):
            time.sleep(0.05)
        assert not any(map(psutil.Process.is_running, kernels))
        written = served.output.read_text(encoding="utf-8")
        assert written.splitlines() == [
            f"Talking and holding back in couples (a demonstration): {served.address} (Ctrl-C ends it)",
            "ended",
        ]
        for secret in (*invitation.values(), "only the store knows this"):
            assert secret in ("a", "b", "P001") or secret not in written


def test_kernels_end_with_a_server_that_is_killed(tmp_path):
    with serving(tmp_path, "--ready", "1") as served:
        status, _, _ = served.get("")
        assert status == 200
        kernels = served.kernels()
        assert len(kernels) >= 2
        served.process.kill()
        served.process.wait()
        _, alive = psutil.wait_procs(kernels, timeout=15)
        assert alive == []


def test_when_all_places_are_taken_the_page_says_so(tmp_path):
    with serving(tmp_path, "--ready", "1", "--places", "1") as served:

        async def two():
            first = await Person(served, served.invited(1)[0]).come()
            status, headers, body = await asyncio.to_thread(served.get, "")
            await first.leave()
            return status, headers, body.decode()

        status, headers, page = asyncio.run(two())
        assert status == 503
        assert headers["Retry-After"] == "60"
        assert "Many people are answering right now" in page
        assert "Content-Security-Policy" in headers
        assert served.stop(signal.SIGTERM) == 0
