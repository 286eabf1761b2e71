"""A stage for the participant's page: the page is real, its model hands messages to Python, where a session answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any

HOST = "http://study.test"
POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'"
STATIC = files("toolkit") / "questionnaire" / "static"
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
window.move = () => tell("moved");
const { render } = definition();
window.leave = render({ model, el: document.getElementById("questionnaire") });
"""
BLANK = "<!doctype html><html lang='en'><title>Elsewhere</title><p>Another page</p>"


@dataclass
class Stage:
    """One tab with the questionnaire in it; `receive` is the kernel's side."""

    tab: Any
    receive: Callable[[Mapping[str, Any]], dict[str, Any] | None]
    cut: bool = False  # messages are lost on their way to the kernel
    deaf: bool = False  # replies are lost on their way back
    messages: list[dict[str, Any]] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.tab.expose_function("toKernel", self._hear)
        self.tab.route("**/*", self._serve)
        self.tab.on("request", lambda request: self.requests.append(request.url))
        self.tab.on("console", lambda said: said.type in ("error", "warning") and self.complaints.append(said.text))
        self.tab.on("pageerror", lambda problem: self.complaints.append(str(problem)))

    def open(self, **invitation: str) -> Stage:
        """Open the page with what an invitation's link holds."""
        behind = "&".join(f"{key}={value}" for key, value in invitation.items())
        self.tab.goto(f"{HOST}/{'#' if behind else ''}{behind}")
        return self

    def sent(self, kind: str) -> list[dict[str, Any]]:
        """List the messages of a kind that reached the kernel."""
        return [message for message in self.messages if message["type"] == kind]

    def _hear(self, message: dict[str, Any]) -> dict[str, Any] | None:
        if self.cut:
            return None
        self.messages.append(message)
        reply = self.receive(message)
        return None if self.deaf else reply

    def _serve(self, route: Any) -> None:
        name = route.request.url.removeprefix(HOST).split("#")[0].lstrip("/")
        if name in ("questionnaire.js", "questionnaire.css"):
            return _give(route, (STATIC / name).read_text(encoding="utf-8"), name)
        texts = {"": PAGE, "stage.js": SCRIPT, "page.css": "body { margin: 0 }", "elsewhere": BLANK}
        return _give(route, texts[name], name or "page.html") if name in texts else route.abort()


def _give(route: Any, text: str, name: str) -> None:
    kinds = {"js": "text/javascript", "css": "text/css"}
    kind = kinds.get(name.rpartition(".")[2], "text/html")
    headers = {"content-type": f"{kind}; charset=utf-8", "content-security-policy": POLICY}
    route.fulfill(body=text, headers=headers)
