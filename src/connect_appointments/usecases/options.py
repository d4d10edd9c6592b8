"""The operator's options for the use cases."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ServiceOptions:
    """The operator's options.

    one_appointment_per_order: refuse to book an order that is occupied (D27).
    assume_over_days: an appointment counts as over this many days after its end (D45).
    max_waiting: limit of calls of each kind that wait for the database; a call above the limit is shed.
    """

    one_appointment_per_order: bool = True
    max_waiting: int = 4096
    assume_over_days: int = 7
