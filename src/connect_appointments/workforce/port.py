"""The interface of a workforce system: the built-in calendar, or an operator's system behind an adapter.

Every call takes a group and returns one answer per member, in order. An answer may be an exception, and the whole call
may raise one: the outcome is *unknown* then, never *no*, and the worker retries with the same key. So each call must be
idempotent: a key has at most one reservation, and its answer never changes; nor does the answer to the number of a
cancel or a move.

A key has at most `MAX_KEY_CHARACTERS` letters, digits and hyphens.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum
from typing import Protocol

from connect_appointments.core.model import OrderDetails, Site, Slot

MAX_KEY_CHARACTERS = 40


@dataclass(frozen=True, slots=True)
class Visit:
    """A technician's visit: the work of an order, its contact, and its site."""

    order: OrderDetails
    site: Site


@dataclass(frozen=True, slots=True)
class AvailabilityQuery:
    """A query for the slots of a visit on or after a date.

    key: the key of the offer, if the system holds it for this service.
    own: the slot of the order's appointment, which the visit may keep; None without an appointment. The place that the
    appointment takes counts as free: an adapter adds the slot to the available slots if no place is left but this one.
    """

    key: str
    visit: Visit
    date_from: date
    own: Slot | None = None


@dataclass(frozen=True, slots=True)
class Availability:
    """The available slots, earliest first.

    none_because: the reason for an empty list, for the operator; None if there are slots or the reason is unknown.
    held_until: the end of the system's hold for the query's key; None if the system holds no slots.
    """

    slots: Sequence[Slot]
    none_because: str | None = None
    held_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class ReleaseCommand:
    """Release the slots that were offered under the key."""

    key: str
    visit: Visit
    slots: Sequence[Slot]


@dataclass(frozen=True, slots=True)
class ReserveCommand:
    """Reserve a slot of a visit under a key."""

    key: str
    visit: Visit
    slot: Slot


@dataclass(frozen=True, slots=True)
class CancelCommand:
    """Cancel the reservation of a key; `reason` is a text for the workforce system.

    A key without a reservation can never be reserved afterwards: a reservation that arrives late is refused.

    number: of the cancellation, 1 or more, higher for a later cancellation of the key; the numbers of moves are apart.
    The answer to a number never changes: the late call of a cancellation that was refused is refused again, so that it
    does not cancel an appointment that its owner has been told stands. An adapter whose system refuses cancels keeps
    the answer to each number, or passes the number on as the key of an idempotent call.
    None where a booking is undone or the appointment is already cancelled: the worker repeats such a call until it is
    not refused, and a late one changes nothing.
    """

    key: str
    reason: str
    number: int | None = None


@dataclass(frozen=True, slots=True)
class MoveCommand:
    """Move the reservation of a key to another slot of the same visit.

    number: 1 or more, higher for a later move of the key. A number that was decided keeps its answer, and a number
    below the last decided one is refused, so that the late call of a paused worker moves nothing. An adapter whose
    system cannot compare numbers passes the number on where it can.
    undo: the slot is the place before an earlier move that was decided too late. The move must not be refused because
    the window is full or has begun.
    """

    key: str
    visit: Visit
    slot: Slot
    number: int
    undo: bool = False


@dataclass(frozen=True, slots=True)
class Reserved:
    """The slot is reserved.

    workforce_id: the workforce system's id of the appointment.
    at: the time of the system's decision, by the clock of its news; None from a system that moves no visit by itself.
    A later decision on the same visit has a later time: of two reports of its slot, the later one is true.
    """

    workforce_id: str
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Cancelled:
    """The key has no reservation, and can never be reserved again."""


@dataclass(frozen=True, slots=True)
class Refused:
    """The workforce system refused the command; `reason` is its text."""

    reason: str


@dataclass(frozen=True, slots=True)
class NotYet:
    """The workforce system has not decided yet; retry after `seconds`."""

    seconds: float


class NewsKind(Enum):
    """The kinds of reports about an appointment."""

    STARTED = "started"
    COMPLETED = "completed"
    INCOMPLETE = "incomplete"
    CANCELLED = "cancelled"
    MOVED = "moved"


@dataclass(frozen=True, slots=True)
class NewsItem:
    """A report.

    at: the time of the change that is reported. A report of a move is ignored if a later decision is known.
    slot: the new slot of an appointment that was moved, else None.
    """

    workforce_id: str
    kind: NewsKind
    at: datetime
    reason: str | None = None
    slot: Slot | None = None


@dataclass(frozen=True, slots=True)
class News:
    """Reports in chronological order, and the cursor after the last report."""

    items: Sequence[NewsItem]
    cursor: str


class CursorExpired(Exception):
    """The workforce system no longer knows what was new after this cursor: read every open appointment again."""


class Workforce(Protocol):
    """A workforce system. `now` is the time of the call, in UTC."""

    async def find_slots(
        self, queries: Sequence[AvailabilityQuery], now: datetime
    ) -> Sequence[Availability | Exception]:
        """The available slots."""
        ...

    async def release_offer(self, commands: Sequence[ReleaseCommand]) -> Sequence[Exception | None]:
        """Release held slots; called only for slots that the system reported as held."""
        ...

    async def reserve(
        self, commands: Sequence[ReserveCommand], now: datetime
    ) -> Sequence[Reserved | Refused | NotYet | Exception]:
        """Reserve slots."""
        ...

    async def find(self, keys: Sequence[str]) -> Sequence[Reserved | Refused | Cancelled | Exception | None]:
        """The decision for each key; None if the key is unknown to the system."""
        ...

    async def cancel(self, commands: Sequence[CancelCommand]) -> Sequence[Cancelled | Refused | NotYet | Exception]:
        """Cancel reservations; a refused cancel leaves its reservation unchanged."""
        ...

    async def move(
        self, commands: Sequence[MoveCommand], now: datetime
    ) -> Sequence[Reserved | Refused | NotYet | Exception]:
        """Move reservations to other slots; a refused move leaves its reservation unchanged."""
        ...

    async def news(self, cursor: str | None) -> News:
        """The reports after a cursor; None starts at the beginning. Raises `CursorExpired`."""
        ...
