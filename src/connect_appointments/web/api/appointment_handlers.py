"""The functions of the routes of appointments: each calls the service and creates the response."""

from __future__ import annotations

from typing import Any

from connect_appointments.core.cancellations import CancellationState
from connect_appointments.core.reschedules import RescheduleState
from connect_appointments.usecases.order_pages import Page
from connect_appointments.usecases.service import Service
from connect_appointments.web.api import appointment_messages, messages
from connect_appointments.web.api.handlers import IN_PROGRESS, Call, created
from connect_appointments.web.api.response import JSON, Response

ORDERS_PATH = "/api/connect/orders"
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
    return Response(200, appointment_messages.cancellation_message(found), JSON)


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
    return Response(200, messages.appointment_message(found.appointment), JSON)


async def read_appointment(service: Service, call: Call) -> Response:
    """Read an appointment."""
    found = await service.appointments.read_appointment(call.owner, call.number)
    return Response(200, messages.appointment_message(found), JSON)


async def list_appointments(service: Service, call: Call) -> Response:
    """List the appointments of an order."""
    page = await service.appointments.list_appointments(call.owner, call.number, **call.message._asdict())
    return _page(call, "appointments", page, appointment_messages.appointments_message(page.rows))


async def list_requests(service: Service, call: Call) -> Response:
    """List the appointment-requests of an order."""
    page = await service.appointment_requests.list_requests(call.owner, call.number, **call.message._asdict())
    return _page(call, "appointment-requests", page, appointment_messages.appointment_requests_message(page.rows))


def _page(call: Call, name: str, page: Page[Any], body: bytes) -> Response:
    """The response with a page, and with the link to the next page while there is more. Source: RFC 8288."""
    if not page.has_more:
        return Response(200, body, JSON)
    path = f"{ORDERS_PATH}/{call.number}/{name}?limit={call.message.limit}&after={page.rows[-1].id}"
    link = f'<{call.base_url}{path}>; rel="next"'
    return Response(200, body, JSON, headers_before=((b"link", link.encode()),))
