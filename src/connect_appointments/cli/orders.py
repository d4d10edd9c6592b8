"""`orders`: import and list the operator's orders."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Callable, Sequence
from typing import Annotated, Any

import typer

from connect_appointments.cli.database import opened
from connect_appointments.cli.failing import CommandFailed
from connect_appointments.cli.files import DryRun, ImportFile, progress, read_file
from connect_appointments.cli.importing.orders import read_orders
from connect_appointments.cli.listing import (
    After,
    AsJson,
    AsJsonLines,
    Limit,
    OfOwner,
    counted,
    group_of_commands,
    print_next,
    print_rows,
    scope_of,
)
from connect_appointments.cli.operator import operator
from connect_appointments.core.model import Actor, Order, Scope
from connect_appointments.settings import StoreSettings, WorkSettings, load
from connect_appointments.usecases import order_imports, orders
from connect_appointments.usecases.order_imports import Imported, TransferRefused

app = group_of_commands("Import or list orders.")


@app.command("import")
def import_orders(
    file: ImportFile,
    dry_run: DryRun = False,
    transfer: Annotated[
        bool, typer.Option("--transfer", help="Change the owner of orders in use; cancel their appointment-requests.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Import orders from a file: add new orders, overwrite existing orders.

    The command imports the whole file, or nothing. Columns, in any order: id, owner, timeZone (IANA), state, area,
    demandType, priorityAssist (true or false), eSla, customerRef, serviceId, contactName, contactType, contactPhone,
    contactNotes. The last six may be empty.

    The command refuses to change the owner of an order in use: an order with an appointment-request or an appointment
    that is not over. With --transfer the owner changes: appointment-requests of the order are cancelled, and its
    appointments stay with the old owner.
    """
    settings = load(WorkSettings)
    found = read_file(file, lambda content, form: read_orders(content, form, settings.holiday_country))
    if dry_run:
        count = counted(len(found), "order")
        print(
            json.dumps({"imported": 0, "checked": len(found)}) if as_json else f"{count} checked; nothing was imported"
        )
        return
    with progress("Importing orders", len(found), shown=not as_json) as done:
        imported = asyncio.run(_import(settings, found, done, transfer=transfer))
    print(json.dumps(_summary(imported)) if as_json else "\n".join(_sentences(imported)))


async def _import(
    settings: WorkSettings, found: Sequence[Order], done: Callable[[int], None], *, transfer: bool
) -> Imported:
    who = operator()
    actor = Actor(who, who.name, str(uuid.uuid4()))
    async with opened(settings) as database:
        try:
            return await order_imports.import_orders(
                database,
                actor,
                found,
                transfer=transfer,
                over_after_days=settings.assume_over_days,
                on_progress=done,
            )
        except TransferRefused as error:
            advice = "nothing was imported; --transfer changes the owner and cancels the appointment-requests"
            raise CommandFailed("\n".join([*error.reasons, advice])) from error


def _summary(imported: Imported) -> dict[str, Any]:
    return {
        "imported": imported.orders,
        "transferred": imported.transferred,
        "cancelledRequests": imported.cancelled,
        "endingRequests": imported.ending,
        "keptAppointments": imported.keeping,
    }


def _sentences(imported: Imported) -> list[str]:
    """The result of an import, in words."""
    said = {
        f"{counted(len(imported.transferred), 'order')} with a new owner": imported.transferred,
        "cancelled appointment-requests": imported.cancelled,
        "appointment-requests that the worker will cancel after their booking": imported.ending,
        "appointments that stay with the old owner": imported.keeping,
    }
    lines = [f"{text}: {', '.join(map(str, numbers))}" for text, numbers in said.items() if numbers]
    return [f"imported {counted(imported.orders, 'order')}", *lines]


@app.command("list")
def list_orders(
    owner: OfOwner = None,
    after: After = 0,
    limit: Limit = 100,
    contacts: Annotated[bool, typer.Option("--contacts", help="Include contacts: personal data.")] = False,
    as_json: AsJsonLines = False,
) -> None:
    """List orders by id.

    `orders import` accepts the output of --contacts --json.
    """
    found = asyncio.run(_page(load(StoreSettings), scope_of(owner), after, limit))
    rows = [_row(order, contacts=contacts) for order in found]
    print_rows(rows, as_json=as_json)
    if not as_json:
        print_next(rows, limit)


async def _page(settings: StoreSettings, scope: Scope, after: int, limit: int) -> Sequence[Order]:
    async with opened(settings) as database:
        return await orders.list_orders(database, scope, after=after, limit=limit)


def _row(order: Order, *, contacts: bool) -> dict[str, Any]:
    row = {
        "id": order.id,
        "owner": order.owner,
        "timeZone": order.site.time_zone,
        "state": order.site.state,
        "area": order.site.area,
        "demandType": order.demand_type,
        "priorityAssist": order.priority_assist,
        "eSla": order.e_sla,
        "customerRef": order.customer_ref,
        "serviceId": order.service_id,
    }
    return row | _contact(order) if contacts else row


def _contact(order: Order) -> dict[str, str | None]:
    return {
        "contactName": order.contact_name,
        "contactType": order.contact_type,
        "contactPhone": order.contact_phone,
        "contactNotes": order.contact_notes,
    }
