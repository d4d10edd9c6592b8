"""`orders`: import, list and show the operator's orders."""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from connect_appointments.cli.appointments.rows import appointment_row
from connect_appointments.cli.database import on_database
from connect_appointments.cli.failing import CommandFailed
from connect_appointments.cli.files import DryRun, ImportFile, print_checked, progress, read_file
from connect_appointments.cli.importing.orders import read_orders
from connect_appointments.cli.listing import (
    After,
    AsJson,
    AsJsonLines,
    Limit,
    OfOwner,
    counted,
    group_of_commands,
    instant,
    print_page,
    print_rows,
    scope_of,
)
from connect_appointments.cli.operator import operator
from connect_appointments.core.errors import NotFound
from connect_appointments.core.model import MAX_ID, Actor, AppointmentRequest, Order
from connect_appointments.settings import StoreSettings, WorkSettings, load
from connect_appointments.usecases import order_imports, orders
from connect_appointments.usecases.databases import Database
from connect_appointments.usecases.histories.appointment_histories import OwnedAppointment
from connect_appointments.usecases.histories.order_histories import OrderHistory, read_history
from connect_appointments.usecases.order_imports import Imported, TransferRefused

app = group_of_commands("Import, list or show orders.")


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
        print_checked(len(found), "order", as_json=as_json)
        return
    imported = _import(settings, found, transfer=transfer, show_progress=not as_json)
    print(json.dumps(_summary(imported)) if as_json else "\n".join(_sentences(imported)))


def _import(settings: WorkSettings, found: Sequence[Order], *, transfer: bool, show_progress: bool) -> Imported:
    who = operator()
    actor = Actor(who, who.name, str(uuid.uuid4()))
    days = settings.assume_over_days
    try:
        with progress("Importing orders", len(found), shown=show_progress) as done:
            return on_database(
                settings,
                lambda database: order_imports.import_orders(
                    database, actor, found, transfer=transfer, over_after_days=days, on_progress=done
                ),
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
    found = on_database(
        load(StoreSettings),
        lambda database: orders.list_orders(database, scope_of(owner), after=after, limit=limit),
    )
    print_page([_row(order, contacts=contacts) for order in found], limit, as_json=as_json)


@app.command("show")
def show_order(
    order_id: Annotated[int, typer.Argument(metavar="ID", help="The id of the order.", min=1, max=MAX_ID)],
    contact: Annotated[bool, typer.Option("--contact", help="Include the contact: personal data.")] = False,
    limit: Limit = 100,
    as_json: AsJson = False,
) -> None:
    """Show an order with its owner, site, occupancy, appointment-requests and appointments.

    The newest come first, those in the archive included. The occupancy counts the booking attempts in progress and the
    appointments in a state that is not final.
    """
    found = on_database(load(StoreSettings), lambda database: _history(database, order_id, limit))
    document = _row(found.order, contacts=contact) | {"occupancy": found.occupancy}
    parts = {
        "appointmentRequests": [_request_row(request) for request in found.requests],
        "appointments": [_appointment_row(appointment) for appointment in found.appointments],
    }
    if as_json:
        print(json.dumps(document | parts))
        return
    print_rows([{"name": name, "value": value} for name, value in document.items()], as_json=False)
    for name, rows in parts.items():
        print_rows(rows, as_json=False, title=name)


async def _history(database: Database, order_id: int, limit: int) -> OrderHistory:
    try:
        return await read_history(database, operator(), order_id, limit=limit)
    except NotFound as error:
        raise CommandFailed(f"there is no order {order_id}") from error


def _request_row(request: AppointmentRequest) -> dict[str, Any]:
    return {
        "id": request.id,
        "owner": request.owner,
        "state": request.status,
        "dateFrom": str(request.date_from),
        "slots": len(request.slots),
        "slotsExpireOn": instant(request.slots_expire_on),
        "appointmentId": request.appointment_id,
        "createdOn": instant(request.created_on),
    }


def _appointment_row(found: OwnedAppointment) -> dict[str, Any]:
    row = appointment_row(found)
    names = ("id", "owner", "appointmentRequestId", "nbnAppointmentId", "state", "slotType", "startTime", "endTime")
    return {name: row[name] for name in names}


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
