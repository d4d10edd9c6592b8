"""`token`: an access token of the sandbox."""

from __future__ import annotations

from typing import Annotated

import typer

from connect_appointments.commands.failing import CommandFailed
from connect_appointments.commands.sandbox import DEFAULT_FOLDER, DataFolder
from connect_appointments.sandbox.keys import TENANTS, SandboxKeys
from connect_appointments.sandbox.running import TOKEN_SECONDS, new_token


def token(
    data: DataFolder = DEFAULT_FOLDER,
    owner: Annotated[str, typer.Option(help="The owner it speaks for.")] = TENANTS["alice"],
    lifetime: Annotated[int, typer.Option(help="Seconds until it expires.", min=1)] = TOKEN_SECONDS,
) -> None:
    """Print an access token for the sandbox in a folder."""
    if not (data / "keys").is_dir():
        raise CommandFailed(f"{data} holds no sandbox: start one with connect-appointments sandbox --data {data}")
    keys = SandboxKeys.open(data)
    if not keys.issuers:
        raise CommandFailed(f"the sandbox in {data} has not run yet: start it first")
    client = next((name for name, known in TENANTS.items() if known == owner), "sandbox")
    print(new_token(keys, client=client, owner=owner, lifetime_seconds=lifetime))
