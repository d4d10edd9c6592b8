"""`token`: an access token of the sandbox."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from connect_appointments.cli.failing import CommandFailed
from connect_appointments.cli.listing import AsJson
from connect_appointments.cli.sandbox import DEFAULT_FOLDER, DataFolder, clear_key_errors
from connect_appointments.core.model import is_owner
from connect_appointments.sandbox.keys import TENANTS, SandboxKeys
from connect_appointments.sandbox.running import TOKEN_SECONDS, new_token

LONGEST_SECONDS = 10 * 365 * 24 * 3600


def token(
    data: DataFolder = DEFAULT_FOLDER,
    owner: Annotated[str, typer.Option(help="The owner it speaks for.")] = TENANTS["alice"],
    lifetime: Annotated[
        int, typer.Option(help="Seconds until it expires.", min=1, max=LONGEST_SECONDS)
    ] = TOKEN_SECONDS,
    as_json: AsJson = False,
) -> None:
    """Print an access token for the sandbox in a folder."""
    if not is_owner(owner):
        raise typer.BadParameter("it must have 1 to 255 characters, and no control characters", param_hint="--owner")
    if not (data / "keys").is_dir():
        raise CommandFailed(f"{data} holds no sandbox: start one with connect-appointments sandbox --data {data}")
    with clear_key_errors():
        keys = SandboxKeys.open(data)
    if not keys.issuers:
        raise CommandFailed(f"the sandbox in {data} has not run yet: start it first")
    client = next((name for name, known in TENANTS.items() if known == owner), "sandbox")
    found = new_token(keys, client=client, owner=owner, lifetime_seconds=lifetime)
    # The names are those of a token endpoint's answer, RFC 6749 section 5.1.
    print(json.dumps({"access_token": found, "token_type": "Bearer", "expires_in": lifetime}) if as_json else found)
