"""What an operator may choose of the use cases."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ServiceOptions:
    """What an operator may choose.

    one_appointment_per_order: an order that is occupied may not be booked again (D27).
    max_waiting: calls of each kind that may wait for the database; when there are more, one is shed.
    """

    one_appointment_per_order: bool = True
    max_waiting: int = 4096
