"""THE table of errors: code, status and title; and the RFC 9457 body of an error response."""

from __future__ import annotations

import uuid
from typing import Annotated, Any, NamedTuple

import msgspec
from msgspec import Meta

from connect_appointments.core import errors
from connect_appointments.core.errors import FieldError, ParameterError, Refusal
from connect_appointments.web.api import refusals
from connect_appointments.web.api.response import CLOSE, PROBLEM, Response
from connect_appointments.web.api.values import (
    MAX_FIELD_ERRORS,
    Code,
    Instance,
    Parameter,
    Pointer,
    Sentence,
    Status,
    Type,
    VersionNumber,
    XRequestId,
)
from connect_appointments.web.api.versions import NUMBERS


class Problem(NamedTuple):
    """A row: the refusal, its status, and its title (the documented sentence if there is one)."""

    refusal: type[Refusal]
    status: int
    title: str

    @property
    def code(self) -> str:
        """The last segment of its `type`."""
        return self.refusal.code


NOT_FOUND = "You do not have permission to perform this task"
"""The title of a 404 for an id, unless the route has a title of its own (D22)."""
UNEXPECTED = "There was an unexpected error processing the request"
VALIDATION = (
    "There are validation errors on the request you made. Check the response body to see what fields had issues"
)

PROBLEMS = (
    Problem(refusals.MalformedRequest, 400, "The request cannot be read"),
    Problem(refusals.MalformedBody, 400, "The body is malformed"),
    Problem(refusals.UnsupportedApiVersion, 400, "The X-API-VERSION is missing or not supported"),
    Problem(refusals.InvalidHost, 400, "The Host header is missing, repeated or malformed"),
    Problem(refusals.InvalidIdempotencyKey, 400, "The Idempotency-Key is malformed"),
    Problem(refusals.InvalidToken, 401, "Bearer Token missing or invalid"),
    Problem(errors.NotFound, 404, NOT_FOUND),
    Problem(refusals.PathNotFound, 404, "There is nothing at this path"),
    Problem(refusals.MethodNotAllowed, 405, "The path does not answer to this method"),
    Problem(refusals.HeadTimeout, 408, "The header fields did not arrive in time"),
    Problem(refusals.BodyTimeout, 408, "The body did not arrive in time"),
    Problem(errors.IdempotencyKeyInUse, 409, "A request with this Idempotency-Key is still running"),
    Problem(refusals.BodyTooLarge, 413, "The body is too large"),
    Problem(refusals.UnsupportedMediaType, 415, "The media type is not supported"),
    Problem(refusals.UnsupportedContentEncoding, 415, "The content encoding is not supported"),
    Problem(errors.InvalidFields, 422, VALIDATION),
    Problem(errors.AppointmentRequestBooking, 422, "The appointment-request is being booked"),
    Problem(errors.AppointmentRequestBooked, 422, "The appointment-request is booked"),
    Problem(errors.AppointmentRequestCancelled, 422, "The appointment-request is cancelled"),
    Problem(errors.AppointmentRequestNotOpen, 422, "The appointment-request is not open"),
    Problem(errors.OrderHasAppointment, 422, "The order has an appointment"),
    Problem(errors.SlotNotOffered, 422, "The slot was not offered for this appointment-request"),
    Problem(errors.SlotUnavailable, 422, "The slot is no longer available"),
    Problem(errors.OfferExpired, 422, "The offer has expired"),
    Problem(errors.PastPointOfNoReturn, 422, "The appointment is past the point of no return"),
    Problem(errors.CancellationRefused, 422, "The network refused the cancellation"),
    Problem(errors.AppointmentInProgress, 422, "The work of the appointment has begun"),
    Problem(errors.AppointmentEnded, 422, "The appointment has ended"),
    Problem(errors.AppointmentChanging, 422, "The appointment is being changed"),
    Problem(errors.AppointmentRequestOtherOrder, 422, "The appointment-request is of another order"),
    Problem(errors.OrderTransferred, 422, "The order belongs to another provider"),
    Problem(errors.SearchFailed, 422, "The search for slots failed"),
    Problem(errors.IdempotencyKeyReused, 422, "The Idempotency-Key was used with another body"),
    Problem(refusals.TooManyRequests, 429, "You call too often"),
    Problem(refusals.HeadTooLarge, 431, "The header fields are too large or too many"),
    Problem(refusals.UnexpectedError, 500, UNEXPECTED),
    Problem(errors.Unavailable, 500, UNEXPECTED),
    Problem(errors.Overloaded, 503, "The service is overloaded"),
)

BY_CODE = {problem.code: problem for problem in PROBLEMS}


class FieldErrorMessage(msgspec.Struct):
    """One bad field: `pointer` is an RFC 6901 pointer into the body."""

    pointer: Pointer
    code: Code
    detail: Sentence


class ParameterErrorMessage(msgspec.Struct):
    """One bad parameter of a query string."""

    parameter: Parameter
    code: Code
    detail: Sentence


class ProblemMessage(msgspec.Struct, rename="camel", omit_defaults=True):
    """An error. Source: RFC 9457; `errors` names bad fields or parameters, `supported` the versions."""

    type: Type
    title: Sentence
    status: Status
    code: Code
    detail: Sentence
    instance: Instance
    request_id: XRequestId
    errors: Annotated[list[FieldErrorMessage], Meta(min_length=1, max_length=MAX_FIELD_ERRORS)] = []
    supported: Annotated[list[VersionNumber], Meta(min_length=1, max_length=len(NUMBERS))] = []


def problem_response(refusal: Refusal, *, public_url: str, request_id: str, title: str | None = None) -> Response:
    """The response to a refused request.

    public_url: the base URL of the problem pages.
    request_id: the X-Request-Id.
    title: the title of the route; None uses the table's title.
    """
    problem = BY_CODE[refusal.code]
    extra = refusal.extra if isinstance(refusal, refusals.HttpRefusal) else {}
    message = ProblemMessage(
        type=f"{public_url}/problems/{problem.code}",
        title=title or problem.title,
        status=problem.status,
        code=problem.code,
        detail=refusal.detail,
        instance=f"urn:uuid:{uuid.uuid4()}",
        request_id=request_id,
        errors=[_error_message(field) for field in refusal.fields],
        **extra,  # type: ignore[arg-type]  # `supported`, as its refusal declares it
    )
    return Response(problem.status, msgspec.json.encode(message), PROBLEM, headers_after=_headers_after(refusal))


def _error_message(error: FieldError | ParameterError) -> Any:
    return ParameterErrorMessage(*error) if isinstance(error, ParameterError) else FieldErrorMessage(*error)


def _headers_after(refusal: Refusal) -> list[tuple[bytes, bytes]]:
    found: list[tuple[bytes, bytes]] = []
    if refusal.retry_after_seconds is not None:
        found.append((b"retry-after", b"%d" % refusal.retry_after_seconds))
    if isinstance(refusal, refusals.HttpRefusal):
        found += refusal.headers
        if refusal.closes:
            found.append(CLOSE)
    return found
