"""`migrate`: migrate the schema of the database."""

from __future__ import annotations

import asyncio
import json
from typing import Annotated

import typer

from connect_appointments.cli.failing import CommandFailed
from connect_appointments.cli.listing import AsJson
from connect_appointments.settings import StoreSettings, load
from connect_appointments.usecases import databases


def migrate(
    check: Annotated[bool, typer.Option("--check", help="Only check: exit 1 unless the schema is current.")] = False,
    as_json: AsJson = False,
) -> None:
    """Migrate the schema of the database, or check it.

    CONNECT_APPOINTMENTS_DATABASE_URL names the database.
    """
    settings = load(StoreSettings)
    url = settings.database_url.get_secret_value()
    before, after, needed = asyncio.run(databases.migrate(url, settings.database_options(), check=check))
    if as_json:
        print(json.dumps({"before": before, "after": after, "current": after == needed}))
    elif before == after:
        print(f"the schema is {after or 'not there yet'}")
    else:
        print(f"migrated the schema from {before or 'nothing'} to {after}")
    if after != needed:
        raise CommandFailed(f"the schema is not current: this program needs {needed}")
