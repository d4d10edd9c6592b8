"""`migrate`: migrate the schema of the database."""

from __future__ import annotations

import asyncio
import json
from typing import Annotated

import typer

from connect_appointments.cli.database import open_database
from connect_appointments.cli.failing import CommandFailed
from connect_appointments.settings import StoreSettings, load
from connect_appointments.store import schema


def migrate(
    check: Annotated[bool, typer.Option("--check", help="Only check: exit 1 unless the schema is current.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Migrate the schema of the database, or check it.

    CONNECT_APPOINTMENTS_DATABASE_URL names the database.
    """
    before, after = asyncio.run(_migrate(load(StoreSettings), check=check))
    if as_json:
        print(json.dumps({"before": before, "after": after, "current": after == schema.head()}))
    elif before == after:
        print(f"the schema is {after or 'not there yet'}")
    else:
        print(f"migrated the schema from {before or 'nothing'} to {after}")
    if after != schema.head():
        raise CommandFailed(f"the schema is not current: this program needs {schema.head()}")


async def _migrate(settings: StoreSettings, *, check: bool) -> tuple[str | None, str | None]:
    database = open_database(settings)
    try:
        before = await schema.revision(database)
        return before, before if check else await schema.migrate(database)
    finally:
        await database.close()
