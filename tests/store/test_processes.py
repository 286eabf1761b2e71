"""Several processes, killed processes, copies while people answer: nothing is lost, doubled or torn."""

import json
import os
import random
import signal
import sqlite3
import stat
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select

from tests.store.helpers import ORDER, STUDY, answer_all, invite, seated
from toolkit.errors import StoreError
from toolkit.store import Answer, Store
from toolkit.store.tables import answers, audit, sittings

SUBMITTER = """
import sys
from toolkit.store import Answer, Store
url, name, n = sys.argv[1], sys.argv[2], int(sys.argv[3])
store = Store.open(url)
order = ["q1", "q2", "q3"]
for index in range(n):
    person = store.walk_in("closeness", f"{name}-{index}")
    lease = f"{name}-{index}"
    sitting = store.sit(person.number, wave="1", day=None, order=order, lease=lease)
    for sequence, item in enumerate(order, start=1):
        answer = Answer(item, value=index * 10 + sequence) if item != "q3" else Answer(item, text=lease)
        for _ in range(2):  # each message twice, as a page sends it that got no reply
            outcome = store.save(sitting.number, answer, lease=lease, sequence=sequence)
            assert outcome == "saved", outcome
    assert store.submit(sitting.number, lease=lease, late=False) == "saved"
"""
SAVER = """
import sys
from toolkit.store import Answer, Store
url, sitting, lease = sys.argv[1], int(sys.argv[2]), sys.argv[3]
store = Store.open(url)
for sequence in range(1, 1_000_000):
    answer = Answer(f"q{sequence}", text=f"answer {sequence}")
    if store.save(sitting, answer, lease=lease, sequence=sequence) == "saved":
        print(sequence, flush=True)
"""


def start(program: str, *words: object) -> subprocess.Popen:
    command = [sys.executable, "-W", "ignore", "-c", program, *map(str, words)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_eight_processes_lose_and_double_nothing(url, store):
    n_processes, n_each = 8, 10
    running = [start(SUBMITTER, url, f"process{number}", n_each) for number in range(n_processes)]
    told = [process.communicate(timeout=300)[1] for process in running]
    assert [process.returncode for process in running] == [0] * n_processes, told
    rows = store.rows(STUDY)
    assert len(rows) == n_processes * n_each
    assert {row.person for row in rows} == {f"process{n}-{k}" for n in range(n_processes) for k in range(n_each)}
    for row in rows:
        index = int(row.person.rpartition("-")[2])
        given = {one.item: one.text or one.value for one in row.answers}
        assert given == {"q1": index * 10 + 1, "q2": index * 10 + 2, "q3": row.person}
        assert row.submitted
    with store._reading() as connection:
        assert connection.execute(select(func.count()).select_from(audit)).scalar_one() == 3 * len(rows)


def test_every_answer_that_a_killed_process_acknowledged_is_in_the_store(url, store):
    generator = random.Random(20261201)
    acknowledged, sitting = {}, seated(store)
    for attempt in range(5):
        lease = f"page{attempt}"
        store.sit(sitting.participant, wave="1", day=None, order=ORDER, lease=lease)
        process = start(SAVER, url, sitting.number, lease)
        wanted = generator.randint(1, 60)
        lines = [process.stdout.readline() for _ in range(wanted)]
        process.send_signal(signal.SIGKILL)
        lines += process.communicate(timeout=60)[0].splitlines()
        assert process.returncode == -signal.SIGKILL
        saved = [int(line) for line in lines if line.strip()]
        assert len(saved) >= wanted
        acknowledged |= {f"q{number}": f"answer {number}" for number in saved}
        found = {item: answer.text for item, answer in store.answers(sitting.number).items()}
        assert acknowledged.items() <= found.items()
    with store._reading() as connection:
        kept = {tuple(row) for row in connection.execute(select(answers.c.item, answers.c.text))}
        audited = {tuple(row) for row in connection.execute(select(audit.c.item, audit.c.text))}
    assert kept == audited, "an answer and its audit row come together"
    if url.startswith("sqlite"):
        with sqlite3.connect(url.removeprefix("sqlite:///")) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        connection.close()


def test_threads_that_send_the_same_message_save_it_once(store):
    sitting = seated(store)

    def send(sequence: int) -> str:
        return store.save(sitting.number, Answer("q1", sequence), lease="page", sequence=sequence)

    with ThreadPoolExecutor(8) as threads:
        outcomes = list(threads.map(send, [5] * 24))
    assert outcomes == ["saved"] * 24
    with store._reading() as connection:
        assert connection.execute(select(audit.c.value)).scalars().all() == [5]


def test_two_pages_that_begin_at_once_begin_one_occasion(store):
    from tests.store.helpers import admitted

    for _ in range(5):
        person = admitted(store, invite(store)[0])

        def sit(lease: str, number: int = person.number):
            return store.sit(number, wave="1", day=None, order=ORDER, lease=lease)

        with ThreadPoolExecutor(6) as threads:
            begun = list(threads.map(sit, "abcdef"))
        assert len({one.number for one in begun}) == 1
        assert len(store.sittings(person.number)) == 1


def test_a_copy_while_four_threads_write_holds_whole_transactions(tmp_path, open_store):
    store = open_store(f"sqlite:///{tmp_path}/answers.db")
    places = [seated(store, invitation, lease="page") for invitation in invite(store, 4)]
    stop, written = threading.Event(), threading.Semaphore(0)

    def write(sitting) -> int:
        sequence = 0
        while not stop.is_set():
            sequence += 1
            text = json.dumps([sequence] * 200)
            store.save(sitting.number, Answer(f"q{sequence % 7}", text=text), lease="page", sequence=sequence)
            written.release()
        return sequence

    def copy_after(n: int, number: int):
        for _ in range(n):
            assert written.acquire(timeout=60)
        return store.backup(tmp_path / f"copy{number}.db")

    with ThreadPoolExecutor(4) as threads:
        writing = [threads.submit(write, sitting) for sitting in places]
        try:
            copies = [copy_after(20, number) for number in range(5)]
        finally:
            stop.set()
        assert sum(one.result() for one in writing) >= 100
    sizes = []
    for copy in copies:
        assert stat.S_IMODE(copy.stat().st_mode) == 0o600 or os.name != "posix"
        with sqlite3.connect(copy) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        connection.close()
        kept = open_store(f"sqlite:///{copy}")
        with kept._reading() as connection:
            changes = connection.execute(select(audit).order_by(audit.c.id)).all()
            now = {(row.sitting_id, row.item): row.text for row in connection.execute(select(answers))}
            assert connection.execute(select(func.count()).select_from(sittings)).scalar_one() == 4
        assert {(row.sitting_id, row.item): row.text for row in changes} == now
        assert all(len(set(json.loads(text))) == 1 for text in now.values())
        for sitting in places:
            sequences = [row.sequence for row in changes if row.sitting_id == sitting.number]
            assert sequences == list(range(1, len(sequences) + 1)), "no transaction is missing in the middle"
        sizes.append(len(changes))
    assert sizes == sorted(sizes)
    assert 20 <= sizes[0] < sizes[-1]
    assert not list(tmp_path.glob("*.part"))


def test_a_copy_is_a_store(tmp_path, open_store):
    store = open_store(f"sqlite:///{tmp_path}/answers.db")
    answer_all(store, seated(store))
    copy = open_store(f"sqlite:///{store.backup(tmp_path / 'copy.db')}")
    assert copy.rows(STUDY) == store.rows(STUDY)
    answer_all(copy, seated(copy))
    assert len(store.rows(STUDY)) == 1


def test_a_copy_never_takes_the_place_of_a_file(tmp_path, open_store):
    store = open_store(f"sqlite:///{tmp_path}/answers.db")
    store.backup(tmp_path / "copy.db")
    before = (tmp_path / "copy.db").read_bytes()
    for path in (tmp_path / "copy.db", tmp_path / "answers.db", tmp_path):
        with pytest.raises(StoreError, match="is there already"):
            store.backup(path)
    with pytest.raises(StoreError, match=r"cannot be written \(No such file"):
        store.backup(tmp_path / "nowhere" / "copy.db")
    assert (tmp_path / "copy.db").read_bytes() == before


def test_postgresql_is_copied_by_its_own_tool(new_database, open_store, tmp_path):
    with pytest.raises(StoreError, match="pg_dump --format=custom"):
        open_store(new_database()).backup(tmp_path / "copy.db")


def test_a_store_in_a_folder_that_may_not_be_written_to_can_be_read(tmp_path, open_store, monkeypatch):
    store = open_store(f"sqlite:///{tmp_path}/answers.db")
    answer_all(store, seated(store))
    rows = store.rows(STUDY)
    store.close()
    monkeypatch.setattr(os, "access", lambda *_: False)
    reading = Store.open(f"sqlite:///{tmp_path}/answers.db", create=False)
    assert reading.rows(STUDY) == rows
    with pytest.raises(StoreError, match="may only be read"):
        reading.walk_in(STUDY)
    reading.close()
    assert [file.name for file in tmp_path.iterdir()] == ["answers.db"]


def test_a_withdrawal_while_the_person_answers_leaves_nothing(store):
    for _ in range(3):
        invitation = invite(store)[0]
        sitting = seated(store, invitation)

        def save(sequence: int, number: int = sitting.number) -> str:
            item = f"q{sequence % 3}"
            return store.save(number, Answer(item, sequence), lease="page", sequence=sequence)

        with ThreadPoolExecutor(5) as threads:
            saving = [threads.submit(save, sequence) for sequence in range(1, 40)]
            assert threads.submit(store.withdraw, STUDY, invitation.withdrawal_code).result()
            assert {one.result() for one in saving} <= {"saved", "closed"}
    with store._reading() as connection:
        for table in (answers, audit, sittings):
            assert connection.execute(select(table)).all() == []
