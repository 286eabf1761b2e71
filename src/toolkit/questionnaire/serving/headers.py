"""What every response of the server says about itself to the browser."""

from __future__ import annotations

import re
from typing import Any

from tornado.web import RequestHandler

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=(), interest-cohort=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Robots-Tag": "noindex, nofollow",
    "Server": "questionnaire",
}
HOST = re.compile(r"[A-Za-z0-9.-]+(:[0-9]{1,5})?|\[[0-9A-Fa-f:]+\](:[0-9]{1,5})?")


def content_security_policy(host: str) -> str:
    """Write the policy: scripts, styles, pictures and connections from this server alone.

    Older Safari does not count a websocket as `'self'`, so the server's own address is named beside it.

    Examples
    --------
    >>> content_security_policy("localhost:8866").split("; ")[4]
    "connect-src 'self' ws://localhost:8866 wss://localhost:8866"
    >>> content_security_policy("a; script-src *").split("; ")[4]
    "connect-src 'self'"
    """
    sockets = f" ws://{host} wss://{host}" if HOST.fullmatch(host) else ""
    return "; ".join(
        [
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "img-src 'self' data:",
            f"connect-src 'self'{sockets}",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        ]
    )


class Guarded(RequestHandler):
    """A response with these headers; a fault is a bare status and says nothing more."""

    def set_default_headers(self) -> None:
        """Set the headers that every response carries."""
        for name, value in HEADERS.items():
            self.set_header(name, value)
        self.set_header("Content-Security-Policy", content_security_policy(self.request.host))

    def write_error(self, status_code: int, **_: Any) -> None:
        """Give the status alone."""
        self.set_header("Content-Type", "text/plain; charset=utf-8")
        self.finish(f"{status_code}\n")

    def log_exception(self, *_: Any) -> None:
        """Write nothing: a traceback's first line names the visitor's address."""
