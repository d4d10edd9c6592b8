"""The domain model: order, slot, appointment-request, booking and appointment."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from connect_appointments.core.appointments import AppointmentState
from connect_appointments.core.bookings import BookingState
from connect_appointments.core.cancellations import CancellationState, CancelledBy
from connect_appointments.core.requests import State, Status
from connect_appointments.core.reschedules import RescheduleState

MAX_ID = 2**63 - 1
"""The largest id that the database can store; no resource has a larger id."""

MAX_NUMBER = 2**53 - 1
"""The largest integer that every JSON reader represents exactly; no generated id is larger (D20)."""

MAX_OWNER_CHARACTERS = 255
CONTROL_CHARACTERS = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
"""Characters that names must not contain, including lone surrogates, which UTF-8 cannot encode."""


def is_owner(name: str) -> bool:
    """Whether the name is a valid owner. Source: contract D8."""
    return 0 < len(name) <= MAX_OWNER_CHARACTERS and not CONTROL_CHARACTERS.search(name)


@dataclass(frozen=True, slots=True)
class Owner:
    """The tenant of the token: it can access only its own rows."""

    id: str


@dataclass(frozen=True, slots=True)
class Operator:
    """The network operator's staff, or a part of the service: can access the rows of every owner."""

    name: str


Scope = Owner | Operator


@dataclass(frozen=True, slots=True)
class Actor:
    """The actor of a change, for its event row.

    scope: the rows that the actor may read and change.
    client: the OAuth client (`azp`), or the name of the operator or worker.
    x_request_id: the X-Request-Id.
    """

    scope: Scope
    client: str
    x_request_id: str


class SlotType(StrEnum):
    """The half of the day of a technician's visit, in the local time of the site."""

    AM = "AM"
    PM = "PM"


@dataclass(frozen=True, slots=True)
class Slot:
    """An offered time window. `start` and `end` are UTC; `timezone_offset` is the site's on that day ("+10:00")."""

    id: str
    slot_type: SlotType
    start: datetime
    end: datetime
    timezone_offset: str


@dataclass(frozen=True, slots=True)
class Site:
    """The place of a visit: IANA time zone, state or territory, and the workforce's area."""

    time_zone: str
    state: str
    area: str


@dataclass(frozen=True, slots=True)
class OrderDetails:
    """The work of an order and its contact. The contact is personal data: it is in no event and no log."""

    id: int
    demand_type: str
    priority_assist: bool
    e_sla: str
    customer_ref: str | None
    service_id: int | None
    contact_name: str | None
    contact_type: str | None
    contact_phone: str | None
    contact_notes: str | None


@dataclass(frozen=True, slots=True)
class Order(OrderDetails):
    """An order that needs a technician on site, and the provider that owns it."""

    owner: str
    site: Site


@dataclass(frozen=True, slots=True)
class AppointmentRequest:
    """An appointment-request, as visible to its owner. `slots` is empty unless the status is `open`.

    slots_expire_on: the end of the offer (D47); None for an offer that does not end.
    appointment_id: the appointment that the request became; None unless the state is `booked`.
    is_expired: whether the state is `open` and the offer has ended.
    """

    id: int
    owner: str
    order_id: int
    date_from: date
    state: State
    slots: tuple[Slot, ...]
    created_on: datetime
    updated_on: datetime
    cancelled_on: datetime | None
    slots_expire_on: datetime | None = None
    appointment_id: int | None = None
    is_expired: bool = False

    @property
    def status(self) -> Status:
        """The status that its owner and the operator see."""
        return Status.EXPIRED if self.is_expired else Status(self.state)


@dataclass(frozen=True, slots=True)
class Appointment:
    """A booked technician visit.

    order: the order at the time of booking; later changes of the order are not visible here (D31).
    request_id: the appointment-request whose slot it has now.
    workforce_id: the workforce system's id of the appointment.
    cancellable_until: the point of no return (D41).
    cancelled_on, cancelled_by: None unless the state is `cancelled`.
    reason: why it was cancelled, None if no reason was given.
    """

    id: int
    order: OrderDetails
    request_id: int
    workforce_id: str
    state: AppointmentState
    slot: Slot
    cancellable_until: datetime
    cancelled_on: datetime | None = None
    cancelled_by: CancelledBy | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Booking:
    """An attempt to book a slot.

    refusal: the problem code of a refused attempt.
    appointment: None unless the attempt is booked.
    """

    id: int
    state: BookingState
    refusal: str | None
    appointment: Appointment | None


@dataclass(frozen=True, slots=True)
class Cancellation:
    """An attempt to cancel an appointment.

    refusal: the problem code of a refused attempt.
    cancelled_on: when the appointment was cancelled; None unless the attempt is `cancelled`.
    """

    id: int
    appointment_id: int
    order_id: int
    state: CancellationState
    refusal: str | None
    requested_on: datetime
    cancelled_on: datetime | None


@dataclass(frozen=True, slots=True)
class Reschedule:
    """An attempt to move an appointment to another slot.

    refusal: the problem code of a refused attempt.
    appointment: the appointment as it is now.
    """

    id: int
    state: RescheduleState
    refusal: str | None
    appointment: Appointment
