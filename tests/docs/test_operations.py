"""The operations page names the settings, metrics and log lines of the code."""

from __future__ import annotations

import re
from datetime import time

from pydantic_core import PydanticUndefined

from connect_appointments.settings import ServeSettings
from connect_appointments.telemetry.metrics import metrics
from tests.docs.pages import OPERATIONS, ROOT, table_under


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
    if isinstance(value, time):
        return f"`{value:%H:%M}`"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def test_every_metric_in_the_operations_page_exists() -> None:
    names = set(re.findall("^# HELP (.+?) ", metrics().decode(), re.MULTILINE))
    mentioned = set(re.findall(r"`(connect_[a-z_]+_total)`", OPERATIONS))
    assert mentioned
    assert mentioned <= names


def test_every_log_line_in_the_operations_page_is_written_somewhere() -> None:
    table = OPERATIONS.partition("\n### Log lines\n")[2].partition("\n## ")[0]
    events = re.findall(r"^\| `([a-z-]+)` \|", table, flags=re.MULTILINE)
    assert "database-lost" in events
    source = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "src").rglob("*.py"))
    assert [event for event in events if f'"{event}"' not in source] == []
