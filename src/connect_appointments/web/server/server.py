"""The HTTP server: listens, enforces the timeouts of its connections, and stops without losing a request."""

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
from connect_appointments.web.server.connection import Connection, Connections
from connect_appointments.web.server.timeouts import Timeouts

log = structlog.get_logger(__name__)

BACKLOG = 2048
CHECKS_AT_ONCE = 16
"""Connections that are checked before the event loop runs other tasks: each check may close a connection."""
TICKS = 10
"""Checks of each connection within the shortest timeout; between one and ten checks per second."""
LAST_READ_SECONDS = 0.1
"""After the listener is closed, the time limit for the first request of its last connections."""
CLOSED_CHECK_SECONDS = 0.02
"""How often the server checks whether the last connection is closed."""


def bind(host: str, port: int, *, shared: bool = False) -> socket.socket:
    """Bind an address before serving, so that the port is known before the first request.

    port: 0 selects any free port.
    shared: other processes of this server may bind the same port; the kernel distributes connections among them.
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
    """Serve for the duration of the context, then stop: announce it in every response, then close idle connections.

    drain_seconds: how long responses have `Connection: close`, and readiness fails, before connections are closed.
    shutdown_seconds: the time limit for the remaining requests after that.
    timeouts: None uses the defaults.
    """
    _, hard_limit = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard_limit, hard_limit))  # the usual soft limit is 1,024
    connections = Connections(handler, context, timeouts or Timeouts())
    loop = asyncio.get_running_loop()
    ticking = loop.create_task(_tick(connections))
    server = await loop.create_server(lambda: Connection(connections), sock=listener, backlog=BACKLOG)
    try:
        yield
        context.draining = True
        await asyncio.sleep(drain_seconds)
    finally:
        context.draining = True
        for accepted in _close(listener, server):
            with contextlib.suppress(OSError):
                await loop.connect_accepted_socket(lambda: Connection(connections), accepted)
        await asyncio.sleep(LAST_READ_SECONDS)
        await _shut_down(connections, shutdown_seconds)
        ticking.cancel()


async def _tick(connections: Connections) -> None:
    """Update the date and check the timeouts of all connections: this is cheaper than a timer per request."""
    seconds = max(1 / TICKS, min(1, min(connections.timeouts) / TICKS))
    while True:
        connections.date_line = b"date: %b\r\n" % formatdate(usegmt=True).encode()
        await asyncio.sleep(seconds)
        for number, connection in enumerate(list(connections.alive)):
            if number % CHECKS_AT_ONCE == 0:
                await asyncio.sleep(0)
            connection.check_timeouts(seconds)


def _close(listener: socket.socket, server: asyncio.Server) -> list[socket.socket]:
    """Close a listener, and accept the connections in its backlog: the kernel would reset them."""
    copy = listener.dup()
    server.close()
    listener.close()
    accepted = []
    with copy, contextlib.suppress(OSError):
        copy.settimeout(0)
        while True:
            accepted.append(copy.accept()[0])
    return accepted


async def _shut_down(connections: Connections, shutdown_seconds: float) -> None:
    """Close all connections, each after its response or when the time limit is reached."""
    for connection in list(connections.alive):
        connection.shut_down()
    try:
        async with asyncio.timeout(shutdown_seconds):
            while connections.alive:  # noqa: ASYNC110 - an event for each connection would cost more
                await asyncio.sleep(CLOSED_CHECK_SECONDS)
    except TimeoutError:
        log.warning("requests-cancelled", connections=len(connections.alive))
        for connection in list(connections.alive):
            connection.cancel()


async def until_stopped() -> None:
    """Wait for Ctrl-C or SIGTERM."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    await stopped.wait()
