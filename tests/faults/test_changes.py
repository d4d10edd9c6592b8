"""The judge of appointments is judged: good histories of changes pass, planted bad ones are named (D39 to D46a)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from .appointment_simulation import AppointmentSimulation
from .checker import check
from .stories import rows, tell

if TYPE_CHECKING:
    from .history import Call

GOOD = """
an appointment cancelled | BOOKED drop=9@8-9 dropped=202@10-11 dropped=200@12-13 visit=cancelled@14-15 read=booked@16-17
a cancelled one shown by its attempt | BOOKED drop=9@8-9 dropped=200@10-11 outcome=200@12-13,state=cancelled
two cancellations are one | BOOKED drop=9@8-12 drop=9@8-9,by=alice/2 dropped=200@10-11 drop=9@14-15
a cancellation refused, then another | BOOKED drop=9@8-9 dropped=refused@10-11 visit=booked@12-13 drop=8@14-15
a broken cancellation was done | BOOKED drop=broken@8-9 visit=booked@10-11 visit=cancelled@12-13
a broken cancellation was not done | BOOKED drop=500@8-9 visit=booked@10-11
a repeat is told the broken cancellation's number | BOOKED drop=broken@8-9 visit=cancelled@10-11 drop=9@12-13
a stranger sees no appointment | BOOKED drop=absent@8-9,by=bob/1 visit=absent@10-11,by=bob/1
the order booked again | BOOKED drop=9@8-9 dropped=200@10-11 AGAIN
an appointment moved | BOOKED NEXT move=3@8-9 moved=202@10-11 read=booking@10-11,id=301 moved=200@12-13 AT-ONE
moved and cancelled | BOOKED NEXT move=3@8-9 drop=9@12-13 visit=cancelled@14-15,slot=13:00
a repeat of the move | BOOKED NEXT move=3@8-9 move=3@10-11 moved=200@12-13 move=3@14-15
a move refused | BOOKED NEXT move=3@8-9 moved=full@10-11 visit=booked@12-13 cancel=204@14-15,id=301
a move too late | BOOKED NEXT drop=9@8-9 dropped=200@10-11 move=3@12-13 moved=ended@14-15 read=open@16-17,id=301
one change at a time | BOOKED NEXT move=3@8-9 drop=changing@8-10 moved=200@11-12 drop=9@13-14 move=3@15-16
a move while it is cancelled | BOOKED NEXT drop=9@8-9 move=changing@8-10 dropped=refused@11-12 move=3@13-14
a broken move was done | BOOKED NEXT move=broken@8-9 visit=booked@10-11 AT-ONE
a broken move was not done | BOOKED NEXT move=500@8-9 visit=booked@10-11 read=open@12-13,id=301
a repeat is told the broken move's number | BOOKED NEXT move=broken@8-9 move=3@10-11 moved=200@12-13
occupied while undecided | BOOKED drop=9@8-9 NEXT book=occupied@10-11,id=301 dropped=200@12-13
"""

BAD = """
order-booked-twice | booked again while undecided | BOOKED drop=9@8-9 AGAIN dropped=202@30-31
refused-without-appointment | the order is free | BOOKED drop=9@8-9 dropped=200@10-11 NEXT book=occupied@12-13,id=301
cancellation-lost | a cancelled appointment stands | BOOKED drop=9@8-9 dropped=200@10-11 visit=booked@12-13
cancellation-lost | its attempt shows it standing | BOOKED drop=9@8-9 dropped=200@10-11 outcome=200@12-13
cancellation-lost | a cancellation undecided again | BOOKED drop=9@8-9 dropped=200@10-11 dropped=202@12-13
appointment-lost | a cancellation gone | BOOKED drop=9@8-9 dropped=absent@10-11
appointment-lost | an appointment gone | BOOKED visit=absent@8-9
cancellation-numbered-twice | two at once | BOOKED drop=9@8-9 drop=8@8-9 dropped=202@10-11 dropped=202@10-11,change=8
cancellation-numbered-twice | another number once cancelled | BOOKED drop=9@8-9 dropped=200@10-11 drop=8@12-13
outcome-changed | a refused cancellation succeeds | BOOKED drop=9@8-9 dropped=refused@10-11 dropped=200@12-13
outcome-changed | a cancellation that succeeded is refused | BOOKED drop=9@8-9 dropped=200@10-11 dropped=refused@12-13
cancelled-without-cancellation | cancelled by nobody | BOOKED visit=cancelled@8-9
cancelled-without-cancellation | only an overload cancelled | BOOKED drop=503@8-9 visit=cancelled@10-11
cancelled-without-cancellation | the cancellation came later | BOOKED visit=cancelled@8-9 drop=9@10-11
appointment-not-linearizable | refused, yet cancelled | BOOKED drop=9@8-9 dropped=refused@10-11 visit=cancelled@12-13
appointment-not-linearizable | a refused number given again | BOOKED drop=9@8-9 dropped=refused@10-11 drop=9@12-13
appointment-not-linearizable | changing when it is not | BOOKED drop=changing@8-9
reschedule-lost | back at the old start | BOOKED NEXT move=3@8-9 moved=200@10-11 visit=booked@12-13
reschedule-lost | its attempt shows the old start | BOOKED NEXT move=3@8-9 moved=200@10-11 outcome=200@12-13
outcome-changed | a refused move succeeds | BOOKED NEXT move=3@8-9 moved=full@10-11 moved=200@12-13
appointment-lost | a move gone | BOOKED NEXT move=3@8-9 moved=absent@10-11
booking-lost | moved, yet open | BOOKED NEXT move=3@8-9 moved=200@10-11 read=open@12-13,id=301
cancelled-and-booked | moved and cancelled | BOOKED NEXT move=3@8-9 cancel=204@8-9,id=301 moved=200@13-14
appointment-changed | not the one moved | BOOKED NEXT move=3@8-9 moved=200@10-11 read=booked@12-13,id=301,appointment=8
booking-shared | one move of two requests | BOOKED NEXT move=3@8-9 OTHER move=3@8-9,id=1
appointment-shared | none moved | BOOKED NEXT book=8@8-9,id=301 outcome=200@10-11,id=301,booking=8
appointment-not-linearizable | moved at once to two | BOOKED NEXT move=3@8-9 drop=9@10-11 moved=202@12-13
appointment-not-linearizable | refused yet moved | BOOKED NEXT move=3@8-9 moved=full@10-11 visit=booked@12-13,slot=13:00
appointment-not-linearizable | moved by nobody | BOOKED visit=booked@8-9 visit=booked@10-11,slot=13:00
cancellation-lost | moving though cancelled | BOOKED NEXT drop=9@8-9 dropped=200@10-11 move=3@12-13 moved=202@14-15
foreign-id-answered | a stranger moves an appointment | BOOKED NEXT move=3@8-9,by=bob/1
undocumented-answer | a move ends in no documented way | BOOKED NEXT move=3@8-9 moved=refused@10-11
appointment-not-linearizable | another start, moved by nobody | BOOKED visit=booked@8-9,slot=10:00
foreign-id-answered | a stranger cancels an appointment | BOOKED drop=9@8-9,by=bob/1
undocumented-answer | a cancellation without a number | BOOKED drop=201@8-9
appointment-changed | a request shows another appointment | BOOKED read=booked@8-9,appointment=1
"""


@pytest.mark.parametrize("calls", rows(GOOD))
def test_d39_d46_a_good_history_of_an_appointment_passes(calls: list[Call]) -> None:
    assert check(calls) == []


@pytest.mark.parametrize(("rule", "calls"), rows(BAD))
def test_d42_d43_d46a_a_planted_bad_history_of_an_appointment_is_named(rule: str, calls: list[Call]) -> None:
    found = {violation.rule: violation for violation in check(calls)}
    assert rule in found, [str(violation) for violation in found.values()]
    assert found[rule].kind == ("lost" if rule.endswith("-lost") else "violation")
    assert found[rule].calls
    assert {violation.rule for violation in check(reversed(calls))} == set(found), "the order of the records matters"


def test_d43_an_order_may_be_booked_while_a_cancellation_is_undecided_where_the_operator_allows_it() -> None:
    assert check(tell("BOOKED drop=9@8-9 AGAIN dropped=202@30-31"), one_per_order=False) == []


FAULTS = {
    "a number a call": "cancellation-lost",
    "two changes": "appointment-not-linearizable",
    "revives": "cancellation-lost",
    "keeps the start": "appointment-not-linearizable",
}


@settings(max_examples=500)
@given(st.integers(0, 2**64), st.integers(1, 80))
def test_whatever_a_correct_appointment_does_passes(seed: int, steps: int) -> None:
    assert check(AppointmentSimulation(seed).run(steps)) == []


@pytest.mark.parametrize(("fault", "rule"), FAULTS.items())
def test_a_broken_appointment_is_caught_and_named(fault: str, rule: str) -> None:
    verdicts = [check(AppointmentSimulation(seed, fault).run(60)) for seed in range(300)]
    assert sum(map(bool, verdicts)) >= 15
    assert any(violation.rule == rule for found in verdicts for violation in found)
