"""What happened to an appointment-request."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple


class Event(NamedTuple):
    """What happened to an appointment-request, when, whose it is, and who did it."""

    id: int
    request_id: int
    kind: str
    at: datetime
    owner: str
    client: str
    x_request_id: str
    booking_id: int | None
