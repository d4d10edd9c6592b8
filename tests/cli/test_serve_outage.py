"""What the log of `serve` says of a database that goes away and comes back."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest

from connect_appointments.store import schema
from tests.api_client import BOOK, CANCEL, CREATE
from tests.build import Issuer, fill
from tests.cli.conftest import Start
from tests.cli.files import database_at
from tests.cli.program import PATIENCE_SECONDS, Program, settings_to_serve
from tests.cli.test_serve import until
from tests.throwaway_postgres import Server, running_postgres


@pytest.fixture
def own_postgres() -> Iterator[Server]:
    """A PostgreSQL that the test may stop, with the sample orders in its database."""
    with running_postgres(databases=["own"]) as server:

        async def work() -> None:
            async with database_at(server.url("own")) as database:
                await schema.migrate(database)
                await fill(database, datetime.now(UTC))

        asyncio.run(work())
        yield server


@pytest.fixture
def program(own_postgres: Server, start: Start, issuer: Issuer, tmp_path: Path) -> Program:
    more = {"poll_seconds": 0.05, "connect_timeout_seconds": 1, "log_level": "warning"}
    return start("serve", env=settings_to_serve(own_postgres.url("own"), issuer, tmp_path, **more))


def calls(url: str, token: str, name: str) -> dict[str, int]:
    """One call of each kind: the status by request id."""
    day = str(datetime.now(UTC).date() + timedelta(days=2))
    made: list[tuple[str, str, Any]] = [
        ("POST", CREATE, {"orderId": 1, "dateFrom": day}),
        ("POST", CANCEL, {"appointmentRequestId": 1}),
        ("POST", BOOK, {"appointmentRequestId": 1, "slotId": "x"}),
        ("GET", f"{CREATE}/1", None),
        ("GET", f"{BOOK}/1", None),
    ]
    found = {}
    with httpx2.Client(base_url=url, timeout=60) as client:
        for number, (verb, path, body) in enumerate(made):
            request_id = f"{name}-{number}"
            headers = {"Authorization": f"Bearer {token}", "X-API-VERSION": "7", "X-Request-Id": request_id}
            found[request_id] = client.request(verb, path, json=body, headers=headers).status_code
    return found


def lines_of(program: Program) -> list[dict[str, Any]]:
    return [json.loads(line) for line in program.errors.read_text(encoding="utf-8").splitlines()]


def until_said(program: Program, event: str) -> None:
    give_up = time.monotonic() + PATIENCE_SECONDS
    while event not in program.errors.read_text(encoding="utf-8"):
        assert time.monotonic() < give_up, f"{event} was never said"
        time.sleep(0.05)


def database_failures(url: str) -> float:
    lines = httpx2.get(f"{url}/metrics").text.splitlines()
    return float(next(line for line in lines if line.startswith("connect_database_failures_total ")).split()[-1])


def test_an_outage_is_two_lines_with_its_reason_and_how_long_it_was(
    program: Program, own_postgres: Server, issuer: Issuer
) -> None:
    url = program.line_with("serving on ").split()[-1]
    until(200, f"{url}/readyz")
    own_postgres.stop()
    failed = calls(url, issuer.token(), "first") | calls(url, issuer.token(), "second")
    assert set(failed.values()) == {500}
    until(503, f"{url}/readyz")
    assert database_failures(url) > len(failed)
    own_postgres.start()
    until_said(program, "database-back")
    until(200, f"{url}/readyz")
    assert 500 not in calls(url, issuer.token(), "third").values()
    assert program.stop() == 0

    lines = lines_of(program)
    assert [line["event"] for line in lines] == ["database-lost", "database-back"]
    assert {line["process"] for line in lines} == {program.pid}
    begin, end = lines
    assert begin["reason"]
    # The worker or the health check may have met it first, and neither is a request.
    assert begin.get("request_id") in {None, *failed}
    assert end["seconds"] > 0
