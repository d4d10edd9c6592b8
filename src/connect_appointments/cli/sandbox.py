"""`sandbox`: the whole service on one machine, with sample orders and tokens."""

from __future__ import annotations

import asyncio
import shlex
import sys
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer
import uvloop

from connect_appointments.cli.failing import CommandFailed, failing_on
from connect_appointments.sandbox.keys import KeysError, SandboxKeys, write_private
from connect_appointments.sandbox.running import Sandbox, sandbox_on
from connect_appointments.settings import SettingsError
from connect_appointments.telemetry.logs import configure_logging
from connect_appointments.usecases.databases import check_database_url
from connect_appointments.web.server.memory import settle_memory
from connect_appointments.web.server.server import bind, until_stopped
from connect_appointments.wiring import utc_now

HOST = "127.0.0.1"

DataFolder = Annotated[Path, typer.Option("--data", help="Folder of keys and data; `sandbox` creates it.")]
DEFAULT_FOLDER = Path(".sandbox")

NEXT = """\
The sandbox serves {url}   (API reference: {url}/docs)

Create an appointment-request for one of the orders {orders}. Its URL is in the Location header:

  export SANDBOX_TOKEN=$({command} token --data {folder})
  curl -i {url}/api/connect/orders/appointment-requests/request \\
    -H "Authorization: Bearer $SANDBOX_TOKEN" -H 'X-API-VERSION: 7' -H 'Content-Type: application/json' \\
    -d '{{"orderId":{order},"dateFrom":"{day}"}}'

Poll the Location until the response is 200 with slots. In a new sandbox the first id is 300; otherwise use your id:

  curl -i {url}/api/connect/orders/appointment-requests/request/300 \\
    -H "Authorization: Bearer $SANDBOX_TOKEN" -H 'X-API-VERSION: 7'

Cancel the appointment-request. No booking can follow:

  curl -i {url}/api/connect/orders/appointment-requests/cancel \\
    -H "Authorization: Bearer $SANDBOX_TOKEN" -H 'X-API-VERSION: 7' -H 'Content-Type: application/json' \\
    -d '{{"appointmentRequestId":300}}'

Request a token from the OAuth token endpoint:

  curl {url}/auth/realms/connect/protocol/openid-connect/token -d grant_type=client_credentials \\
    -d client_id=alice --data-urlencode client_secret@{folder}/keys/alice.secret

Ctrl-C stops the sandbox. A start with the same --data continues with the same keys and data.
"""


def sandbox(
    port: Annotated[int, typer.Option(help="Port at 127.0.0.1; 0 is any free port.", min=0, max=65535)] = 8080,
    data: DataFolder = DEFAULT_FOLDER,
    database: Annotated[
        str | None, typer.Option(help="Database URL, postgresql://… or sqlite:///…; default: SQLite in the folder.")
    ] = None,
    env_file: Annotated[
        Path | None, typer.Option(help="Write a file with SANDBOX_URL, SANDBOX_TOKEN and other variables for a shell.")
    ] = None,
    trust_proxy: Annotated[
        list[str] | None, typer.Option(help="Address of a proxy; its X-Forwarded-Host and -Proto headers are trusted.")
    ] = None,
) -> None:
    """Run a sandbox with sample orders, free capacity, and tokens for two owners."""
    configure_logging("warning")
    try:
        if database is not None:
            check_database_url(database)
    except ValueError as error:
        raise SettingsError(f"--database is wrong: {error}") from None
    with failing_on(KeysError):
        keys = SandboxKeys.open(data)
        uvloop.run(_run(keys, port, data, database, env_file, frozenset(trust_proxy or ())))


async def _run(
    keys: SandboxKeys,
    port: int,
    data: Path,
    database: str | None,
    env_file: Path | None,
    trusted_proxies: frozenset[str],
) -> None:
    try:
        listener = bind(HOST, port)
    except OSError as error:
        why = f"cannot listen on port {port}: {error.strerror}"
        raise CommandFailed(f"{why}. Choose another --port.") from error
    stopped = asyncio.create_task(until_stopped())
    async with sandbox_on(listener, keys, data, database, trusted_proxies) as found:
        if env_file is not None:
            _write_variables(env_file, found)
        settle_memory()
        print(_next_steps(found, data), flush=True)
        await stopped


def _program() -> str:
    """The command as the user typed it, for the printed examples."""
    return sys.argv[0] if Path(sys.argv[0]).name == "connect-appointments" else "connect-appointments"


def _next_steps(found: Sandbox, data: Path) -> str:
    orders = found.variables()["SANDBOX_ORDER_IDS"]
    return NEXT.format(
        url=found.url,
        orders=orders,
        order=orders.partition("-")[0],
        day=utc_now().date() + timedelta(days=2),
        folder=shlex.quote(str(data)),
        command=shlex.quote(_program()),
    )


def _write_variables(path: Path, found: Sandbox) -> None:
    lines = [f"{name}={shlex.quote(value)}\n" for name, value in found.variables().items()]
    try:
        write_private(path, "".join(lines).encode())
    except OSError as error:
        raise CommandFailed(f"{path} cannot be written: {error.strerror}") from error
