from datetime import UTC, date, datetime

# ruleid: clock_in_core
import time


def first_day():
    # ruleid: clock_in_core
    return date.today()


def is_over(end):
    # ruleid: clock_in_core
    return end < datetime.now(UTC)


def new_id():
    # ruleid: clock_in_core
    return uuid.uuid4()


def is_over_at(end, now: datetime):
    # ok: clock_in_core
    return end < now and now.date() > date.fromisoformat("2026-11-24")
