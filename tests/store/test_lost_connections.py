"""Cancels on PostgreSQL while connections are lost, and the database with them."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Iterator
from typing import Any

import pytest

from connect_appointments.core.errors import Unavailable
from connect_appointments.core.requests import CANCEL, State
from connect_appointments.store.engine import Database
from connect_appointments.store.options import DatabaseOptions
from tests.store.conftest import ON_PLAIN_POSTGRESQL, ON_POSTGRESQL
from tests.store.given import created, kinds, rows, until
from tests.store.test_cancelling import Cancels, command, group
from tests.store.test_cancelling_on_postgresql import PID, another_connection, state_read

__all__ = ["group"]

BACKENDS = """
    SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


@ON_POSTGRESQL
async def test_connections_that_were_ended_are_replaced(database: Database, group: Cancels) -> None:
    for _ in range(5):
        request_id = await created(database)
        assert await state_read(database, request_id) is State.SEARCHING
        async with another_connection(database.url) as connection:
            await connection.execute(f"SELECT pg_terminate_backend(pid) FROM ({BACKENDS}) AS others")  # noqa: S608
        assert await group.submit(command(request_id)) is State.SEARCHING
        assert await state_read(database, request_id) is State.CANCELLED
        assert await kinds(database, request_id) == ["created", CANCEL.name]


@ON_PLAIN_POSTGRESQL
async def test_a_database_that_goes_away_is_unavailable_until_it_is_back(
    database: Database, group: Cancels, postgres_url: str
) -> None:
    request_id = await created(database)
    name = (await rows(database, "SELECT current_database()"))[0][0]
    async with another_connection(postgres_url) as administrator:
        await administrator.execute(f"ALTER DATABASE {name} WITH ALLOW_CONNECTIONS false")
        await administrator.fetch("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", name)
        answers = await asyncio.gather(
            group.submit(command(request_id)), state_read(database, request_id), return_exceptions=True
        )
        assert [type(answer) for answer in answers] == [Unavailable, Unavailable]
        await administrator.execute(f"ALTER DATABASE {name} WITH ALLOW_CONNECTIONS true")
    assert await group.submit(command(request_id)) is State.SEARCHING


@pytest.fixture
def postgres_url(postgres: Any) -> str:
    """The URL of the server's own database."""
    return str(postgres.url("postgres"))


@contextlib.contextmanager
def _stopped(pid: int) -> Iterator[None]:
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


@ON_PLAIN_POSTGRESQL
async def test_a_batch_connection_that_no_longer_answers_is_given_up(database_url: str, database: Database) -> None:
    request_id = await created(database)
    impatient = Database(database_url, DatabaseOptions(statement_timeout_seconds=0.1))
    ((pid,),) = await impatient.read(lambda transaction: transaction.fetch(PID), batch=True)
    with _stopped(pid):
        with pytest.raises(Unavailable):
            await state_read(impatient, request_id)
        async with asyncio.timeout(3):
            assert await state_read(impatient, request_id) is State.SEARCHING
    await impatient.close()


@ON_PLAIN_POSTGRESQL
async def test_closing_leaves_no_connection(database: Database, group: Cancels) -> None:
    request_id = await created(database)
    await group.submit(command(request_id))
    await asyncio.gather(*(rows(database, "SELECT 1") for _ in range(5)))
    await database.close()
    async with another_connection(database.url) as connection:
        await until(lambda: _is_alone(connection))


async def _is_alone(connection: Any) -> bool:
    return await connection.fetch(BACKENDS) == []
