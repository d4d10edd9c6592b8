"""The rows a run starts from, on either engine, and the proof that it changed them."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple, Protocol

from connect_appointments.core.model import Site, SlotType
from connect_appointments.store.slots import encode_slots
from connect_appointments.workforce.windows import slot_for

FIRST_ID = 1_000_000_000
"""Ten digits whatever the number of rows, so that every request has the same length."""

ORDERS = 100_000
SETTLING_SECONDS = 0.15
"""What was cut off at the end of a run is done, or dropped, after so long without a change."""

SITE = Site("Australia/Brisbane", "QLD", "4000")
PLACES = 1_000_000
DAYS_WITH_PLACES = 120


class Changed(NamedTuple):
    """Rows in state `cancelled`, and how many of them have exactly one event that says so."""

    cancelled: int
    recorded: int


class Store(Protocol):
    """A database of the service under measurement."""

    def reset(self, rows: int, *, offers: int = 0) -> None:
        """Exactly `rows` open appointment-requests from FIRST_ID on, the first `offers` of them with slots."""

    def settled(self) -> Changed:
        """What changed since the last reset, once nothing changes any more."""

    def ended(self) -> dict[str, int]:
        """How many appointment-requests there are, by state."""


def stride(rows: int) -> int:
    """A step that visits every one of `rows` ids once, in an order without locality."""
    step = int(rows * 0.6180339887) | 1
    while math.gcd(step, rows) != 1:
        step += 2
    return step


def offered_slots() -> str:
    """Two slots on each of ten days, as the store keeps them."""
    return encode_slots([slot_for(SITE, day, half) for day in days(10, ahead=7) for half in SlotType])


def days(count: int, *, ahead: int = -1) -> list[date]:
    """So many days, the first `ahead` days from today."""
    today = datetime.now(UTC).date()
    return [today + timedelta(days=ahead + n) for n in range(count)]
