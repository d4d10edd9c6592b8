"""The tables of the reference are those of the code."""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any

import pytest
import typer

from connect_appointments.cli.main import COMMANDS, app
from connect_appointments.core import appointments, bookings, requests, reschedules
from connect_appointments.core.transitions import Transition
from connect_appointments.web.api.problems import PROBLEMS
from connect_appointments.web.api.routes import ROUTES
from connect_appointments.web.api.versions import VERSIONS
from tests.docs.pages import REFERENCE, ROOT, table_under

MACHINES: dict[str, tuple[type[StrEnum], Sequence[Transition[Any]]]] = {
    "appointment-request": (requests.State, requests.TRANSITIONS),
    "booking attempt": (bookings.BookingState, bookings.TRANSITIONS),
    "appointment": (appointments.AppointmentState, appointments.TRANSITIONS),
    "reschedule": (reschedules.RescheduleState, reschedules.TRANSITIONS),
}


def test_the_endpoints_are_those_of_the_route_table() -> None:
    expected = [
        [route.method, f"`{route.path}`", f"`{route.operation}`", ", ".join(str(one.status) for one in route.successes)]
        for route in ROUTES
    ]
    assert table_under("Endpoints", REFERENCE) == expected


def test_the_versions_are_those_of_the_version_table() -> None:
    expected = [[str(one.number), "Deprecated" if one.deprecated else "Supported", one.changes] for one in VERSIONS]
    assert table_under("Versions", REFERENCE) == expected


def test_the_problems_are_those_of_the_problem_table() -> None:
    expected = [[str(one.status), f"`{one.code}`", one.title] for one in PROBLEMS]
    assert table_under("Statuses and problems", REFERENCE) == expected


def test_the_states_are_those_of_the_three_machines() -> None:
    expected = [
        [name, f"`{state}`", ", ".join(f"`{after}`" for after in followers(state, states, steps)) or "final"]
        for name, (states, steps) in MACHINES.items()
        for state in states
    ]
    assert table_under("The lifecycle", REFERENCE) == expected


def followers(state: StrEnum, states: type[StrEnum], steps: Sequence[Transition[Any]]) -> list[StrEnum]:
    """The states that a transition leads to from this one."""
    return [after for after in states if any(state in step.sources and step.target is after for step in steps)]


def test_the_commands_are_those_of_the_program_with_the_first_sentence_of_their_help() -> None:
    group: Any = typer.main.get_command(app)
    expected = [[f"`{name}`", first_sentence(group.get_command(None, name).help)] for name in COMMANDS]
    assert table_under("Commands", REFERENCE) == expected


def first_sentence(text: str) -> str:
    return " ".join(text.partition("\n\n")[0].split())


@pytest.mark.parametrize("number", range(1, 39))
def test_every_row_where_the_documentation_is_silent_has_a_test(number: int) -> None:
    rows = [row for row in table_under("Where the documentation is silent", REFERENCE) if row[0] == f"D{number}"]
    assert len(rows) == 1
    tests = [path for path in (ROOT / "tests").rglob("test_*.py") if path != Path(__file__)]
    named = re.compile(rf"\b[dD]{number}\b|_d{number}_")
    assert any(named.search(path.read_text(encoding="utf-8")) for path in tests)
