"""An HTTP connection: one request at a time, responses in order, a timeout for every wait."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import structlog

from connect_appointments.telemetry.metrics import REQUESTS
from connect_appointments.web.api.base_endpoint import Handler
from connect_appointments.web.api.problems import problem_response
from connect_appointments.web.api.refusals import BodyTimeout, HeadTimeout, HttpRefusal, UnexpectedError
from connect_appointments.web.api.request import ConnectionLost, Request, ServerContext
from connect_appointments.web.api.response import Response
from connect_appointments.web.server.reader import BODY, HEAD, RequestReader
from connect_appointments.web.server.timeouts import Timeouts

log = structlog.get_logger(__name__)

LINGER_SECONDS = 1
"""How long the connection reads after its last response: closing at once could reset it and lose the response."""


@dataclass(eq=False)
class Connections:
    """The state shared by the connections of a server.

    date_line: the first header field of every response; the server keeps it current.
    alive: connections that are open or have a running handler.
    """

    handler: Handler
    context: ServerContext
    timeouts: Timeouts
    date_line: bytes = b""
    loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.get_running_loop)
    alive: set[Connection] = field(default_factory=set)


class Connection(asyncio.Protocol):
    """An HTTP connection."""

    _transport: asyncio.Transport
    _reader: RequestReader
    _request: Request | None = None  # the request whose response is not written yet; the task handles it
    _task: asyncio.Task[None] | None = None
    _is_ending = False  # the last response is written
    _has_eof = _is_lost = _reading_paused = _writing_paused = False

    def __init__(self, shared: Connections) -> None:
        self._shared = shared

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # a socket has no other
        self._transport = transport
        peer = transport.get_extra_info("peername")
        self._reader = RequestReader(self._shared.context, str(peer[0]) if peer else "")
        self._shared.alive.add(self)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - the reason changes nothing
        self._is_lost = True
        self._abandon()
        if self._task is None:
            self._shared.alive.discard(self)

    def data_received(self, data: bytes) -> None:
        if not self._is_ending:
            self._reader.add(data)
            self._read()

    def eof_received(self) -> bool:
        """After the peer's EOF, keep the transport open for the responses to complete requests."""
        self._has_eof = True
        return self._request is not None and self._reader.expects != BODY

    def pause_writing(self) -> None:
        self._writing_paused = True

    def resume_writing(self) -> None:
        self._writing_paused = False
        self._read_on()

    def _read(self) -> None:
        """Start the next request, unless the previous request has no response yet."""
        reader = self._reader
        try:
            request = reader.read(may_begin=self._request is None and not self._writing_paused)
        except HttpRefusal as refusal:
            self._refuse(refusal)
            return
        if request is not None:
            if request.owes_continue and request.headers[b"expect"].lower() == b"100-continue":
                request.expect_continue(self._send_continue)
            self._request = request
            # Cheaper than `create_task`, which makes a name for each task.
            self._task = asyncio.Task(self._answer(request), loop=self._shared.loop, name="request")
        if reader.has_more is not self._reading_paused:
            self._pace()

    def _pace(self) -> None:
        """Pause reading from the socket while received bytes are waiting to be parsed."""
        self._reading_paused = self._reader.has_more
        if self._reading_paused:
            self._transport.pause_reading()
        elif not self._transport.is_closing():
            self._transport.resume_reading()

    def _read_on(self) -> None:
        """Parse the bytes received during the last request; close if the peer has closed and no request is left."""
        if self._is_ending or self._transport.is_closing():
            return
        if self._reader.has_more:
            self._read()
        if self._has_eof and not self._reader.has_more and (self._request is None or self._reader.expects == BODY):
            self._transport.close()

    def _send_continue(self) -> None:
        if not (self._is_ending or self._transport.is_closing()):
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    async def _answer(self, request: Request) -> None:
        try:
            response = await self._shared.handler(request)
            if response is not None and request is self._request:
                self._respond(request, response)
        except Exception:
            log.exception("unexpected-error", request_id=request.request_id)
            if request is self._request:
                self._refuse(UnexpectedError())
        finally:
            self._task = None
            if self._is_lost:
                self._shared.alive.discard(self)
        self._read_on()

    def _respond(self, request: Request, response: Response) -> None:
        """Write a response; raises `ValueError` for an invalid header field."""
        reader, shared = self._reader, self._shared
        must_end = response.closes or request.owes_continue
        is_last = (
            must_end or not reader.keeps_alive or shared.context.draining or (self._has_eof and not reader.has_more)
        )
        head = response.head(shared.date_line, request.request_id, request.headers_after, is_last=is_last)
        self._request = None
        reader.end_request()
        self._transport.write(head if request.method == "HEAD" else head + response.body)
        if is_last:
            self._end(lingers=must_end or reader.has_more or reader.expects == BODY)

    def _refuse(self, refusal: HttpRefusal) -> None:
        """Write a refusal and close the connection, unless the incomplete request already has its response."""
        self._abandon()
        if not self._reader.discards:
            context = self._shared.context
            request_id = context.new_request_id()
            response = problem_response(refusal, public_url=context.public_url or "", request_id=request_id)
            self._transport.write(response.head(self._shared.date_line, request_id) + response.body)
            REQUESTS.labels("connection", str(response.status)).inc()
        self._end(lingers=True)

    def _abandon(self) -> None:
        """Drop the current request without a response: it is incomplete, or its caller has disconnected."""
        if self._request is not None:
            self._request.fail_body(ConnectionLost())
        self._request = None

    def _end(self, *, lingers: bool) -> None:
        """Stop writing and close the connection; with `lingers`, only after a delay in which the peer can read."""
        self._request = None
        self._is_ending = True
        self._reader.clear()
        self._reader.waited_seconds = 0.0
        if self._has_eof or not lingers:
            self._transport.close()
            return
        self._transport.write_eof()
        if self._reading_paused:
            self._pace()

    def check_timeouts(self, seconds: float) -> None:
        """Close the connection if it has waited for its peer longer than the timeout.

        seconds: the time since the last check. A clock would include the time during which this process was stopped.
        """
        reader, timeouts, transport = self._reader, self._shared.timeouts, self._transport
        awaits_handler = self._request is not None and reader.expects != BODY and not self._writing_paused
        reader.waited_seconds = 0.0 if awaits_handler else reader.waited_seconds + seconds
        if transport.is_closing():
            if reader.waited_seconds > timeouts.idle_seconds:
                transport.abort()  # the peer does not read the response
        elif self._is_ending:
            if reader.waited_seconds > LINGER_SECONDS:
                transport.close()
        elif reader.waited_seconds > timeouts[reader.expects]:
            self._give_up()

    def _give_up(self) -> None:
        if self._reader.expects == HEAD:
            self._refuse(HeadTimeout())
        elif self._reader.expects == BODY and self._request is not None:
            self._reader.waited_seconds = 0.0
            self._request.fail_body(BodyTimeout())
        else:
            self._transport.close()

    def shut_down(self) -> None:
        """Close an idle connection; otherwise close it after the response to the request in progress."""
        if self._request is None and self._reader.expects != HEAD and not self._is_ending:
            self._transport.close()

    def cancel(self) -> None:
        """Close the connection at once, and cancel its handler."""
        if self._task is not None:
            self._task.cancel()
        self._transport.abort()
