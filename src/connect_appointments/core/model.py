"""The nouns: what an order, a slot, an appointment-request, a booking and an appointment are."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from connect_appointments.core.appointments import AppointmentState
from connect_appointments.core.bookings import BookingState
from connect_appointments.core.requests import State

MAX_ID = 2**63 - 1
"""The largest id a database can hold; larger numbers are ids nobody has."""

MAX_NUMBER = 2**53 - 1
"""The largest number that every JSON reader keeps exactly; no id of ours is above it (D20)."""

MAX_OWNER_CHARACTERS = 255
CONTROL_CHARACTERS = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
"""Those that no name may have; half a surrogate pair, which UTF-8 cannot hold, among them."""


def is_owner(name: str) -> bool:
    """Whether this may name an owner. Source: contract D8."""
    return 0 < len(name) <= MAX_OWNER_CHARACTERS and not CONTROL_CHARACTERS.search(name)


@dataclass(frozen=True, slots=True)
class Owner:
    """The tenant in the token: sees its own rows and no others."""

    id: str


@dataclass(frozen=True, slots=True)
class Operator:
    """Somebody of the network operator, or a part of the service: sees the rows of every owner."""

    name: str


Scope = Owner | Operator


@dataclass(frozen=True, slots=True)
class Actor:
    """Who asks for a change, for its event row.

    scope: whose rows may be seen and changed.
    client: the OAuth client (`azp`), or the name of the operator or worker.
    x_request_id: the X-Request-Id.
    """

    scope: Scope
    client: str
    x_request_id: str


class SlotType(StrEnum):
    """The half of the day a technician comes in, in the local time of the site."""

    AM = "AM"
    PM = "PM"


@dataclass(frozen=True, slots=True)
class Slot:
    """A time window on offer. `start` and `end` are UTC; `timezone_offset` is the site's on that day ("+10:00")."""

    id: str
    slot_type: SlotType
    start: datetime
    end: datetime
    timezone_offset: str


@dataclass(frozen=True, slots=True)
class Site:
    """Where the technician has to go: IANA time zone, state or territory, and the workforce's area."""

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
    """An appointment-request as its owner may see it. `slots` is empty unless it is open."""

    id: int
    owner: str
    order_id: int
    date_from: date
    state: State
    slots: tuple[Slot, ...]
    created_on: datetime
    updated_on: datetime
    cancelled_on: datetime | None


@dataclass(frozen=True, slots=True)
class Appointment:
    """A technician visit that is booked.

    order: as it was when the appointment was booked; a later change of the order does not show here (D31).
    workforce_id: the name that the workforce system gave it.
    """

    id: int
    order: OrderDetails
    workforce_id: str
    state: AppointmentState
    slot: Slot


@dataclass(frozen=True, slots=True)
class Booking:
    """One attempt to book one slot.

    refusal: the problem code of a refused one.
    appointment: None unless it is booked.
    """

    id: int
    state: BookingState
    refusal: str | None
    appointment: Appointment | None
