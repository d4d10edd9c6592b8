"""The processes of `serve`: one, or several that share the port."""

from __future__ import annotations

import contextlib
import socket

import httpx2
import uvloop

from connect_appointments.cli.database import opened
from connect_appointments.cli.failing import CommandFailed
from connect_appointments.settings import ServeSettings
from connect_appointments.telemetry.logs import configure_logging
from connect_appointments.usecases.databases import open_database
from connect_appointments.web.server.memory import settle_memory
from connect_appointments.web.server.processes import run_processes
from connect_appointments.web.server.server import bind, serving_on, until_stopped
from connect_appointments.wiring import config_of, running


def run_server(settings: ServeSettings, processes: int, *, with_worker: bool) -> int:
    """Serve until SIGTERM or Ctrl-C; return the exit code. Raises `CommandFailed` when the start fails."""
    configure_logging(settings.log_level)
    uvloop.run(_check(settings))
    listener = _listen(settings, shared=processes > 1)
    address = f"http://{settings.listen_host}:{listener.getsockname()[1]}"
    if processes == 1:
        uvloop.run(_serve(settings, listener, address, with_worker=with_worker))
        return 0

    def run() -> None:
        own = bind(settings.listen_host, listener.getsockname()[1], shared=True)
        uvloop.run(_serve(settings, own, address, with_worker=with_worker))

    # The parent binds the address and never listens: nothing would accept a connection in its queue.
    return run_processes(processes, run)


def _listen(settings: ServeSettings, *, shared: bool) -> socket.socket:
    try:
        return bind(settings.listen_host, settings.listen_port, shared=shared)
    except OSError as error:
        where = f"{settings.listen_host}:{settings.listen_port}"
        raise CommandFailed(f"cannot listen on {where}: {error.strerror}") from error


async def _check(settings: ServeSettings) -> None:
    async with opened(settings):
        pass


async def _serve(settings: ServeSettings, listener: socket.socket, address: str, *, with_worker: bool) -> None:
    async with contextlib.AsyncExitStack() as stack:
        database = open_database(settings.database_url.get_secret_value(), settings.database_options())
        stack.push_async_callback(database.close)
        client = await stack.enter_async_context(httpx2.AsyncClient(timeout=5))
        config = config_of(settings, database, client)
        parts = await stack.enter_async_context(running(config, with_worker=with_worker))
        await stack.enter_async_context(
            serving_on(
                listener,
                parts.app,
                parts.context,
                drain_seconds=settings.drain_seconds,
                shutdown_seconds=settings.shutdown_seconds,
                timeouts=settings.timeouts(),
            )
        )
        settle_memory()
        print(f"serving on {address}", flush=True)
        await until_stopped()
