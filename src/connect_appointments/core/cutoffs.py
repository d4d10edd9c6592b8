"""The moments at which a slot, a cancellation and an offer end, reckoned in the local time of the site.

Every moment is an aware datetime in UTC. Source: contract D29, D41, D47.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from connect_appointments.core.model import Site, Slot
from connect_appointments.core.windows import BookingPolicy, local_date

_ONE_DAY = timedelta(days=1)
_ONE_MINUTE = timedelta(minutes=1)


def cancellable_until(slot: Slot, site: Site, policy: BookingPolicy) -> datetime:
    """Return the last moment at which a visit in the slot can be cancelled, at the latest the start of the slot.

    Where the clock of the site skips the cut-off time, the offset before the change counts; where the clock shows it
    twice, the first time counts.
    Source: contract D41, RFC 5545 section 3.3.5.
    """
    visit_day = local_date(slot.start, site.time_zone)
    day = _working_days_before(visit_day, policy.cancellation_cutoff_working_days, site, policy)
    cutoff = datetime.combine(day, policy.cancellation_cutoff_time, ZoneInfo(site.time_zone))
    return min(cutoff.astimezone(UTC), slot.start)


@lru_cache(1024)  # the orders of an area have the same last slot on offer
def last_bookable_moment(slot: Slot, site: Site, policy: BookingPolicy) -> datetime:
    """Return the moment from which `may_still_be_booked` is false for good; it is true until then.

    Source: contract D29, D47.
    """
    day_after = local_date(slot.start, site.time_zone) + _ONE_DAY
    day = _working_days_before(day_after, policy.lead_days, site, policy)
    return min(_start_of_day(day, site.time_zone), slot.start)


def offer_expires_on(
    slots: Sequence[Slot], site: Site, policy: BookingPolicy, held_until: datetime | None
) -> datetime | None:
    """Return the moment from which nothing of a new offer can be booked; None for an offer without slots.

    The policy's `offer_minutes` are not in it: they count from the moment at which the store writes the offer.
    held_until: the end of the workforce system's hold; None if the system holds no slots.
    Source: contract D47.
    """
    if not slots:
        return None
    ends = _last_slot_ends(slots, site, policy)
    return ends if held_until is None else min(ends, held_until)


def expiry_after_withdrawal(
    previous: datetime | None, slots: Sequence[Slot], site: Site, policy: BookingPolicy
) -> datetime | None:
    """Return the new expiry of an offer from which a slot was withdrawn: never later than the previous expiry.

    previous: the stored expiry; None for an offer that had none.
    slots: the slots that remain; None is returned if there are none.
    Source: contract D47.
    """
    if not slots:
        return None
    ends = _last_slot_ends(slots, site, policy)
    return ends if previous is None else min(previous, ends)


def _last_slot_ends(slots: Sequence[Slot], site: Site, policy: BookingPolicy) -> datetime:
    return last_bookable_moment(max(slots, key=lambda slot: slot.start), site, policy)


def _working_days_before(day: date, count: int, site: Site, policy: BookingPolicy) -> date:
    for _ in range(count):
        day -= _ONE_DAY
        while not policy.is_working_day(day, site.state):
            day -= _ONE_DAY
    return day


def _start_of_day(day: date, time_zone: str) -> datetime:
    """Return the moment from which the local date is the day or a later day.

    Midnight can be skipped (Cairo) or be shown twice, on one day (Havana) or with the end of the day before in between
    (St. John's until 2011).
    """
    zone = ZoneInfo(time_zone)
    moment = max(datetime.combine(day, time(fold=fold), zone).astimezone(UTC) for fold in (0, 1))
    while local_date(moment - _ONE_MINUTE, time_zone) >= day:
        moment -= _ONE_MINUTE
    return moment
