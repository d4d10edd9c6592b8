"""Import files to break, and the database they go to."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from connect_appointments.store.engine import Database

ORDER = {
    "id": 7,
    "owner": "11001",
    "timeZone": "Australia/Brisbane",
    "state": "QLD",
    "area": "4000",
    "demandType": "Standard Install",
    "priorityAssist": False,
    "eSla": "Standard",
    "customerRef": None,
    "serviceId": None,
    "contactName": "Alice",
    "contactType": None,
    "contactPhone": None,
    "contactNotes": None,
}
WINDOW = {"area": "4000", "date": "2026-11-24", "slotType": "AM", "capacity": 3}


def changed(row: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {**row, **changes}


def as_json_lines(*rows: dict[str, Any]) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def as_csv(*rows: dict[str, Any], columns: Sequence[str] | None = None) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, columns or list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


@asynccontextmanager
async def database_at(url: str) -> AsyncIterator[Database]:
    """The database, for as long as it is needed."""
    database = Database(url)
    try:
        yield database
    finally:
        await database.close()
