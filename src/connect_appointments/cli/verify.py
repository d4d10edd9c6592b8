"""`verify`: check the consistency of a database."""

from __future__ import annotations

import json

from connect_appointments.cli.database import on_database
from connect_appointments.cli.failing import CommandFailed
from connect_appointments.cli.listing import AsJsonLines, counted
from connect_appointments.settings import StoreSettings, load
from connect_appointments.usecases import databases


def verify(as_json: AsJsonLines = False) -> None:
    """Check that states, events, appointments, jobs and capacity agree.

    The command names every row that breaks a rule, and exits with 1 if there are any.
    """
    found = on_database(load(StoreSettings), databases.verify)
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
