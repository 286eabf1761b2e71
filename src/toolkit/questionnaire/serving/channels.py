"""The websocket between a participant's page and its kernel: answers go in, replies come out, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from jupyter_server.services.kernels.connection.channels import ZMQChannelsWebsocketConnection
from tornado.web import HTTPError
from voila.tornado.kernel_websocket_handler import VoilaKernelWebsocketHandler

from .headers import Guarded

LONGEST_MESSAGE = 256 * 1024
POLICY_VIOLATION = 1008
TOO_LONG = 1009
RESTARTED = 1012


class Refusal(Exception):  # noqa: N818
    """A message that no page of ours sends; its text is a rule, never what was sent."""


def message_of_the_page(text: str | bytes) -> dict[str, Any]:
    """Read the content of a message to the kernel: a custom message to a widget, and nothing else.

    Raises
    ------
    Refusal
        For binary frames, what is not JSON, other channels, other message types (above all requests to run code,
        to inspect, to complete, to debug and to answer an input prompt) and messages that would set a widget's state.

    Examples
    --------
    >>> message_of_the_page('{"channel": "shell", "header": {"msg_type": "execute_request"}, "content": {}}')
    Traceback (most recent call last):
    toolkit.questionnaire.serving.channels.Refusal: message type
    """
    message = _json_object(text)
    header, content = message.get("header"), message.get("content")
    if not isinstance(header, dict) or header.get("msg_type") != "comm_msg":
        raise Refusal("message type")
    if message.get("channel") != "shell" or message.get("buffers") or not isinstance(content, dict):
        raise Refusal("channel")
    data = content.get("data")
    if not isinstance(data, dict) or data.get("method") != "custom" or not isinstance(data.get("content"), dict):
        raise Refusal("method")
    if not isinstance(content.get("comm_id"), str):
        raise Refusal("comm")
    return {"comm_id": content["comm_id"], "data": {"method": "custom", "content": data["content"]}}


def _json_object(text: str | bytes) -> dict[str, Any]:
    if not isinstance(text, str):
        raise Refusal("binary frame")
    try:
        message = json.loads(text)
    except (ValueError, RecursionError):
        raise Refusal("not JSON") from None
    if not isinstance(message, dict):
        raise Refusal("not JSON")
    return message


def message_to_the_page(channel: str | None, message: Mapping[str, Any]) -> str | None:
    """Write a widget's custom message for the page; None for all else that a kernel says."""
    if channel != "iopub" or message["header"]["msg_type"] != "comm_msg":
        return None
    data = message["content"].get("data", {})
    if data.get("method") != "custom":
        return None
    content = {"comm_id": message["content"].get("comm_id"), "data": {"method": "custom", "content": data["content"]}}
    return json.dumps({"channel": "iopub", "header": {"msg_type": "comm_msg"}, "content": content})


class AnswerChannel(ZMQChannelsWebsocketConnection):
    """Passes on messages of the questionnaire between a page and its kernel, and closes on any other message."""

    def handle_incoming_message(self, incoming_msg: str) -> None:
        """Pass on what the page says; what the page may not say ends the connection and is counted by its rule."""
        if not self.channels:
            return
        try:
            content = message_of_the_page(incoming_msg)
        except Refusal as rule:
            self.refuse(str(rule))
            return
        self.session.send(self.channels["shell"], self.session.msg("comm_msg", content=content))

    def handle_outgoing_message(self, stream: Any, outgoing_msg: list[Any]) -> None:
        """Pass on what the questionnaire says."""
        _, parts = self.session.feed_identities(outgoing_msg)
        source = self.channels[stream] if isinstance(stream, str) else stream
        text = message_to_the_page(getattr(source, "channel", None), self.session.deserialize(parts))
        if text is not None and self.websocket_handler.ws_connection is not None:
            self.websocket_handler.write_message(text)

    def refuse(self, rule: str) -> None:
        """Count a refused message and end the connection."""
        self.websocket_handler.settings["refused"](rule)
        self.websocket_handler.close(POLICY_VIOLATION, "refused")

    def write_stderr(self, error_message: str, parent_header: Any) -> None:
        """Keep the server's own troubles from the page."""

    def on_kernel_restarted(self) -> None:
        """Tell the page to ask for another kernel: a restarted one holds no questionnaire."""
        self.websocket_handler.close(RESTARTED, "gone")

    on_restart_failed = on_kernel_restarted


class AnswerSocket(Guarded, VoilaKernelWebsocketHandler):  # type: ignore[misc]
    """The websocket of one kernel; who does not know the kernel's random id finds nothing."""

    def select_subprotocol(self, subprotocols: list[str]) -> str | None:
        """Speak JSON only."""
        return None

    async def pre_get(self) -> None:
        """Give 404 for a kernel that there is not."""
        if self.kernel_id not in self.kernel_manager:
            raise HTTPError(404)
        await super().pre_get()

    def get_websocket_protocol(self) -> Any:
        """Count messages that are too long; tornado ends such a connection itself."""
        protocol = super().get_websocket_protocol()
        if protocol is not None:
            protocol.close = _counting(protocol.close, self.settings["refused"])
        return protocol


def _counting(close: Callable[..., None], refused: Callable[[str], None]) -> Callable[..., None]:
    def close_and_count(code: int | None = None, reason: str | None = None) -> None:
        if code == TOO_LONG:
            refused("too long")
        close(code, reason)

    return close_and_count
