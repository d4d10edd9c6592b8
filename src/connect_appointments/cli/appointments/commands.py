"""`appointments`: list, show, cancel, retry appointments, and record news of them, as the operator."""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated, Any

import typer

from connect_appointments.cli.appointments.retries import print_retry
from connect_appointments.cli.appointments.rows import appointment_row, change_row, event_row, summary_of
from connect_appointments.cli.database import on_database
from connect_appointments.cli.failing import CommandFailed
from connect_appointments.cli.listing import (
    After,
    AsJson,
    AsJsonLines,
    Limit,
    OfOwner,
    group_of_commands,
    print_page,
    print_rows,
    scope_of,
)
from connect_appointments.cli.operator import operator
from connect_appointments.core.appointments import AppointmentState
from connect_appointments.core.cancellations import CancelledBy
from connect_appointments.core.errors import NotFound
from connect_appointments.core.model import CONTROL_CHARACTERS, MAX_NUMBER, Actor, Cancellation, Owner
from connect_appointments.settings import StoreSettings, load
from connect_appointments.usecases.appointment_cancellations import AppointmentCancellations
from connect_appointments.usecases.appointment_news import STEPS, Report, record_report
from connect_appointments.usecases.databases import Database
from connect_appointments.usecases.histories import appointment_histories
from connect_appointments.usecases.histories.appointment_histories import AppointmentHistory
from connect_appointments.usecases.operations import job_retries
from connect_appointments.usecases.operations.job_retries import RetriedJob
from connect_appointments.wiring import default_policy
from connect_appointments.workforce.port import NewsKind

app = group_of_commands("List, show, cancel or retry appointments as the operator, or record what became of them.")

MAX_REASON_CHARACTERS = 255


class Recordable(StrEnum):
    """What an operator can record of an appointment."""

    STARTED = NewsKind.STARTED.value
    COMPLETED = NewsKind.COMPLETED.value
    INCOMPLETE = NewsKind.INCOMPLETE.value
    CANCELLED = NewsKind.CANCELLED.value


def _checked(reason: str | None) -> str | None:
    if reason is not None and (len(reason) > MAX_REASON_CHARACTERS or CONTROL_CHARACTERS.search(reason)):
        raise typer.BadParameter(f"at most {MAX_REASON_CHARACTERS} characters, without control characters")
    return reason


AppointmentId = Annotated[int, typer.Argument(metavar="ID", help="The id of the appointment.", min=1, max=MAX_NUMBER)]
Reason = Annotated[str, typer.Option("--reason", help="The reason, which the owner can read.", callback=_checked)]


@app.command("list")
def list_appointments(
    owner: OfOwner = None,
    state: Annotated[AppointmentState | None, typer.Option(help="List only this state.")] = None,
    after: After = 0,
    limit: Limit = 100,
    as_json: AsJsonLines = False,
) -> None:
    """List appointments by id."""
    found = on_database(
        load(StoreSettings),
        lambda database: appointment_histories.list_appointments(
            database, scope_of(owner), after=after, limit=limit, state=state
        ),
    )
    rows = [appointment_row(one) for one in found]
    print_page(rows if as_json else [summary_of(row) for row in rows], limit, as_json=as_json)


@app.command("show")
def show_appointment(appointment_id: AppointmentId, as_json: AsJson = False) -> None:
    """Show an appointment with its cancellations, reschedules and events.

    The events include those of the appointment-requests that became the appointment.
    """
    found = _document(on_database(load(StoreSettings), lambda database: _history(database, appointment_id)))
    if as_json:
        print(json.dumps(found))
        return
    parts = {name: found.pop(name) for name in ("changes", "events")}
    print_rows([{"name": name, "value": value} for name, value in found.items()], as_json=False)
    for name, rows in parts.items():
        print_rows(rows, as_json=False, title=name)


@app.command("cancel")
def cancel_appointment(appointment_id: AppointmentId, reason: Reason, as_json: AsJson = False) -> None:
    """Cancel an appointment as the network: the worker asks the workforce system.

    There is no point of no return for the operator. A repeated cancel succeeds too. `appointments show` shows the
    outcome.
    """
    found = on_database(load(StoreSettings), lambda database: _cancel(database, appointment_id, reason))
    if as_json:
        print(json.dumps({"id": appointment_id, "cancellationId": found.id, "state": found.state}))
    else:
        print(f"cancellation {found.id} of appointment {appointment_id} is {found.state}")


@app.command("record")
def record_news(
    what: Annotated[Recordable, typer.Argument(help="What became of the appointment.")],
    appointment_id: AppointmentId,
    reason: Annotated[
        str | None, typer.Option("--reason", help="The reason, which the owner can read.", callback=_checked)
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Record that the work of an appointment has started or ended, or that the network has cancelled the appointment.

    A recorded cancellation gives the place back at once; in a workforce system other than the calendar, a job cancels
    the reservation. The command fails and changes nothing if the appointment is already in this state or in a final
    state, or if the calendar has just cancelled the visit.
    """
    report = Report(appointment_id, NewsKind(what.value), reason=reason)
    on_database(load(StoreSettings), lambda database: _record(database, report))
    state = STEPS[report.kind].target
    if as_json:
        print(json.dumps({"id": appointment_id, "state": state}))
    else:
        print(f"appointment {appointment_id} is {state}")


@app.command("retry")
def retry_appointment(appointment_id: AppointmentId, as_json: AsJsonLines = False) -> None:
    """Retry the jobs of an appointment that wait after a failure: make them due now.

    The command prints every job with its kind, tries and last error. Its state is `retried`, `due` (already),
    `scheduled` (not tried yet, due later) or `running` (left alone: a worker runs it, or the workforce system has asked
    for time).
    """
    found = on_database(load(StoreSettings), lambda database: _retry(database, appointment_id))
    print_retry(f"appointment {appointment_id}", found, as_json=as_json)


async def _retry(database: Database, appointment_id: int) -> Sequence[RetriedJob]:
    try:
        return await job_retries.retry_appointment(database, operator(), appointment_id)
    except NotFound as error:
        raise _unknown(appointment_id) from error


async def _cancel(database: Database, appointment_id: int, reason: str) -> Cancellation:
    found = (await _history(database, appointment_id)).found
    use_cases = AppointmentCancellations(database)
    actor = Actor(Owner(found.owner), operator().name, str(uuid.uuid4()))
    number = await use_cases.cancel_appointment(actor, appointment_id, cancelled_by=CancelledBy.NETWORK, reason=reason)
    # Raises the refusal of a cancellation that was refused at once.
    return await use_cases.read_cancellation(Owner(found.owner), number)


async def _record(database: Database, report: Report) -> None:
    who = operator()
    try:
        fits = await record_report(database, Actor(who, who.name, str(uuid.uuid4())), report, default_policy())
    except NotFound as error:
        raise _unknown(report.appointment_id) from error
    if not fits:
        state = (await _history(database, report.appointment_id)).found.appointment.state
        raise CommandFailed(f"appointment {report.appointment_id} is {state}; nothing was changed")


async def _history(database: Database, appointment_id: int) -> AppointmentHistory:
    try:
        return await appointment_histories.read_history(database, operator(), appointment_id)
    except NotFound as error:
        raise _unknown(appointment_id) from error


def _unknown(appointment_id: int) -> CommandFailed:
    return CommandFailed(f"there is no appointment {appointment_id}")


def _document(history: AppointmentHistory) -> dict[str, Any]:
    return {
        **appointment_row(history.found),
        "changes": [change_row(change) for change in history.changes],
        "events": [event_row(event) for event in history.events],
    }
