"""The functions of the routes that read appointments and list the rows of an order."""

from __future__ import annotations

from typing import Any

from connect_appointments.usecases.order_pages import Page
from connect_appointments.usecases.service import Service
from connect_appointments.web.api import appointment_messages, messages
from connect_appointments.web.api.handlers import Call
from connect_appointments.web.api.response import JSON, Response

ORDERS_PATH = "/api/connect/orders"


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
