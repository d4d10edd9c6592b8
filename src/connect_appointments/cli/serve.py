"""`serve`: the service in production. Everything comes from settings."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from typing import Annotated

import typer

from connect_appointments.cli.failing import CommandFailed
from connect_appointments.settings import ServeSettings, load
from connect_appointments.telemetry.sharing import counters_of


def serve(
    processes: Annotated[int, typer.Option(help="Processes that share the port.", min=1, max=64)] = 1,
    with_worker: Annotated[
        bool, typer.Option("--worker/--no-worker", help="Also do background work in these processes.")
    ] = True,
) -> None:
    """Serve the API. Settings are environment variables CONNECT_APPOINTMENTS_…, or …_FILE for secrets."""
    settings = load(ServeSettings)
    with _counters(processes):
        # Imported only now: prometheus_client decides where counters are kept when it is imported.
        from connect_appointments.cli.serving import run_server

        code = run_server(settings, processes, with_worker=with_worker)
    sys.exit(code)


@contextlib.contextmanager
def _counters(processes: int) -> Iterator[None]:
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(counters_of(processes))
        except OSError as error:
            raise CommandFailed(f"no folder for the counters of {processes} processes can be made: {error}") from error
        yield
