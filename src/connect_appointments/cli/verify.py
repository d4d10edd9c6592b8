"""`verify`: check the consistency of a database."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from typing import Annotated

import typer

from connect_appointments.cli.database import opened
from connect_appointments.cli.failing import CommandFailed
from connect_appointments.cli.listing import counted
from connect_appointments.settings import StoreSettings, load
from connect_appointments.usecases import databases
from connect_appointments.usecases.databases import Finding


def verify(as_json: Annotated[bool, typer.Option("--json", help="Print JSON lines.")] = False) -> None:
    """Check that states, events, appointments, jobs and capacity agree.

    The command names every row that breaks a rule, and exits with 1 if there are any.
    """
    found = asyncio.run(_verify(load(StoreSettings)))
    for finding in found:
        row = {name: str(value) if value is not None else None for name, value in finding.row.items()}
        if as_json:
            print(json.dumps({"rule": finding.rule, **row}))
        else:
            print(f"{finding.rule}: " + ", ".join(f"{name} {value}" for name, value in row.items()))
    if found:
        raise CommandFailed(f"rules broken by {counted(len(found), 'row')}")
    if not as_json:
        print(f"all {databases.count_rules()} rules hold")


async def _verify(settings: StoreSettings) -> Sequence[Finding]:
    async with opened(settings) as database:
        return await databases.verify(database)
