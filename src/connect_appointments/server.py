"""The HTTP server: uvicorn, started from code, with our own way of stopping."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
from collections.abc import AsyncIterator

import uvicorn
from starlette.types import ASGIApp

from connect_appointments.api.shell import Serving
from connect_appointments.protocol import Protocol

KEEP_ALIVE_SECONDS = 75
BACKLOG = 2048


class Server(uvicorn.Server):
    """uvicorn without its signal handling: it would end by the signal, and we exit with 0."""

    @contextlib.contextmanager
    def capture_signals(self):  # type: ignore[no-untyped-def]  # noqa: ANN201 - as uvicorn has it
        """Leave the signals to `until_stopped`."""
        yield


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


def create_server(app: ASGIApp, *, shutdown_seconds: float) -> Server:
    """A server for the application.

    shutdown_seconds: how long requests under way may take when it stops.
    """
    return Server(
        uvicorn.Config(
            app,
            http=Protocol,
            ws="none",
            loop="uvloop",
            lifespan="off",
            interface="asgi3",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            backlog=BACKLOG,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=int(shutdown_seconds) or 1,
        )
    )


@contextlib.asynccontextmanager
async def serving_on(
    listener: socket.socket, app: ASGIApp, serving: Serving, *, drain_seconds: float, shutdown_seconds: float
) -> AsyncIterator[None]:
    """Serve while the context lasts, then stop: first say so on every answer, then close what is idle.

    drain_seconds: how long answers carry `Connection: close`, and readiness is red, before connections are closed.
    """
    server = create_server(app, shutdown_seconds=shutdown_seconds)
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


async def until_stopped() -> None:
    """Wait for Ctrl-C or SIGTERM."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    await stopped.wait()
