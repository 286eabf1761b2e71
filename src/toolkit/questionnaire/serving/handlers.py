"""What the server answers: the page, its few files, whether a kernel lives, and whether the server is well."""

from __future__ import annotations

from jupyter_server.auth.identity import IdentityProvider, User
from tornado.web import HTTPError, RequestHandler
from voila.tornado.handler import TornadoVoilaHandler

from ..assets import SCRIPT, STATIC, STYLE, joined
from .headers import Guarded

FILES = {
    "questionnaire.js": (SCRIPT, "text/javascript"),
    "questionnaire.css": (STYLE, "text/css"),
    "page.js": ((STATIC / "voila" / "page.js",), "text/javascript"),
    "page.css": ((STATIC / "voila" / "page.css",), "text/css"),
}


class Nobody(IdentityProvider):
    """Knows nobody, and sets no cookie: who a participant is, the questionnaire asks by its own token."""

    def get_user(self, handler: RequestHandler) -> User:
        """Give everybody the same name."""
        return User("participant")


class NotFound(Guarded):
    """Everything that is not named."""

    def prepare(self) -> None:
        """Refuse before anything is read."""
        raise HTTPError(404)


class OwnFile(Guarded):
    """One of the four files of the page, by its exact name."""

    def get(self, name: str) -> None:
        """Send the file."""
        if name not in FILES:
            raise HTTPError(404)
        parts, kind = FILES[name]
        self.set_header("Content-Type", f"{kind}; charset=utf-8")
        self.finish(joined(parts))


class Alive(Guarded):
    """Says to a page that lost its connection whether its kernel is still there."""

    def get(self, kernel: str) -> None:
        """Give 204 or 404."""
        if kernel not in self.settings["kernel_manager"]:
            raise HTTPError(404)
        self.set_status(204)


class Health(Guarded):
    """Says to whoever watches the server whether it and the store work; nothing about persons."""

    async def get(self) -> None:
        """Give JSON; 503 where the store cannot be reached."""
        state = await self.settings["health"]()
        self.set_status(200 if state["status"] == "ok" else 503)
        self.finish(state)


class Page(Guarded, TornadoVoilaHandler):  # type: ignore[misc]
    """The questionnaire's page with a kernel of its own."""

    async def prepare(self) -> None:
        """Forget the query: it decides nothing, reaches no kernel and no log."""
        self.request.query, self.request.arguments, self.request.query_arguments = "", {}, {}
        self.request.uri = self.request.path
        prepared = super().prepare()
        if prepared is not None:
            await prepared

    async def get(self, path: str | None = None) -> None:
        """Send the page as it is rendered; where all places are taken, say so and start nothing."""
        if self.settings["full"]():
            self.set_status(503)
            self.set_header("Retry-After", "60")
            self.set_header("Content-Type", "text/html; charset=utf-8")
            self.finish(self.settings["full_page"])
            return
        async for part in self.get_generator():
            self.write(part)
            await self.flush()
