"""Widget: the participant's page, in a notebook cell or served to a browser, and the session behind it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from pathlib import Path

import anywidget

from ..catalogue import instrument
from ..errors import ArgumentError
from ..instrument_model import Instrument
from ..store import Store, define, utc_now
from ..study import Study
from .assets import SCRIPT, STYLE, joined
from .fieldwork import collecting, store_of
from .messages import sequence_of
from .plan import Plan, plan_instruments, plan_study
from .session import Session

Instruments = str | Path | Instrument | Sequence[str | Path | Instrument]


class Questionnaire(anywidget.AnyWidget):
    """A questionnaire to answer, as a widget.

    Each answer is saved in the store when it is given, and shown as saved only then. Nothing that a participant
    enters becomes part of the widget's state, so a saved notebook holds none of it.

    Parameters
    ----------
    instruments : ids of the catalogue, paths or instruments, to try them out without a study.
    store : where answers go: `sqlite:///answers.db`, `postgresql+psycopg://…` or an open store. By default the store
        that the study file names; instruments without a study need one.
    study : a study file with a `collection`, instead of instruments.
    participant : who answers, where that is known. By default a study's page asks for a personal code, and a trial
        of instruments makes a new participant.
    language : the language to begin with. By default the browser's where the study offers it, else the study's first
        one; English for instruments.
    now : the clock.

    Raises
    ------
    ArgumentError
        If there are neither instruments nor a study, or both; if instruments come without a store, or lack wording.
    StudyError
        If the study file has faults, or no `collection`.
    StoreError
        If the store cannot be opened.

    Examples
    --------
    >>> from tempfile import mkdtemp
    >>> page = Questionnaire("rws", store=f"sqlite:///{mkdtemp()}/answers.db")
    >>> sorted(name for name in page.keys if not name.startswith("_"))
    ['layout', 'tabbable', 'tooltip']
    """

    _esm = joined(SCRIPT)
    _css = joined(STYLE)

    def __init__(
        self,
        instruments: Instruments = (),
        *,
        store: str | Store | None = None,
        study: str | Path | Study | None = None,
        participant: str | None = None,
        language: str | None = None,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        chosen = _instruments(instruments)
        if bool(chosen) == (study is not None):
            raise ArgumentError("give either instruments, such as 'rws', or study=, the path of a study file.")
        self._plan, self._store = _of_study(study, store) if study is not None else _trial(chosen, store, language)
        if language is not None and language not in self._plan.languages:
            there = ", ".join(self._plan.languages)
            raise ArgumentError(f"language is {language!r}, but this questionnaire can be answered in: {there}.")
        self._participant = participant
        self._is_trial = study is None
        self._language = language
        self._now = now
        self._view: object = None
        super().__init__()
        self.on_msg(self._hear)

    @cached_property
    def _session(self) -> Session:
        """The session, begun with the page's first message: a page that nobody opens leaves no participant behind."""
        known = self._is_trial or self._participant is not None
        person = self._store.walk_in(self._plan.study, self._participant) if known else None
        return Session(self._plan, self._store, participant=person, now=self._now)

    def _hear(self, _widget: object, message: object, _buffers: object) -> None:
        """Pass a message on; where several pages share this widget, the one that greeted last goes on."""
        view = message.get("view") if isinstance(message, Mapping) else None
        if isinstance(message, Mapping) and message.get("type") == "hello":
            self._view = view
        if view == self._view:
            reply = self._session.receive(self._in_first_language(message))
        else:
            reply = {**self._session.elsewhere(), "to": sequence_of(message)}
        self.send({**reply, "view": view} if isinstance(view, str) else reply)

    def _in_first_language(self, message: object) -> object:
        """Let the page's first greeting ask for the language that was given here."""
        if self._language is None or not isinstance(message, Mapping) or message.get("type") != "hello":
            return message
        return message if message.get("language") else {**message, "language": self._language}


def _instruments(given: Instruments) -> list[Instrument]:
    several = [given] if isinstance(given, str | Path | Instrument) else list(given)
    return [one if isinstance(one, Instrument) else instrument(one) for one in several]


def _of_study(study: str | Path | Study, store: str | Store | None) -> tuple[Plan, Store]:
    loaded, _ = collecting(study)
    opened = store if isinstance(store, Store) else store_of(loaded, store)
    return plan_study(loaded), opened


def _trial(chosen: Sequence[Instrument], store: str | Store | None, language: str | None) -> tuple[Plan, Store]:
    if store is None:
        raise ArgumentError("store: say where answers go, such as store='sqlite:///answers.db'.")
    plan = plan_instruments(chosen, language or "en")
    opened = store if isinstance(store, Store) else Store.open(store)
    opened.register(plan.study, define(chosen, title=plan.title, collection=plan.collection))
    return plan, opened
