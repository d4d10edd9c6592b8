"""The tables in the documents are those in the code."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any

import pytest
from pydantic_core import PydanticUndefined

from connect_appointments.cli.main import COMMANDS
from connect_appointments.core import appointments, bookings, requests
from connect_appointments.core.transitions import Transition
from connect_appointments.settings import ServeSettings
from connect_appointments.telemetry.metrics import REGISTRY
from connect_appointments.web.api.problems import PROBLEMS
from connect_appointments.web.api.routes import ROUTES
from connect_appointments.web.api.versions import VERSIONS

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
OPERATIONS = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")


def table_under(heading: str, text: str) -> list[list[str]]:
    """The rows of the first table under a heading, without its head."""
    section = text.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def test_the_endpoints_are_those_of_the_route_table() -> None:
    expected = [
        [route.method, f"`{route.path}`", f"`{route.operation}`", ", ".join(str(one.status) for one in route.successes)]
        for route in ROUTES
    ]
    assert table_under("Endpoints", README) == expected


def test_the_versions_are_those_of_the_version_table() -> None:
    expected = [[str(one.number), "Deprecated" if one.deprecated else "Supported", one.changes] for one in VERSIONS]
    assert table_under("Versions", README) == expected


def test_the_problems_are_those_of_the_problem_table() -> None:
    expected = [[str(one.status), f"`{one.code}`", one.title] for one in PROBLEMS]
    assert table_under("Statuses and problems", README) == expected


MACHINES: dict[str, tuple[type[StrEnum], Sequence[Transition[Any]]]] = {
    "appointment-request": (requests.State, requests.TRANSITIONS),
    "booking attempt": (bookings.BookingState, bookings.TRANSITIONS),
    "appointment": (appointments.AppointmentState, appointments.TRANSITIONS),
}


def test_the_states_are_those_of_the_three_machines() -> None:
    expected = [
        [name, f"`{state}`", ", ".join(f"`{after}`" for after in followers(state, states, steps)) or "final"]
        for name, (states, steps) in MACHINES.items()
        for state in states
    ]
    assert table_under("The lifecycle", README) == expected


def followers(state: StrEnum, states: type[StrEnum], steps: Sequence[Transition[Any]]) -> list[StrEnum]:
    """The states that a transition leads to from this one."""
    return [after for after in states if any(state in step.sources and step.target is after for step in steps)]


def test_the_commands_are_those_of_the_program() -> None:
    assert [row[0] for row in table_under("Commands", README)] == [f"`{name}`" for name in COMMANDS]


def test_the_rooms_are_those_of_the_source() -> None:
    source = ROOT / "src" / "connect_appointments"
    for row in table_under("The rooms", README):
        assert (source / row[0].strip("`")).exists(), row[0]
    packages = {f"`{path.parent.name}/`" for path in source.glob("*/__init__.py")}
    assert packages <= {row[0] for row in table_under("The rooms", README)}


def test_the_settings_are_those_of_the_code() -> None:
    expected = [
        [f"`{name.upper()}`", shown_default(field.default), field.description]
        for name, field in ServeSettings.model_fields.items()
    ]
    assert table_under("Settings", OPERATIONS) == expected


def shown_default(value: object) -> str:
    if value is PydanticUndefined:
        return "required"
    if value is None or value == frozenset():
        return ""
    if isinstance(value, frozenset):
        return f"`{','.join(sorted(value))}`"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def test_every_metric_in_the_operations_page_exists() -> None:
    names = {sample for family in REGISTRY.collect() for sample in (family.name, f"{family.name}_total")}
    mentioned = set(re.findall(r"`(connect_[a-z_]+_total)`", OPERATIONS))
    assert mentioned
    assert mentioned <= names


def test_every_log_line_in_the_operations_page_is_written_somewhere() -> None:
    table = OPERATIONS.partition("\n### Log lines\n")[2].partition("\n## ")[0]
    events = re.findall(r"^\| `([a-z-]+)` \|", table, flags=re.MULTILINE)
    assert "database-lost" in events
    source = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "src").rglob("*.py"))
    assert [event for event in events if f'"{event}"' not in source] == []


@pytest.mark.parametrize("number", range(1, 39))
def test_every_row_where_the_documentation_is_silent_has_a_test(number: int) -> None:
    rows = [row for row in table_under("Where the documentation is silent", README) if row[0] == f"D{number}"]
    assert len(rows) == 1
    tests = [path for path in (ROOT / "tests").rglob("test_*.py") if path != Path(__file__)]
    named = re.compile(rf"\b[dD]{number}\b|_d{number}_")
    assert any(named.search(path.read_text(encoding="utf-8")) for path in tests)


def test_every_link_to_a_file_of_the_project_leads_somewhere() -> None:
    for name in tracked(".md"):
        page = ROOT / name
        links = re.findall(r"\]\((?!https?:)([^)#]+)\)", page.read_text(encoding="utf-8"))
        assert all((page.parent / link).exists() for link in links), name


def tracked(ending: str = "") -> list[str]:
    """The files that git has, or all files where there is no git."""
    found = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [name for name in found.splitlines() if name.endswith(ending) and (ROOT / name).exists()]
