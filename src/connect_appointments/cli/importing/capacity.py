"""A file of capacity: how many visits each area, day and half-day holds."""

from __future__ import annotations

from connect_appointments.cli.importing import fields
from connect_appointments.cli.importing.lines import Form
from connect_appointments.cli.importing.table import Column, Table
from connect_appointments.store.queries.capacity import Places, Window

MAX_PLACES = 1_000_000

CAPACITY = Table(
    (
        Column("area", fields.area),
        Column("date", fields.day),
        Column("slotType", fields.slot_type),
        Column("places", fields.whole_number(0, MAX_PLACES)),
    ),
    key=["area", "date", "slotType"],
)


def read_capacity(content: bytes, form: Form) -> list[Places]:
    """The windows of a file and their places. Raises `BadFile` with all that is wrong."""
    return [
        Places(Window(values["area"], values["date"], values["slotType"]), values["places"])
        for values in CAPACITY.read(content, form)
    ]
