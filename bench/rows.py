"""The rows every run starts from, on either engine, and the check that a run changed them."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple, Protocol

FIRST_ID = 1_000_000_000
"""Ten digits whatever the number of rows, so that every request has the same length."""

ORDERS = 20_000
SETTLING_SECONDS = 0.15
"""A run is over when no event was added for this long."""

AREA = "4000"
TIME_ZONE = "Australia/Brisbane"
STATE = "QLD"
CAPACITY = 1_000_000
CAPACITY_DAYS = 120
SLOT_TYPES = ("AM", "PM")

EMPTIED = ("events", "appointment_requests", "reservations")
"""Tables that a reset empties, with every table that references them."""


class Changed(NamedTuple):
    """Appointment-requests in state `cancelled`, and how many of them have exactly one event that says so."""

    cancelled: int
    recorded: int


class Store(Protocol):
    """A database under measurement. `url` is what a server is given."""

    url: str

    def reset(self, rows: int, *, fresh_orders: bool = False) -> None:
        """Leave exactly `rows` open appointment-requests, from FIRST_ID on.

        fresh_orders: make orders and capacity anew as well, because flows book them.
        """

    def offer(self, request_id: int, rows: int) -> None:
        """Give the slots of an appointment-request to the first `rows` ones as well."""

    def settled(self) -> Changed:
        """What changed since the last reset, once nothing changes any more."""

    def ended(self) -> dict[str, int]:
        """The number of appointment-requests by state."""


def insert(table: str, values: Mapping[str, str], existing: Collection[str]) -> str:
    """`INSERT INTO table (...) SELECT ...` of the columns that this version of the schema has.

    values: the SQL expression of each column, by every name that the column had in some version.
    """
    used = {name: value for name, value in values.items() if name in existing}
    return f"INSERT INTO {table} ({', '.join(used)}) SELECT {', '.join(used.values())}"


def stride(rows: int) -> int:
    """A step that visits every one of `rows` ids once, in an order without locality."""
    step = int(rows * 0.6180339887) | 1
    while math.gcd(step, rows) != 1:
        step += 2
    return step


def days(count: int, *, ahead: int = -1) -> list[date]:
    """`count` days, the first `ahead` days from today."""
    today = datetime.now(UTC).date()
    return [today + timedelta(days=ahead + n) for n in range(count)]
