"""`capacity`: how many visits each area, day and half-day holds."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from typing import Annotated, Any

import typer

from connect_appointments.cli.database import opened
from connect_appointments.cli.files import DryRun, ImportFile, progress, read_file
from connect_appointments.cli.importing.capacity import read_capacity
from connect_appointments.cli.listing import AsJson, AsJsonLines, Limit, counted, group_of_commands, print_rows
from connect_appointments.settings import StoreSettings, load
from connect_appointments.store.queries import capacity
from connect_appointments.store.queries.capacity import Places, Usage
from connect_appointments.store.transaction import Transaction

app = group_of_commands("Import how many visits can be made, or list it.")


@app.command("import")
def import_capacity(file: ImportFile, dry_run: DryRun = False, as_json: AsJson = False) -> None:
    """Import capacity: how many visits each window holds; all of the file, or nothing.

    Columns, in any order: area, date (2026-11-24), slotType (AM or PM), places (0 to 1,000,000). What is booked stays
    booked, also where a window is lowered below it: such windows are counted in a warning.
    """
    settings = load(StoreSettings)
    found = sorted(read_file(file, read_capacity))
    count = counted(len(found), "window")
    if dry_run:
        print(
            json.dumps({"imported": 0, "checked": len(found)}) if as_json else f"{count} can be imported; nothing was"
        )
        return
    with progress("Importing capacity", len(found), shown=not as_json) as done:
        lowered = asyncio.run(_import(settings, found, done))
    if lowered:
        print(f"connect-appointments: warning: {counted(lowered, 'window')} below what is taken", file=sys.stderr)
    print(json.dumps({"imported": len(found), "belowTaken": lowered}) if as_json else f"imported {count}")


async def _import(settings: StoreSettings, found: Sequence[Places], done: Callable[[int], None]) -> int:
    """Set them; return how many of them hold less than is taken."""
    windows = {item.window for item in found}

    async def work(transaction: Transaction) -> int:
        for start in range(0, len(found), capacity.ROWS_A_STATEMENT):
            await capacity.set_places(transaction, found[start : start + capacity.ROWS_A_STATEMENT])
            done(start + capacity.ROWS_A_STATEMENT)
        return sum(usage.window in windows for usage in await capacity.overfull(transaction))

    async with opened(settings) as database:
        return await database.write(work)


@app.command("list")
def list_capacity(
    area: Annotated[str | None, typer.Option(help="Only this area.")] = None,
    first: Annotated[
        datetime | None, typer.Option("--from", help="The first day; today if left out.", formats=["%Y-%m-%d"])
    ] = None,
    limit: Limit = 100,
    as_json: AsJsonLines = False,
) -> None:
    """List windows from a day on, with their places and how many are taken."""
    day = first.date() if first else datetime.now(UTC).date()
    found = asyncio.run(_usage(load(StoreSettings), area, day, limit))
    print_rows([_row(usage) for usage in found], as_json=as_json)


async def _usage(settings: StoreSettings, area: str | None, first: date, limit: int) -> Sequence[Usage]:
    async with opened(settings) as database:
        return await database.read(lambda transaction: capacity.usage(transaction, area=area, first=first, limit=limit))


def _row(usage: Usage) -> dict[str, Any]:
    window = usage.window
    return {
        "area": window.area,
        "date": str(window.day),
        "slotType": window.slot_type,
        "places": usage.places,
        "taken": usage.taken,
    }
