"""The HTTP server: listens, keeps time for its connections, and stops without losing a request."""

from __future__ import annotations

import asyncio
import contextlib
import resource
import signal
import socket
from collections.abc import AsyncIterator
from email.utils import formatdate

import structlog

from connect_appointments.web.api.base_endpoint import Handler
from connect_appointments.web.api.request import ServerContext
from connect_appointments.web.server.connection import Connection, Connections, Timeouts

log = structlog.get_logger(__name__)

BACKLOG = 2048
CHECKS_AT_ONCE = 16
"""Connections that are checked before others have their turn: each check may end one."""
LONGEST_TICK_SECONDS = 1.0
"""The Date of a response is that old at most."""
SHORTEST_TICK_SECONDS = 0.1
TICKS = 10
"""How often each connection is checked within the shortest timeout."""
LAST_READ_SECONDS = 0.1
"""How long, after the last connection was taken, its first request may take to arrive."""
LOOK_SECONDS = 0.02
"""How often the server looks whether the last connection has ended."""


class Server:
    """Serves a handler on one listener."""

    def __init__(self, handler: Handler, context: ServerContext, timeouts: Timeouts) -> None:
        """Nothing is served before `start`."""
        self._connections = Connections(handler, context, timeouts)
        shortest = min(timeouts.head_seconds, timeouts.body_seconds, timeouts.idle_seconds)
        self._tick_seconds = max(SHORTEST_TICK_SECONDS, min(LONGEST_TICK_SECONDS, shortest / TICKS))

    async def start(self, listener: socket.socket) -> None:
        """Accept connections."""
        self._set_date()
        self._listener = listener
        self._server = await asyncio.get_running_loop().create_server(self._connection, sock=listener, backlog=BACKLOG)
        self._ticking = asyncio.create_task(self._tick())

    def _connection(self) -> Connection:
        return Connection(self._connections)

    def _set_date(self) -> None:
        self._connections.date_line = f"date: {formatdate(usegmt=True)}\r\n".encode()

    async def _tick(self) -> None:
        """Keep the date, and the timeouts of all connections: that costs less than a timer for every request."""
        while True:
            await asyncio.sleep(self._tick_seconds)
            self._set_date()
            for number, connection in enumerate(list(self._connections.alive)):
                if number % CHECKS_AT_ONCE == 0:
                    await asyncio.sleep(0)
                connection.check_timeouts(self._tick_seconds)

    async def stop(self, shutdown_seconds: float) -> None:
        """Answer what is connected or under way, then end.

        shutdown_seconds: how long requests under way may take.
        """
        self._connections.context.draining = True
        await self._take_the_last()
        await asyncio.sleep(LAST_READ_SECONDS)
        for connection in list(self._connections.alive):
            connection.shut_down()
        try:
            async with asyncio.timeout(shutdown_seconds):
                while self._connections.alive:  # noqa: ASYNC110 - they are many, and this happens once
                    await asyncio.sleep(LOOK_SECONDS)
        except TimeoutError:
            log.warning("requests-cancelled", connections=len(self._connections.alive))
            for connection in list(self._connections.alive):
                connection.cancel()
        self._ticking.cancel()

    async def _take_the_last(self) -> None:
        """Close the listener, and take the connections in its queue: the system would reset them."""
        copy = self._listener.dup()
        self._server.close()
        self._listener.close()
        for waiting in _accept_all(copy):
            with contextlib.suppress(OSError):
                await asyncio.get_running_loop().connect_accepted_socket(self._connection, waiting)


def _accept_all(listener: socket.socket) -> list[socket.socket]:
    """The connections in the queue of a listener, which is closed."""
    accepted = []
    with listener, contextlib.suppress(OSError):
        listener.settimeout(0)
        while True:
            accepted.append(listener.accept()[0])
    return accepted


def bind(host: str, port: int, *, shared: bool = False) -> socket.socket:
    """Bind an address, so that the port is known before the first request.

    port: 0 is any free one.
    shared: other processes of ours may bind the same one; the system spreads connections over them.
    """
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if shared:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        listener.bind((host, port))
        if not shared:
            listener.listen(BACKLOG)
    except OSError:
        listener.close()
        raise
    return listener


@contextlib.asynccontextmanager
async def serving_on(
    listener: socket.socket,
    handler: Handler,
    context: ServerContext,
    *,
    drain_seconds: float,
    shutdown_seconds: float,
    timeouts: Timeouts | None = None,
) -> AsyncIterator[None]:
    """Serve while the context lasts, then stop: first say so in every response, then close idle connections.

    drain_seconds: how long responses carry `Connection: close`, and readiness is red, before connections are closed.
    shutdown_seconds: how long requests under way may take after that.
    timeouts: None are the usual ones.
    """
    _allow_all_files()
    server = Server(handler, context, timeouts or Timeouts())
    await server.start(listener)
    try:
        yield
        context.draining = True
        await asyncio.sleep(drain_seconds)
    finally:
        await server.stop(shutdown_seconds)


def _allow_all_files() -> None:
    """Let this process have as many connections as the system allows; where that is more than the usual 1,024."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


async def until_stopped() -> None:
    """Wait for Ctrl-C or SIGTERM."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    await stopped.wait()
