"""What the values of an import file may be; each bad one is named by its column."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from connect_appointments.cli.importing.capacity import read_capacity
from connect_appointments.cli.importing.lines import Form
from connect_appointments.cli.importing.orders import read_orders
from connect_appointments.cli.importing.problems import BadFile, Problem
from connect_appointments.core.capacity import Capacity, Window
from connect_appointments.core.model import SlotType
from tests.build import sample_order
from tests.cli.files import ORDER, WINDOW, as_csv, as_json_lines, changed

NOTHING_OPTIONAL = {
    "customer_ref": None,
    "service_id": None,
    "contact_type": None,
    "contact_phone": None,
}


def order(**changes: Any) -> Any:
    """The one order of a file with these changes."""
    [found] = read_orders(as_json_lines(changed(ORDER, **changes)), Form.JSON_LINES, "AU")
    return found


def problems_of(*rows: dict[str, Any]) -> list[Problem]:
    with pytest.raises(BadFile) as bad:
        read_orders(as_json_lines(*rows), Form.JSON_LINES, "AU")
    return list(bad.value.problems)


def test_csv_and_json_lines_say_the_same() -> None:
    rows = [ORDER, changed(ORDER, id=8, priorityAssist=True, serviceId=300, contactNotes='two\nlines, "quoted"')]
    found = read_orders(as_json_lines(*rows), Form.JSON_LINES, "AU")
    assert found == read_orders(as_csv(*rows), Form.CSV, "AU")
    assert found[0] == sample_order(7, **NOTHING_OPTIONAL)
    assert found[1].contact_notes == 'two\nlines, "quoted"'
    assert (found[1].priority_assist, found[1].service_id) == (True, 300)


@pytest.mark.parametrize(
    ("changes", "attribute", "value"),
    [
        ({"id": 1}, "id", 1),
        ({"id": 2**53 - 1}, "id", 2**53 - 1),
        ({"id": "300"}, "id", 300),
        ({"owner": 11001}, "owner", "11001"),
        ({"owner": " "}, "owner", " "),
        ({"owner": "a" * 255}, "owner", "a" * 255),
        ({"owner": "Zoë"}, "owner", "Zoë"),
        ({"priorityAssist": "TRUE"}, "priority_assist", True),
        ({"priorityAssist": "False"}, "priority_assist", False),
        ({"customerRef": ""}, "customer_ref", None),
        ({"demandType": "a" * 255}, "demand_type", "a" * 255),
        ({"contactNotes": "a" * 2000}, "contact_notes", "a" * 2000),
    ],
)
def test_what_may_be_may_be(changes: dict[str, Any], attribute: str, value: object) -> None:
    assert getattr(order(**changes), attribute) == value


@pytest.mark.parametrize(
    ("column", "value"),
    [
        *(("id", value) for value in (0, -1, 2**53, True, 1.0, 1.5, "01", "+1", " 1", "1e2", "x", [1], {}, "9" * 5000)),
        *(("serviceId", value) for value in (0, 2**53, "x", False)),
        *(("owner", value) for value in (True, 1.5, [], {}, "a\nb", "a\x7f", "a\x00", "\ud800", "a" * 256)),
        *(("timeZone", value) for value in ("Brisbane", "australia/brisbane", "../etc/passwd", 10, "a" * 5000, {})),
        *(("state", value) for value in ("Qld", "QLDX", "ENG", 4, [])),
        *(("area", value) for value in (4000, " 4000", "4000 ", "a" * 256, "a\x00")),
        *(("demandType", value) for value in (1, "a" * 256, "a\x00b", "\udfff")),
        *(("priorityAssist", value) for value in ("yes", 0, 1, "0", "T", [])),
        *(("eSla", value) for value in (1, "a" * 256)),
        *(("customerRef", value) for value in (1, "a" * 256)),
        *(("contactNotes", value) for value in (1, "a" * 2001, "a\x00")),
        *((column, value) for column in ("id", "owner", "timeZone", "state", "area") for value in (None, "")),
        *((column, value) for column in ("demandType", "priorityAssist", "eSla") for value in (None, "")),
    ],
)
def test_what_may_not_be_is_named_by_its_column(column: str, value: object) -> None:
    [problem] = problems_of(ORDER | {"id": 1}, changed(ORDER, **{column: value}))
    assert problem.line == 2
    assert problem.text.startswith(f"{column} ")
    assert problem.text.isprintable()
    assert len(problem.text) < 200


def test_every_bad_line_is_named_with_all_that_is_wrong() -> None:
    found = problems_of(changed(ORDER, id=0, state="X"), ORDER, changed(ORDER, id=8, eSla=None))
    assert [(line, text.count(";")) for line, text in found] == [(1, 1), (3, 0)]


def test_an_id_that_stands_twice_is_a_bad_line_each_time_after_the_first() -> None:
    rows = [ORDER, changed(ORDER, id=8), changed(ORDER, id="7", owner="11002"), ORDER]
    assert problems_of(*rows) == [Problem(3, "id repeats line 1"), Problem(4, "id repeats line 1")]


def test_what_is_said_of_a_contact_does_not_repeat_it() -> None:
    [problem] = problems_of(changed(ORDER, contactName="Alice\x00", contactPhone="0739076000" * 30))
    assert "Alice" not in problem.text
    assert "0739076000" not in problem.text


def test_the_states_are_those_of_the_country() -> None:
    content = as_json_lines(changed(ORDER, timeZone="Pacific/Auckland", state="AUK"))
    assert read_orders(content, Form.JSON_LINES, "NZ")[0].site.state == "AUK"
    with pytest.raises(BadFile):
        read_orders(content, Form.JSON_LINES, "AU")


def test_capacity_is_read_from_either_form() -> None:
    rows = [WINDOW, changed(WINDOW, slotType="PM", capacity=0), changed(WINDOW, area="4001", capacity=1_000_000)]
    expected = [
        Capacity(Window("4000", date(2026, 11, 24), SlotType.AM), 3),
        Capacity(Window("4000", date(2026, 11, 24), SlotType.PM), 0),
        Capacity(Window("4001", date(2026, 11, 24), SlotType.AM), 1_000_000),
    ]
    assert read_capacity(as_csv(*rows), Form.CSV) == expected
    assert read_capacity(as_json_lines(*rows), Form.JSON_LINES) == expected


@pytest.mark.parametrize(
    ("column", "value"),
    [
        *(("area", value) for value in ("", None, 4000, "4000 ")),
        *(
            ("date", value)
            for value in ("", "2026-02-30", "20261124", "2026-W48-2", "24/11/2026", 20261124, "2026-11-2٤")
        ),
        *(("slotType", value) for value in ("", "am", "NOON", 1, [])),
        *(("capacity", value) for value in ("", -1, 1_000_001, 1.5, True, "many")),
    ],
)
def test_bad_capacity_is_named_by_its_column(column: str, value: object) -> None:
    with pytest.raises(BadFile) as bad:
        read_capacity(as_json_lines(changed(WINDOW, **{column: value})), Form.JSON_LINES)
    [problem] = bad.value.problems
    assert problem.line == 1
    assert problem.text.startswith(f"{column} ")


def test_a_window_that_stands_twice_is_a_bad_line() -> None:
    with pytest.raises(BadFile) as bad:
        read_capacity(as_csv(WINDOW, changed(WINDOW, capacity=5)), Form.CSV)
    assert bad.value.problems == (Problem(3, "area, date, slotType repeats line 2"),)
