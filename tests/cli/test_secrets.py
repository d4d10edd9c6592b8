"""Secrets planted where an operator has them and callers send them, errors driven: they stand in no output at all."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import httpx2
import pytest

from connect_appointments.cli.main import COMMANDS
from connect_appointments.store import schema
from tests.api_client import BOOK, CANCEL, CREATE
from tests.build import Issuer, fill
from tests.cli.conftest import Start
from tests.cli.files import database_at
from tests.cli.program import Program, invoke, run, settings, settings_to_serve
from tests.throwaway_postgres import running_postgres

PASSWORD = "marker-of-the-password"
CONTACT = "marker-of-a-contact"
MARKERS = (PASSWORD, CONTACT)
ESCAPES = 'marker\r\n{"level":"forged"}\x1b[31mred\x1b]0;title\x07\x00\u2028\u202e'
"""What would begin a line of its own, colour a terminal, or turn text round."""


class Scene(NamedTuple):
    """A service at work, what it has said, and what must never be said."""

    url: str
    program: Program
    token: str
    database_url: str


@pytest.fixture(scope="module")
def database_urls() -> Iterator[tuple[str, Any]]:
    """A database whose URL holds a password, and the server, to be stopped."""
    with running_postgres(databases=["connect"]) as server:
        url = server.url("connect").replace("postgres@", f"postgres:{PASSWORD}@")

        async def work() -> None:
            async with database_at(url) as database:
                await schema.migrate(database)
                await fill(database, datetime.now(UTC))

        asyncio.run(work())
        yield url, server


@pytest.fixture
def scene(database_urls: tuple[str, Any], start: Start, issuer: Issuer, tmp_path: Path) -> Scene:
    url, server = database_urls
    server.restart()
    env = settings_to_serve(url, issuer, tmp_path, log_level="debug")
    program = start("serve", env=env)
    return Scene(program.line_with("serving on ").split()[-1], program, issuer.token(), url)


def calls(scene: Scene) -> list[httpx2.Response]:
    """Every operation, right and wrong, with markers and escapes in all that a caller can fill in."""
    day = str(datetime.now(UTC).date() + timedelta(days=2))
    good = {"Authorization": f"Bearer {scene.token}", "X-API-VERSION": "7"}
    forged = scene.token[:-6] + "AAAAAA"
    odd = {**good, "X-Request-Id": "\x1b[31mred", "User-Agent": "\x1b]0;title\x07", "X-API-VERSION": "7"}
    bodies: list[dict[str, Any]] = [
        {"orderId": 1, "dateFrom": day},
        {"orderId": ESCAPES, "dateFrom": ESCAPES, ESCAPES: CONTACT},
        {"appointmentRequestId": 1, "slotId": ESCAPES[:30].replace("\0", "")},
        {"appointmentRequestId": CONTACT},
    ]
    found = []
    with httpx2.Client(base_url=scene.url, timeout=60) as client:
        for headers in (good, odd, {**good, "Authorization": f"Bearer {forged}"}, {**good, "X-API-VERSION": CONTACT}):
            found += [
                client.post(path, json=body, headers=headers) for path in (CREATE, CANCEL, BOOK) for body in bodies
            ]
            found += [client.get(f"{path}/1", headers=headers) for path in (CREATE, BOOK)]
        found.append(client.post(CREATE, json=bodies[0], headers={**good, "Idempotency-Key": "\x1b[31mred"}))
        found += [client.get(path) for path in ("/metrics", "/readyz", f"/{CONTACT}%0d%0a%1b[31m", "/docs")]
    return found


def test_no_secret_is_in_an_answer_a_log_line_or_a_metric(scene: Scene, database_urls: tuple[str, Any]) -> None:
    answers = calls(scene)
    assert {200, 201, 400, 401, 404, 422} <= {answer.status_code for answer in answers}
    database_urls[1].stop()
    failed = calls(scene)
    assert 500 in {answer.status_code for answer in failed}
    assert scene.program.stop() == 0
    logged = scene.program.errors.read_text(encoding="utf-8")
    said = "\n".join(f"{answer.headers}{answer.text}" for answer in answers + failed)
    secrets = [PASSWORD, *scene.token.split(".")[1:], scene.token]
    assert [secret for secret in secrets if secret in logged or secret in said] == []
    assert CONTACT not in logged
    assert "Connection refused" in logged, "no error was driven"


def test_each_log_line_is_one_json_object_whatever_callers_send(scene: Scene, database_urls: tuple[str, Any]) -> None:
    calls(scene)
    database_urls[1].stop()
    calls(scene)
    raw_lines(scene.url)
    assert scene.program.stop() == 0
    lines = scene.program.errors.read_bytes().split(b"\n")[:-1]
    assert lines
    for line in lines:
        found = json.loads(line)
        assert found["level"] in {"debug", "info", "warning", "error"}
        assert not {byte for byte in line if byte < 0x20}
        assert line.isascii(), "a terminal obeys more than ASCII's control characters"


def raw_lines(url: str) -> None:
    """Bytes that no client library would send."""
    host, _, port = url.removeprefix("http://").rpartition(":")
    for data in (
        b"\x1b[31m\r\n{}\r\n\r\n",
        b"GET /\x1b[31m HTTP/1.1\r\nHost: \x1b\r\n\r\n",
        b"GET / HTTP/1.1\r\nX: \x1b\r\n\r\n",
    ):
        with socket.create_connection((host, int(port)), timeout=60) as connection:
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(4096):
                pass


@pytest.mark.parametrize("command", [*COMMANDS, ""])
def test_no_secret_is_in_the_help_of_a_command(command: str) -> None:
    env = settings(database_url=f"postgresql://user:{PASSWORD}@127.0.0.1:1/name", issuer=CONTACT, audience=CONTACT)
    done = invoke(*command.split(), "--help", env=env)
    assert done.exit_code == 0
    assert [marker for marker in MARKERS if marker in done.output] == []


BROKEN_URLS = [
    f"postgresql://user:{PASSWORD}@127.0.0.1:1/name",
    f"postgresql://user:{PASSWORD}@127.0.0.1:x/name",
    f"postgresql://user:{PASSWORD}/@127.0.0.1:1/name",
    f"postgresql://user:{PASSWORD}@127.0.0.1:1,127.0.0.1:2/name?target_session_attrs=nonsense",
    f"postgresql://user@127.0.0.1:1/name?password={PASSWORD}",
    f"postgresql://user:{PASSWORD}@127.0.0.1:1/name?nonsense=1",
    f"postgres//user:{PASSWORD}@127.0.0.1:1/name",
    f"mysql://user:{PASSWORD}@127.0.0.1:1/name",
]


@pytest.mark.parametrize("url", BROKEN_URLS, ids=lambda url: url.replace(PASSWORD, "…"))
@pytest.mark.parametrize("command", ["migrate", "backup x"])
def test_no_secret_is_in_what_a_command_says_that_fails(command: str, url: str) -> None:
    done = run(*command.split(), env=settings(database_url=url))
    assert done.returncode in {1, 2}
    assert "Traceback" not in done.stderr
    assert PASSWORD not in done.stdout + done.stderr
