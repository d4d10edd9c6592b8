"""The HTTP server: uvicorn, started from code, with our own way of stopping."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import resource
import signal
import socket
from collections.abc import AsyncIterator
from typing import Any

import uvicorn
from starlette.types import ASGIApp

from connect_appointments.web.api.shell import Serving
from connect_appointments.web.server.protocol import Patience, Protocol

BACKLOG = 2048
LOOKS_AT_ONCE = 16
"""So many connections are looked at before others have their turn: each may have to be told that it is too late."""
TICKS_A_SECOND = 10
LOOKS = 10
"""How often each connection is looked at in the shortest time that its caller has for anything."""
LAST_READ_SECONDS = 0.1
"""How long, after the last connection was taken, its first request may take to arrive."""


class Server(uvicorn.Server):
    """uvicorn without its signal handling, which would end by the signal, and without its timers for connections."""

    def __init__(self, config: uvicorn.Config, patience: Patience) -> None:
        """`patience` with callers."""
        super().__init__(config)
        shortest = min(patience.head_seconds, patience.body_seconds, patience.idle_seconds)
        self._ticks_between_looks = max(1, round(shortest * TICKS_A_SECOND / LOOKS))

    async def on_tick(self, counter: int) -> bool:
        """Look after all connections: one look at each costs less than a timer for every request."""
        if counter % self._ticks_between_looks == 0:
            connections: list[Any] = list(self.server_state.connections)
            for number, connection in enumerate(connections):
                if number % LOOKS_AT_ONCE == 0:
                    await asyncio.sleep(0)
                connection.look(self._ticks_between_looks / TICKS_A_SECOND)
        return await super().on_tick(counter)

    @contextlib.contextmanager
    def capture_signals(self):  # type: ignore[no-untyped-def]  # noqa: ANN201 - as uvicorn has it
        """Leave the signals to `until_stopped`."""
        yield

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop, but answer first whoever was quicker: connected to us, or with a request under way."""
        await self._take_the_last(sockets or [])
        await asyncio.sleep(LAST_READ_SECONDS)
        await super().shutdown(sockets)

    async def _take_the_last(self, listeners: list[socket.socket]) -> None:
        """Close the listeners, and take the connections that wait in their queues: the system would reset them."""
        copies = [listener.dup() for listener in listeners]
        for server in self.servers:
            server.close()
        for connection in [connection for copy in copies for connection in _waiting(copy)]:
            with contextlib.suppress(OSError):
                await asyncio.get_running_loop().connect_accepted_socket(self._connection, connection)

    def _connection(self) -> asyncio.Protocol:
        """What uvicorn makes for every connection that it accepts itself."""
        create: Any = self.config.http_protocol_class
        made: asyncio.Protocol = create(
            config=self.config, server_state=self.server_state, app_state=self.lifespan.state
        )
        return made


def _waiting(listener: socket.socket) -> list[socket.socket]:
    """The connections that nobody has taken yet; the listener is closed behind the last one."""
    found = []
    with listener, contextlib.suppress(OSError):
        listener.settimeout(0)
        while True:
            found.append(listener.accept()[0])
    return found


def bind(host: str, port: int, *, shared: bool = False) -> socket.socket:
    """Take an address, so that the port is known before the first request; the server listens on it.

    port: 0 is any free one.
    shared: other processes of ours may take the same one; the system spreads connections over them.
    """
    found = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    try:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if shared:
            found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        found.bind((host, port))
        if not shared:
            found.listen(BACKLOG)
    except OSError:
        found.close()
        raise
    return found


def create_server(
    app: ASGIApp, *, shutdown_seconds: float, serving: Serving | None = None, patience: Patience | None = None
) -> Server:
    """A server for the application.

    shutdown_seconds: how long requests under way may take when it stops.
    serving: where the pages of problems are; None has no such pages.
    patience: with callers; None is the usual one.
    """
    patience = patience or Patience()
    return Server(
        uvicorn.Config(
            app,
            http=functools.partial(Protocol, serving or Serving(None), patience),  # type: ignore[arg-type]  # it is called
            ws="none",
            loop="uvloop",
            lifespan="off",
            interface="asgi3",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            backlog=BACKLOG,
            timeout_graceful_shutdown=int(shutdown_seconds) or 1,
        ),
        patience,
    )


@contextlib.asynccontextmanager
async def serving_on(
    listener: socket.socket,
    app: ASGIApp,
    serving: Serving,
    *,
    drain_seconds: float,
    shutdown_seconds: float,
    patience: Patience | None = None,
) -> AsyncIterator[None]:
    """Serve while the context lasts, then stop: first say so on every answer, then close what is idle.

    drain_seconds: how long answers carry `Connection: close`, and readiness is red, before connections are closed.
    patience: with callers; None is the usual one.
    """
    _allow_all_files()
    server = create_server(app, shutdown_seconds=shutdown_seconds, serving=serving, patience=patience)
    task = asyncio.create_task(server.serve(sockets=[listener]))
    while not server.started and not task.done():  # noqa: ASYNC110 - uvicorn has no event to wait for
        await asyncio.sleep(0.005)
    try:
        yield
        serving.draining = True
        await asyncio.sleep(drain_seconds)
    finally:
        server.should_exit = True
        await task


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
