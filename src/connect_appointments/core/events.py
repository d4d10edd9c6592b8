"""The events of appointment-requests."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple


class Event(NamedTuple):
    """An event of an appointment-request: its kind, its time, the request's owner, and the actor."""

    id: int
    request_id: int
    kind: str
    at: datetime
    owner: str
    client: str
    x_request_id: str
    booking_id: int | None
