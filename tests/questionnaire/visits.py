"""A study that collects, a store on disk, and visits to it: what the tests of the questionnaire share."""

import json
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import toolkit as tk
from toolkit.questionnaire.plan import Plan, plan_study
from toolkit.questionnaire.session import Session
from toolkit.store import Store

START = datetime(2027, 1, 10, 12, tzinfo=UTC)
STUDY = """\
study: small
title: A small study
keys: {couple: couple, role: role}
instruments: [rws6, bar, aps, has10]
collection:
  roles: [a, b]
  contact: {en: "Dr A, tel 1"}
  consent: {version: "2026-11", text: {en: "First paragraph.\\n\\nSecond paragraph."}}
  questions:
    - {id: age, kind: number, text: {en: "How old are you?"}, min: 16, max: 110}
    - {id: gender, kind: choice, text: {en: Gender}, options: {woman: {en: Woman}, man: {en: Man}}}
    - {id: comment, kind: text, text: {en: "Anything else?"}, max_length: 200}
  occasions:
    - {wave: 1, instruments: [rws6, bar, aps, has10], questions: [age, gender, comment], opens: 0, closes: 20}
    - {wave: 2, instruments: [rws6], opens: 2027-03-01, closes: 2027-03-31}
  instructed: [{id: check1, instrument: rws6, text: {en: "Please choose Often here."}, answer: 3, after: rws07}]
  required: [rws01, gender]
  closes: 2027-06-30
  feedback: {help_line: {en: "Call 1"}}
"""
PAGES = 12


class Clock:
    """A clock and a stopwatch that go only when told to, and sleep by going on."""

    def __init__(self, now: datetime = START) -> None:
        self.now = now
        self.seconds = 0.0
        self.slept: list[float] = []

    def __call__(self) -> datetime:
        return self.now

    def monotonic(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.slept.append(round(seconds, 6))
        self.seconds += seconds

    def go(self, **by: float) -> None:
        self.now += timedelta(**by)


class Visit:
    """One open page: sends messages with rising numbers."""

    def __init__(self, plan: Plan, store: Store, clock: Clock, **options) -> None:
        timing = {"now": clock, "monotonic": clock.monotonic, "sleep": clock.sleep}
        self.session = Session(plan, store, **timing, **options)
        self.numbers = count(1)
        self.replies: list[str] = []

    def send(self, type: str, **fields) -> dict:
        number = next(self.numbers)
        reply = self.session.receive({"type": type, "sequence": number, **fields})
        assert reply["to"] == number
        self.replies.append(json.dumps(reply))
        return reply

    def enter(self, invitation, code: str | None = None) -> dict:
        """Open with a token and agree."""
        reply = self.send("open", token=invitation.token)
        if reply["page"]["page"] == "consent":
            return self.send("consent", version=reply["page"]["version"], couple_code=code)
        return reply

    def answer(self, **values) -> None:
        for item, value in values.items():
            assert self.send("answer", item=item, value=value)["type"] == "saved"


def read_plan(folder: Path, text: str = STUDY) -> Plan:
    path = folder / "study.yaml"
    path.write_text(text, encoding="utf-8")
    return plan_study(tk.read_study(path))


def open_store(folder: Path, clock: Clock, name: str = "answers.db") -> Store:
    return Store.open(f"sqlite:///{name}", folder=folder, now=clock)


def items_of(page: dict) -> list[list[str]]:
    """Items of each page of a form."""
    return [[item["id"] for item in section["items"]] for section in page["sections"]]


def all_items(page: dict) -> dict[str, dict]:
    return {item["id"]: item for section in page["sections"] for item in section["items"]}
