"""THE table of routes: method, path, body, handler, and all possible responses."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import msgspec

from connect_appointments.core import errors
from connect_appointments.core.errors import Refusal
from connect_appointments.usecases.service import Service
from connect_appointments.web.api import appointment_handlers, appointment_messages, handlers, messages, refusals
from connect_appointments.web.api.appointment_handlers import CANCELLATIONS_PATH, ORDERS_PATH, RESCHEDULES_PATH
from connect_appointments.web.api.handlers import APPOINTMENTS_PATH, REQUESTS_PATH, Call
from connect_appointments.web.api.problems import NOT_FOUND
from connect_appointments.web.api.response import Response

Handler = Callable[[Service, Call], Awaitable[Response]]


@dataclass(frozen=True)
class Success:
    """A success response: its status, its meaning, the type of its body (None: no body)."""

    status: int
    meaning: str
    body: type[msgspec.Struct] | None = None


@dataclass(frozen=True)
class Route:
    """A row. One segment of `path` may be a number, in braces: the last one or the one before.

    body: the type of the request body, None if there is no body.
    is_list: whether the query string has the page of a list (`ListQuery`).
    not_found_title: the title of its 404 for an id that is unknown or of another owner (D22).
    refusals: the refusals of this use case, in addition to the refusals common to all routes.
    """

    method: str
    path: str
    handler: Handler
    summary: str
    successes: tuple[Success, ...]
    refusals: tuple[type[Refusal], ...]
    body: type[msgspec.Struct] | None = None
    is_list: bool = False
    idempotency_key: bool = False
    not_found_title: str = NOT_FOUND

    @property
    def operation(self) -> str:
        """The handler's name, which is the operationId."""
        return self.handler.__name__


OF_EVERY_CALL: tuple[type[Refusal], ...] = (
    refusals.MalformedRequest,
    refusals.HeadTimeout,
    refusals.HeadTooLarge,
    refusals.TooManyRequests,
    refusals.UnsupportedApiVersion,
    refusals.InvalidHost,
    refusals.InvalidToken,
    errors.NotFound,
    refusals.UnexpectedError,
    errors.Unavailable,
    errors.Overloaded,
)
OF_EVERY_BODY: tuple[type[Refusal], ...] = (
    refusals.MalformedBody,
    refusals.BodyTimeout,
    refusals.BodyTooLarge,
    refusals.UnsupportedMediaType,
    refusals.UnsupportedContentEncoding,
    errors.InvalidFields,
)

ROUTES = (
    Route(
        "POST",
        "/api/connect/orders/appointment-requests/cancel",
        handlers.cancel_request,
        "Cancel an appointment-request: it can no longer be converted to a booking. This is not cancelling an "
        "appointment.",
        (Success(204, "The request was completed successfully"),),
        (errors.AppointmentRequestBooking, errors.AppointmentRequestBooked),
        body=messages.CancelRequestBody,
        not_found_title="You are not authorised or The id (of the appointment-request) provided does not exist",
    ),
    Route(
        "POST",
        REQUESTS_PATH,
        handlers.create_request,
        "Create an appointment-request for an order: its slots are looked up.",
        (Success(201, "Created; the Location is the URL of the outcome"),),
        (refusals.InvalidIdempotencyKey, errors.IdempotencyKeyInUse, errors.IdempotencyKeyReused),
        body=messages.CreateRequestBody,
        idempotency_key=True,
    ),
    Route(
        "GET",
        REQUESTS_PATH + "/{n}",
        handlers.read_request,
        "Read an appointment-request, with its slots while it is open.",
        (
            Success(200, "The appointment-request", messages.AppointmentRequestMessage),
            Success(202, "The search has not finished yet, but will in a moment"),
        ),
        (errors.SearchFailed,),
    ),
    Route(
        "POST",
        APPOINTMENTS_PATH,
        handlers.book_slot,
        "Book a slot of an open appointment-request.",
        (Success(201, "The booking has begun; the Location is the URL of its outcome"),),
        (
            errors.AppointmentRequestBooking,
            errors.AppointmentRequestBooked,
            errors.AppointmentRequestCancelled,
            errors.AppointmentRequestNotOpen,
            errors.OfferExpired,
            errors.OrderHasAppointment,
            errors.OrderTransferred,
            errors.SlotNotOffered,
        ),
        body=messages.BookSlotBody,
    ),
    Route(
        "GET",
        APPOINTMENTS_PATH + "/{n}",
        handlers.read_booking,
        "Read the outcome of a booking attempt.",
        (
            Success(200, "The booked appointment", messages.AppointmentMessage),
            Success(202, "The booking has not finished yet, but will in a moment"),
        ),
        (errors.SlotUnavailable, errors.OrderTransferred),
    ),
    # Cancellations of appointments
    Route(
        "POST",
        CANCELLATIONS_PATH,
        appointment_handlers.cancel_appointment,
        "Cancel a booked appointment, if it is not past the point of no return.",
        (Success(201, "The cancellation has begun; the Location is the URL of its outcome"),),
        (errors.AppointmentChanging,),
        body=appointment_messages.CancelAppointmentBody,
    ),
    Route(
        "GET",
        CANCELLATIONS_PATH + "/{n}",
        appointment_handlers.read_cancellation,
        "Read the outcome of a cancellation.",
        (
            Success(200, "The cancellation: the appointment is cancelled", appointment_messages.CancellationMessage),
            Success(202, "The cancellation has not finished yet, but will in a moment"),
        ),
        (
            errors.PastPointOfNoReturn,
            errors.CancellationRefused,
            errors.AppointmentInProgress,
            errors.AppointmentEnded,
        ),
    ),
    # Reschedules of appointments
    Route(
        "POST",
        RESCHEDULES_PATH,
        appointment_handlers.reschedule_appointment,
        "Reschedule an appointment: it moves to a slot of an open appointment-request of the same order.",
        (Success(201, "The reschedule has begun; the Location is the URL of its outcome"),),
        (
            errors.AppointmentChanging,
            errors.AppointmentRequestOtherOrder,
            errors.AppointmentRequestBooking,
            errors.AppointmentRequestBooked,
            errors.AppointmentRequestCancelled,
            errors.AppointmentRequestNotOpen,
            errors.OfferExpired,
            errors.OrderTransferred,
            errors.SlotNotOffered,
        ),
        body=appointment_messages.RescheduleBody,
    ),
    Route(
        "GET",
        RESCHEDULES_PATH + "/{n}",
        appointment_handlers.read_reschedule,
        "Read the outcome of a reschedule.",
        (
            Success(200, "The appointment with its new slot", messages.AppointmentMessage),
            Success(202, "The reschedule has not finished yet, but will in a moment"),
        ),
        (
            errors.SlotUnavailable,
            errors.PastPointOfNoReturn,
            errors.AppointmentInProgress,
            errors.AppointmentEnded,
        ),
    ),
    # Reads and lists
    Route(
        "GET",
        ORDERS_PATH + "/appointments/{id}",
        appointment_handlers.read_appointment,
        "Read an appointment, whatever has become of it.",
        (Success(200, "The appointment", messages.AppointmentMessage),),
        (),
    ),
    Route(
        "GET",
        ORDERS_PATH + "/{orderId}/appointments",
        appointment_handlers.list_appointments,
        "List the appointments of an order, newest first.",
        (Success(200, "A page of the list", appointment_messages.AppointmentsMessage),),
        (errors.InvalidFields,),
        is_list=True,
    ),
    Route(
        "GET",
        ORDERS_PATH + "/{orderId}/appointment-requests",
        appointment_handlers.list_requests,
        "List the appointment-requests of an order, newest first.",
        (Success(200, "A page of the list", appointment_messages.AppointmentRequestsMessage),),
        (errors.InvalidFields,),
        is_list=True,
    ),
)
