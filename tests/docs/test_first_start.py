"""The commands of the README that start the service on PostgreSQL, as they stand there."""

from __future__ import annotations

import asyncio
import re
import uuid
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from tests.cli.conftest import Start
from tests.cli.files import ORDER, WINDOW, as_csv
from tests.cli.program import PROGRAM, run, settings
from tests.docs.pages import blocks
from tests.throwaway_postgres import Server

HEADING = "On PostgreSQL, with your issuer"
SECRET = "/run/secrets/database_url"


@pytest.fixture
def url(postgres: Server) -> Iterator[str]:
    """The URL of an empty database."""
    name = f"first_start_{uuid.uuid4().hex}"
    asyncio.run(administer(postgres, f"CREATE DATABASE {name}"))
    yield postgres.url(name)
    asyncio.run(administer(postgres, f"DROP DATABASE {name} WITH (FORCE)"))


async def administer(server: Server, statement: str) -> None:
    connection = await asyncpg.connect(server.url("postgres"))
    await connection.execute(statement)
    await connection.close()


def test_the_commands_of_the_readme_start_the_service_on_an_empty_database(
    url: str, start: Start, tmp_path: Path
) -> None:
    (block,) = (block for block in blocks("README.md") if block.heading == HEADING)
    (tmp_path / "secret").write_text(url, encoding="utf-8")
    (tmp_path / "orders.csv").write_bytes(as_csv(ORDER))
    (tmp_path / "capacity.csv").write_bytes(as_csv(WINDOW))
    assert SECRET in block.text
    # So that the test's signal reaches `serve` and not the shell.
    script = block.text.replace(SECRET, str(tmp_path / "secret"))
    script = re.sub(r"^(?=connect-appointments serve)", "exec ", script, flags=re.MULTILINE)
    path = f"{Path(PROGRAM).parent}:$PATH"
    commands = f'set -eu\ncd "{tmp_path}"\nPATH="{path}"\n{script}'
    service = start(command=("bash", "-c", commands), env=settings(listen_port=0, drain_seconds=0))
    assert "http://127.0.0.1:" in service.line_with("serving on ")
    assert run("orders", "list", "--json", env=settings(database_url=url)).stdout.count("\n") == 1
    assert service.stop() == 0
