"""One line when the database is lost, one when it is back, whatever fails meanwhile."""

from __future__ import annotations

import pytest
from structlog.testing import capture_logs

from connect_appointments.telemetry.metrics import DATABASE_FAILURES
from connect_appointments.telemetry.outage import SETTLING_SECONDS, Outage


class Seconds:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


@pytest.fixture
def outage(seconds: Seconds) -> Outage:
    return Outage(seconds)


def failures() -> float:
    (metric,) = DATABASE_FAILURES.collect()
    return next(sample.value for sample in metric.samples if sample.name == "connect_database_failures_total")


def test_the_first_failure_is_logged_and_all_are_counted(outage: Outage) -> None:
    before = failures()
    with capture_logs() as logs:
        outage.lost("refused", "call-1")
        outage.lost("refused again", "call-2")
        outage.lost("and by the health check")
    assert logs == [
        {"event": "database-lost", "reason": "refused", "request_id": "call-1", "log_level": "warning"},
    ]
    assert failures() == before + 3


def test_a_failure_that_no_request_met_has_no_request_id(outage: Outage) -> None:
    with capture_logs() as logs:
        outage.lost("refused")
    assert logs == [{"event": "database-lost", "reason": "refused", "log_level": "warning"}]


def test_the_end_says_how_long_it_was_once(outage: Outage, seconds: Seconds) -> None:
    with capture_logs() as logs:
        outage.over()
        outage.lost("refused")
        seconds.now += 61.26
        outage.over()
        outage.over()
    assert logs[1:] == [{"event": "database-back", "seconds": 61.3, "log_level": "warning"}]


def test_a_failure_that_is_late_begins_no_other_outage_and_one_after_that_does(
    outage: Outage, seconds: Seconds
) -> None:
    with capture_logs() as logs:
        outage.lost("refused")
        outage.over()
        seconds.now += SETTLING_SECONDS - 0.1
        outage.lost("begun before")
        seconds.now += 0.1
        outage.lost("refused again")
    assert [(line["event"], line.get("reason")) for line in logs] == [
        ("database-lost", "refused"),
        ("database-back", None),
        ("database-lost", "refused again"),
    ]
