"""Capacity: the number of visits per window."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from connect_appointments.core.model import SlotType


class Window(NamedTuple):
    """A window of an area."""

    area: str
    day: date
    slot_type: SlotType


class Capacity(NamedTuple):
    """The capacity of a window, in visits."""

    window: Window
    capacity: int


class Usage(NamedTuple):
    """The capacity of a window and the part that is taken, which is larger if the capacity was lowered."""

    window: Window
    capacity: int
    taken: int
