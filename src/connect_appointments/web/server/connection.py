"""One connection: requests in, responses out, one at a time and in order, and no wait without an end."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from functools import partial

import structlog

from connect_appointments.telemetry import REQUESTS
from connect_appointments.web.api.base_endpoint import Handler
from connect_appointments.web.api.problems import problem_response
from connect_appointments.web.api.refusals import BodyTimeout, HeadTimeout, HttpRefusal, UnexpectedError
from connect_appointments.web.api.request import CallerGone, Request, ServerContext
from connect_appointments.web.api.response import CLOSE_LINE, Response, field_line
from connect_appointments.web.server.reader import BODY, HEAD, REQUEST, RequestReader

log = structlog.get_logger(__name__)

LINGER_SECONDS = 1
"""How long the connection reads on after its last response: to close at once could take the response back."""
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


@dataclass(frozen=True)
class Timeouts:
    """How long a connection may wait for its peer.

    head_seconds: for the head of a request, once it has begun.
    body_seconds: for its body; also for the body of a request that has its response.
    idle_seconds: for the next request, the first included; and for a response to be read.
    """

    head_seconds: float = 10
    body_seconds: float = 10
    idle_seconds: float = 75


@dataclass(eq=False)
class Connections:
    """What the connections of a server share.

    date_line: the first header field of their responses; the server keeps it current.
    alive: connections that are open, or whose handler is at work.
    """

    handler: Handler
    context: ServerContext
    timeouts: Timeouts
    date_line: bytes = b""
    alive: set[Connection] = field(default_factory=set)


class Connection(asyncio.Protocol):
    """One connection."""

    _transport: asyncio.Transport
    _reader: RequestReader
    # The request that has no response yet, and the task that makes one.
    _request: Request | None = None
    _task: asyncio.Task[None] | None = None
    _is_ending = False  # its last response is written
    _has_eof = False
    _is_lost = False
    _reading_paused = False
    _writing_paused = False
    _waited_seconds = 0.0

    def __init__(self, shared: Connections) -> None:
        self._shared = shared
        self._loop = asyncio.get_running_loop()

    # The transport's side

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # a socket's is one
        self._transport = transport
        peer = transport.get_extra_info("peername")
        self._reader = RequestReader(partial(Request, self._shared.context, client=str(peer[0]) if peer else ""))
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
        """Keep the transport for the responses to requests that are complete."""
        self._has_eof = True
        return self._request is not None and self._reader.expects != BODY

    def pause_writing(self) -> None:
        self._writing_paused = True

    def resume_writing(self) -> None:
        self._writing_paused = False
        self._read_on()

    # Requests

    def _read(self) -> None:
        """Begin the next request, unless it has to wait for the response to the one before it."""
        reader = self._reader
        try:
            request = reader.read(may_begin=self._request is None and not self._writing_paused)
        except HttpRefusal as refusal:
            self._refuse(refusal)
            return
        if request is not None:
            self._begin(request)
        if reader.has_more is not self._reading_paused:
            self._pace()

    def _begin(self, request: Request) -> None:
        if request.owes_continue and request.headers[b"expect"].lower() == b"100-continue":
            request.expect_continue(self._send_continue)
        self._request = request
        self._task = self._loop.create_task(self._answer(request))

    def _send_continue(self) -> None:
        if not (self._is_ending or self._transport.is_closing()):
            self._transport.write(CONTINUE)

    def _pace(self) -> None:
        """Take no more from the socket than can be parsed."""
        self._reading_paused = self._reader.has_more
        if self._transport.is_closing():
            return
        if self._reading_paused:
            self._transport.pause_reading()
        else:
            self._transport.resume_reading()

    def _read_on(self) -> None:
        """Read what arrived during the last request, or close when the peer has sent all it wanted."""
        if self._is_ending or self._transport.is_closing():
            return
        if self._reader.has_more:
            self._read()
        if self._has_eof and not self._reader.has_more and (self._request is None or self._reader.expects == BODY):
            self._transport.close()

    # Responses

    async def _answer(self, request: Request) -> None:
        try:
            response = await self._shared.handler(request)
            if response is not None and request is self._request:
                self._respond(request, response)
        except Exception:
            log.exception("unexpected-error", trace=request.request_id)
            if request is self._request:
                self._say(UnexpectedError())
        finally:
            self._task = None
            if self._is_lost:
                self._shared.alive.discard(self)
        self._read_on()

    def _respond(self, request: Request, response: Response) -> None:
        """Write a response; raises `ValueError` for a header field that cannot be written."""
        reader, shared = self._reader, self._shared
        lines = field_line(b"x-request-id", request.request_id.encode())
        if request.headers_after:
            lines = b"".join([field_line(*one) for one in request.headers_after]) + lines
        closes = response.closes
        is_last = closes or request.owes_continue or not reader.keeps_alive or shared.context.draining
        if is_last or (self._has_eof and not reader.has_more):
            is_last = True
            lines += b"" if closes else CLOSE_LINE
        head = response.head(shared.date_line, lines)
        self._request = None
        reader.end_request()
        self._transport.write(head if request.method == "HEAD" else head + response.body)
        if is_last:
            self._end(lingers=closes or request.owes_continue or reader.has_more or reader.expects == BODY)

    def _refuse(self, refusal: HttpRefusal) -> None:
        """Write why nothing more is read, unless it is the body of a request that has its response."""
        self._abandon()
        if self._reader.discards:
            self._end(lingers=True)
        else:
            self._say(refusal)

    def _say(self, refusal: HttpRefusal) -> None:
        """Write the response to what is no request, and end the connection."""
        context = self._shared.context
        request_id = context.new_request_id()
        response = problem_response(refusal, public_url=context.public_url or "", request_id=request_id)
        head = response.head(self._shared.date_line, field_line(b"x-request-id", request_id.encode()))
        self._transport.write(head + response.body)
        REQUESTS.labels("connection", str(response.status)).inc()
        self._end(lingers=True)

    def _abandon(self) -> None:
        """Write no response to the current request: it is not complete, or its caller has gone."""
        if self._request is not None:
            self._request.fail_body(CallerGone())
        self._request = None

    def _end(self, *, lingers: bool) -> None:
        """Write no more, and close the connection; when it lingers, after its peer had a moment to read."""
        self._request = None
        self._is_ending = True
        self._waited_seconds = 0.0
        if self._has_eof or not lingers:
            self._transport.close()
            return
        self._transport.write_eof()
        self._reader.clear()
        if self._reading_paused:
            self._pace()

    # Time

    def check_timeouts(self, seconds: float) -> None:
        """End the connection when it has waited for its peer for too long.

        seconds: since the last check. A clock would count the time in which this process was stopped.
        """
        if self._reader.has_begun or self._awaits_handler():
            self._reader.has_begun = False
            self._waited_seconds = 0.0
            return
        self._waited_seconds += seconds
        if self._waited_seconds > self._longest_wait():
            self._give_up()

    def _awaits_handler(self) -> bool:
        return self._request is not None and self._reader.expects != BODY and not self._writing_paused

    def _longest_wait(self) -> float:
        timeouts, expects = self._shared.timeouts, self._reader.expects
        if self._is_ending and not self._transport.is_closing():
            return LINGER_SECONDS
        if expects == REQUEST or self._transport.is_closing():
            return timeouts.idle_seconds
        return timeouts.head_seconds if expects == HEAD else timeouts.body_seconds

    def _give_up(self) -> None:
        if self._transport.is_closing():
            self._transport.abort()  # its peer does not read what was written
        elif self._reader.expects == HEAD and not self._is_ending:
            self._refuse(HeadTimeout())
        elif self._request is not None and self._reader.expects == BODY:
            self._waited_seconds = 0.0
            self._request.fail_body(BodyTimeout())
        else:
            self._transport.close()

    # Stopping

    def shut_down(self) -> None:
        """Close the connection, or have the response to what has begun to arrive close it."""
        if self._request is None and self._reader.expects != HEAD and not self._is_ending:
            self._transport.close()

    def cancel(self) -> None:
        """Close the connection at once, and cancel its handler."""
        if self._task is not None:
            self._task.cancel()
        self._transport.abort()
