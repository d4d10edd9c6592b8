"""`capacity`: the number of visits per area, date and slot type."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from connect_appointments.cli.database import on_database
from connect_appointments.cli.files import DryRun, ImportFile, print_checked, progress, read_file
from connect_appointments.cli.importing.capacity import read_capacity
from connect_appointments.cli.listing import AsJson, AsJsonLines, Limit, counted, group_of_commands, print_rows
from connect_appointments.core.capacity import Usage
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
    if dry_run:
        print_checked(len(found), "window", as_json=as_json)
        return
    with progress("Importing capacity", len(found), shown=not as_json) as done:
        lowered = on_database(settings, lambda database: capacity.import_capacity(database, found, done))
    if lowered:
        print(
            f"connect-appointments: warning: {counted(lowered, 'window')} with less capacity than bookings",
            file=sys.stderr,
        )
    print(
        json.dumps({"imported": len(found), "belowTaken": lowered})
        if as_json
        else f"imported {counted(len(found), 'window')}"
    )


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
    found = on_database(
        load(StoreSettings), lambda database: capacity.list_usage(database, area=area, first=day, limit=limit)
    )
    print_rows([_row(usage) for usage in found], as_json=as_json)


def _row(usage: Usage) -> dict[str, Any]:
    window = usage.window
    return {
        "area": window.area,
        "date": str(window.day),
        "slotType": window.slot_type,
        "capacity": usage.capacity,
        "taken": usage.taken,
    }
