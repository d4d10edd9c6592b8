"""The calendar's answer to a key: given once, the same ever after."""

from __future__ import annotations

from enum import StrEnum


class ReservationState(StrEnum):
    """What was decided on a key. A cancelled one stays, so that a late request to reserve takes nothing."""

    RESERVED = "reserved"
    REFUSED = "refused"
    CANCELLED = "cancelled"
