"""The server: Voilà, of which only the page, its socket and its files are left."""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
import tempfile
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2
import tornado.web
from jupyter_core.utils import ensure_async
from nbclient.exceptions import CellExecutionError
from tornado.httpserver import HTTPServer
from traitlets.config import Config
from voila.app import Voila
from voila.configuration import VoilaConfiguration

from ..assets import STATIC
from .channels import LONGEST_MESSAGE, AnswerChannel, AnswerSocket
from .handlers import Alive, Health, Nobody, NotFound, OwnFile, Page
from .kernels import CULLING, ParticipantKernels, ThisPython

TEMPLATES = STATIC / "voila"
KERNEL_ID = r"([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})"
LARGEST_REQUEST = 64 * 1024
SECONDS_OF_QUIET = 3600
LOGGERS = ("asyncio", "tornado.access", "tornado.application", "tornado.general", "toolkit", "traitlets")


@dataclass(frozen=True)
class Serving:
    """What is served, where, and to how many.

    Attributes
    ----------
    notebook : the one notebook, its parameters filled in.
    words : the few words of the page before the questionnaire speaks, and the language they are in.
    sockets : the sockets to listen on.
    base_url : the path that the questionnaire lies under, with a slash at both ends.
    ready : kernels that are kept warm.
    places : how many people may answer at once.
    health : gives the state of the server and its store.
    refused : counts a refused message by the rule that it broke.
    fault : is told of a fault of the server, by its kind and place.
    """

    notebook: Path
    words: Mapping[str, str]
    sockets: list[socket.socket]
    base_url: str
    ready: int
    places: int
    health: Callable[[], Awaitable[dict[str, Any]]]
    refused: Callable[[str], None]
    fault: Callable[[str], None]


class Faults(logging.Handler):
    """Reduces what programs would log to the kind of the fault and its place: the rest may name persons or answers."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        super().__init__(logging.ERROR)
        self._tell = tell

    def emit(self, record: logging.LogRecord) -> None:
        """Tell of a fault; that of the notebook in its own words, since it runs before anybody has said anything."""
        problem = record.exc_info[1] if record.exc_info else None
        if isinstance(problem, CellExecutionError):
            self._tell(f"the questionnaire cannot be shown: {problem.ename}: {problem.evalue}")
            return
        kind = record.exc_info[0].__name__ if record.exc_info and record.exc_info[0] else record.levelname.lower()
        self._tell(f"fault of the server: {kind} ({record.module}, line {record.lineno})")


class QuestionnaireServer(Voila):  # type: ignore[misc]
    """Voilà for one notebook, without its trees, files, themes, configuration files and cookies."""

    def prepare(self, serving: Serving, private: Path) -> None:
        """Take over what is served; no configuration file of a user or of the working directory is read."""
        self.serving = serving
        self.connection_dir = str(private)
        self.notebook_path, self.root_dir = str(serving.notebook), str(serving.notebook.parent)
        self.base_url = self.server_url = serving.base_url
        self.update_config(_configuration(serving))
        self.voila_configuration = VoilaConfiguration(parent=self)
        self.template_paths = [str(TEMPLATES)]
        self.identity_provider_class = Nobody
        self.kernel_websocket_connection_class = AnswerChannel
        for logger in (self.log, *map(logging.getLogger, LOGGERS)):
            logger.handlers, logger.propagate = [Faults(serving.fault)], False

    def init_settings(self) -> dict[str, Any]:
        """Add what our own handlers need to Voilà's settings."""
        kept: dict[str, Any] = super().init_settings()
        return kept | {
            "health": self.serving.health,
            "refused": self.serving.refused,
            "full": self.is_full,
            "full_page": _full_page(self.serving.words),
            "websocket_max_message_size": LONGEST_MESSAGE,
            "default_handler_class": NotFound,
            "log_function": lambda handler: None,
            "compress_response": True,
        }

    def init_handlers(self) -> list[Any]:
        """Serve the page, its socket, its files and the state of the server, and nothing else."""
        at = self.base_url
        page = {
            "notebook_path": self.serving.notebook.name,
            "template_paths": self.template_paths,
            "config": self.config,
            "voila_configuration": self.voila_configuration,
        }
        return [
            (f"{at}", Page, page),
            (f"{at}api/kernels/(?P<kernel_id>{KERNEL_ID[1:]}/channels", AnswerSocket),
            (f"{at}alive/{KERNEL_ID}", Alive),
            (f"{at}static/([a-z.]+)", OwnFile),
            (f"{at}health", Health),
        ]

    def is_full(self) -> bool:
        """Say whether all places are taken; kernels that are kept warm wait for somebody and do not count."""
        waiting = self.kernel_manager.get_pool_size(self.serving.notebook.name)
        return bool(len(self.kernel_manager.list_kernel_ids()) - waiting >= self.serving.places)

    async def run(self, started: Callable[[], None]) -> None:
        """Serve until told to stop, then end all kernels."""
        over = asyncio.Event()
        for name in (signal.SIGINT, signal.SIGTERM):
            with suppress(NotImplementedError):  # Windows, where Ctrl-C ends the loop itself
                asyncio.get_running_loop().add_signal_handler(name, over.set)
        self.app = tornado.web.Application(**self.init_settings())
        self.app.add_handlers(".*$", self.init_handlers())
        server = HTTPServer(self.app, max_body_size=LARGEST_REQUEST, max_header_size=LARGEST_REQUEST)
        server.add_sockets(self.serving.sockets)
        started()
        try:
            await over.wait()
        finally:
            server.stop()
            await ensure_async(self.kernel_manager.shutdown_all(now=True))
            await self.kernel_manager.nursery.close()


def _configuration(serving: Serving) -> Config:
    voila = {
        "template": "questionnaire",
        "resources": {"words": dict(serving.words)},
        "allow_template_override": "NO",
        "allow_theme_override": "NO",
        "preheat_kernel": serving.ready > 0,
        "default_pool_size": serving.ready,
        "multi_kernel_manager_class": ParticipantKernels,
        "kernel_spec_manager_class": ThisPython,
        "http_keep_alive_timeout": SECONDS_OF_QUIET,
    }
    return Config({"VoilaConfiguration": voila, "MappingKernelManager": CULLING})


def _full_page(words: Mapping[str, str]) -> str:
    """Write the page for when all places are taken."""
    environment = jinja2.Environment(loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=True)
    return environment.get_template("full.html.j2").render(words=words)


def serve_until_stopped(serving: Serving, started: Callable[[], None]) -> None:
    """Serve until Ctrl-C or SIGTERM."""
    with tempfile.TemporaryDirectory(prefix="questionnaire-") as private:
        server = QuestionnaireServer.instance()
        server.prepare(serving, Path(private))
        with suppress(KeyboardInterrupt):
            asyncio.run(server.run(started))
        QuestionnaireServer.clear_instance()
