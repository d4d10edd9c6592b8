"""What uvicorn leaves to wish for on a connection: limits in bytes and in time, and every request told apart."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

import httptools
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from connect_appointments.telemetry import REQUESTS
from connect_appointments.web.api.problems import problem_answer
from connect_appointments.web.api.refusals import HeadTimeout, HeadTooLarge, HttpRefusal, MalformedRequest
from connect_appointments.web.api.shell import Serving
from connect_appointments.web.server.cycle import Cycle

MAX_HEAD_BYTES = 32 * 1024
MAX_FIELDS = 100
PIECE_BYTES = 4096
"""So much is read before it is looked whether that is too much, or enough to do: it bounds what one caller can ask."""
LINGER_SECONDS = 1
"""How long the rest of a refused request is still taken: to close at once could take the answer back."""

ASGI = {"version": "3.0", "spec_version": "2.3"}

REQUEST, HEAD, BODY = range(3)
"""What is to come next: a request, the rest of its head, the rest of its body."""


@dataclass(frozen=True)
class Patience:
    """How long a caller may keep a connection waiting.

    head_seconds: for the head of a request, once it has begun.
    body_seconds: for its body; also for one that was refused and still comes.
    idle_seconds: for the next request, the first included; and for an answer to be read.
    """

    head_seconds: float = 10
    body_seconds: float = 10
    idle_seconds: float = 75


class Flow(FlowControl):
    """Reads nothing more from a caller who is ahead of us."""

    def __init__(self, transport: Any, is_ahead: Callable[[], bool]) -> None:
        super().__init__(transport)
        self._is_ahead = is_ahead

    def resume_reading(self) -> None:
        """Read on, unless there is enough to do."""
        if self.read_paused and not self._is_ahead():
            super().resume_reading()


class Protocol(HttpToolsProtocol):
    """One connection."""

    cycle: Cycle
    _awaited = REQUEST
    # Since the head or the last piece of the body; what came with that itself is not counted.
    _field_bytes = 0
    _unread: bytes | memoryview = b""
    _refusal: HttpRefusal | None = None
    _refused = False
    _waited_seconds = 0.0

    def __init__(self, serving: Serving, patience: Patience, **of_uvicorn: Any) -> None:
        """`serving` names the pages of problems."""
        super().__init__(**of_uvicorn)
        self._serving = serving
        self._patience = patience

    def connection_made(self, transport: Any) -> None:
        """Take a connection."""
        super().connection_made(transport)
        self.flow = Flow(transport, self._is_ahead)

    def _is_ahead(self) -> bool:
        return bool(self.pipeline or self._unread)

    def data_received(self, data: bytes) -> None:
        """Read what came."""
        if not self._refused:
            self._unread = data if len(data) <= PIECE_BYTES else memoryview(data)
            self._read()

    def _read(self) -> None:
        """Read piece by piece, until all is read or a request has to wait for the one before it."""
        try:
            while self._unread and not self.pipeline:
                self._read_piece()
        except HttpRefusal as refusal:
            self._refuse(refusal)
        except httptools.HttpParserError as error:
            self._refuse(error.__context__ if isinstance(error.__context__, HttpRefusal) else MalformedRequest())
        if self._unread:
            self.flow.pause_reading()

    def _read_piece(self) -> None:
        data = self._unread
        piece, self._unread = (data, b"") if len(data) <= PIECE_BYTES else (data[:PIECE_BYTES], data[PIECE_BYTES:])
        self._field_bytes += len(piece)
        try:
            self.parser.feed_data(piece)
        except httptools.HttpParserUpgrade as offer:
            self._decline(data[offer.args[0] :])
        if self._field_bytes > MAX_HEAD_BYTES and self._awaited != REQUEST:
            raise HeadTooLarge

    def _decline(self, rest: bytes | memoryview) -> None:
        """Read the request as if it did not offer to upgrade."""
        # The parser takes all that follows for another protocol, the body of this very request among it.
        head = self._head_without_offer()
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
        self.parser.feed_data(head)
        self._unread = rest

    def _should_upgrade(self) -> bool:
        """Keep uvicorn from taking the body of a request that is read again without its offer."""
        return True

    def _head_without_offer(self) -> bytes:
        method = self.parser.get_method()
        if method == b"CONNECT":
            raise MalformedRequest
        lines = [b"%b %b HTTP/%b" % (method, self.url, self.parser.get_http_version().encode())]
        lines += [b"%b: %b" % field for field in self.scope["headers"] if field[0] != b"upgrade"]
        return b"\r\n".join([*lines, b"", b""])

    def on_message_begin(self) -> None:
        """Note that a request has begun to arrive."""
        self.url = b""
        self.headers = []
        self.expect_100_continue = False
        self._awaited = HEAD
        self._field_bytes = 0
        self._waited_seconds = 0.0

    def on_headers_complete(self) -> None:
        """Start on the request; raises `HeadTooLarge`."""
        if len(self.headers) > MAX_FIELDS or self._head_is_too_large():
            raise HeadTooLarge
        self._check_head()
        self._begin()
        self._awaited = BODY
        self._waited_seconds = 0.0
        self.headers = []  # what is behind the chunks of a body is not among its headers

    def _check_head(self) -> None:
        """Raise `MalformedRequest` for what two servers could read in two ways."""
        encodings = [value for name, value in self.headers if name == b"transfer-encoding"]
        if (
            b"#" in self.url
            or self.parser.get_http_version() not in {"1.0", "1.1"}
            or (encodings and [value.strip().lower() for value in encodings] != [b"chunked"])
        ):
            raise MalformedRequest

    def _begin(self) -> None:
        """Have the request answered, after the one before it."""
        version = self.parser.get_http_version()
        self.scope = self._scope(version)
        if self.parser.should_upgrade():
            return  # it is read again without its offer
        before = self.cycle
        self.cycle = Cycle(
            scope=self.scope,
            transport=self.transport,
            flow=self.flow,
            logger=self.logger,
            access_logger=self.access_logger,
            access_log=False,
            default_headers=self.server_state.default_headers,
            message_event=asyncio.Event(),
            expect_100_continue=self.expect_100_continue,
            keep_alive=version != "1.0" and self.parser.should_keep_alive(),
            on_response=self.on_response_complete,
        )
        if before is None or before.response_complete:
            self._start_asgi_task(self.cycle, self.app)
        else:
            self.flow.pause_reading()
            self.pipeline.appendleft((self.cycle, self.app))

    def _scope(self, version: str) -> Any:
        url = httptools.parse_url(self.url)
        path = url.path.decode("ascii")
        return {
            "type": "http",
            "asgi": ASGI,
            "http_version": version,
            "method": self.parser.get_method().decode("ascii"),
            "scheme": self.scheme,
            "path": unquote(path) if "%" in path else path,
            "raw_path": url.path,
            "query_string": url.query or b"",
            "root_path": "",
            "headers": self.headers,
            "client": self.client,
            "server": self.server,
        }

    def _head_is_too_large(self) -> bool:
        """Whether it is; counted only when it could be."""
        if self._field_bytes <= MAX_HEAD_BYTES - PIECE_BYTES:
            return False
        return len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers) > MAX_HEAD_BYTES

    def on_body(self, body: bytes) -> None:
        """Take a piece of the body."""
        self._field_bytes = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Note that the request is whole."""
        self._awaited = REQUEST
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """Go on with what came in the meantime."""
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
        elif self._refusal is not None:
            self._say(self._refusal)
        if self._unread:
            self._read()
        self.flow.resume_reading()

    def _refuse(self, refusal: HttpRefusal) -> None:
        """Take no more requests, and say why when those before have their answers."""
        self._refused, self._unread = True, b""
        if self._awaited == BODY and not self._take_back():
            return
        if self.pipeline or self._is_answering():
            self._refusal = refusal
        else:
            self._say(refusal)

    def _take_back(self) -> bool:
        """Forget the request whose body is broken; False when it has its answer, which is then the last."""
        if self.pipeline:
            self.pipeline.popleft()
        elif self.cycle.response_started:
            self.cycle.keep_alive = False
            if self.cycle.response_complete:
                self._end()
            return False
        else:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        return True

    def _is_answering(self) -> bool:
        return self.cycle is not None and not (self.cycle.response_complete or self.cycle.disconnected)

    def _say(self, refusal: HttpRefusal) -> None:
        """Answer what is no request, and end the connection."""
        trace = self._serving.new_trace()
        answer = problem_answer(refusal, public_url=self._serving.public_url or "", trace=trace)
        fields = [*self.server_state.default_headers, *answer.headers(), (b"x-request-id", trace.encode())]
        head = [STATUS_LINE[answer.status], *(b"%b: %b\r\n" % field for field in fields), b"\r\n"]
        self.transport.write(b"".join([*head, answer.body]))
        REQUESTS.labels("connection", str(answer.status)).inc()
        self.cycle = self._refusal = None  # type: ignore[assignment]  # as before the first
        self._end()

    def _end(self) -> None:
        """Say no more, and leave the rest of what is sent unread for a moment before the connection is closed."""
        self._waited_seconds = 0.0
        self.transport.write_eof()

    def look(self, seconds: float) -> None:
        """End the connection when its caller has kept it waiting for too long.

        seconds: how often it is looked at. A clock would count the time in which this process was stopped.
        """
        if self._is_answering() and not (self.flow.write_paused or self._awaits_body()):
            self._waited_seconds = 0.0
            return
        self._waited_seconds += seconds
        if self._waited_seconds > self._longest_wait():
            self._give_up()

    def _awaits_body(self) -> bool:
        """Whether the request that is being answered has not come in full."""
        return self._awaited == BODY and not self.pipeline and self._is_answering()

    def _longest_wait(self) -> float:
        if self._refused:
            return LINGER_SECONDS
        patience = self._patience
        return {REQUEST: patience.idle_seconds, HEAD: patience.head_seconds, BODY: patience.body_seconds}[self._awaited]

    def _give_up(self) -> None:
        if self.transport.is_closing():
            self.transport.abort()  # its caller does not read what was said
        elif self._awaited == HEAD and not self._refused:
            self._refuse(HeadTimeout())
        elif self._awaits_body() and not self._refused:
            self._waited_seconds = 0.0
            self.cycle.give_up_body()
        else:
            self.transport.close()

    def shutdown(self) -> None:
        """Close the connection, or let the answer to what has begun to arrive do that."""
        if self._awaited != HEAD:
            super().shutdown()

    def eof_received(self) -> bool:  # type: ignore[override]  # asyncio asks for a bool, uvicorn always says no
        """Answer what has been asked in full before closing: a caller may close its own side first."""
        if self.cycle is None or self.cycle.response_complete or self.cycle.more_body:
            return False
        self.cycle.keep_alive = False
        return True
