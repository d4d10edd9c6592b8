"""Decides whether an appointment-request may be created."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from connect_appointments.core.errors import FieldError, InvalidFields
from connect_appointments.core.model import Site
from connect_appointments.core.windows import BookingPolicy, earliest_date_from, latest_date_from

EARLIEST_ZONE, LATEST_ZONE = timedelta(hours=-12), timedelta(hours=14)
"""The UTC offsets of the last and the first time zone to reach a date."""


def is_in_range_everywhere(date_from: date, now: datetime, policy: BookingPolicy) -> bool:
    """Whether a `dateFrom` is in range in every time zone, so that the site need not be read."""
    first, last = (now + LATEST_ZONE).date(), (now + EARLIEST_ZONE).date()
    return first <= date_from <= last + timedelta(days=policy.horizon_days)


def refuse_date(date_from: date, site: Site, now: datetime, policy: BookingPolicy) -> InvalidFields | None:
    """The refusal of a `dateFrom` that is out of range in the site's time zone; None if it is in range.

    Source: contract D21.
    """
    first, last = earliest_date_from(now, site), latest_date_from(now, site, policy)
    if first <= date_from <= last:
        return None
    detail = f"must be from {first} to {last} where the order's site is"
    return InvalidFields(FieldError("#/dateFrom", "out-of-range", detail))
