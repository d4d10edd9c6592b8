"""The functions of the routes of booked appointments: each calls the service and creates the response."""

from __future__ import annotations

from connect_appointments.core.cancellations import CancellationState
from connect_appointments.core.reschedules import RescheduleState
from connect_appointments.usecases.service import Service
from connect_appointments.web.api import appointment_messages as messages
from connect_appointments.web.api.handlers import IN_PROGRESS, Call, created
from connect_appointments.web.api.messages import appointment_message
from connect_appointments.web.api.response import JSON, Response

CANCELLATIONS_PATH = "/api/connect/orders/appointment-cancellations/request"
RESCHEDULES_PATH = "/api/connect/orders/appointment-reschedules/request"


async def cancel_appointment(service: Service, call: Call) -> Response:
    """Begin to cancel an appointment."""
    number = await service.appointment_cancellations.cancel_appointment(call.actor, call.message.appointment_id)
    return created(call, CANCELLATIONS_PATH, number)


async def read_cancellation(service: Service, call: Call) -> Response:
    """Read the outcome of a cancellation."""
    found = await service.appointment_cancellations.read_cancellation(call.owner, call.number)
    if found.state is CancellationState.DECIDING:
        return IN_PROGRESS
    return Response(200, messages.cancellation_message(found), JSON)


async def reschedule_appointment(service: Service, call: Call) -> Response:
    """Begin to reschedule an appointment."""
    body = call.message
    number = await service.appointment_reschedules.reschedule_appointment(
        call.actor, body.appointment_id, body.appointment_request_id, body.slot_id
    )
    return created(call, RESCHEDULES_PATH, number)


async def read_reschedule(service: Service, call: Call) -> Response:
    """Read the outcome of a reschedule."""
    found = await service.appointment_reschedules.read_reschedule(call.owner, call.number)
    if found.state is RescheduleState.DECIDING:
        return IN_PROGRESS
    return Response(200, appointment_message(found.appointment), JSON)
