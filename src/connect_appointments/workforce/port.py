"""What the service asks of a workforce system: ours is the calendar, an operator's own goes behind the same calls."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Protocol

from connect_appointments.core.model import Site, Slot


class Workforce(Protocol):
    """Who has the technicians. Both calls may be made again after a crash, and may fail: the worker tries again."""

    async def find_slots(self, site: Site, date_from: date, now: datetime) -> Sequence[Slot]:
        """The slots on offer at a site on or after a date, earliest first; empty when there are none."""
        ...

    async def reserve(self, booking_id: int, site: Site, slot: Slot, now: datetime) -> str | None:
        """Take the slot for a booking attempt, once: asked again for the same attempt it answers the same.

        Returns the workforce system's own name for the appointment, or None when the slot is no longer to be had.
        """
        ...
