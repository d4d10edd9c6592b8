"""The rules that every database must keep: each is seen to find what breaks it, and a healthy one breaks none."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest
import sqlalchemy as sa

from connect_appointments.core.model import Actor
from connect_appointments.core.requests import State
from connect_appointments.store.engine import Database
from connect_appointments.store.queries import verify
from connect_appointments.store.queries.verify import MAX_FINDINGS, RULES, findings
from connect_appointments.store.transaction import Transaction
from connect_appointments.usecases.order_imports import import_orders
from tests.api_client import Api, number_of, serve_in_process
from tests.build import BOB, Clock, Issuer, days_from, fill, sample_order, set_capacity
from tests.conftest import migrated_database
from tests.store.conftest import STORE_ENGINES, settings_of
from tests.store.given import EVERYBODYS, execute, in_state, rows

DAMAGE = {
    "state-is-that-of-the-last-event": "UPDATE appointment_requests SET state = 'failed' WHERE state = 'open'",
    "nothing-follows-a-final-state": (
        "INSERT INTO events (request_id, kind, at, owner, client, x_request_id) "
        "SELECT request_id, 'slots-found', at, owner, client, x_request_id FROM events WHERE kind = 'cancelled'"
    ),
    "booked-means-one-appointment": "DELETE FROM appointments WHERE state = 'booked' AND reschedule_id IS NULL",
    "attempt-stands-where-its-request-does": "UPDATE bookings SET state = 'refused' WHERE state = 'booked'",
    "searching-has-a-job": (
        "UPDATE appointment_requests SET state = 'searching', cancelled_on = NULL WHERE state = 'cancelled'"
    ),
    "booking-has-a-job": (
        "UPDATE appointment_requests SET state = 'booking', appointment_id = NULL WHERE state = 'booked'"
    ),
    "open-has-an-offer": (
        "DELETE FROM offers WHERE request_id IN (SELECT id FROM appointment_requests WHERE state = 'open')"
    ),
    "capacity-taken-is-reserved": "UPDATE capacity SET taken = taken + 1 WHERE taken > 0",
    "attempt-ended-as-decided": "UPDATE reservations SET state = 'refused' WHERE state = 'reserved'",
    "occupancy-counts-the-bookings-of-an-order": "UPDATE orders SET occupancy = 0 WHERE occupancy > 0",
    "bookable-only-by-the-owner-of-the-order": "UPDATE orders SET owner = 'another' WHERE id = 1",
    "appointment-has-the-owner-of-its-booking": "UPDATE appointments SET owner = 'another'",
    "row-is-archived-or-not": "INSERT INTO archived_offers SELECT * FROM offers",
    "families-are-archived-whole": "INSERT INTO archived_offers (request_id, slots) VALUES (987654, '[]')",
    "archived-means-ended": (
        "INSERT INTO archived_appointment_requests (id, owner, order_id, date_from, state, created_on, updated_on) "
        "SELECT 987654, owner, order_id, date_from, 'searching', created_on, updated_on FROM appointment_requests"
        " LIMIT 1"
    ),
    "job-has-its-rows": (
        "INSERT INTO jobs (kind, request_id, x_request_id, tries, due_at) SELECT 'search', 987654, 'x', 0, updated_on "
        "FROM appointment_requests LIMIT 1"
    ),
    "refused-attempt-has-a-code": "UPDATE bookings SET refusal = NULL WHERE state = 'refused'",
    "appointment-state-is-that-of-the-last-event": (
        "UPDATE appointments SET state = 'in-progress' WHERE state = 'booked'"
    ),
    "cancelling-has-a-cancellation-and-a-job": (
        "UPDATE appointments SET state = 'cancelling', cancellation_id = 1 WHERE state = 'booked'"
    ),
    "undecided-cancellation-has-an-appointment": (
        "UPDATE cancellations SET state = 'deciding', ended_on = NULL WHERE state = 'cancelled'"
    ),
    "cancelled-cancellation-has-a-cancelled-appointment": (
        "UPDATE appointments SET state = 'booked', cancelled_on = NULL, cancelled_by = NULL, ended_on = NULL "
        "WHERE state = 'cancelled'"
    ),
    "cancelled-appointment-has-no-capacity": "UPDATE reservations SET state = 'reserved' WHERE state = 'cancelled'",
    # Reschedules
    "rescheduling-has-a-reschedule": (
        "UPDATE appointments SET state = 'rescheduling', reschedule_id = 1 WHERE state = 'booked'"
    ),
    "reschedule-in-progress-has-its-rows": (
        "UPDATE reschedules SET state = 'deciding', ended_on = NULL WHERE state = 'rescheduled'"
    ),
    "place-is-the-slot-of-the-appointment": (
        "UPDATE reservations SET slot_type = CASE slot_type WHEN 'AM' THEN 'PM' ELSE 'AM' END WHERE state = 'reserved'"
    ),
}
SAME_RULE_OTHERWISE = {
    "occupancy-counts-the-bookings-of-an-order": [
        "UPDATE orders SET occupancy = occupancy + 1 WHERE occupancy > 0",
        "UPDATE orders SET occupancy = 1 WHERE occupancy = 0",
    ],
    "capacity-taken-is-reserved": [
        "UPDATE reservations SET state = 'cancelled' WHERE state = 'reserved'",
        "DELETE FROM reservations WHERE state = 'reserved'",
        "UPDATE reservations SET state = 'reserved' WHERE state = 'refused'",
        "UPDATE capacity SET taken = 0 WHERE taken > 0",
    ],
    "attempt-ended-as-decided": [
        "UPDATE reservations SET state = 'cancelled' WHERE state = 'reserved'",
        "UPDATE reservations SET state = 'reserved' WHERE state = 'refused'",
    ],
    "bookable-only-by-the-owner-of-the-order": [
        "UPDATE appointment_requests SET owner = 'another' WHERE state = 'open'",
        (
            "UPDATE appointment_requests SET owner = 'another', state = 'booking', appointment_id = NULL "
            "WHERE state = 'booked' AND reschedule_id IS NULL"
        ),
    ],
    "appointment-has-the-owner-of-its-booking": [
        "UPDATE bookings SET owner = 'another' WHERE state = 'booked'",
        "UPDATE appointment_requests SET owner = 'another' WHERE state = 'booked'",
    ],
    "refused-attempt-has-a-code": ["UPDATE bookings SET refusal = 'slot-unavailable' WHERE state = 'booked'"],
    "booked-means-one-appointment": [
        "UPDATE appointment_requests SET state = 'open', appointment_id = NULL WHERE state = 'booked'",
    ],
    "appointment-state-is-that-of-the-last-event": [
        (
            "INSERT INTO events (request_id, kind, at, owner, client, x_request_id, appointment_id) "
            "SELECT request_id, 'completed', at, owner, client, x_request_id, appointment_id FROM events "
            "WHERE kind = 'cancelled' AND appointment_id IS NOT NULL"
        ),
    ],
    "cancelling-has-a-cancellation-and-a-job": [
        (
            "UPDATE appointments SET state = 'cancelling', cancelled_on = NULL, cancelled_by = NULL, ended_on = NULL "
            "WHERE state = 'cancelled'"
        ),
    ],
    "place-is-the-slot-of-the-appointment": [
        "UPDATE reservations SET day = '2030-01-01' WHERE state = 'reserved'",
    ],
}
"""Other ways to break rules that have more than one."""


async def a_reschedule(api: Api) -> None:
    """An appointment of order 6 that has moved to another slot."""
    _, booking = await api.booked(6)
    request_id, slots = await api.opened(6)
    number = number_of(await api.alice.reschedule(booking.json()["id"], request_id, slots[2]["id"]))
    assert (await api.settled(lambda: api.alice.read_reschedule(number))).status_code == 200


async def a_request_in_each_settled_state(api: Api, database: Database, clock: Clock) -> None:
    """Open, booked, cancelled, open again after a slot was refused, and an appointment that is cancelled."""
    await api.opened(1)
    await api.booked(2)
    await a_reschedule(api)
    cancelled, _ = await api.opened(3)
    assert (await api.alice.cancel(cancelled)).status_code == 204
    refused, slots = await api.opened(4)
    await set_capacity(database, 0, days_from(clock(), 120))
    number = number_of(await api.alice.book(refused, slots[0]["id"]))
    assert (await api.settled(lambda: api.alice.read_booking(number))).status_code == 422
    await set_capacity(database, 1000, days_from(clock(), 120))
    appointment = await api.appointed(5)
    assert (await api.cancelled(appointment["id"])).status_code == 200


async def test_all_rules_hold_after_ordinary_use(api: Api, database: Database, clock: Clock) -> None:
    await a_request_in_each_settled_state(api, database, clock)
    assert await database.read(findings) == []


async def test_all_rules_hold_after_orders_changed_hands(api: Api, database: Database, clock: Clock) -> None:
    """An appointment stays with its old owner, and what was only begun is cancelled."""
    await a_request_in_each_settled_state(api, database, clock)
    operator = Actor(EVERYBODYS, "import", "x_request_id")
    found = [sample_order(number, BOB) for number in (1, 2, 3, 4)]
    done = await import_orders(database, operator, found, transfer=True, over_after_days=0)
    assert len(done.transferred) == 4
    assert done.cancelled != []
    assert await database.read(findings) == []


def test_every_rule_is_seen_to_find_something() -> None:
    assert DAMAGE.keys() == RULES.keys()
    assert SAME_RULE_OTHERWISE.keys() <= RULES.keys()


WAYS = [(rule, statement) for rule in RULES for statement in (DAMAGE[rule], *SAME_RULE_OTHERWISE.get(rule, ()))]


@pytest.fixture(scope="module", params=STORE_ENGINES)
def settled_url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a database of the whole module, on each engine in turn."""
    folder = tmp_path_factory.mktemp("settled")
    with migrated_database(request.param, request, folder, *settings_of(request.param)) as url:
        yield url


@pytest.fixture(scope="module")
async def settled(settled_url: str, issuer: Issuer, anyio_backend: object) -> AsyncIterator[Database]:
    """This database, with a request in each settled state: damage it in transactions that are rolled back."""
    assert anyio_backend
    clock, database = Clock(), Database(settled_url)
    await fill(database, clock())
    async with serve_in_process(database, issuer, clock) as api:
        await a_request_in_each_settled_state(api, database, clock)
    yield database
    await database.close()


class Undone(Exception):
    """Rolls the damage back."""


@pytest.mark.parametrize(("rule", "damage"), WAYS)
async def test_a_rule_that_is_broken_is_named(settled: Database, rule: str, damage: str) -> None:
    broken: set[str] = set()

    async def work(transaction: Transaction) -> None:
        assert await transaction.execute(sa.text(damage)) > 0
        broken.update(finding.rule for finding in await findings(transaction))
        raise Undone

    assert await settled.read(findings) == []
    with pytest.raises(Undone):
        await settled.write(work)
    assert rule in broken


async def test_a_finding_names_the_row(database: Database) -> None:
    request_id = await in_state(database, State.BOOKED)
    ((appointment_id,),) = await rows(database, "SELECT id FROM appointments")
    await execute(database, "UPDATE appointments SET owner = 'another'")
    await execute(database, "UPDATE orders SET occupancy = 7 WHERE id = 1")
    found = {finding.rule: finding.row for finding in await database.read(findings)}
    assert found == {
        "appointment-has-the-owner-of-its-booking": {
            "id": appointment_id,
            "owner": "another",
            "booking_owner": "11001",
        },
        "occupancy-counts-the-bookings-of-an-order": {"id": 1, "occupancy": 7, "in_progress": 0, "standing": 1},
    }
    assert request_id > 0


async def test_a_rule_that_is_broken_everywhere_is_named_a_hundred_times(database: Database) -> None:
    columns = "owner, time_zone, state, area, demand_type, priority_assist, e_sla, imported_on"
    for number in range(100, 100 + MAX_FINDINGS + 20):
        values = f"SELECT {number}, 3, {columns} FROM orders WHERE id = 1"  # noqa: S608 - constants of this test
        await execute(database, f"INSERT INTO orders (id, occupancy, {columns}) {values}")
    found = await database.read(verify.findings)
    assert [finding.rule for finding in found] == ["occupancy-counts-the-bookings-of-an-order"] * MAX_FINDINGS
