"""Erasing means erasing: from the tables, and from the bytes of the file."""

import sqlite3
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from tests.store.helpers import FOREVER, STUDY, admitted, answer_all, invite, invite_couples, seated
from toolkit.errors import StoreWarning
from toolkit.store import Answer, withdrawal
from toolkit.store.codes import new_code
from toolkit.store.tables import metadata, participants, withdrawals

SECRET = "only I know this sentence, which nobody else would write"
OTHERS = "what the partner wrote, which stays"


def everything(store) -> dict[str, list]:
    with store._reading() as connection:
        return {name: connection.execute(select(table)).all() for name, table in metadata.tables.items()}


def file_bytes(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in sorted(folder.iterdir()) if file.is_file())


@pytest.fixture
def file_store(tmp_path, open_store):
    return open_store(f"sqlite:///{tmp_path}/answers.db")


def couple(store, *, text: str = SECRET):
    """A couple of whom both answered all, with a free text."""
    one, other = invite_couples(store)
    mine, theirs = seated(store, one), seated(store, other)
    answer_all(store, mine, text=text)
    answer_all(store, theirs, text=OTHERS)
    return one, other, mine, theirs


def test_a_withdrawal_takes_everything_but_a_date(store, clock):
    one, _, mine, _ = couple(store)
    diary = store.sit(mine.participant, wave="1", day="2", order=["q1"], lease="page")
    store.place(diary.number, 1, 1234, lease="page", sequence=1)
    before = everything(store)
    assert store.withdraw(STUDY, one.withdrawal_code) is True
    after = everything(store)
    for name in ("participants", "tokens"):
        assert len(after[name]) == len(before[name]) - 1
    assert all(row.id != mine.participant for row in after["participants"])
    assert all(row.participant_id != mine.participant for name in ("tokens", "sittings") for row in after[name])
    gone = {mine.number, diary.number}
    assert all(row.sitting_id not in gone for name in ("answers", "audit", "page_times") for row in after[name])
    assert after["page_times"] == []
    assert after["withdrawals"] == [(STUDY, clock.now.date())]
    assert set(withdrawals.columns.keys()) == {"study", "withdrawn_on"}
    rest = repr(after)
    assert SECRET not in rest
    assert one.person not in repr(after["participants"])


def test_the_partner_keeps_everything(store):
    one, other, _, theirs = couple(store)
    before = (store.answers(theirs.number), store.own_answers(theirs.participant), store.sittings(theirs.participant))
    person = store.admit(STUDY, other.token)
    store.withdraw(STUDY, one.withdrawal_code)
    after = (store.answers(theirs.number), store.own_answers(theirs.participant), store.sittings(theirs.participant))
    assert after == before
    assert store.admit(STUDY, other.token) == person
    assert person.couple == "C001"
    assert store.answers(theirs.number)["q3"].text == OTHERS


def test_a_code_works_once_in_its_study_and_nothing_else_works(store):
    one = invite(store)[0]
    assert store.withdraw("other", one.withdrawal_code) is False
    assert store.withdraw(STUDY, new_code()) is False
    assert store.withdraw(STUDY, one.token) is False
    assert store.withdraw(STUDY, "") is False
    assert store.withdraw(STUDY, one.withdrawal_code.lower()) is True
    assert store.withdraw(STUDY, one.withdrawal_code) is False
    assert store.admit(STUDY, one.token) is None
    assert store.counts(STUDY).withdrawn == 1


def test_codes_work_until_the_study_closes(store, clock):
    one, other = invite(store, 2)
    closes = clock.now + timedelta(hours=1)
    assert store.withdraw(STUDY, one.withdrawal_code, closes=closes) is True
    clock.go(hours=2)
    assert store.withdraw(STUDY, other.withdrawal_code, closes=closes) is False
    assert store.admit(STUDY, other.token)


def test_where_the_owner_is_known_only_their_own_code_works(store):
    one, other = invite(store, 2)
    mine = store.admit(STUDY, one.token).number
    assert store.withdraw(STUDY, other.withdrawal_code, owner=mine) is False
    assert store.admit(STUDY, other.token)
    assert store.withdraw(STUDY, one.withdrawal_code, owner=mine) is True
    assert store.counts(STUDY).withdrawn == 1


def test_a_person_without_a_code_cannot_be_withdrawn_by_an_empty_one(store):
    store.walk_in(STUDY, "me")
    assert store.withdraw(STUDY, "") is False


def test_a_page_that_is_still_open_is_told_that_it_is_closed(store):
    one = invite(store)[0]
    sitting = seated(store, one)
    store.withdraw(STUDY, one.withdrawal_code)
    assert store.save(sitting.number, Answer("q1", text=SECRET), lease="page", sequence=1) == "closed"
    assert store.submit(sitting.number, lease="page", late=False) == "closed"
    assert SECRET not in repr(everything(store))


def test_no_byte_of_a_withdrawn_person_is_left(tmp_path, file_store):
    """Among many others, so that pages of the file were split, and with changes, so that old pages are in the log."""
    for number, invitation in enumerate(invite(file_store, 40)):
        answer_all(file_store, seated(file_store, invitation), text=f"{OTHERS} {number}" * 20)
    one, _, mine, _ = couple(file_store, text=SECRET * 30)
    late = file_store.sit(mine.participant, wave="2", day=None, order=["q1"], lease="page")
    for sequence in range(1, 30):
        file_store.save(late.number, Answer("q1", text=f"{SECRET} {sequence}"), lease="page", sequence=sequence)
    for number, invitation in enumerate(invite(file_store, 40)):
        answer_all(file_store, seated(file_store, invitation), text=f"{OTHERS} {number}" * 20)
    assert SECRET.encode() in file_bytes(tmp_path)
    assert file_store.withdraw(STUDY, one.withdrawal_code)
    left = file_bytes(tmp_path)
    assert SECRET.encode() not in left
    assert one.person.encode() not in left
    assert OTHERS.encode() in left
    assert (tmp_path / "answers.db-wal").stat().st_size < 20_000
    with sqlite3.connect(tmp_path / "answers.db") as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []


def test_bytes_that_a_reader_holds_go_when_the_store_is_opened_next(tmp_path, open_store):
    url = f"sqlite:///{tmp_path}/answers.db"
    store = open_store(url)
    one, _, _, _ = couple(store)
    reader = sqlite3.connect(tmp_path / "answers.db", isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM answers").fetchone()
    began = time.monotonic()
    with pytest.warns(StoreWarning, match="their bytes stand in the file until"):
        assert store.withdraw(STUDY, one.withdrawal_code)
    assert time.monotonic() - began < 10, "nobody can write meanwhile"
    assert SECRET not in repr(everything(store))
    assert SECRET.encode() in file_bytes(tmp_path)
    log = (tmp_path / "answers.db-wal").stat().st_size
    for _ in range(2):
        assert not store.scrub()
    assert (tmp_path / "answers.db-wal").stat().st_size <= log + 20_000, "the file is written anew once"
    reader.close()
    store.close()
    open_store(url)
    assert SECRET.encode() not in file_bytes(tmp_path)


def test_a_full_disk_hides_no_withdrawal_and_closes_no_store(tmp_path, open_store, monkeypatch):
    url = f"sqlite:///{tmp_path}/answers.db"
    store = open_store(url)
    one, _, _, _ = couple(store)
    monkeypatch.setattr("toolkit.store.withdrawal.rewrite", lambda engine: False)
    with pytest.warns(StoreWarning, match="room on the disk"):
        assert store.withdraw(STUDY, one.withdrawal_code) is True
    open_store(url).close()
    monkeypatch.undo()
    assert SECRET.encode() in file_bytes(tmp_path)
    assert store.scrub()
    assert SECRET.encode() not in file_bytes(tmp_path)


@pytest.mark.parametrize("waits_for", ["rewrite", "empty_log"])
def test_a_copy_holds_no_byte_of_the_withdrawn_while_overwriting_waits(tmp_path, open_store, monkeypatch, waits_for):
    """Even bytes that `secure_delete` did not reach, as after the split of a page."""
    store = open_store(f"sqlite:///{tmp_path}/answers.db")
    one, _, mine, _ = couple(store, text=SECRET * 30)
    with sqlite3.connect(tmp_path / "answers.db") as connection:
        connection.execute("PRAGMA secure_delete=OFF")
        for table in ("answers", "audit"):
            connection.execute(f"DELETE FROM {table} WHERE sitting_id = ?", (mine.number,))
    connection.close()
    monkeypatch.setattr(f"toolkit.store.withdrawal.{waits_for}", lambda engine: False)
    with pytest.warns(StoreWarning, match="their bytes stand in the file until"):
        assert store.withdraw(STUDY, one.withdrawal_code)
    assert SECRET.encode() in file_bytes(tmp_path)
    copy = store.backup(tmp_path / "copy.db")
    assert SECRET.encode() not in copy.read_bytes()
    assert OTHERS.encode() in copy.read_bytes()
    assert not list(tmp_path.glob("*.part*"))
    monkeypatch.undo()
    assert open_store(f"sqlite:///{copy}").rows(STUDY) == store.rows(STUDY)
    store.backup(tmp_path / "later.db")
    assert SECRET.encode() not in file_bytes(tmp_path), "a copy overwrites first where it can"


def test_a_withdrawal_during_another_ones_overwriting_is_not_forgotten(file_store, monkeypatch):
    one, other = invite(file_store, 2)
    emptied = withdrawal.empty_log

    def meanwhile(engine):
        with file_store._writing() as connection:
            withdrawal.withdraw(connection, STUDY, other.withdrawal_code, file_store._now())
        monkeypatch.undo()
        return emptied(engine)

    monkeypatch.setattr("toolkit.store.withdrawal.empty_log", meanwhile)
    assert file_store.withdraw(STUDY, one.withdrawal_code)
    with file_store._reading() as connection:
        assert withdrawal.pending(connection) is not None
    assert file_store.scrub()


def test_no_token_and_no_code_stands_in_the_file(tmp_path, file_store):
    one, other, mine, _ = couple(file_store)
    renewed = file_store.renew_token(STUDY, other.person, expires_at=FOREVER)
    code = file_store.renew_withdrawal_code(mine.participant)
    stored = file_bytes(tmp_path)
    assert SECRET.encode() in stored, "the search finds what is there"
    for secret in (one.token, other.token, renewed, one.couple_code, one.withdrawal_code, other.withdrawal_code, code):
        for form in (secret, secret.replace("-", ""), secret.lower(), secret.lower().replace("-", "")):
            assert form.encode() not in stored


def test_numbers_of_people_who_left_are_not_given_again(store):
    one = invite(store)[0]
    gone = admitted(store, one)
    store.withdraw(STUDY, one.withdrawal_code)
    with store._reading() as connection:
        assert connection.execute(select(participants)).all() == []
    assert admitted(store, invite(store)[0]).number > gone.number


def test_the_tombstone_has_a_date_and_no_time(store, clock):
    clock.now = datetime(2027, 1, 31, 23, 59, tzinfo=UTC)
    store.withdraw(STUDY, invite(store)[0].withdrawal_code)
    assert everything(store)["withdrawals"] == [(STUDY, datetime(2027, 1, 31).date())]
