"""A file of orders."""

from __future__ import annotations

from typing import Any

from connect_appointments.cli.importing import fields
from connect_appointments.cli.importing.lines import Form
from connect_appointments.cli.importing.table import Column, Table
from connect_appointments.core.model import MAX_NUMBER, Order, Site

_number = fields.whole_number(1, MAX_NUMBER)


def orders_table(country: str) -> Table:
    """The columns of a file of orders. `country` (ISO 3166-1 alpha-2) has the permitted states."""
    columns = (
        Column("id", _number),
        Column("owner", fields.owner),
        Column("timeZone", fields.time_zone),
        Column("state", fields.state_of(country)),
        Column("area", fields.area),
        Column("demandType", fields.text()),
        Column("priorityAssist", fields.flag),
        Column("eSla", fields.text()),
        Column("customerRef", fields.text(), optional=True),
        Column("serviceId", _number, optional=True),
        Column("contactName", fields.text(), optional=True),
        Column("contactType", fields.text(), optional=True),
        Column("contactPhone", fields.text(), optional=True),
        Column("contactNotes", fields.text(fields.NOTES_CHARACTERS), optional=True),
    )
    return Table(columns, key=["id"])


def read_orders(content: bytes, form: Form, country: str) -> list[Order]:
    """The orders of a file. Raises `BadFile` with every problem."""
    return [_order(values) for values in orders_table(country).read(content, form)]


def _order(values: dict[str, Any]) -> Order:
    return Order(
        id=values["id"],
        owner=values["owner"],
        site=Site(values["timeZone"], values["state"], values["area"]),
        demand_type=values["demandType"],
        priority_assist=values["priorityAssist"],
        e_sla=values["eSla"],
        customer_ref=values["customerRef"],
        service_id=values["serviceId"],
        contact_name=values["contactName"],
        contact_type=values["contactType"],
        contact_phone=values["contactPhone"],
        contact_notes=values["contactNotes"],
    )
