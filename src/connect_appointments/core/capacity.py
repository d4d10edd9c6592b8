"""How many visits can be made: the capacity of windows."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from connect_appointments.core.model import SlotType


class Window(NamedTuple):
    """One window of one area."""

    area: str
    day: date
    slot_type: SlotType


class Capacity(NamedTuple):
    """How many visits a window holds."""

    window: Window
    capacity: int


class Usage(NamedTuple):
    """How many visits a window holds, and how many of them are taken: more than it holds after it was lowered."""

    window: Window
    capacity: int
    taken: int
