"""A stage for the participant's page: the page is real, and so are the session and the store that answer it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from toolkit.questionnaire.assets import SCRIPT as PARTS
from toolkit.questionnaire.assets import STYLE, joined
from toolkit.questionnaire.fieldwork import store_of
from toolkit.questionnaire.plan import plan_study
from toolkit.questionnaire.session import Session
from toolkit.store import Invitation, Store
from toolkit.study import read_study

HOST = "http://study.test"
NOW = datetime(2026, 12, 1, 12, tzinfo=UTC)
POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'"
PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Study</title><link rel="icon" href="data:,"><link rel="stylesheet" href="/page.css">
<link rel="stylesheet" href="/questionnaire.css"><script type="module" src="/stage.js"></script></head>
<body><main id="questionnaire"></main></body></html>"""
SCRIPT = """
import definition from "./questionnaire.js";
const listeners = new Map();
const tell = (event, content) => (listeners.get(event) ?? []).forEach((listener) => listener(content, []));
const model = {
  on: (event, listener) => listeners.set(event, [...(listeners.get(event) ?? []), listener]),
  off: (event, listener) => listeners.set(event, (listeners.get(event) ?? []).filter((one) => one !== listener)),
  send: (content) => window.toKernel(content).then((reply) => reply && tell("msg:custom", reply)),
};
window.move = () => window.toKernel({ type: "begin" }).then(() => tell("moved"));
await window.toKernel({ type: "begin" });
const { render } = definition();
window.leave = render({ model, el: document.getElementById("questionnaire") });
"""
BLANK = "<!doctype html><html lang='en'><title>Elsewhere</title><p>Another page</p>"
INSTRUMENT = """\
id: talk
title: {en: Talking, de: Reden}
status: validated
licence: CC0-1.0
source: {citation: Made up}
instructions: {en: "Think of your partner. Choose what fits.", de: "Denken Sie an Ihren Partner. Was passt?"}
timeframe: {en: past week, de: letzte Woche}
response:
  often:
    min: 0
    max: 4
    labels:
      en: [Never, Rarely, Sometimes, Often, Almost always]
      de: [Nie, Selten, Manchmal, Oft, Fast immer]
items:
  - {id: talk1, response: often, text: {en: "I say what I need.", de: "Ich sage, was ich brauche."}}
  - {id: talk2, response: often, text: {en: "I listen to my partner.", de: "Ich höre zu."}}
  - {id: talk3, response: often, not_applicable: true, text: {en: "I ask for help.", de: "Ich bitte um Hilfe."}}
  - id: talk4
    response: often
    content_note: {en: "The next page asks how safe you feel.", de: "Die nächste Seite fragt nach Sicherheit."}
    text: {en: "I feel safe.", de: "Ich fühle mich sicher."}
  - {id: talk5, response: often, text: {en: "I can disagree.", de: "Ich kann widersprechen."}}
scales:
  main: {title: {en: Talking, de: Reden}, items: [talk1, talk2, talk3, talk4, talk5]}
"""
STUDY = """\
study: small
title: Talking and holding back
keys: {person: person, couple: couple, role: role}
instruments: [./talk.yaml]
collection:
  languages: [en, de]
  contact: {en: "Dr A, phone 123", de: "Dr. A, Telefon 123"}
  consent:
    version: "1"
    text: {en: "We ask how couples talk.\\n\\nYou may stop at any time.", de: "Wir fragen, wie Paare reden."}
  questions:
    - {id: age, kind: number, text: {en: "How old are you?", de: "Wie alt sind Sie?"}, min: 16, max: 110}
    - id: gender
      kind: choice
      text: {en: "What is your gender?", de: "Was ist Ihr Geschlecht?"}
      options: {woman: {en: Woman, de: Frau}, man: {en: Man, de: Mann}}
    - {id: comment, kind: text, text: {en: "Anything else?", de: "Noch etwas?"}, max_length: 200}
  required: [talk2, age]
"""
FEEDBACK_STUDY = """\
study: feedback
title: Talking and holding back
keys: {person: person}
instruments: [has10, rws, bar]
collection:
  consent: {version: "1", text: {en: "We ask how couples talk."}}
  feedback: {help_line: {en: "the help line, 0800 123"}}
"""


@dataclass
class Fieldwork:
    """A study, its store, and invitations to it."""

    folder: Path
    text: str = STUDY

    def __post_init__(self) -> None:
        (self.folder / "talk.yaml").write_text(INSTRUMENT, encoding="utf-8")
        (self.folder / "study.yaml").write_text(self.text, encoding="utf-8")
        self.study = read_study(self.folder / "study.yaml")
        self.plan = plan_study(self.study)
        self.store: Store = store_of(self.study)

    def invite(self, n: int = 1) -> list[Invitation]:
        """Invite n persons, or couples."""
        until = datetime(2027, 6, 1, tzinfo=UTC)
        return self.store.invite(self.study.name, n, couples=self.plan.couples, roles=(), expires_at=until)

    def session(self) -> Session:
        """Begin a session, as a new kernel does."""
        return Session(self.plan, self.store, now=lambda: NOW, sleep=lambda seconds: None)

    def saved(self, invitation: Invitation) -> dict[str, Any]:
        """Read the answers that the store holds of an invited person: value, text or reason."""
        person = self.store.admit(self.study.name, invitation.token)
        sittings = [] if person is None else self.store.sittings(person.number)
        answers = self.store.answers(sittings[-1].number) if sittings else {}
        given = {name: (one.value, one.text, one.reason) for name, one in answers.items()}
        return {name: next((part for part in parts if part is not None), None) for name, parts in given.items()}


@dataclass
class Stage:
    """One tab with the questionnaire in it."""

    tab: Any
    fieldwork: Fieldwork
    cut: bool = False  # messages are lost on their way to the kernel
    deaf: bool = False  # replies are lost on their way back
    broken: bool = False  # the kernel cannot save
    messages: list[dict[str, Any]] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.session = self.fieldwork.session()
        self.tab.expose_function("toKernel", self._hear)
        self.tab.route("**/*", self._serve)
        self.tab.on("request", lambda request: self.requests.append(request.url))
        self.tab.on("console", lambda said: said.type in ("error", "warning") and self.complaints.append(said.text))
        self.tab.on("pageerror", lambda problem: self.complaints.append(str(problem)))

    def open(self, invitation: Invitation | None = None, couple: str | None = None) -> Any:
        """Open the page, with what an invitation's link holds."""
        behind = "" if invitation is None else f"#token={invitation.token}"
        self.tab.goto(f"{HOST}/{behind}{'' if couple is None else f'&couple={couple}'}")
        return self.tab

    def sent(self, kind: str) -> list[dict[str, Any]]:
        """List the messages of a kind that reached the kernel."""
        return [message for message in self.messages if message["type"] == kind]

    def shown_as_saved(self) -> set[str]:
        """List the items that the page shows as saved."""
        marks = self.tab.locator("[data-item]:has([data-state='item_saved'])")
        return set(marks.evaluate_all("items => items.map(item => item.dataset.item)"))

    def _hear(self, message: dict[str, Any]) -> dict[str, Any] | None:
        if message["type"] == "begin":
            self.session = self.fieldwork.session()
            return None
        if self.cut:
            return None
        self.messages.append(message)
        if self.broken:
            return {"type": "later", "text": "Later.", "to": message["sequence"]}
        reply = self.session.receive(message)
        return None if self.deaf else reply

    def _serve(self, route: Any) -> None:
        name = route.request.url.removeprefix(HOST).split("#")[0].lstrip("/")
        own = {"questionnaire.js": joined(PARTS), "questionnaire.css": joined(STYLE)}
        texts = {"": PAGE, "stage.js": SCRIPT, "page.css": "body { margin: 0 }", "elsewhere": BLANK, **own}
        return _give(route, texts[name], name or "page.html") if name in texts else route.abort()


def _give(route: Any, text: str, name: str) -> None:
    kinds = {"js": "text/javascript", "css": "text/css"}
    kind = kinds.get(name.rpartition(".")[2], "text/html")
    headers = {"content-type": f"{kind}; charset=utf-8", "content-security-policy": POLICY}
    route.fulfill(body=text, headers=headers)
