"""Session: one open page, from the first greeting to the thanks. A plain state machine without a widget.

Everything that comes from the page is untrusted. Nothing of it is logged or quoted in an exception, and nothing that a
person gets depends on the rows of their partner.
"""

from __future__ import annotations

import hashlib
import logging
import secrets
import time
import traceback
from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime
from typing import Any, ClassVar, Literal, TypeVar

from ..errors import ParticipantGone, StoreError
from ..store import Store, utc_now
from ..store.records import Outcome, Participant, Sitting
from . import pages
from .answering import read_answer
from .feedback import feedback
from .form import Form, listed_answers
from .messages import (
    AnswerMessage,
    Consent,
    Export,
    Hello,
    Message,
    Open,
    Place,
    Refusal,
    Rule,
    Stop,
    Submit,
    Withdraw,
    as_secret,
    parse,
    sequence_of,
)
from .plan import Plan, entries
from .schedule import Due, due, is_closed
from .texts import page_words, say, words

FLOOR = 0.3  # seconds that a refused token or code takes, whatever is wrong with it
LONGEST_WAIT = 5.0
KEPT_REPLIES = 32
MOST_COUNTED = 500  # refused messages of one session, so that a page cannot fill the disk with them
Reply = dict[str, Any]
State = Literal["token", "consent", "form", "finished", "ended"]
Found = TypeVar("Found")
logger = logging.getLogger(__name__)


class Session:
    """What one open page may see and do.

    Parameters
    ----------
    plan : what the study asks.
    store : where answers are kept.
    participant : the person, where the kernel already knows who it is; else the page gives a token.
    now, monotonic, sleep : the clock, a stopwatch, and a way to wait.
    """

    def __init__(
        self,
        plan: Plan,
        store: Store,
        *,
        participant: Participant | None = None,
        now: Callable[[], datetime] = utc_now,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._plan = plan
        self._store = store
        self._now = now
        self._monotonic = monotonic
        self._sleep = sleep
        self._language = plan.languages[0]
        self._chosen = False
        self._person: Participant | None = participant
        self._owner = None if participant is None else participant.number  # stays when the rest is forgotten
        self._walked_in = participant is not None
        self._greeted = participant is None
        self._form: Form | None = None
        self._sitting: Sitting | None = None
        self._lease = ""
        self._position = self._kept = 0
        self._late = False
        self._failures = self._refused = 0
        self._newest = -1  # the highest number of a message so far
        self._lift = 0  # what is added to a page's numbers, so that they rise from page to page
        self._replies: OrderedDict[int, tuple[Message | Refusal, Reply]] = OrderedDict()
        self._state: State = "token"
        self._show: Callable[[], Reply] = pages.token_page

    def receive(self, raw: object) -> Reply:
        """Answer one message from the page; the same message sent again gets the same reply."""
        number, message = sequence_of(raw), parse(raw)
        known = self._replies.get(number) if number is not None else None
        if known is not None and known[0] == message:
            return known[1]
        try:
            reply = self._reply(message)
        except ParticipantGone:
            reply = self._end("withdrawn", "withdrawn_copies")
        except Exception as problem:
            _log(problem, message)
            return {"type": "later", "text": say(self._language, "later"), "to": number}
        reply["to"] = number
        if number is not None:
            self._newest = max(self._newest, number + self._lift)
            self._replies[number] = (message, reply)
            while len(self._replies) > KEPT_REPLIES:
                self._replies.popitem(last=False)
        return reply

    def _reply(self, message: Message | Refusal) -> Reply:
        if isinstance(message, Refusal):
            return self._refuse(message)
        return self._ANSWERING[type(message)](self, message)

    def elsewhere(self) -> Reply:
        """Tell a page that another one has come after it, and goes on."""
        return {"type": "elsewhere", "page": pages.notice(self._language, "elsewhere")}

    def _hello(self, message: Hello) -> Reply:
        if message.sequence + self._lift <= self._newest:  # loaded anew, on a device whose clock was set back
            self._lift = self._newest + 1 - message.sequence
            self._replies.clear()
        if message.language in self._plan.languages:
            self._language, self._chosen = message.language, True
        elif message.browser in self._plan.languages and self._state == "token" and not self._chosen:
            self._language = message.browser
        if not self._greeted and self._person is not None:
            self._arrive(self._person)
            self._greeted = True
        collection = self._plan.collection
        return {
            "type": "hello",
            "language": self._language,
            "languages": [{"code": code, "name": words(code)["language"]} for code in self._plan.languages],
            "texts": dict(page_words(self._language)),
            "title": self._plan.title,
            "leave_to": collection.leave_to,
            "timezone": collection.timezone,
            "contact": collection.contact.get(self._language, ""),
            "page": self._show(),
        }

    def _open(self, message: Open) -> Reply:
        found = self._slowly("token", lambda: self._store.admit(self._plan.study, as_secret(message.token)))
        if found is None:
            return self._refusal("token", "token_refused")
        self._walked_in = False
        self._arrive(found, held=message.held)
        return self._page()

    def _consent(self, message: Consent) -> Reply:
        consent = self._plan.collection.consent
        if self._state != "consent" or self._person is None:
            return self._refuse(Refusal("state"))
        if self._is_closed():
            return self._end("closed")
        if message.version != consent.version:
            return self._refuse(Refusal("value"))
        code = as_secret(message.couple_code).strip()
        if self._asks_couple_code() and message.couple_code is not None:
            number = self._person.number
            if not self._slowly("couple_code", lambda: self._store.join(number, code)):
                return self._refusal("couple_code", "couple_code_refused")
        self._person = self._store.consent(
            self._person.number,
            version=consent.version,
            language=self._language,
            text_checksum=hashlib.sha256(consent.text[self._language].encode()).hexdigest(),
        )
        self._begin(self._person)
        return self._page()

    def _answer(self, message: AnswerMessage) -> Reply:
        form, sitting = self._form, self._sitting
        if self._state != "form" or form is None or sitting is None:
            return self._refuse(Refusal("state"))
        if self._is_closed():
            return self._end("closed")
        read = read_answer(message, form.by_id, timing=self._plan.collection.timing)
        if isinstance(read, Refusal):
            return self._refuse(read)
        outcome = self._store.save(sitting.number, read, lease=self._lease, sequence=message.sequence + self._lift)
        return self._settled(outcome) or {"type": "saved", "item": message.item}

    def _place(self, message: Place) -> Reply:
        form, sitting = self._form, self._sitting
        if self._state != "form" or form is None or sitting is None:
            return self._refuse(Refusal("state"))
        if message.position > len(form.pages):
            return self._refuse(Refusal("value"))
        spent = message.milliseconds if self._plan.collection.timing else None
        kept = message.position if form.may_show_again(message.position) else self._kept
        number = message.sequence + self._lift
        outcome = self._store.place(sitting.number, kept, spent, lease=self._lease, sequence=number)
        self._position, self._kept = message.position, kept
        return self._settled(outcome) or {"type": "saved", "item": None}

    def _submit(self, message: Submit) -> Reply:
        form, sitting = self._form, self._sitting
        if self._state != "form" or form is None or sitting is None:
            return self._refuse(Refusal("state"))
        if self._is_closed():
            return self._end("closed")
        missing = form.missing(self._store.answers(sitting.number))
        if missing:
            where = [{"item": name, "position": form.where(name)} for name in missing]
            refusal = {"rule": "required", "text": say(self._language, "refused_required")}
            return {"type": "refused", **refusal, "item": missing[0], "items": where}
        self._late = form.occasion.is_over(self._now())
        left = self._settled(self._store.submit(sitting.number, lease=self._lease, late=self._late))
        if left is None:
            self._turn("finished", self._finished)
        return left or self._page()

    def _stop(self, message: Stop) -> Reply:
        return self._end("stopped") if self._state in ("consent", "form") else self._refuse(Refusal("state"))

    def _withdraw(self, message: Withdraw) -> Reply:
        if self._is_closed():
            return {"type": "refused", "rule": "state", "text": say(self._language, "withdrawal_over"), "item": None}
        study, code, owner = self._plan.study, as_secret(message.code), self._owner
        if not self._slowly("withdrawal_code", lambda: self._store.withdraw(study, code, owner=owner)):
            return self._refusal("withdrawal_code", "withdrawal_refused")
        return self._end("erased" if owner is None else "withdrawn", "withdrawn_copies")

    def _export(self, message: Export) -> Reply:
        if self._state != "finished" or self._form is None or self._sitting is None:
            return self._refuse(Refusal("state"))
        asked = listed_answers(self._form, self._store.answers(self._sitting.number))
        content = pages.answers_as_csv(self._language, asked)
        return {"type": "export", "name": say(self._language, "export_file"), "content": content}

    def _arrive(self, person: Participant, *, held: str | None = None) -> None:
        """Find the page for a person who has just come, or whose page goes on with the lease that it held."""
        self._forget()
        self._person, self._owner = person, person.number
        if not self._chosen and person.language in self._plan.languages:
            self._language = person.language
        if self._is_closed():
            self._turn("ended", lambda: pages.notice(self._language, "closed"))
        elif person.consented_at is None or person.consent_version != self._plan.collection.consent.version:
            asks = self._asks_couple_code()
            self._turn("consent", lambda: pages.consent_page(self._plan, self._language, asks_couple_code=asks))
        else:
            self._begin(person, held=held)

    def _begin(self, person: Participant, *, held: str | None = None) -> None:
        """Open the occasion that is due, and take its lease; or say that there is none."""
        found = self._due(person)
        if found.occasion is None:
            self._turn("ended", lambda: pages.nothing_due(self._language, found))
            return
        occasion = found.occasion
        order = [entry.id for entry in entries(self._plan, occasion, person.person)]
        lease = secrets.token_urlsafe(16)
        sitting = self._store.sit(
            person.number, wave=occasion.wave, day=occasion.day, order=order, lease=lease, held=held
        )
        if sitting.lease != lease:  # sent by another page a moment ago, or going on there
            name = "elsewhere" if sitting.submitted_at is None else "sent"
            self._turn("ended", lambda: pages.notice(self._language, name))
            return
        form = Form.begin(self._plan, occasion, person.person, sitting, self._store.answers(sitting.number))
        self._form, self._sitting, self._lease, self._position = form, sitting, lease, form.position
        self._kept = sitting.position
        self._turn("form", self._form_page)

    def _due(self, person: Participant) -> Due:
        """Find what is due; days count from the first consent, also where a later text was agreed to anew."""
        sittings = self._store.sittings(person.number)
        now = self._now()
        began = min([person.consented_at or now, *(one.started_at for one in sittings)])
        return due(self._plan.collection, self._plan.occasion_plans, began, sittings, now)

    def _form_page(self) -> Reply:
        form, sitting = self._form, self._sitting
        if form is None or sitting is None:
            return pages.token_page()
        page = form.to_page(self._language, self._store.answers(sitting.number), self._position)
        return {**page, "lease": self._lease}

    def _finished(self) -> Reply:
        form, sitting, person, given = self._form, self._sitting, self._person, None
        if form is None or sitting is None or person is None:
            return pages.token_page()
        planned = self._plan.collection.feedback
        if planned is not None:
            instruments = [self._plan.instrument(name) for name in form.occasion.plan.instruments]
            answers = self._store.answers(sitting.number) if form.is_whole else {}
            given = feedback(instruments, answers, planned.help_line[self._language], self._language)
        return pages.finished_page(
            self._language,
            self._due(person),
            late=self._late,
            withdrawal=not self._is_closed(),
            feedback=given,
        )

    def _settled(self, outcome: Outcome) -> Reply | None:
        """Tell why something was not saved: another page goes on, or the occasion or the person is gone."""
        if outcome == "saved":
            return None
        if outcome == "elsewhere":
            return {**self._end("elsewhere"), "type": "elsewhere"}
        there = self._person is not None and self._store.sittings(self._person.number)
        return self._end("sent") if there else self._end("withdrawn", "withdrawn_copies")

    def _slowly(self, rule: Rule, look: Callable[[], Found]) -> Found:
        """Look something secret up; a failure is counted and takes a fixed time, longer with each further one."""
        began = self._monotonic()
        found = look()
        if not found:
            self._count(rule)
            wait = min(FLOOR * 2**self._failures, LONGEST_WAIT)
            self._failures += 1
            self._sleep(max(0.0, began + wait - self._monotonic()))
        return found

    def _refuse(self, refusal: Refusal) -> Reply:
        """Count a refused message by the rule it broke, and say so without repeating it."""
        self._count(refusal.rule)
        entry = self._form.by_id.get(refusal.item or "") if self._form is not None else None
        values = dict(refusal.values)
        if refusal.rule == "too_long" and entry is not None:
            values["most"] = entry.max_length
        return {
            "type": "refused",
            "rule": refusal.rule,
            "text": say(self._language, f"refused_{refusal.text or refusal.rule}", **values),
            "item": entry.id if entry is not None else None,
        }

    def _count(self, rule: Rule) -> None:
        self._refused += 1
        if self._refused <= MOST_COUNTED:
            self._store.refuse(self._plan.study, rule)

    def _refusal(self, rule: Rule, text: str) -> Reply:
        return {"type": "refused", "rule": rule, "text": say(self._language, text), "item": None}

    def _end(self, name: str, *more: str) -> Reply:
        """End this page's part in the occasion, and forget whose it was."""
        self._forget()
        self._turn("ended", lambda: pages.notice(self._language, name, *(say(self._language, key) for key in more)))
        return self._page()

    def _forget(self) -> None:
        self._replies.clear()
        self._person = self._form = self._sitting = None
        self._lease, self._position, self._kept, self._late = "", 0, 0, False

    def _turn(self, state: State, show: Callable[[], Reply]) -> None:
        self._state, self._show = state, show

    def _page(self) -> Reply:
        return {"type": "page", "page": self._show(), "language": self._language}

    def _asks_couple_code(self) -> bool:
        """Tell whether a partner has to be linked; who was not invited has no code."""
        unlinked = self._person is not None and self._person.couple is None
        return self._plan.couples and unlinked and not self._walked_in

    def _is_closed(self) -> bool:
        return is_closed(self._plan.collection, self._now())

    _ANSWERING: ClassVar[dict[type[Message], Callable[[Any, Any], Reply]]] = {
        Hello: _hello,
        Open: _open,
        Consent: _consent,
        AnswerMessage: _answer,
        Place: _place,
        Submit: _submit,
        Stop: _stop,
        Withdraw: _withdraw,
        Export: _export,
    }


def _log(problem: Exception, message: object) -> None:
    """Note that a message failed and where; never what it held, nor the words of the failure, which may quote it."""
    kind = type(message).__name__
    if isinstance(problem, StoreError):
        logger.error("a message of the kind %s was not carried out: %s", kind, problem)
        return
    place = traceback.extract_tb(problem.__traceback__)[-1]
    logger.error(
        "a message of the kind %s failed: %s in %s", kind, type(problem).__name__, f"{place.name}:{place.lineno}"
    )
