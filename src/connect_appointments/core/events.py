"""The events of appointment-requests and appointments."""

from __future__ import annotations

import json
from datetime import datetime
from typing import NamedTuple


class Event(NamedTuple):
    """An event: its kind, its time, the owner, and the actor.

    appointment_id: the appointment that changed; None for an event of the appointment-request itself.
    detail: JSON of what the event changes besides the state, without contact data; None for nothing.
    """

    id: int
    request_id: int
    kind: str
    at: datetime
    owner: str
    client: str
    x_request_id: str
    booking_id: int | None
    appointment_id: int | None = None
    detail: str | None = None


def event_detail(**changes: str | int | None) -> str | None:
    """The JSON of what an event changes besides the state, without the unknown; None for nothing."""
    known = {name: value for name, value in changes.items() if value is not None}
    return json.dumps(known) if known else None
