"""Serve a study's questionnaire to participants."""

from __future__ import annotations

import asyncio
import json
import math
import os
import re
import socket
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ..checks import quoted
from ..errors import ArgumentError, ToolkitError
from ..reporting.notebooks import find_notebook
from ..store.engine import locate
from ..store.schema import VERSION
from ..study import Study
from .fieldwork import collecting, store_of

STORE = "TOOLKIT_STORE"
HEALTH_SECONDS = 5
HEALTH_KEPT = 2
BACKLOG = 256
PATH = re.compile(r"/([A-Za-z0-9_-]+/)*[A-Za-z0-9_-]*")


@dataclass(frozen=True)
class Door:
    """Where the questionnaire is served, and to how many.

    Attributes
    ----------
    host, port : what to listen on; `127.0.0.1` can be reached from this computer alone.
    base_url : the path of the questionnaire behind a reverse proxy.
    ready : kernels that are kept warm, so that the page opens at once.
    places : how many people may answer at the same time.
    """

    host: str = "127.0.0.1"
    port: int = 8866
    base_url: str = "/"
    ready: int = 3
    places: int = 100

    def __post_init__(self) -> None:
        if not 0 < self.port < 65_536:
            raise ArgumentError(f"port is {self.port}, but must lie from 1 to 65535.")
        if self.ready < 0 or self.places < 1:
            raise ArgumentError("ready must be 0 or more and places 1 or more.")
        if not PATH.fullmatch(self.base_url):
            raise ArgumentError(f"base_url is {quoted(self.base_url)}, but must be a path such as /study/.")

    @property
    def path(self) -> str:
        """The path with a slash at both ends."""
        inner = self.base_url.strip("/")
        return f"/{inner}/" if inner else "/"

    @property
    def address(self) -> str:
        """The address to open."""
        return f"http://{f'[{self.host}]' if ':' in self.host else self.host}:{self.port}{self.path}"


def serve(
    study: str | Path | Study,
    *,
    store: str | None = None,
    door: Door = Door(),
    say: Callable[[str], None] = lambda text: None,
) -> None:
    """Serve the questionnaire of a study until Ctrl-C or SIGTERM.

    Everything that can be checked is checked before the first participant comes: the study file, the store, the port,
    and that the packages are there. What the server writes names no person, no address, no token and no answer.

    Parameters
    ----------
    study : the study file with a `collection`, or its folder.
    store : the store of the answers, if not the one that the study file names. Leave a password to `~/.pgpass`,
        `PGPASSFILE` or `PGPASSWORD`: kernels have them from the server.
    door : where to listen, and how many may come.
    say : takes each line that the server has to say.

    Raises
    ------
    ToolkitError
        If Voilà is not installed, the study collects nothing, the store cannot be opened, or the port is taken.
    """
    if find_spec("voila") is None:
        raise ToolkitError(
            "toolkit serve needs Voilà, which is not installed: pip install 'assertiveness-toolkit[serve]'."
        )
    loaded, collection = collecting(study)
    opened = store_of(loaded, store)
    keep_memory_off_the_disk()
    from .serving.server import Serving, serve_until_stopped

    with tempfile.TemporaryDirectory(prefix="questionnaire-") as folder:
        serving = Serving(
            notebook=_notebook(loaded, store, Path(folder)),
            words=opening_words(collection.languages[0]),
            sockets=listen(door),
            base_url=door.path,
            ready=door.ready,
            places=door.places,
            health=Health(loaded, store),
            refused=lambda rule: opened.refuse(loaded.name, f"socket: {rule}"),
            fault=say,
        )
        serve_until_stopped(serving, lambda: say(f"{loaded.title}: {door.address} (Ctrl-C ends it)"))
    opened.close()
    say("ended")


def keep_memory_off_the_disk() -> None:
    """Leave no image of the memory of this process and its kernels where one breaks down: it may hold answers."""
    with suppress(ImportError):  # Windows
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def listen(door: Door) -> list[socket.socket]:
    """Take the port, so that a taken one is told before anything starts."""
    family = socket.AF_INET6 if ":" in door.host else socket.AF_INET
    try:
        taken = socket.create_server((door.host, door.port), family=family, backlog=BACKLOG)
    except OSError as problem:
        raise ToolkitError(
            f"nothing can be served on port {door.port} of {door.host} ({problem.strerror}). Another program may "
            "use it: end that, or choose another port with --port."
        ) from None
    taken.setblocking(False)
    return [taken]


def opening_words(language: str) -> dict[str, str]:
    """Read the few words that the page needs before the questionnaire speaks; English where there are none."""
    import yaml

    folder = Path(__file__).parent / "texts" / "opening"
    known = language if (folder / f"{language}.yaml").is_file() else "en"
    words: dict[str, str] = yaml.safe_load((folder / f"{known}.yaml").read_text(encoding="utf-8"))
    return {"language": known, **words}


def _notebook(study: Study, store: str | None, folder: Path) -> Path:
    """Copy the notebook with the study filled in; a store's URL may hold a password and goes by the environment.

    Kernels open the store that the server has made, and never make another: a disk that has gone must not be taken
    for an empty store.
    """
    notebook = json.loads(find_notebook("questionnaire").read_text(encoding="utf-8"))
    os.environ[STORE] = "" if store is None else locate(store).url.render_as_string(hide_password=False)
    lines = [
        "import os",
        "from toolkit.questionnaire.fieldwork import collecting, store_of",
        f"study, _ = collecting({str(study.path)!r})",
        f"store = store_of(study, os.environ[{STORE!r}] or None, create=False)",
        'participant = language = ""',
    ]
    place = next(i for i, cell in enumerate(notebook["cells"]) if "parameters" in cell["metadata"].get("tags", []))
    cell: dict[str, Any] = {"cell_type": "code", "execution_count": None, "id": "filled", "metadata": {}, "outputs": []}
    notebook["cells"].insert(place + 1, cell | {"source": "\n".join(lines)})
    copy = folder / "questionnaire.ipynb"
    copy.write_text(json.dumps(notebook), encoding="utf-8")
    return copy


class Health:
    """Looks whether the store can be opened; whoever asks often gets the last answer again."""

    def __init__(self, study: Study, url: str | None) -> None:
        self._study, self._url = study, url
        self._looked = -math.inf
        self._state: dict[str, Any] = {}
        self._looking = asyncio.Lock()

    async def __call__(self) -> dict[str, Any]:
        """Give the state: `ok`, or `failing` where the store cannot be reached within seconds."""
        async with self._looking:
            moment = asyncio.get_running_loop().time()
            if moment - self._looked > HEALTH_KEPT:
                self._state = await self._look()
                self._looked = moment
        return self._state

    async def _look(self) -> dict[str, Any]:
        try:
            await asyncio.wait_for(asyncio.to_thread(self._open_once), HEALTH_SECONDS)
        except (ToolkitError, TimeoutError):
            return {"status": "failing", "store": "unreachable", "schema": None}
        return {"status": "ok", "store": "reachable", "schema": VERSION}

    def _open_once(self) -> None:
        store_of(self._study, self._url, create=False).close()
