"""The function of each route: it calls the service and creates the response."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from connect_appointments.core.bookings import BookingState
from connect_appointments.core.model import Actor, Owner
from connect_appointments.core.requests import State
from connect_appointments.usecases.service import Service
from connect_appointments.web.api import messages
from connect_appointments.web.api.refusals import InvalidIdempotencyKey
from connect_appointments.web.api.response import JSON, NO_CONTENT, Response

POLL_SECONDS = 1
REQUESTS_PATH = "/api/connect/orders/appointment-requests/request"
APPOINTMENTS_PATH = "/api/connect/orders/appointments/request"

IN_PROGRESS = Response(202, headers_after=((b"retry-after", b"%d" % POLL_SECONDS),))

_key = re.compile(rb"[\x20-\x7e]{1,255}")


@dataclass(slots=True)
class Call:
    """A checked request: the caller, the number in its path (0: no number).

    message: the message of its body or its query string; None for a route that has neither.
    idempotency_key: the header's raw value, None if it is missing, empty if it is repeated.
    """

    owner: Owner
    client: str
    request_id: str
    base_url: str
    number: int
    message: Any
    idempotency_key: bytes | None

    @property
    def actor(self) -> Actor:
        """The actor, for the event."""
        return Actor(self.owner, self.client, self.request_id)

    def key(self) -> str | None:
        """The Idempotency-Key; raises `InvalidIdempotencyKey`."""
        if self.idempotency_key is None:
            return None
        key = self.idempotency_key.strip(b" \t")  # white space around a field value is not part of it (RFC 9110 5.5)
        if not _key.fullmatch(key):
            raise InvalidIdempotencyKey
        return key.decode("ascii")


async def cancel_request(service: Service, call: Call) -> Response:
    """Cancel an appointment-request."""
    await service.appointment_requests.cancel_request(call.actor, call.message.appointment_request_id)
    return NO_CONTENT


async def create_request(service: Service, call: Call) -> Response:
    """Create an appointment-request."""
    body = call.message
    request_id = await service.appointment_requests.create_request(
        call.actor, body.order_id, body.date_from, call.key()
    )
    return created(call, REQUESTS_PATH, request_id)


async def read_request(service: Service, call: Call) -> Response:
    """Read an appointment-request."""
    found = await service.appointment_requests.read_request(call.owner, call.number)
    if found.state is State.SEARCHING:
        return IN_PROGRESS
    return Response(200, messages.appointment_request_message(found), JSON)


async def book_slot(service: Service, call: Call) -> Response:
    """Begin to book a slot."""
    body = call.message
    booking_id = await service.bookings.book_slot(call.actor, body.appointment_request_id, body.slot_id)
    return created(call, APPOINTMENTS_PATH, booking_id)


async def read_booking(service: Service, call: Call) -> Response:
    """Read the outcome of a booking attempt."""
    found = await service.bookings.read_booking(call.owner, call.number)
    if found.state is BookingState.BOOKING or found.appointment is None:
        return IN_PROGRESS
    return Response(200, messages.appointment_message(found.appointment), JSON)


def created(call: Call, path: str, number: int) -> Response:
    """A 201; its Location is the path with the number at its end."""
    return Response(201, headers_before=((b"location", f"{call.base_url}{path}/{number}".encode()),))
