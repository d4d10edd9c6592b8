"""`serve` and `work`, as an operator runs them."""

from __future__ import annotations

import asyncio
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest

from connect_appointments.cli.failing import CommandFailed
from tests.api_client import CREATE
from tests.build import fill
from tests.cli.conftest import RunningSandbox, Start
from tests.cli.files import database_at
from tests.cli.program import PATIENCE_SECONDS, invoke, run, settings

SHOWING_IMPORTS = (sys.executable, "-X", "importtime", "-m", "connect_appointments.cli.main")
GOOD = {
    "public_url": "https://connect.test",
    "issuer": "https://issuer.test/auth/realms/connect",
    "audience": "any",
    "listen_port": 0,
    "drain_seconds": 0,
}


@pytest.fixture
def filled_url(database_url: str) -> str:
    """A database with the sample orders."""

    async def work() -> None:
        async with database_at(database_url) as database:
            await fill(database, datetime.now(UTC))

    asyncio.run(work())
    return database_url


def until(status: int, url: str, headers: dict[str, str] | None = None) -> httpx2.Response:
    """Ask until the answer has this status."""
    give_up = time.monotonic() + PATIENCE_SECONDS
    answer = httpx2.get(url, headers=headers)
    while answer.status_code != status and time.monotonic() < give_up:
        time.sleep(0.05)
        answer = httpx2.get(url, headers=headers)
    assert answer.status_code == status
    return answer


def test_it_takes_the_tokens_of_a_running_sandbox_and_leaves_the_work_to_work(
    sandbox: RunningSandbox, filled_url: str, start: Start, tmp_path: Path
) -> None:
    secret = tmp_path / "database-url"
    secret.write_text(filled_url + "\n")
    env: dict[str, Any] = {**GOOD, "database_url_file": secret, "port": "tcp://10.0.0.1:80"}
    env["issuer"] = f"{sandbox.url}/auth/realms/connect"
    serve = start("serve", "--no-worker", env=settings(**env), command=SHOWING_IMPORTS)
    url = serve.line_with("serving on ").split()[-1]
    until(200, f"{url}/readyz")

    headers = {"Authorization": f"Bearer {sandbox.values['SANDBOX_TOKEN']}", "X-API-VERSION": "7"}
    day = str(datetime.now(UTC).date() + timedelta(days=2))
    created = httpx2.post(url + CREATE, json={"orderId": 1, "dateFrom": day}, headers=headers)
    assert created.headers["location"].startswith(f"https://connect.test{CREATE}/")
    request = url + CREATE + "/" + created.headers["location"].rpartition("/")[2]
    assert httpx2.get(request, headers=headers).status_code == 202

    work = start("work", env=settings(database_url=filled_url, poll_seconds=0.05))
    work.line_with("working")
    assert until(200, request, headers).json()["slots"]
    assert (work.stop(), serve.stop()) == (0, 0)

    imported = serve.errors.read_text(encoding="utf-8")
    assert "connect_appointments.wiring" in imported
    assert "connect_appointments.sandbox" not in imported


def test_it_names_every_setting_that_is_missing_or_wrong() -> None:
    done = run("serve", env=settings(listen_port="http", isuer="x", public_url="https://connect.test"))
    assert (done.returncode, done.stdout) == (2, "")
    lines = done.stderr.splitlines()
    assert all(line.startswith("connect-appointments: CONNECT_APPOINTMENTS_") for line in lines)
    assert {line.split()[1].removeprefix("CONNECT_APPOINTMENTS_") for line in lines} == {
        "DATABASE_URL",
        "ISSUER",
        "LISTEN_PORT",
        "ISUER",
    }


def test_it_refuses_a_database_that_cannot_be_reached_without_showing_the_password() -> None:
    # Nothing can listen on port 1 but by root's own wish.
    done = run("serve", env=settings(**GOOD, database_url="postgresql://user:hidden@127.0.0.1:1/name"))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("connect-appointments: the database cannot be used: ")
    assert done.stderr.count("\n") == 1
    assert "hidden" not in done.stderr


@pytest.mark.parametrize("command", ["serve", "work", "orders list", "capacity list", "requests cancel 1"])
def test_a_database_whose_schema_is_not_current_is_refused(command: str, tmp_path: Path) -> None:
    done = invoke(*command.split(), env=settings(**GOOD, database_url=f"sqlite:///{tmp_path / 'new.db'}"))
    assert isinstance(done.exception, CommandFailed)
    assert "has no schema yet" in str(done.exception)
    assert "connect-appointments migrate" in str(done.exception)


def test_it_says_when_its_address_is_taken(sandbox: RunningSandbox, sqlite_template: Path) -> None:
    port = sandbox.url.rpartition(":")[2]
    done = invoke("serve", env=settings(**{**GOOD, "listen_port": port}, database_url=f"sqlite:///{sqlite_template}"))
    assert isinstance(done.exception, CommandFailed)
    assert str(done.exception).startswith(f"cannot listen on 127.0.0.1:{port}: ")
