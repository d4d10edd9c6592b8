"""`requests`: appointment-requests, as the operator sees them."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from connect_appointments.cli.database import opened
from connect_appointments.cli.failing import CommandFailed
from connect_appointments.cli.listing import (
    After,
    AsJson,
    AsJsonLines,
    Limit,
    OfOwner,
    group_of_commands,
    instant,
    print_next,
    print_rows,
    scope_of,
    slot_row,
)
from connect_appointments.cli.operator import operator
from connect_appointments.core.model import Actor, AppointmentRequest, Operator, Owner
from connect_appointments.core.requests import CANCEL, State
from connect_appointments.settings import StoreSettings, load
from connect_appointments.store.queries import bookings, events, requests
from connect_appointments.store.queries.events import Event
from connect_appointments.store.tables import MAX_NUMBER
from connect_appointments.store.transaction import Transaction
from connect_appointments.usecases.appointment_requests import AppointmentRequests
from connect_appointments.wiring import default_policy, utc_now

app = group_of_commands("List, show or cancel appointment-requests as the operator.")

RequestId = Annotated[int, typer.Argument(metavar="ID", help="The appointment-request's id.", min=1, max=MAX_NUMBER)]


@app.command("list")
def list_requests(
    owner: OfOwner = None,
    state: Annotated[State | None, typer.Option(help="Only those in this state.")] = None,
    after: After = 0,
    limit: Limit = 100,
    as_json: AsJsonLines = False,
) -> None:
    """List appointment-requests by id."""

    async def page() -> Sequence[AppointmentRequest]:
        async with opened(load(StoreSettings)) as database:
            return await database.read(
                lambda transaction: requests.page(transaction, scope_of(owner), after=after, limit=limit, state=state)
            )

    rows = [_row(found) for found in asyncio.run(page())]
    print_rows(rows, as_json=as_json)
    if not as_json:
        print_next(rows, limit)


@app.command("show")
def show_request(request_id: RequestId, as_json: AsJson = False) -> None:
    """Show one appointment-request: its slots, its bookings and all that happened to it."""
    found = asyncio.run(_story(load(StoreSettings), request_id))
    if as_json:
        print(json.dumps(found))
        return
    parts = {name: found.pop(name) for name in ("slots", "bookings", "events")}
    print_rows([found], as_json=False)
    for name, rows in parts.items():
        print_rows(rows, as_json=False, title=name)


@app.command("cancel")
def cancel_request(request_id: RequestId, as_json: AsJson = False) -> None:
    """Cancel an appointment-request for its owner: it can never be booked. Cancelling again is a success."""
    asyncio.run(_cancel(load(StoreSettings), request_id))
    if as_json:
        print(json.dumps({"id": request_id, "state": CANCEL.target}))
    else:
        print(f"appointment-request {request_id} is cancelled")


async def _cancel(settings: StoreSettings, request_id: int) -> None:
    who = operator()
    async with opened(settings) as database:
        found = await database.read(lambda transaction: _get(transaction, who, request_id))
        use_cases = AppointmentRequests(database, default_policy(), utc_now)
        await use_cases.cancel_request(Actor(Owner(found.owner), who.name, str(uuid.uuid4())), request_id)


async def _get(transaction: Transaction, who: Operator, request_id: int) -> AppointmentRequest:
    found = await requests.get(transaction, who, request_id)
    if found is None:
        raise CommandFailed(f"there is no appointment-request {request_id}")
    return found


async def _story(settings: StoreSettings, request_id: int) -> dict[str, Any]:
    who = operator()

    async def work(transaction: Transaction) -> dict[str, Any]:
        found = await _get(transaction, who, request_id)
        happened = await events.of_request(transaction, who, request_id)
        tried = sorted({event.booking_id for event in happened if event.booking_id is not None})
        return {
            **_row(found),
            "slots": [slot_row(slot) for slot in found.slots],
            "bookings": [await _booking(transaction, who, booking_id) for booking_id in tried],
            "events": [_event_row(event) for event in happened],
        }

    async with opened(settings) as database:
        return await database.read(work)


async def _booking(transaction: Transaction, who: Operator, booking_id: int) -> dict[str, Any]:
    attempt = await bookings.attempt(transaction, booking_id)
    outcome = await bookings.get(transaction, who, booking_id)
    appointment = outcome.appointment if outcome else None
    return {
        "id": booking_id,
        "state": outcome.state if outcome else None,
        "slotId": attempt.slot.id,
        "slotType": attempt.slot.slot_type,
        "startTime": instant(attempt.slot.start),
        "appointmentId": appointment.id if appointment else None,
        "nbnAppointmentId": appointment.workforce_id if appointment else None,
    }


def _row(found: AppointmentRequest) -> dict[str, Any]:
    return {
        "id": found.id,
        "owner": found.owner,
        "orderId": found.order_id,
        "dateFrom": str(found.date_from),
        "state": found.state,
        "createdOn": instant(found.created_on),
        "updatedOn": instant(found.updated_on),
        "cancelledOn": instant(found.cancelled_on),
    }


def _event_row(event: Event) -> dict[str, Any]:
    return {
        "at": instant(event.at),
        "kind": event.kind,
        "client": event.client,
        "trace": event.trace,
        "bookingId": event.booking_id,
    }
