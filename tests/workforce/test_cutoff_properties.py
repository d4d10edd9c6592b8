"""The last moment to cancel a visit, to book a slot and to use an offer: properties that hold anywhere."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from connect_appointments.core.cutoffs import (
    cancellable_until,
    expiry_after_withdrawal,
    last_bookable_moment,
    offer_expires_on,
)
from connect_appointments.core.model import Site, Slot, SlotType
from connect_appointments.core.windows import BookingPolicy, local_date, may_still_be_booked, slot_for
from tests.workforce.places import (
    days,
    moments,
    policies_of_any_operator,
    policy,
    sites_anywhere,
    slot_types,
    unhurried,
)

INSTANT = timedelta(microseconds=1)
around = st.timedeltas(-timedelta(days=5), timedelta(days=5))
offers = st.lists(st.tuples(st.integers(0, 40), slot_types), min_size=1, max_size=8, unique=True)


def offer_of(site: Site, first: date, windows: list[tuple[int, SlotType]]) -> tuple[Slot, ...]:
    return tuple(slot_for(site, first + timedelta(days=ahead), slot_type) for ahead, slot_type in windows)


@unhurried
@given(site=sites_anywhere, day=days, slot_type=slot_types, rules=policies_of_any_operator, shift=around)
def test_d47_the_last_bookable_moment_is_the_inverse_of_may_still_be_booked(
    site: Site, day: date, slot_type: SlotType, rules: BookingPolicy, shift: timedelta
) -> None:
    slot = slot_for(site, day, slot_type)
    last = last_bookable_moment(slot, site, rules)
    for now in (last + shift, slot.start + shift, last - INSTANT, last):
        assert may_still_be_booked(slot, now, site, rules) == (now < last)


@unhurried
@given(site=sites_anywhere, day=days, slot_type=slot_types, rules=policies_of_any_operator)
def test_d41_the_cut_off_is_exactly_that_many_working_days_before_the_visit(
    site: Site, day: date, slot_type: SlotType, rules: BookingPolicy
) -> None:
    slot = slot_for(site, day, slot_type)
    until = cancellable_until(slot, site, rules)
    cutoff_day = local_date(until, site.time_zone)
    between = (cutoff_day + timedelta(days=n) for n in range((day - cutoff_day).days))
    worked = sum(rules.is_working_day(one, site.state) for one in between)
    assert worked == rules.cancellation_cutoff_working_days
    assert worked == 0 or rules.is_working_day(cutoff_day, site.state)


@unhurried
@given(site=sites_anywhere, day=days, slot_type=slot_types, rules=policies_of_any_operator)
def test_d41_the_cut_off_is_the_wall_time_unless_the_window_starts_before(
    site: Site, day: date, slot_type: SlotType, rules: BookingPolicy
) -> None:
    slot = slot_for(site, day, slot_type)
    until = cancellable_until(slot, site, rules)
    wall = until.astimezone(ZoneInfo(site.time_zone))
    assert until <= slot.start
    if until < slot.start and is_shown_once(wall):
        assert wall.time() == rules.cancellation_cutoff_time


def is_shown_once(wall: datetime) -> bool:
    """Whether no clock change is near: the examples say what a skipped or repeated time is."""
    near = (wall.astimezone(ZoneInfo("UTC")) + timedelta(hours=n) for n in (-3, 3))
    return len({moment.astimezone(wall.tzinfo).utcoffset() for moment in near}) == 1


@unhurried
@given(site=sites_anywhere, day=days, slot_type=slot_types, rules=policies_of_any_operator)
def test_d41_d47_a_later_slot_never_has_an_earlier_cut_off_or_expiry(
    site: Site, day: date, slot_type: SlotType, rules: BookingPolicy
) -> None:
    slot, later = slot_for(site, day, slot_type), slot_for(site, day + timedelta(days=1), slot_type)
    assert cancellable_until(slot, site, rules) <= cancellable_until(later, site, rules)
    assert last_bookable_moment(slot, site, rules) <= last_bookable_moment(later, site, rules)
    one = offer_expires_on((slot,), site, rules, None)
    both = offer_expires_on((slot, later), site, rules, None)
    assert one is not None
    assert both is not None
    assert one <= both


@unhurried
@given(site=sites_anywhere, first=days, windows=offers, lead_days=st.integers(0, 10), shift=around)
def test_d47_without_a_hold_an_offer_lasts_as_long_as_one_of_its_slots(
    site: Site, first: date, windows: list[tuple[int, SlotType]], lead_days: int, shift: timedelta
) -> None:
    slots, rules = offer_of(site, first, windows), policy(lead_days=lead_days)
    expiry = offer_expires_on(slots, site, rules, None)
    assert expiry is not None
    for now in (expiry + shift, expiry - INSTANT, expiry):
        assert any(may_still_be_booked(slot, now, site, rules) for slot in slots) == (now < expiry)


@unhurried
@given(
    site=sites_anywhere,
    windows=offers,
    rules=policies_of_any_operator,
    made_at=moments,
    hold=st.none() | st.timedeltas(timedelta(0), timedelta(days=30)),
)
def test_d47_the_expiry_of_an_offer_is_one_of_its_limits_and_the_earliest(
    site: Site, windows: list[tuple[int, SlotType]], rules: BookingPolicy, made_at: datetime, hold: timedelta | None
) -> None:
    slots = offer_of(site, made_at.date(), windows)
    limits = [max(last_bookable_moment(slot, site, rules) for slot in slots)]
    limits += [] if hold is None else [made_at + hold]
    assert offer_expires_on(slots, site, rules, None if hold is None else made_at + hold) == min(limits)


@unhurried
@given(
    site=sites_anywhere,
    windows=offers,
    rules=policies_of_any_operator,
    made_at=moments,
    hold=st.none() | st.timedeltas(timedelta(0), timedelta(days=30)),
)
def test_d47_withdrawn_slots_leave_the_expiry_that_the_rest_of_the_offer_had_from_the_start(
    site: Site, windows: list[tuple[int, SlotType]], rules: BookingPolicy, made_at: datetime, hold: timedelta | None
) -> None:
    slots = offer_of(site, made_at.date(), windows)
    held_until = None if hold is None else made_at + hold
    expiry = offer_expires_on(slots, site, rules, held_until)
    while slots:
        slots = slots[1:]
        expiry = expiry_after_withdrawal(expiry, slots, site, rules)
        assert expiry == offer_expires_on(slots, site, rules, held_until)
