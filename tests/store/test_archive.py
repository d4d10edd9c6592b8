"""D50: whole families that ended long ago move to the archive, and nothing else does."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from connect_appointments.core.requests import State
from connect_appointments.store.archive_tables import ARCHIVE, PREFIX
from connect_appointments.store.engine import Database
from connect_appointments.store.locking import lock
from connect_appointments.store.queries import jobs
from connect_appointments.store.queries.jobs import NewJob
from connect_appointments.store.queries.locks import request_locks
from connect_appointments.store.queries.verify import findings
from connect_appointments.store.transaction import Transaction
from connect_appointments.usecases.archives import Archive, archive_families
from tests.store.conftest import ON_POSTGRESQL
from tests.store.given import SECOND_ORDER, booked, created, execute, in_state, opened, refused, rows
from tests.store.test_contacts import age
from tests.store.test_released import everything

LONG_AGO = {"created_on": 100, "updated_on": 40}


async def a_pass(database: Database, *, limit: int = 500) -> int:
    """Archive what ended more than 30 days ago, batch after batch; return the number of appointment-requests."""
    total, after = 0, 0
    while True:
        moved, cursor = await archive_families(database, after, keep_days=30, assume_over_days=7, limit=limit)
        total += moved
        if cursor is None:
            return total
        after = cursor


async def counts(database: Database, prefix: str = "") -> dict[str, int]:
    """The number of rows of each table that has an archive, or of its archive."""
    tables = await everything(database)
    return {table.name: len(tables[f"{prefix}{table.name}"]) for table in ARCHIVE if tables[f"{prefix}{table.name}"]}


async def over_for(database: Database, days: float) -> None:
    """Make every appointment one that is over by the clock since so many days."""
    await age(database, "appointments", created_on=100, ends_on=days + 7)
    await age(database, "appointment_requests", created_on=100)


ENDED: Mapping[State, Mapping[str, float | None]] = {
    State.CANCELLED: {"cancelled_on": 40},
    State.FAILED: {},
    State.OPEN: {"offer_expires_on": None},
}


@pytest.mark.parametrize("state", ENDED)
async def test_d50_a_request_that_ended_long_ago_is_archived_with_all_its_rows(
    database: Database, state: State
) -> None:
    await in_state(database, state)
    await age(database, "appointment_requests", **LONG_AGO, **ENDED[state])
    before = await counts(database)
    tables = await everything(database)
    assert await a_pass(database) == 1
    assert await counts(database) == {}
    assert await counts(database, PREFIX) == before
    after = await everything(database)
    for table in ARCHIVE:
        assert after[f"{PREFIX}{table.name}"] == tables[str(table.name)]
    assert await database.read(findings) == []


@pytest.mark.parametrize("state", ENDED)
async def test_d50_a_request_that_ended_not_long_ago_stays(database: Database, state: State) -> None:
    await in_state(database, state)
    days = {name: None if value is None else 29.0 for name, value in ENDED[state].items()}
    await age(database, "appointment_requests", **(LONG_AGO | {"updated_on": 29}), **days)
    assert await a_pass(database) == 0


@pytest.mark.parametrize("state", [State.SEARCHING, State.BOOKING])
async def test_d50_what_has_not_ended_stays(database: Database, state: State) -> None:
    await in_state(database, state)
    await age(database, "appointment_requests", **LONG_AGO)
    assert await a_pass(database) == 0


async def test_d50_an_expired_offer_ends_with_its_expiry(database: Database) -> None:
    await opened(database)
    await age(database, "appointment_requests", **LONG_AGO, offer_expires_on=29)
    assert await a_pass(database) == 0
    await age(database, "appointment_requests", **LONG_AGO, offer_expires_on=31)
    assert await a_pass(database) == 1


async def test_d50_an_appointment_that_is_over_is_archived_with_its_request_and_frees_its_order(
    database: Database,
) -> None:
    await booked(database)
    await over_for(database, 29)
    assert await a_pass(database) == 0
    await over_for(database, 31)
    before = await counts(database)
    assert await a_pass(database) == 1
    assert await counts(database, PREFIX) == before
    assert await rows(database, "SELECT id FROM orders WHERE occupancy <> 0") == []
    assert await database.read(findings) == []


async def test_d50_the_attempts_that_were_refused_belong_to_the_family(database: Database) -> None:
    await refused(database)
    await age(database, "appointment_requests", **LONG_AGO, offer_expires_on=40)
    before = await counts(database)
    assert before["bookings"] == 1
    assert await a_pass(database) == 1
    assert await counts(database, PREFIX) == before


async def rescheduled(database: Database) -> tuple[int, int]:
    """Two appointment-requests of one appointment, as a reschedule leaves them, with a refused cancellation."""
    first, _ = await booked(database)
    second = await opened(database)
    names = "appointment_id, request_id, owner, slot_id, slot, state, client, requested_on, ended_on"
    await execute(
        database,
        f"INSERT INTO reschedules ({names}) SELECT a.id, :second, a.owner, 's', a.slot, 'rescheduled', 'c', "  # noqa: S608 - names of ours
        "a.created_on, a.created_on FROM appointments a",
        second=second,
    )
    await execute(
        database,
        "INSERT INTO cancellations "
        "(appointment_id, owner, state, refusal, cancelled_by, client, requested_on, ended_on) "
        "SELECT id, owner, 'refused', 'past-point-of-no-return', 'owner', 'c', created_on, created_on"
        " FROM appointments",
    )
    await execute(
        database,
        "UPDATE appointment_requests SET state = 'booked', reschedule_id = (SELECT max(id) FROM reschedules), "
        "appointment_id = (SELECT max(id) FROM appointments) WHERE id = :second",
        second=second,
    )
    await execute(database, "UPDATE appointments SET request_id = :second", second=second)
    return first, second


async def test_d50_both_requests_of_a_rescheduled_appointment_move_together(database: Database) -> None:
    await rescheduled(database)
    await over_for(database, 29)
    assert await a_pass(database) == 0
    await over_for(database, 31)
    before = await counts(database)
    assert before["reschedules"] == before["cancellations"] == 1
    assert await a_pass(database, limit=1) == 2
    assert await counts(database) == {}
    assert await counts(database, PREFIX) == before


async def test_d50_a_refused_reschedule_keeps_the_family_until_both_have_ended(database: Database) -> None:
    _, second = await rescheduled(database)
    await execute(database, "UPDATE reschedules SET state = 'refused', refusal = 'slot-unavailable'")
    await execute(
        database,
        "UPDATE appointment_requests SET state = 'open', appointment_id = NULL WHERE id = :second",
        second=second,
    )
    await execute(database, "UPDATE appointments SET request_id = (SELECT min(id) FROM appointment_requests)")
    await over_for(database, 31)
    assert await a_pass(database) == 0
    await age(database, "appointment_requests", **LONG_AGO)
    assert await a_pass(database) == 2


async def test_d50_a_family_with_a_job_stays(database: Database) -> None:
    request_id = await in_state(database, State.CANCELLED)
    await age(database, "appointment_requests", **LONG_AGO, cancelled_on=40)
    new = NewJob("release-offer", request_id, "x_request_id")
    await database.write(lambda transaction: jobs.add(transaction, [new]))
    assert await a_pass(database) == 0
    await execute(database, "DELETE FROM jobs")
    assert await a_pass(database) == 1


async def test_d50_a_change_under_way_keeps_its_family(database: Database) -> None:
    await rescheduled(database)
    await execute(database, "UPDATE appointments SET state = 'cancelling', cancellation_id = 1")
    await over_for(database, 31)
    assert await a_pass(database) == 0


async def test_d50_a_pass_goes_through_every_batch_and_leaves_the_young(database: Database) -> None:
    for _ in range(7):
        await in_state(database, State.CANCELLED)
    await age(database, "appointment_requests", **LONG_AGO, cancelled_on=40)
    searching = await created(database, SECOND_ORDER)
    young = await in_state(database, State.CANCELLED)
    assert await a_pass(database, limit=3) == 7
    assert await rows(database, "SELECT id FROM appointment_requests ORDER BY id") == [(searching,), (young,)]
    assert await a_pass(database) == 0


async def test_d50_old_keys_are_forgotten_before_their_requests_move(database: Database) -> None:
    await in_state(database, State.CANCELLED)
    await age(database, "appointment_requests", **LONG_AGO, cancelled_on=40)
    await execute(
        database,
        "INSERT INTO idempotency_keys (owner, key, fingerprint, request_id, created_on) "
        "SELECT owner, 'k', 'f', id, created_on FROM appointment_requests",
    )
    await a_pass(database)
    assert await rows(database, "SELECT key FROM idempotency_keys") == []


@ON_POSTGRESQL
async def test_d50_a_family_that_another_transaction_has_locked_waits_for_the_next_pass(
    database: Database, neighbour: Database
) -> None:
    request_id = await in_state(database, State.CANCELLED)
    await in_state(database, State.CANCELLED)
    await age(database, "appointment_requests", **LONG_AGO, cancelled_on=40)

    async def work(transaction: Transaction) -> None:
        await lock(transaction, request_locks.LOCK_ANY, [(request_id,)], wait=True)
        assert await a_pass(neighbour) == 1

    await database.write(work)
    assert await a_pass(database) == 1


async def test_d50_a_family_comes_back_as_it_was(database: Database) -> None:
    first, _ = await rescheduled(database)
    await over_for(database, 31)
    before, found = await everything(database), await database.read(findings)
    await a_pass(database)
    archive = Archive(database)
    await archive.bring_back(first)
    await archive.bring_back(first)
    assert await everything(database) == before
    assert await database.read(findings) == found
