"""The path of a cancel through the code is the one that docs/development.md has: traced on a real connection."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from types import FrameType
from typing import Self

import pytest

import connect_appointments
from connect_appointments.store.engine import Database
from connect_appointments.wiring import utc_now
from tests.api.wire import Wire, cancel_bytes, on_the_wire, open_wire
from tests.api_client import serve_in_process
from tests.build import Issuer, fill
from tests.docs.pages import DEVELOPMENT, ROOT, table_under

SOURCE = Path(connect_appointments.__file__).parent
HEADING = "The path of a cancel"
ON_POSTGRESQL = ["store/postgresql/transactions.py"]
ON_SQLITE = ["store/sqlite/engine.py", "store/sqlite/threads.py", "store/sqlite/transactions.py"]
ORDERS = range(1, 6)


class Trace:
    """The files of the source that are entered while the context lasts, in the order of their first call."""

    def __init__(self) -> None:
        self.files: list[str] = []

    def __enter__(self) -> Self:
        sys.setprofile(self._enter)
        return self

    def __exit__(self, *_: object) -> None:
        sys.setprofile(None)

    def _enter(self, frame: FrameType, event: str, _: object) -> None:
        name = frame.f_code.co_filename.removeprefix(f"{SOURCE}/")
        if event == "call" and name != frame.f_code.co_filename and name not in self.files:
            self.files.append(name)


@pytest.fixture
def documented(engine: str) -> list[str]:
    """The files of the table, with those of the engine."""
    files = [row[0].strip("`") for row in table_under(HEADING, DEVELOPMENT)]
    if engine == "postgresql":
        return files
    after = DEVELOPMENT.partition(f"## {HEADING}\n")[2].partition("\nOn SQLite, ")[2]
    assert re.findall(r"`(store/[\w/.]+)`", after) == [*ON_SQLITE, *ON_POSTGRESQL]
    place = files.index(*ON_POSTGRESQL)
    return [*files[:place], *ON_SQLITE, *files[place + 1 :]]


async def test_a_cancel_enters_the_documented_files_in_the_documented_order(
    database: Database, issuer: Issuer, documented: list[str]
) -> None:
    await fill(database, utc_now())
    async with (
        serve_in_process(database, issuer, utc_now, with_worker=False) as api,
        on_the_wire(api) as port,
        open_wire(port) as wire,
    ):
        # The first opens connections; in any other, a timer of the server may come between.
        traces = [await traced(wire, cancel_bytes(api.alice.token, await api.created(order))) for order in ORDERS]
    assert documented in traces[1:], traces[-1]


async def traced(wire: Wire, request: bytes) -> list[str]:
    with Trace() as x_request_id:
        await wire.send(request)
        assert (await wire.answer()).status == 204
    return x_request_id.files


def test_the_stack_decision_counts_the_files_of_the_path() -> None:
    page = (ROOT / "docs" / "decisions" / "0001-stack.md").read_text(encoding="utf-8")
    assert f"a cancel enters {len(table_under(HEADING, DEVELOPMENT))} files" in " ".join(page.split())
