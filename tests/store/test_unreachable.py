"""A database that cannot be reached is told from one that answers with an error."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import asyncpg
import pytest
import sqlalchemy as sa

from connect_appointments.core.errors import Unavailable
from connect_appointments.store.engine import Database
from connect_appointments.store.failures import LostBeforeCommit
from connect_appointments.store.unreachable import is_unreachable, note_unreachable, reason_of
from connect_appointments.telemetry.outage import Outage
from tests.throwaway_postgres import free_port


def unavailable(cause: BaseException) -> Unavailable:
    """As the store raises it."""
    refusal = Unavailable()
    refusal.__cause__ = cause
    return refusal


def lost(cause: BaseException) -> LostBeforeCommit:
    error = LostBeforeCommit()
    error.__cause__ = cause
    return error


def test_no_connection_and_a_broken_one_mean_that_it_cannot_be_reached() -> None:
    for cause in (
        ConnectionRefusedError(111, "Connection refused"),
        TimeoutError(),
        lost(ConnectionResetError()),
        asyncpg.InterfaceError("connection is closed"),
        asyncpg.AdminShutdownError("terminating connection due to administrator command"),
        lost(asyncpg.AdminShutdownError("terminating connection due to administrator command")),
        asyncpg.CannotConnectNowError("the database system is starting up"),
        asyncpg.InvalidPasswordError("password authentication failed"),
    ):
        assert is_unreachable(unavailable(cause)), cause


def test_an_error_that_it_answers_with_does_not() -> None:
    for cause in (
        asyncpg.LockNotAvailableError("canceling statement due to lock timeout"),
        asyncpg.QueryCanceledError("canceling statement due to statement timeout"),
        asyncpg.DiskFullError("could not extend file"),
        asyncpg.SerializationError("could not serialize access"),
        lost(asyncpg.ReadOnlySQLTransactionError("cannot execute UPDATE in a read-only transaction")),
        LookupError("no usable key of the issuer is known"),
        sqlite3.OperationalError("database is locked"),
    ):
        assert not is_unreachable(unavailable(cause)), cause


def test_an_error_of_something_else_is_not_the_databases() -> None:
    assert not note_unreachable(Outage(), TimeoutError("the workforce system did not answer"))


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
async def test_a_database_that_is_not_there_cannot_be_reached(kind: str, tmp_path: Path) -> None:
    urls = {"sqlite": f"sqlite:///{tmp_path}/no/x.db", "postgresql": f"postgresql://x@127.0.0.1:{free_port()}/x"}
    database = Database(urls[kind])
    with pytest.raises(Unavailable) as refusal:
        await database.read(lambda transaction: transaction.fetch(sa.select(1)))
    await database.close()
    assert is_unreachable(refusal.value)


def test_the_reason_is_what_the_driver_said_without_the_statement() -> None:
    driver = asyncpg.AdminShutdownError("terminating\nconnection")
    statement = sa.exc.DBAPIError("SELECT 'a contact'", {"contact": "Alice"}, Exception("wrapped"))
    statement.__cause__ = driver
    assert reason_of(unavailable(lost(statement))) == "AdminShutdownError: terminating connection"
