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
from datetime import UTC, datetime
from pathlib import Path

from connect_appointments.core.model import Actor, Operator
from connect_appointments.core.requests import SEARCH_FAILED
from connect_appointments.store import schema
from connect_appointments.store.engine import Database
from connect_appointments.store.queries import orders
from connect_appointments.store.queries.changes import early_news
from connect_appointments.store.queries.changes.early_news import EarlyNews
from connect_appointments.store.sqlite.connection import path_of
from connect_appointments.usecases.archives import archive_families
from connect_appointments.usecases.contact_erasures import erase_order
from connect_appointments.workforce.port import NewsKind
from tests.api_client import Api, number_of, serve_in_process
from tests.build import ALICE, BOB, Clock, Issuer, days_from, fill, sample_order, set_capacity
from tests.store.given import moved
from tests.store.released import text_of
from tests.store.test_contacts import age
from tests.throwaway_postgres import Server, running_postgres

ODD = {
    "contact_name": "Zoë O'Brien; \"-- \\ %s {x} 😀",
    "contact_notes": "two\nlines\tand a tab",
    "contact_type": None,
    "customer_ref": None,
    "service_id": None,
}


DAYS_AHEAD = 10_227
"""28 years, which have the same calendar: the offers of the files do not end before."""


async def fill_in(url: str) -> None:
    """Make the schema, and rows in every table: an appointment-request in each state, a refused booking among them."""
    database, clock, issuer = Database(url), Clock(), Issuer()
    clock.move(days=DAYS_AHEAD)
    await schema.migrate(database)
    await fill(database, clock(), places=5)
    await database.write(lambda transaction: orders.upsert(transaction, [sample_order(9, **ODD)]))
    async with serve_in_process(database, issuer, clock) as api:
        with_lasting_tokens(api, issuer)
        await archived(api, database)
        await changed(api)
        opened = await settled(api, database, clock)
    async with serve_in_process(database, issuer, clock, with_worker=False) as api:
        with_lasting_tokens(api, issuer)
        await unsettled(api, database, opened)
    await database.close()


def with_lasting_tokens(api: Api, issuer: Issuer) -> None:
    """Give the callers tokens that are valid at the clock of the service."""
    api.alice, api.bob = (api.caller(issuer.token(owner, iat=0, exp=2**33)) for owner in (ALICE, BOB))


async def archived(api: Api, database: Database) -> None:
    """A family in the archive: booked, rescheduled, refused a cancellation, cancelled, without contacts."""
    await changed(api)
    await age(database, "appointment_requests", created_on=100, updated_on=60)
    await age(database, "appointments", created_on=100, updated_on=60, cancelled_on=60, ended_on=60)
    while (await archive_families(database, 0, keep_days=30, assume_over_days=7))[1] is not None:
        pass
    operator = Actor(Operator("operator"), "operator", "x_request_id")
    await erase_order(database, operator, 8)


async def changed(api: Api) -> None:
    """An appointment of order 8 that moved to another slot and then was cancelled."""
    appointment = await api.appointed(8)
    request_id, slots = await api.opened(8)
    moved = number_of(await api.alice.reschedule(appointment["id"], request_id, slots[-3]["id"]))
    assert (await api.settled(lambda: api.alice.read_reschedule(moved))).status_code == 200
    assert (await api.cancelled(appointment["id"])).status_code == 200


async def settled(api: Api, database: Database, clock: Clock) -> int:
    """Open, booked, cancelled, one booked after a refusal, one of Bob's, one made with an Idempotency-Key.

    Returns the open one.
    """
    opened, _ = await api.opened(1)
    await api.booked(2)
    await api.booked(9)
    cancelled, _ = await api.opened(3)
    await api.alice.cancel(cancelled)
    await api.opened(11, api.bob)
    await api.opened(4, headers={"Idempotency-Key": "key'; --"})
    refused, slots = await api.opened(5)
    await set_capacity(database, 0, days_from(clock(), 120))
    number = number_of(await api.alice.book(refused, slots[0]["id"]))
    await api.settled(lambda: api.alice.read_booking(number))
    await set_capacity(database, 5, days_from(clock(), 120))
    number = number_of(await api.alice.book(refused, slots[1]["id"]))
    await api.settled(lambda: api.alice.read_booking(number))
    return opened


async def unsettled(api: Api, database: Database, opened: int) -> None:
    """Searching, being booked with news that came early, failed."""
    await api.created(6)
    answer = await api.alice.read(opened)
    await api.alice.book(opened, answer.json()["slots"][0]["id"])
    news = EarlyNews("APT-early", NewsKind.CANCELLED.value, datetime.now(UTC), "storm", None)
    await database.write(lambda transaction: early_news.keep(transaction, [news]))
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
