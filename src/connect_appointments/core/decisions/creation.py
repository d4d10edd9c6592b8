"""Whether an appointment-request may be created."""

from __future__ import annotations

from datetime import date, datetime

from connect_appointments.core.errors import FieldError, InvalidFields
from connect_appointments.core.model import Site
from connect_appointments.core.windows import BookingPolicy, earliest_date_from, latest_date_from


def refuse_date(date_from: date, site: Site, now: datetime, policy: BookingPolicy) -> InvalidFields | None:
    """The refusal of a `dateFrom` that is out of range where the site is; None where it is in range.

    Source: contract D21.
    """
    first, last = earliest_date_from(now, site), latest_date_from(now, site, policy)
    if first <= date_from <= last:
        return None
    detail = f"must be from {first} to {last} where the order's site is"
    return InvalidFields(FieldError("#/dateFrom", "out-of-range", detail))
