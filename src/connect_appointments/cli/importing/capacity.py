"""A file of capacity: the number of visits per area, date and slot type."""

from __future__ import annotations

from connect_appointments.cli.importing import fields
from connect_appointments.cli.importing.lines import Form
from connect_appointments.cli.importing.table import Column, Table
from connect_appointments.core.capacity import Capacity, Window

MAX_CAPACITY = 1_000_000

CAPACITY = Table(
    (
        Column("area", fields.area),
        Column("date", fields.day),
        Column("slotType", fields.slot_type),
        Column("capacity", fields.whole_number(0, MAX_CAPACITY)),
    ),
    key=["area", "date", "slotType"],
)


def read_capacity(content: bytes, form: Form) -> list[Capacity]:
    """The windows of a file with their capacity. Raises `BadFile` with every problem."""
    return [
        Capacity(Window(values["area"], values["date"], values["slotType"]), values["capacity"])
        for values in CAPACITY.read(content, form)
    ]
