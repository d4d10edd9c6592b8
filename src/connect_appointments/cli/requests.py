"""`requests`: list, show, cancel and retry appointment-requests as the operator."""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from connect_appointments.cli.appointments.retries import print_retry
from connect_appointments.cli.appointments.rows import appointment_row, summary_of
from connect_appointments.cli.database import on_database
from connect_appointments.cli.failing import CommandFailed
from connect_appointments.cli.listing import (
    After,
    AsJson,
    AsJsonLines,
    Limit,
    OfOwner,
    group_of_commands,
    instant,
    print_page,
    print_rows,
    scope_of,
    slot_row,
)
from connect_appointments.cli.operator import operator
from connect_appointments.core.errors import NotFound
from connect_appointments.core.events import Event
from connect_appointments.core.model import MAX_NUMBER, Actor, AppointmentRequest, Owner
from connect_appointments.core.requests import CANCEL, Status
from connect_appointments.settings import StoreSettings, load
from connect_appointments.usecases.appointment_requests import AppointmentRequests
from connect_appointments.usecases.databases import Database
from connect_appointments.usecases.histories.request_histories import AttemptHistory, RequestHistory, read_history
from connect_appointments.usecases.histories.request_histories import list_requests as list_histories
from connect_appointments.usecases.operations import job_retries
from connect_appointments.usecases.operations.job_retries import RetriedJob
from connect_appointments.wiring import default_policy, utc_now

app = group_of_commands("List, show, cancel or retry appointment-requests as the operator.")

RequestId = Annotated[
    int, typer.Argument(metavar="ID", help="The id of the appointment-request.", min=1, max=MAX_NUMBER)
]


@app.command("list")
def list_requests(
    owner: OfOwner = None,
    status: Annotated[Status | None, typer.Option("--state", help="List only this state.")] = None,
    after: After = 0,
    limit: Limit = 100,
    as_json: AsJsonLines = False,
) -> None:
    """List appointment-requests by id."""
    found = on_database(
        load(StoreSettings),
        lambda database: list_histories(database, scope_of(owner), after=after, limit=limit, status=status),
    )
    print_page([_row(request) for request in found], limit, as_json=as_json)


@app.command("show")
def show_request(request_id: RequestId, as_json: AsJson = False) -> None:
    """Show an appointment-request with its slots, booking attempts, appointment and events."""
    found = _document(on_database(load(StoreSettings), lambda database: _history(database, request_id)))
    if as_json:
        print(json.dumps(found))
        return
    parts = {name: found.pop(name) for name in ("slots", "bookings", "events")}
    appointment = found.pop("appointment")
    parts["appointment"] = [] if appointment is None else [summary_of(appointment)]
    print_rows([found], as_json=False)
    for name, rows in parts.items():
        print_rows(rows, as_json=False, title=name)


@app.command("cancel")
def cancel_request(request_id: RequestId, as_json: AsJson = False) -> None:
    """Cancel an appointment-request as the operator: no booking can follow.

    A repeated cancel succeeds too.
    """
    on_database(load(StoreSettings), lambda database: _cancel(database, request_id))
    if as_json:
        print(json.dumps({"id": request_id, "state": CANCEL.target}))
    else:
        print(f"appointment-request {request_id} is cancelled")


@app.command("retry")
def retry_request(request_id: RequestId, as_json: AsJsonLines = False) -> None:
    """Retry the jobs of an appointment-request that wait after a failure: make them due now.

    The command prints every job with its kind, tries and last error. Its state is `retried`, `due` (already),
    `scheduled` (not tried yet, due later) or `running` (left alone: a worker runs it, or the workforce system has asked
    for time).
    """
    found = on_database(load(StoreSettings), lambda database: _retry(database, request_id))
    print_retry(f"appointment-request {request_id}", found, as_json=as_json)


async def _retry(database: Database, request_id: int) -> Sequence[RetriedJob]:
    try:
        return await job_retries.retry_request(database, operator(), request_id)
    except NotFound as error:
        raise _unknown(request_id) from error


async def _cancel(database: Database, request_id: int) -> None:
    found = (await _history(database, request_id)).request
    actor = Actor(Owner(found.owner), operator().name, str(uuid.uuid4()))
    await AppointmentRequests(database, default_policy(), utc_now).cancel_request(actor, request_id)


async def _history(database: Database, request_id: int) -> RequestHistory:
    try:
        return await read_history(database, operator(), request_id)
    except NotFound as error:
        raise _unknown(request_id) from error


def _unknown(request_id: int) -> CommandFailed:
    return CommandFailed(f"there is no appointment-request {request_id}")


def _document(history: RequestHistory) -> dict[str, Any]:
    request, attempts, events, appointment = history
    return {
        **_row(request),
        "slots": [slot_row(slot) for slot in request.slots],
        "bookings": [_attempt_row(attempt) for attempt in attempts],
        "events": [_event_row(event) for event in events],
        "appointment": None if appointment is None else appointment_row(appointment),
    }


def _attempt_row(attempt: AttemptHistory) -> dict[str, Any]:
    outcome = attempt.outcome
    appointment = outcome.appointment if outcome else None
    return {
        "id": attempt.id,
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
        "state": found.status,
        "createdOn": instant(found.created_on),
        "updatedOn": instant(found.updated_on),
        "cancelledOn": instant(found.cancelled_on),
    }


def _event_row(event: Event) -> dict[str, Any]:
    return {
        "at": instant(event.at),
        "kind": event.kind,
        "client": event.client,
        "requestId": event.x_request_id,
        "bookingId": event.booking_id,
    }
