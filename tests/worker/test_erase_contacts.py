"""The recurring job that erases contacts (D49)."""

from __future__ import annotations

from connect_appointments.jobs.erase_contacts import ERASE_CONTACTS
from connect_appointments.jobs.options import WorkerOptions
from connect_appointments.store.engine import Database
from tests.api_client import serve_in_process
from tests.build import BOB, Clock, Issuer, fill
from tests.store.given import execute, rows


async def test_d49_the_worker_erases_batch_after_batch_until_the_pass_is_complete(
    database: Database, issuer: Issuer, clock: Clock
) -> None:
    await fill(database, clock())
    await execute(database, "UPDATE orders SET imported_on = '2020-01-01T00:00:00.000Z' WHERE owner = :bob", bob=BOB)
    async with serve_in_process(database, issuer, clock, with_worker=False) as api:
        assert await api.parts.worker.recur(ERASE_CONTACTS), "appointments follow orders"
        assert not await api.parts.worker.recur(ERASE_CONTACTS)
        assert not await api.parts.worker.recur(ERASE_CONTACTS), "the next pass is not due"
    left = await rows(database, "SELECT DISTINCT owner FROM orders WHERE contact_name IS NOT NULL")
    assert left == [("11001",)]
    ((client, erased),) = await rows(database, "SELECT client, orders FROM contact_erasures")
    assert (client, erased) == ("worker", 9)


async def test_d49_the_days_are_a_setting(database: Database, issuer: Issuer, clock: Clock) -> None:
    await fill(database, clock())
    await execute(database, "UPDATE orders SET imported_on = '2026-01-01T00:00:00.000Z'")
    for days, left in ((36_500, 18), (1, 0)):
        await execute(database, "DELETE FROM recurring_jobs")
        options = WorkerOptions(erase_contacts_after_days=days)
        async with serve_in_process(database, issuer, clock, with_worker=False, worker=options) as api:
            await api.parts.worker.recur(ERASE_CONTACTS)
        assert len(await rows(database, "SELECT id FROM orders WHERE contact_name IS NOT NULL")) == left
