"""`token`: an access token for the sandbox."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from connect_appointments.cli.failing import CommandFailed, failing_on
from connect_appointments.cli.listing import AsJson
from connect_appointments.cli.sandbox import DEFAULT_FOLDER, DataFolder
from connect_appointments.core.model import is_owner
from connect_appointments.sandbox.keys import TENANTS, KeysError, SandboxKeys
from connect_appointments.sandbox.running import TOKEN_SECONDS, new_token

LONGEST_SECONDS = 10 * 365 * 24 * 3600


def token(
    data: DataFolder = DEFAULT_FOLDER,
    owner: Annotated[str, typer.Option(help="The owner in the token.")] = TENANTS["alice"],
    lifetime: Annotated[
        int, typer.Option(help="Seconds until the token expires.", min=1, max=LONGEST_SECONDS)
    ] = TOKEN_SECONDS,
    as_json: AsJson = False,
) -> None:
    """Print an access token for a sandbox."""
    if not is_owner(owner):
        raise typer.BadParameter("an owner has 1 to 255 characters, without control characters", param_hint="--owner")
    if not (data / "keys").is_dir():
        raise CommandFailed(f"there is no sandbox in {data}: run connect-appointments sandbox --data {data}")
    with failing_on(KeysError):
        keys = SandboxKeys.open(data)
    if not keys.issuers:
        raise CommandFailed(f"the sandbox in {data} has not run yet: run connect-appointments sandbox --data {data}")
    client = next((name for name, known in TENANTS.items() if known == owner), "sandbox")
    found = new_token(keys, client=client, owner=owner, lifetime_seconds=lifetime)
    # The members of a token response. Source: RFC 6749 section 5.1.
    print(json.dumps({"access_token": found, "token_type": "Bearer", "expires_in": lifetime}) if as_json else found)
