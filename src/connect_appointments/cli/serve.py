"""`serve`: the service in production, configured by settings."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from connect_appointments.cli.failing import CommandFailed
from connect_appointments.settings import ServeSettings, load
from connect_appointments.telemetry.sharing import counters_of


def serve(
    processes: Annotated[int, typer.Option(help="Number of processes that share the port.", min=1, max=64)] = 1,
    with_worker: Annotated[bool, typer.Option("--worker/--no-worker", help="Run a worker in each process.")] = True,
) -> None:
    """Serve the API.

    Settings are environment variables CONNECT_APPOINTMENTS_…; a name with …_FILE names a file that has the value.
    """
    settings = load(ServeSettings)
    try:
        counters = counters_of(processes)
    except OSError as error:
        raise CommandFailed(f"cannot create a folder for the counters of {processes} processes: {error}") from error
    with counters:
        # Imported here: prometheus_client reads the folder of the counters at import.
        from connect_appointments.cli.serving import run_server

        code = run_server(settings, processes, with_worker=with_worker)
    sys.exit(code)
