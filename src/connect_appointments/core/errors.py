"""Every refusal of a use case. The docstring of an exception is its message."""

from __future__ import annotations

import inspect
from typing import ClassVar, NamedTuple


class FieldError(NamedTuple):
    """One bad field of a body: an RFC 6901 pointer, a code, and a sentence."""

    pointer: str
    code: str
    detail: str


class ParameterError(NamedTuple):
    """One bad parameter of a query string: its name, a code, and a sentence."""

    parameter: str
    code: str
    detail: str


class Refusal(Exception):
    """The request was refused."""

    code: ClassVar[str]
    fields: tuple[FieldError | ParameterError, ...] = ()
    retry_after_seconds: ClassVar[int | None] = None

    @classmethod
    def meaning(cls) -> str:
        """The docstring."""
        return inspect.cleandoc(cls.__doc__ or "")

    @property
    def detail(self) -> str:
        """The sentence the caller reads: the first argument, or else the docstring."""
        return str(self.args[0]) if self.args else self.meaning()


class NotFound(Refusal):
    """No such resource is visible to you. Check the id, and that the token belongs to the owner who created it."""

    code = "not-found"


class InvalidFields(Refusal):
    """Correct the fields named in errors and send the request again."""

    code = "invalid-fields"

    def __init__(self, *fields: FieldError | ParameterError) -> None:
        super().__init__()
        self.fields = fields


class AppointmentRequestBooking(Refusal):
    """The appointment-request is being booked. Poll the booking's Location; if it is refused, try again."""

    code = "appointment-request-booking"
    retry_after_seconds = 1


class AppointmentRequestBooked(Refusal):
    """It has become an appointment. POST to /api/connect/orders/appointment-cancellations/request to cancel that."""

    code = "appointment-request-booked"


class AppointmentRequestCancelled(Refusal):
    """The appointment-request is cancelled and can never be booked. Create a new one for the order."""

    code = "appointment-request-cancelled"


class AppointmentRequestNotOpen(Refusal):
    """The appointment-request has no slots to book: its search is under way or has failed. Poll its Location."""

    code = "appointment-request-not-open"


class OrderHasAppointment(Refusal):
    """The order has a booking in progress, or an appointment that is not over."""

    code = "order-has-appointment"


class SlotNotOffered(Refusal):
    """The slotId is not among the slots of this appointment-request. Choose one of its slots."""

    code = "slot-not-offered"


class SlotUnavailable(Refusal):
    """The slot was offered but is no longer available. The appointment-request is open again: book another slot."""

    code = "slot-unavailable"


class OrderTransferred(Refusal):
    """The order belongs to another provider now. You can no longer book a slot for it."""

    code = "order-transferred"


class OfferExpired(Refusal):
    """The offer of this appointment-request has expired. Create a new appointment-request for the order."""

    code = "offer-expired"


class PastPointOfNoReturn(Refusal):
    """It is too late to change the appointment: the time in its cancellableUntil has passed."""

    code = "past-point-of-no-return"


class CancellationRefused(Refusal):
    """The network refused the cancellation. The appointment stands."""

    code = "cancellation-refused"


class AppointmentInProgress(Refusal):
    """The technician has begun the work. The appointment can no longer be changed."""

    code = "appointment-in-progress"


class AppointmentEnded(Refusal):
    """The appointment has ended: it is completed, incomplete or cancelled. Read it for its status."""

    code = "appointment-ended"


class AppointmentChanging(Refusal):
    """Another cancellation or reschedule of this appointment is under way. Repeat the request after its outcome."""

    code = "appointment-changing"
    retry_after_seconds = 1


class AppointmentRequestOtherOrder(Refusal):
    """The appointment-request is of another order than the appointment. Create one for the appointment's order."""

    code = "appointment-request-other-order"


class SearchFailed(Refusal):
    """The search for slots failed for good. Create a new appointment-request for the order."""

    code = "search-failed"


class IdempotencyKeyReused(Refusal):
    """This Idempotency-Key was used with another body. Use a new key for a new request."""

    code = "idempotency-key-reused"


class IdempotencyKeyInUse(Refusal):
    """A request with this Idempotency-Key is still in progress. Repeat it in a moment."""

    code = "idempotency-key-in-use"
    retry_after_seconds = 1


class Unavailable(Refusal):
    """A system that the service needs is unreachable. The outcome is unknown; the request is safe to repeat."""

    code = "temporarily-unavailable"
    retry_after_seconds = 2


class Overloaded(Refusal):
    """The service has more work than it can hold. Nothing was changed; repeat the request in a moment."""

    code = "overloaded"
    retry_after_seconds = 1


class BackupError(Exception):
    """The backup or the restore failed; the argument is the reason."""
