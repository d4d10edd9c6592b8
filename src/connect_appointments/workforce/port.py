"""What the service asks of a workforce system: the calendar of our own, or an operator's system behind an adapter.

Every call takes a group and answers each member of it, in their order. A member's answer may be an exception, and the
call as a whole may raise one: what the system did is *unknown* then, never *no*, and the worker asks again with the
same key. So each call must be safe to repeat: a key has one reservation at most, and an answer once given stays.

A key is at most `MAX_KEY_CHARACTERS` long and made of letters, digits and hyphens.
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
    """What a technician is wanted for: the work of an order, its contact, and where it is."""

    order: OrderDetails
    site: Site


@dataclass(frozen=True, slots=True)
class AvailabilityQuery:
    """A question: which slots are there for a visit on or after a date.

    key: names the offer, where the system holds it for us.
    """

    key: str
    visit: Visit
    date_from: date


@dataclass(frozen=True, slots=True)
class Availability:
    """The slots on offer, earliest first.

    none_because: why there are none, in words for the operator; None where there are some, or the reason is unknown.
    held_until: until when the system holds them for the query's key; None where it holds nothing.
    """

    slots: Sequence[Slot]
    none_because: str | None = None
    held_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class ReleaseCommand:
    """Hold these slots no longer, which were offered under the key."""

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
    """Cancel what is reserved under a key; `reason` is in words for the workforce system.

    Where nothing is reserved under the key, nothing ever will be: a reservation that arrives late is refused.
    """

    key: str
    reason: str


@dataclass(frozen=True, slots=True)
class MoveCommand:
    """Move what is reserved under a key to another slot of the same visit."""

    key: str
    visit: Visit
    slot: Slot


@dataclass(frozen=True, slots=True)
class Reserved:
    """A technician will come. `workforce_id` is the name that the workforce system gave the appointment."""

    workforce_id: str


@dataclass(frozen=True, slots=True)
class Cancelled:
    """Nothing is reserved under the key any more, and nothing ever will be."""


@dataclass(frozen=True, slots=True)
class Refused:
    """The workforce system will not do it; `reason` is in its words."""

    reason: str


@dataclass(frozen=True, slots=True)
class NotYet:
    """The workforce system has not decided; it is to be asked again after `seconds`."""

    seconds: float


class NewsKind(Enum):
    """What a workforce system may report of an appointment."""

    STARTED = "started"
    COMPLETED = "completed"
    INCOMPLETE = "incomplete"
    CANCELLED = "cancelled"
    MOVED = "moved"


@dataclass(frozen=True, slots=True)
class NewsItem:
    """One report. `slot` is the new one of an appointment that was moved, else None."""

    workforce_id: str
    kind: NewsKind
    at: datetime
    reason: str | None = None
    slot: Slot | None = None


@dataclass(frozen=True, slots=True)
class News:
    """Reports in the order in which they were made, and the cursor behind the last of them."""

    items: Sequence[NewsItem]
    cursor: str


class CursorExpired(Exception):
    """The workforce system no longer knows what was new after this cursor: read every open appointment again."""


class Workforce(Protocol):
    """A workforce system. `now` is the moment of the call, in UTC."""

    async def find_slots(
        self, queries: Sequence[AvailabilityQuery], now: datetime
    ) -> Sequence[Availability | Exception]:
        """The slots on offer."""
        ...

    async def release_offer(self, commands: Sequence[ReleaseCommand]) -> Sequence[Exception | None]:
        """Hold slots no longer; called only for what the system said it holds."""
        ...

    async def reserve(
        self, commands: Sequence[ReserveCommand], now: datetime
    ) -> Sequence[Reserved | Refused | NotYet | Exception]:
        """Reserve slots."""
        ...

    async def find(self, keys: Sequence[str]) -> Sequence[Reserved | Refused | Cancelled | Exception | None]:
        """What stands under each key; None where the system knows nothing of it."""
        ...

    async def cancel(self, commands: Sequence[CancelCommand]) -> Sequence[Cancelled | Refused | NotYet | Exception]:
        """Cancel reservations."""
        ...

    async def move(
        self, commands: Sequence[MoveCommand], now: datetime
    ) -> Sequence[Reserved | Refused | NotYet | Exception]:
        """Move reservations to other slots; one that is refused stays where it is."""
        ...

    async def news(self, cursor: str | None) -> News:
        """What was reported after a cursor; None is the beginning. Raises `CursorExpired`."""
        ...
