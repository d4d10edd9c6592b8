"""`sandbox`: the whole service on one machine, with sample orders and tokens."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shlex
import sys
import tempfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Annotated, NamedTuple

import typer
import uvloop

from connect_appointments.cli.failing import CommandFailed
from connect_appointments.sandbox.keys import KeysError, SandboxKeys
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
    if database is not None:
        _check_url(database)
    with clear_key_errors():
        options = Options(port, data, database, env_file, frozenset(trust_proxy or ()))
        uvloop.run(_run(options, SandboxKeys.open(data)))


class Options(NamedTuple):
    """The options of the command."""

    port: int
    data: Path
    database: str | None
    env_file: Path | None
    trusted_proxies: frozenset[str]


@contextlib.contextmanager
def clear_key_errors() -> Iterator[None]:
    """Turn a `KeysError` into `CommandFailed`."""
    try:
        yield
    except KeysError as error:
        raise CommandFailed(str(error)) from error


def _check_url(database: str) -> None:
    try:
        check_database_url(database)
    except ValueError as error:
        raise SettingsError(f"--database is wrong: {error}") from None


async def _run(options: Options, keys: SandboxKeys) -> None:
    try:
        listener = bind(HOST, options.port)
    except OSError as error:
        why = f"cannot listen on port {options.port}: {error.strerror}"
        raise CommandFailed(f"{why}. Choose another --port.") from error
    stopped = asyncio.create_task(until_stopped())
    async with sandbox_on(listener, keys, options.data, options.database, options.trusted_proxies) as found:
        if options.env_file is not None:
            write_whole(options.env_file, found.env_file())
        settle_memory()
        print(_next_steps(found, options.data), flush=True)
        await stopped


def program() -> str:
    """The command as the user typed it, for the printed examples."""
    return sys.argv[0] if Path(sys.argv[0]).name == "connect-appointments" else "connect-appointments"


def _next_steps(found: Sandbox, data: Path) -> str:
    values = dict(line.split("=", 1) for line in found.env_file().splitlines())
    return NEXT.format(
        url=found.url,
        orders=values["SANDBOX_ORDER_IDS"],
        order=values["SANDBOX_ORDER_IDS"].partition("-")[0],
        day=utc_now().date() + timedelta(days=2),
        folder=shlex.quote(str(data)),
        command=shlex.quote(program()),
    )


def write_whole(path: Path, text: str) -> None:
    """Write a file with a secret atomically, with mode 0600."""
    try:
        descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.absolute().parent)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        Path(name).replace(path)
    except OSError as error:
        raise CommandFailed(f"{path} cannot be written: {error.strerror}") from error
