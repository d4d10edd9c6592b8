"""The recurring job that archives families (D50)."""

from __future__ import annotations

import pytest

from connect_appointments.jobs.archive_families import ARCHIVE_FAMILIES
from connect_appointments.jobs.options import WorkerOptions
from connect_appointments.store.engine import Database
from tests.api_client import serve_in_process
from tests.build import Clock, Issuer, fill
from tests.store.given import execute, rows


async def test_d50_the_worker_archives_what_ended_longer_than_keep_days_ago(
    database: Database, issuer: Issuer, clock: Clock
) -> None:
    await fill(database, clock())
    options = WorkerOptions(keep_days=2)
    async with serve_in_process(database, issuer, clock, worker=options) as api:
        for _ in range(2):
            request_id, _ = await api.opened(1)
            assert (await api.alice.cancel(request_id)).status_code == 204
        await execute(
            database,
            "UPDATE appointment_requests SET created_on = '2026-01-01T00:00:00.000Z', "
            "updated_on = '2026-01-01T00:00:00.000Z', cancelled_on = '2026-01-01T00:00:00.000Z' "
            "WHERE id = (SELECT min(id) FROM appointment_requests)",
        )
        await execute(database, "DELETE FROM recurring_jobs")
        while not await rows(database, "SELECT id FROM archived_appointment_requests"):
            await api.parts.worker.recur(ARCHIVE_FAMILIES)
    assert len(await rows(database, "SELECT id FROM appointment_requests")) == 1


async def test_d50_rows_are_kept_for_ever_unless_days_are_set(database: Database, issuer: Issuer, clock: Clock) -> None:
    await fill(database, clock())
    async with serve_in_process(database, issuer, clock, with_worker=False) as api:
        with pytest.raises(KeyError):
            await api.parts.worker.recur(ARCHIVE_FAMILIES)
