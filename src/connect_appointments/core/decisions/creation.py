"""Whether an appointment-request may be created."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from connect_appointments.core.errors import FieldError, InvalidFields
from connect_appointments.core.model import Site
from connect_appointments.core.windows import BookingPolicy, earliest_date_from, latest_date_from

EARLIEST_ZONE, LATEST_ZONE = timedelta(hours=-12), timedelta(hours=14)
"""The offsets of the time zones in which a day is last, and first, the date of today."""


def is_in_range_everywhere(date_from: date, now: datetime, policy: BookingPolicy) -> bool:
    """Whether a `dateFrom` is in range wherever the site is, so that the site need not be known."""
    first, last = (now + LATEST_ZONE).date(), (now + EARLIEST_ZONE).date()
    return first <= date_from <= last + timedelta(days=policy.horizon_days)


def refuse_date(date_from: date, site: Site, now: datetime, policy: BookingPolicy) -> InvalidFields | None:
    """The refusal of a `dateFrom` that is out of range where the site is; None where it is in range.

    Source: contract D21.
    """
    first, last = earliest_date_from(now, site), latest_date_from(now, site, policy)
    if first <= date_from <= last:
        return None
    detail = f"must be from {first} to {last} where the order's site is"
    return InvalidFields(FieldError("#/dateFrom", "out-of-range", detail))
