"""THE table of links: the follow-up calls of a response, by operation and status. Source: OpenAPI 3.1, Link Object."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

NUMBER_OF_LOCATION = "$response.header.Location#regex:/([0-9]+)$"
"""OpenAPI has no expression for a part of a header; tools that follow links support this extension."""

THE_REQUEST = {
    "operationId": "read_request",
    "description": "The number at the end of the Location is its n",
    "parameters": {"n": NUMBER_OF_LOCATION},
}
THE_BOOKING = {
    "operationId": "read_booking",
    "description": "The number at the end of the Location is its n",
    "parameters": {"n": NUMBER_OF_LOCATION},
}
THE_RESCHEDULE = {
    "operationId": "read_reschedule",
    "description": "The number at the end of the Location is its n",
    "parameters": {"n": NUMBER_OF_LOCATION},
}
THE_CANCELLED = {
    "operationId": "read_request",
    "description": "The appointment-request, cancelled",
    "parameters": {"n": "$request.body#/appointmentRequestId"},
}
THE_APPOINTMENT = {
    "operationId": "read_appointment",
    "description": "The id of the appointment is the one to read it by",
    "parameters": {"id": "$response.body#/id"},
}
OF_THE_ORDER = {
    "operationId": "list_appointments",
    "description": "The appointments of its order",
    "parameters": {"orderId": "$response.body#/orderId"},
}
CANCEL = {
    "operationId": "cancel_request",
    "description": "The id of the appointment-request is the one to cancel by",
    "requestBody": {"appointmentRequestId": "$response.body#/id"},
}
BOOK = {
    "operationId": "book_slot",
    "description": "While it is open, any of its slots can be booked",
    "requestBody": {"appointmentRequestId": "$response.body#/id", "slotId": "$response.body#/slots/0/id"},
}

THE_CANCELLATION = {
    "operationId": "read_cancellation",
    "description": "The number at the end of the Location is its n",
    "parameters": {"n": NUMBER_OF_LOCATION},
}
CANCEL_APPOINTMENT = {
    "operationId": "cancel_appointment",
    "description": "The id of the appointment is the one to cancel by",
    "requestBody": {"appointmentId": "$response.body#/id"},
}


def again(operation: str) -> dict[str, Any]:
    """A link to the same URL."""
    return {
        "operationId": operation,
        "description": "Ask again after the seconds in Retry-After",
        "parameters": {"n": "$request.path.n"},
    }


LINKS: Mapping[tuple[str, int], Mapping[str, Any]] = {
    ("create_request", 201): {"outcome": THE_REQUEST},
    ("read_request", 202): {"again": again("read_request")},
    ("read_request", 200): {"cancel": CANCEL, "book": BOOK},
    ("cancel_request", 204): {"cancelled": THE_CANCELLED},
    ("book_slot", 201): {"outcome": THE_BOOKING},
    ("read_booking", 202): {"again": again("read_booking")},
    ("read_booking", 200): {"cancel": CANCEL_APPOINTMENT, "appointment": THE_APPOINTMENT, "appointments": OF_THE_ORDER},
    ("cancel_appointment", 201): {"outcome": THE_CANCELLATION},
    ("read_cancellation", 202): {"again": again("read_cancellation")},
    # Reschedules of appointments
    ("reschedule_appointment", 201): {"outcome": THE_RESCHEDULE},
    ("read_reschedule", 202): {"again": again("read_reschedule")},
}
