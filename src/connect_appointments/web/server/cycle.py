"""One request and its answer on a connection: what uvicorn has, in fewer steps where the answer is whole."""

from __future__ import annotations

from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

LATE = {"type": "http.disconnect", "late": True}
"""What the application receives in place of a body that has not come in time."""
BEYOND_US = frozenset((b"connection", b"transfer-encoding"))
"""Fields that say how the connection goes on, or where the body ends."""
NO_CONTENT = 204


class Cycle(RequestResponseCycle):
    """Sends a whole answer as one piece, and leaves all others to uvicorn."""

    _start: Any = None
    _is_late = False

    def give_up_body(self) -> None:
        """Let the application wait no more for the rest of the body."""
        self._is_late = True
        self.message_event.set()

    async def receive(self) -> Any:
        """The next piece of the body, or `LATE`."""
        message: Any = await super().receive()
        if self._is_late and message.get("more_body"):
            self._is_late = False
            return LATE
        return message

    async def send(self, message: Any) -> None:
        """Keep the head until the body is there, then send both."""
        if message["type"] == "http.response.start" and not self.response_started:
            self._start = message
            return
        start, self._start = self._start, None
        if start is not None:
            if self._send_whole(start, message):
                return
            await super().send(start)
        await super().send(message)

    def _send_whole(self, start: Any, message: Any) -> bool:
        """Send the answer; False when there is more to it."""
        status, body = start["status"], message.get("body", b"")
        fields = [*self.default_headers, *start["headers"]]
        if message.get("more_body") or not self._is_plain(status, dict(fields), len(body)):
            return False
        head = b"".join([b"%b: %b\r\n" % field for field in fields])
        if head.count(b"\n") != len(fields) or head.count(b"\r") != len(fields):
            raise RuntimeError("a field of an answer has a line end in it")
        self.response_started = self.response_complete = True
        self.waiting_for_100_continue = False
        self.transport.write(b"%b%b\r\n%b" % (STATUS_LINE[status], head, body))
        self.message_event.set()
        self.on_response()
        return True

    def _is_plain(self, status: int, fields: dict[bytes, bytes], length: int) -> bool:
        """Whether the body is as long as its field says, and the connection goes on."""
        told = fields.get(b"content-length")
        return (
            (told == b"%d" % length if told is not None else status == NO_CONTENT and not length)
            and self.keep_alive
            and not (self.flow.write_paused or self.disconnected)
            and BEYOND_US.isdisjoint(fields)
            and self.scope["method"] != "HEAD"
        )
