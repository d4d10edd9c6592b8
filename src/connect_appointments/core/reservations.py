"""The states of the calendar's decision for a key, which is made once."""

from __future__ import annotations

from enum import StrEnum


class ReservationState(StrEnum):
    """The decision for a key. A cancelled key is kept, so that a late reservation takes no capacity."""

    RESERVED = "reserved"
    REFUSED = "refused"
    CANCELLED = "cancelled"
