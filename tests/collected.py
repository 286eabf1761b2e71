"""A study of couples with a diary, and a store that it has collected into."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

import toolkit as tk
from toolkit.store import Answer, Store

START = datetime(2024, 12, 1, 12, tzinfo=UTC)
FOREVER = datetime(2099, 1, 1, tzinfo=UTC)
STUDY = """\
study: collected
title: A study that collects (made up)
simulated: true
keys: {person: person, couple: couple, role: role, wave: wave, day: day}
instruments: [rws, day]
collection:
  roles: [a, b]
  consent: {version: "1", text: You may stop at any time.}
  questions: [{id: age, kind: number, text: "How old are you?", min: 18, max: 99}]
  occasions:
    - {wave: 1, instruments: [rws], questions: [age], closes: 10}
    - {wave: 1, days: 3, instruments: [day], opens: 1}
    - {wave: 2, instruments: [rws], opens: 14}
  instructed: [{id: check1, instrument: rws, text: "Please choose Often here.", answer: 3, after: rws05}]
reports: [{notebook: collection}]
"""
RWS = tuple(f"rws{number:02}" for number in range(1, 19))
DAY = tuple(f"day{number:02}" for number in range(1, 5))
STOP = "rws09"  # where those who stop give their last answer


class Clock:
    """A clock that goes when it is told to."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now

    def go(self, **by: float) -> None:
        self.now += timedelta(**by)


def collect(folder: Path, n_couples: int = 16, *, stopping: int = 6) -> Path:
    """Write the study, and let its couples answer.

    Of 2 n persons the last couple never opens its link, the partner before it agrees and begins nothing, the first
    `stopping` persons stop after `STOP` at wave 1, and one withdraws; couples with an odd number take part in wave 2.
    """
    (folder / "study.yaml").write_text(STUDY, encoding="utf-8")
    clock, rng = Clock(), np.random.default_rng(5)
    store = Store.open("sqlite:///answers.db", folder=folder, now=clock)
    study = tk.read_study(folder)
    invited = store.invite(study.name, n_couples, couples=True, roles=["a", "b"], expires_at=FOREVER)
    present = []
    for one in invited[:-2]:
        person = store.admit(study.name, one.token)
        store.consent(person.number, version="1", language="en", text_checksum="x")
        store.join(person.number, one.couple_code)
        present.append(person.number)
    for place, number in enumerate(present[:-1]):
        clock.go(hours=7)
        order = ("age", *RWS[:5], "check1", *RWS[5:])
        until = order.index(STOP) + 1 if place < stopping else len(order)
        _answer(store, clock, number, "1", None, order, until, rng)
        for day in ("1", "2", "3") if place >= stopping else ():
            if (place + int(day)) % 4:
                _answer(store, clock, number, "1", day, DAY, len(DAY), rng)
        if place >= stopping and place // 2 % 2:
            _answer(store, clock, number, "2", None, RWS[:9], 9, rng)
    assert store.withdraw(study.name, invited[-4].withdrawal_code)
    store.close()
    return folder / "study.yaml"


def _answer(store, clock, person, wave, day, order, until, rng) -> None:
    sitting = store.sit(person, wave=wave, day=day, order=order, lease="page")
    spent = 0
    for sequence, item in enumerate(order[:until], start=1):
        took = int(rng.integers(1500, 6000))
        spent += took
        value = 3 if item == "check1" else 40 if item == "age" else int(rng.integers(1, 4))
        assert (
            store.save(sitting.number, Answer(item, value, milliseconds=took), lease="page", sequence=sequence)
            == "saved"
        )
        if sequence % 10 == 0 or sequence == until:
            store.place(sitting.number, -(-sequence // 10), spent, lease="page", sequence=1000 + sequence)
            spent = 0
    clock.go(minutes=5)
    if until == len(order):
        assert store.submit(sitting.number, lease="page", late=person % 7 == 0) == "saved"
