"""A questionnaire that is really served: the command in a process of its own, and people who answer by the protocol."""

from __future__ import annotations

import asyncio
import csv
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
from websockets.asyncio.client import ClientConnection, connect

from toolkit.questionnaire.fieldwork import invite
from toolkit.store import Store

ROOT = Path(__file__).parents[1]
DEMO = ROOT / "data" / "questionnaire_demo"
PATIENCE = 60


def free_port() -> int:
    """Find a port that nobody listens on."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


class Served:
    """A study in a folder of its own, served on a port of its own."""

    def __init__(self, folder: Path, *options: str, study: Path = DEMO / "study.yaml") -> None:
        self.folder, self.options, self.port = folder, options, free_port()
        self.study = Path(shutil.copy(study, folder / "study.yaml"))
        self.output = folder / "output.txt"
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    @property
    def database(self) -> Path:
        return self.folder / "answers.db"

    def invited(self, n: int, out: str = "invitations.csv", store: str | None = None) -> list[dict[str, str]]:
        """Invite n couples, and read whom."""
        written = invite(self.study, n, self.folder / out, url=self.address, store=store)
        with written.open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))

    def stored(self, store: str | None = None) -> dict[str, dict[str, Any]]:
        """Read every person's values and texts from the store, by item."""
        opened = Store.open(store or f"sqlite:///{self.database}", create=False)
        try:
            rows = opened.rows("questionnaire-demo")
        finally:
            opened.close()
        return {
            row.person: {
                one.item: one.text if one.value is None else one.value for one in row.answers if not one.reason
            }
            for row in rows
        }

    def start(self) -> Served:
        """Start the command, and wait until it is well."""
        command = [sys.executable, "-m", "toolkit", "serve", str(self.study), "--port", str(self.port), *self.options]
        environment = os.environ | {"PYTHONPATH": str(ROOT / "src"), "PYTHONUNBUFFERED": "1"}
        with self.output.open("ab") as output:
            self.process = subprocess.Popen(
                command, stdout=output, stderr=output, env=environment, cwd=self.folder, stdin=subprocess.DEVNULL
            )
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            assert self.process.poll() is None, self.output.read_text()
            try:
                if self.get("health")[0] == 200:
                    return self
            except OSError:
                time.sleep(0.05)
        raise AssertionError("the server did not start")

    def get(self, path: str, method: str = "GET", **headers: str) -> tuple[int, dict[str, str], bytes]:
        """Ask for a path, exactly as it is written."""
        import http.client

        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            connection.request(method, f"/{path}", headers=headers)
            answer = connection.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read()
        finally:
            connection.close()

    def kernels(self) -> list[psutil.Process]:
        """List the processes behind the pages."""
        assert self.process is not None
        return psutil.Process(self.process.pid).children(recursive=True)

    def kill(self) -> None:
        """End the server and every kernel as a power cut would."""
        assert self.process is not None
        everything = self.kernels()
        self.process.kill()
        for kernel in everything:
            kernel.kill()
        self.process.wait(PATIENCE)

    def stop(self, name: signal.Signals = signal.SIGINT) -> int:
        """Ask the server to end, and give its exit code."""
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(name)
        return self.process.wait(PATIENCE)


@contextmanager
def serving(folder: Path, *options: str, **study: Path) -> Iterator[Served]:
    """Serve the demonstration until the test is over."""
    served = Served(folder, *options, **study).start()
    try:
        yield served
    finally:
        if served.process is not None and served.process.poll() is None:
            served.kill()


def room(page: bytes) -> tuple[str, str]:
    """Read which kernel and which widget a page was given."""
    found = re.search(rb'data-kernel="([^"]+)" data-model="([^"]+)"', page)
    assert found is not None, page
    return found[1].decode(), found[2].decode()


class Person:
    """Somebody who answers without a browser, and keeps a ledger of what the page would show as saved."""

    def __init__(self, served: Served, invitation: dict[str, str]) -> None:
        self.served, self.invitation = served, invitation
        self.sequence = int(time.time()) - 1_577_836_800
        self.socket: ClientConnection | None = None
        self.ledger: dict[str, Any] = {}
        self.waits: list[float] = []

    async def come(self) -> Person:
        """Open the page and its socket."""
        status, _, page = await asyncio.to_thread(self.served.get, "")
        assert status == 200
        self.kernel, self.comm = room(page)
        address = f"ws://127.0.0.1:{self.served.port}/api/kernels/{self.kernel}/channels?session_id={id(self)}"
        self.socket = await connect(address, open_timeout=PATIENCE, origin=self.served.address[:-1])  # type: ignore[arg-type]
        return self

    def framed(self, content: dict[str, Any]) -> str:
        """Write a message as the page does."""
        data = {"method": "custom", "content": content}
        content = {"comm_id": self.comm, "data": data}
        return json.dumps({"channel": "shell", "header": {"msg_type": "comm_msg"}, "content": content})

    async def say(self, kind: str, **content: Any) -> dict[str, Any]:
        """Send a message and wait for its reply."""
        assert self.socket is not None
        self.sequence += 1
        began = time.perf_counter()
        await self.socket.send(self.framed({"type": kind, "sequence": self.sequence, **content}))
        while True:
            heard = json.loads(await asyncio.wait_for(self.socket.recv(), PATIENCE))
            reply: dict[str, Any] = heard["content"]["data"]["content"]
            if reply.get("to") == self.sequence:
                self.waits.append(time.perf_counter() - began)
                return reply

    async def begin(self) -> dict[str, Any]:
        """Greet, open the questionnaire with the token, agree where that is asked; give the form."""
        await self.say("hello", language=None)
        page = (await self.say("open", token=self.invitation["token"]))["page"]
        if page["page"] == "consent":
            code = self.invitation["couple_code"]
            page = (await self.say("consent", version=page["version"], couple_code=code))["page"]
        self.items = [item for section in page["sections"] for item in section["items"]]
        return page

    async def answer(self, item: str, value: Any) -> None:
        """Answer an item; the ledger holds it once it is shown as saved."""
        reply = await self.say("answer", item=item, value=value)
        assert reply["type"] == "saved", reply
        self.ledger[item] = value

    async def leave(self) -> None:
        """Close the page."""
        if self.socket is not None:
            await self.socket.close()
