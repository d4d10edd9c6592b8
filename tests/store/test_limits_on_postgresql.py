"""The limits and the settings of every connection to PostgreSQL."""

from __future__ import annotations

import contextlib
import os
import signal

import pytest
import sqlalchemy as sa

from connect_appointments.core.errors import Unavailable
from connect_appointments.store.engine import Database
from connect_appointments.store.options import DatabaseOptions
from connect_appointments.store.postgresql.transactions import BATCH_SETTINGS
from tests.store.conftest import ON_PLAIN_POSTGRESQL
from tests.store.given import execute, rows


@ON_PLAIN_POSTGRESQL
async def test_limits_of_time_are_in_force_on_every_connection(database_url: str) -> None:
    options = DatabaseOptions(lock_timeout_seconds=0.25, statement_timeout_seconds=0.5)
    database = Database(database_url, options)
    for setting, value in (("lock_timeout", "250ms"), ("statement_timeout", "500ms")):
        assert await rows(database, f"SHOW {setting}") == [(value,)]
    with pytest.raises(Unavailable):
        await execute(database, "SELECT pg_sleep(20)")
    await database.close()


@ON_PLAIN_POSTGRESQL
async def test_a_batch_waits_a_second_at_most_and_finds_its_rows_by_key(database: Database) -> None:
    for setting, value in (BATCH_SETTINGS | {"lock_timeout": "1s"}).items():
        show = sa.text(f"SHOW {setting}")
        for where in (database.read, database.write):
            assert await where(lambda transaction, show=show: transaction.fetch(show), batch=True) == [(value,)]


@ON_PLAIN_POSTGRESQL
async def test_a_pooled_connection_that_no_longer_answers_is_given_up(database_url: str) -> None:
    database = Database(database_url, DatabaseOptions(pool_size=1, statement_timeout_seconds=0.1))
    ((pid,),) = await rows(database, "SELECT pg_backend_pid()")
    with contextlib.ExitStack() as stack:
        os.kill(pid, signal.SIGSTOP)
        stack.callback(os.kill, pid, signal.SIGCONT)
        with pytest.raises(Unavailable):
            await execute(database, "SELECT 1")
        # The one place of the pool is free again, with another connection.
        assert await rows(database, "SELECT pg_backend_pid()") != [(pid,)]
    await database.close()


@ON_PLAIN_POSTGRESQL
async def test_behind_a_pooler_no_prepared_statement_is_kept(database_url: str) -> None:
    for kept in (True, False):
        database = Database(database_url, DatabaseOptions(pool_size=1, statement_cache=kept))
        for _ in range(3):
            await rows(database, "SELECT id FROM orders")
        query = "SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE '%FROM orders'"
        assert await rows(database, query) == [(int(kept),)]
        await database.close()
