"""`python -m tests.store.released`: write down a database of the newest revision; do it once, when it is released."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path

from connect_appointments.core.requests import SEARCH_FAILED
from connect_appointments.store import schema
from connect_appointments.store.engine import Database
from connect_appointments.store.queries import orders
from connect_appointments.store.sqlite.connection import path_of
from tests.api_client import Api, number_of, serve_in_process
from tests.build import Clock, Issuer, days_from, fill, sample_order, set_places
from tests.store.given import moved
from tests.store.released import text_of
from tests.throwaway_postgres import Server, running_postgres

ODD = {
    "contact_name": "Zoë O'Brien; \"-- \\ %s {x} 😀",
    "contact_notes": "two\nlines\tand a tab",
    "contact_type": None,
    "customer_ref": None,
    "service_id": None,
}


async def fill_in(url: str) -> None:
    """Make the schema, and rows in every table: an appointment-request in each state, a refused booking among them."""
    database, clock, issuer = Database(url), Clock(), Issuer()
    await schema.migrate(database)
    await fill(database, clock(), places=5)
    await database.write(lambda transaction: orders.upsert(transaction, [sample_order(9, **ODD)]))
    async with serve_in_process(database, issuer, clock) as api:
        await settled(api, database, clock)
    async with serve_in_process(database, issuer, clock, with_worker=False) as api:
        await unsettled(api, database)
    await database.close()


async def settled(api: Api, database: Database, clock: Clock) -> None:
    """Open, booked, cancelled, one booked after a refusal, one of Bob's, one made with an Idempotency-Key."""
    await api.opened(1)
    await api.booked(2)
    await api.booked(9)
    cancelled, _ = await api.opened(3)
    await api.alice.cancel(cancelled)
    await api.opened(11, api.bob)
    await api.opened(4, headers={"Idempotency-Key": "key'; --"})
    refused, slots = await api.opened(5)
    await set_places(database, 0, days_from(clock(), 120))
    number = number_of(await api.alice.book(refused, slots[0]["id"]))
    await api.settled(lambda: api.alice.read_booking(number))
    await set_places(database, 5, days_from(clock(), 120))
    number = number_of(await api.alice.book(refused, slots[1]["id"]))
    await api.settled(lambda: api.alice.read_booking(number))


async def unsettled(api: Api, database: Database) -> None:
    """Searching, being booked, failed."""
    await api.created(6)
    answer = await api.alice.read(1)
    await api.alice.book(1, answer.json()["slots"][0]["id"])
    await moved(database, await api.created(7), SEARCH_FAILED)


def sqlite_text(path: str) -> str:
    """The whole database as SQL."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        return "\n".join(connection.iterdump()) + "\n"


def postgresql_text(server: Server) -> str:
    """The same, without what another version of the server would not know."""
    command = [server.binaries / "pg_dump", "--inserts", "--column-inserts", "--no-owner", "--no-privileges"]
    done = subprocess.run(
        [*command, server.url("connect")], check=True, capture_output=True, encoding="utf-8", env=os.environ
    )
    text = re.sub(r"^(\\|--|SET ).*\n", "", done.stdout, flags=re.MULTILINE)
    return re.sub(r"\n{2,}", "\n", text).lstrip()


def main() -> None:
    """Write both texts; the files of a revision that was released are never written again."""
    revision = schema.head()
    if text_of(revision, "sqlite").exists():
        sys.exit(f"{revision} is written down already")
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'released.db'}"
        asyncio.run(fill_in(url))
        text_of(revision, "sqlite").write_text(sqlite_text(path_of(url)), "utf-8")
    with running_postgres(databases=["connect"]) as server:
        asyncio.run(fill_in(server.url("connect")))
        text_of(revision, "postgresql").write_text(postgresql_text(server), "utf-8")


if __name__ == "__main__":
    main()
