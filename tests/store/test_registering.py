"""Many pages begin at the same moment, and each registers what the study asks."""

from __future__ import annotations

import threading

from tests.builders import my_scale
from toolkit.store import Store
from toolkit.store.definition import define

DEFINITIONS = [define([my_scale()], title=f"Wording {number}") for number in range(3)]


def test_many_register_the_same_at_once(url):
    Store.open(url).close()
    start, problems = threading.Barrier(12), []

    def register():
        store = Store.open(url)
        try:
            start.wait()
            for number in range(3):
                store.register("s", DEFINITIONS[number])
        except Exception as problem:
            problems.append(problem)
        finally:
            store.close()

    threads = [threading.Thread(target=register) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    store = Store.open(url)
    assert store.studies() == ["s"]
    store.register("s", DEFINITIONS[0])
    assert store.definition("s").title == "Wording 0"
    store.close()
