"""When the use of a row ended: the conditions of erasing contacts and of archiving."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from connect_appointments.core.requests import State
from connect_appointments.store.columns import seconds_from_now
from connect_appointments.store.statements import param
from connect_appointments.store.tables import appointment_requests, appointments

SECONDS_A_DAY = 86_400.0
ENDED = seconds_from_now(param("ended", sa.Float()))
"""The moment before which a use must have ended."""
_assumed = seconds_from_now(param("assumed", sa.Float()))


def ages_of(*, days: int, assume_over_days: int) -> dict[str, float]:
    """The parameters of the conditions: seconds from now.

    days: since the end of the use.
    assume_over_days: days after its end when an appointment in a state that is not final counts as over (D45).
    """
    seconds = -SECONDS_A_DAY * days
    return {"ended": seconds, "assumed": seconds - SECONDS_A_DAY * assume_over_days}


def is_over() -> sa.ColumnElement[bool]:
    """Whether an appointment was over."""
    is_final = appointments.c.ended_on.is_not(None)
    return sa.case((is_final, appointments.c.ended_on <= ENDED), else_=appointments.c.ends_on <= _assumed)


def has_ended() -> sa.ColumnElement[bool]:
    """Whether an appointment-request had ended; a booked one ends with its appointment, which is another condition."""
    state: Any = appointment_requests.c.state
    updated_on = appointment_requests.c.updated_on
    return sa.case(
        (state.in_([State.CANCELLED.value, State.FAILED.value]), updated_on <= ENDED),
        # Without an expiry, the offer was empty.
        (state == State.OPEN.value, sa.func.coalesce(appointment_requests.c.offer_expires_on, updated_on) <= ENDED),
        else_=state == State.BOOKED.value,
    )
