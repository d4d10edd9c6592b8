"""How often a fault is tried, and how a wait is counted, on a machine of any speed."""

from __future__ import annotations

import math

import pytest

from .__main__ import exit_code
from .history import violation
from .kinds.overload import DELAY_SECONDS, batches_waited
from .pace import Seen
from .trial import Amount, Trial

BATCH_SECONDS = 2 * DELAY_SECONDS


def test_rounds_end_when_enough_faults_have_counted() -> None:
    trial = Trial("fault", Amount(3, 60))
    for _ in trial.rounds():
        trial.times += 1
    assert trial.times == 3


def test_rounds_go_on_beyond_their_time_until_a_fault_has_counted() -> None:
    trial = Trial("fault", Amount(3, 0))
    for number in trial.rounds():
        trial.times += number == 5
    assert trial.times == 1


@pytest.mark.parametrize("room", [1, 2, 5])
@pytest.mark.parametrize("slowness", [1, 1.5, 4])
def test_a_call_waits_for_as_many_batches_on_a_slow_machine_as_on_a_quick_one(room: int, slowness: float) -> None:
    # In each batch of the same length are those who came `room` batches before, one after the other.
    seconds = BATCH_SECONDS * slowness
    seen = [
        Seen(
            number,
            (batch - room + number / 256) * seconds,
            (batch + number / 25_600) * seconds,
            204,
            has_retry_after=False,
        )
        for batch in range(20)
        for number in range(1, 256)
    ]
    assert batches_waited(seen) == room


def test_where_nothing_was_accepted_the_wait_is_endless() -> None:
    assert batches_waited([]) == math.inf


DONE = Trial("done", Amount(1, 1), times=1)
NOT_HERE = Trial("not here", Amount(1, 1), trouble="strace is missing", impossible=True)
FAILED = Trial("failed", Amount(1, 1), trouble="no fault cut anything")
BROKEN = Trial("broken", Amount(1, 1), times=1, violations=[violation("lost", "gone")])


@pytest.mark.parametrize(
    ("other", "code", "code_of_the_possible"), [(DONE, 0, 0), (NOT_HERE, 1, 0), (FAILED, 1, 1), (BROKEN, 1, 1)]
)
def test_one_kind_that_is_not_done_or_not_kept_is_enough_to_fail(
    other: Trial, code: int, code_of_the_possible: int
) -> None:
    assert exit_code([DONE, other], possible_alone=False) == code
    assert exit_code([DONE, other], possible_alone=True) == code_of_the_possible
