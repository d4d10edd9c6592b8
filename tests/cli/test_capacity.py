"""`capacity import` and `capacity list`."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from connect_appointments.cli.failing import CommandFailed
from connect_appointments.core.capacity import Window
from connect_appointments.core.model import SlotType
from connect_appointments.store.queries import capacity
from tests.cli.files import WINDOW, as_csv, changed, database_at
from tests.cli.program import invoke, run, settings

DAYS = [str(date(2026, 11, 23 + n)) for n in range(3)]
ROWS = [changed(WINDOW, date=day, slotType=half) for day in DAYS for half in SlotType]


def take(url: str, day: str) -> None:
    """Take one place of the morning."""

    async def work() -> None:
        window = Window("4000", date.fromisoformat(day), SlotType.AM)
        async with database_at(url) as database:
            await database.write(lambda transaction: capacity.take(transaction, {window: 1}))

    asyncio.run(work())


def listed(url: str, *options: str) -> list[tuple[str, str, int, int]]:
    done = invoke("capacity", "list", "--json", *options, env=settings(database_url=url))
    rows = [json.loads(line) for line in done.output.splitlines()]
    return [(row["date"], row["slotType"], row["capacity"], row["taken"]) for row in rows]


def test_capacity_is_set_and_what_is_taken_stays_taken(database_url: str, tmp_path: Path) -> None:
    env = settings(database_url=database_url)
    file = tmp_path / "capacity.csv"
    file.write_bytes(as_csv(*ROWS))
    first = invoke("capacity", "import", str(file), env=env)
    assert (first.exit_code, first.output) == (0, "imported 6 windows\n")
    for _ in range(2):
        take(database_url, DAYS[0])
    take(database_url, DAYS[1])

    lowered = as_csv(*(changed(WINDOW, date=day, capacity=1) for day in DAYS)).decode()
    second = run("capacity", "import", "-", "--json", env=env, text=lowered)
    assert (second.returncode, json.loads(second.stdout)) == (0, {"imported": 3, "belowTaken": 1})
    assert second.stderr == "connect-appointments: warning: 1 window with less capacity than bookings\n"
    assert listed(database_url, "--from", DAYS[0]) == [
        (DAYS[0], "AM", 1, 2),
        (DAYS[0], "PM", 3, 0),
        (DAYS[1], "AM", 1, 1),
        (DAYS[1], "PM", 3, 0),
        (DAYS[2], "AM", 1, 0),
        (DAYS[2], "PM", 3, 0),
    ]


def test_a_window_that_this_file_does_not_name_is_not_counted(database_url: str) -> None:
    env = settings(database_url=database_url)
    invoke("capacity", "import", "-", env=env, text=as_csv(*ROWS).decode())
    take(database_url, DAYS[0])
    for row, below in ((changed(WINDOW, date=DAYS[0], capacity=0), 1), (changed(WINDOW, date=DAYS[1], capacity=9), 0)):
        done = invoke("capacity", "import", "-", "--json", env=env, text=as_csv(row).decode())
        assert json.loads(done.stdout)["belowTaken"] == below


def test_nothing_of_a_bad_file_is_done(database_url: str) -> None:
    text = as_csv(*ROWS, changed(WINDOW, capacity=-1)).decode()
    failed = invoke("capacity", "import", "-", env=settings(database_url=database_url), text=text).exception
    assert isinstance(failed, CommandFailed)
    assert str(failed).splitlines()[0].startswith("standard input:8 capacity must be ")
    assert listed(database_url, "--from", "2000-01-01") == []


def test_a_dry_run_changes_nothing(database_url: str) -> None:
    env = settings(database_url=database_url)
    done = invoke("capacity", "import", "-", "--dry-run", env=env, text=as_csv(*ROWS).decode())
    assert done.output == "6 windows checked; nothing was imported\n"
    assert listed(database_url, "--from", "2000-01-01") == []


def test_the_list_is_by_day_and_only_what_was_asked_for(database_url: str) -> None:
    today = datetime.now(UTC).date()
    past, now, later = (str(today + timedelta(days=n)) for n in (-400, 0, 400))
    rows = [changed(WINDOW, date=day) for day in (now, later, past)] + [changed(WINDOW, date=now, area="4001")]
    env = settings(database_url=database_url)
    assert invoke("capacity", "import", "-", env=env, text=as_csv(*rows).decode()).exit_code == 0
    assert [row[0] for row in listed(database_url)] == [now, now, later]
    assert [row[0] for row in listed(database_url, "--from", past, "--area", "4000")] == [past, now, later]
    assert [row[0] for row in listed(database_url, "--from", past, "--limit", "2")] == [past, now]
