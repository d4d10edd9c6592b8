"""`capacity`: the number of visits per area, date and slot type."""

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
from connect_appointments.core.capacity import Capacity, Usage
from connect_appointments.settings import StoreSettings, load
from connect_appointments.usecases import capacity

app = group_of_commands("Import or list capacity: the number of visits per area, date and slot type.")


@app.command("import")
def import_capacity(file: ImportFile, dry_run: DryRun = False, as_json: AsJson = False) -> None:
    """Import the capacity of windows from a file.

    A window is one area, date and slot type. The command imports the whole file, or nothing. Columns, in any order:
    area, date (2026-11-24), slotType (AM or PM), capacity (0 to 1,000,000). Existing bookings stay booked; a warning
    counts the windows whose capacity is now below their bookings.
    """
    settings = load(StoreSettings)
    found = sorted(read_file(file, read_capacity))
    count = counted(len(found), "window")
    if dry_run:
        print(
            json.dumps({"imported": 0, "checked": len(found)}) if as_json else f"{count} checked; nothing was imported"
        )
        return
    with progress("Importing capacity", len(found), shown=not as_json) as done:
        lowered = asyncio.run(_import(settings, found, done))
    if lowered:
        print(
            f"connect-appointments: warning: {counted(lowered, 'window')} with less capacity than bookings",
            file=sys.stderr,
        )
    print(json.dumps({"imported": len(found), "belowTaken": lowered}) if as_json else f"imported {count}")


async def _import(settings: StoreSettings, found: Sequence[Capacity], done: Callable[[int], None]) -> int:
    async with opened(settings) as database:
        return await capacity.import_capacity(database, found, done)


@app.command("list")
def list_capacity(
    area: Annotated[str | None, typer.Option(help="List only this area.")] = None,
    first: Annotated[
        datetime | None, typer.Option("--from", help="The first date; default: today.", formats=["%Y-%m-%d"])
    ] = None,
    limit: Limit = 100,
    as_json: AsJsonLines = False,
) -> None:
    """List windows from a date on, with their capacity and their bookings."""
    day = first.date() if first else datetime.now(UTC).date()
    found = asyncio.run(_usage(load(StoreSettings), area, day, limit))
    print_rows([_row(usage) for usage in found], as_json=as_json)


async def _usage(settings: StoreSettings, area: str | None, first: date, limit: int) -> Sequence[Usage]:
    async with opened(settings) as database:
        return await capacity.list_usage(database, area=area, first=first, limit=limit)


def _row(usage: Usage) -> dict[str, Any]:
    window = usage.window
    return {
        "area": window.area,
        "date": str(window.day),
        "slotType": window.slot_type,
        "capacity": usage.capacity,
        "taken": usage.taken,
    }
