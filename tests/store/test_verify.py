"""The rules that every database must keep: each is seen to find what breaks it."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from connect_appointments.store.engine import Database
from connect_appointments.store.verify import RULES, findings
from tests.api_client import Api

DAMAGE = {
    "state-is-that-of-the-last-event": "UPDATE appointment_requests SET state = 'failed' WHERE state = 'open'",
    "nothing-follows-a-final-state": (
        "INSERT INTO events (request_id, kind, at, owner, client, trace) "
        "SELECT request_id, 'slots-found', at, owner, client, trace FROM events WHERE kind = 'cancelled'"
    ),
    "booked-means-one-appointment": "DELETE FROM appointments",
    "attempt-stands-where-its-request-does": "UPDATE bookings SET state = 'refused'",
    "searching-has-a-job": (
        "UPDATE appointment_requests SET state = 'searching', cancelled_on = NULL WHERE state = 'cancelled'"
    ),
    "booking-has-a-job": "UPDATE appointment_requests SET state = 'booking' WHERE state = 'booked'",
    "open-has-an-offer": (
        "DELETE FROM offers WHERE request_id IN (SELECT id FROM appointment_requests WHERE state = 'open')"
    ),
    "places-taken-are-those-granted": "UPDATE capacity SET taken = taken + 1 WHERE taken > 0",
    "attempt-ended-as-decided": "UPDATE reservations SET granted = NOT granted",
}


async def a_request_in_each_settled_state(api: Api) -> None:
    await api.opened(1)
    await api.booked(2)
    request_id, _ = await api.opened(3)
    assert (await api.alice.cancel(request_id)).status_code == 204


async def test_all_rules_hold_after_ordinary_use(api: Api, database: Database) -> None:
    await a_request_in_each_settled_state(api)
    assert await database.read(findings) == []


@pytest.mark.parametrize("rule", RULES)
async def test_a_rule_that_is_broken_is_named(api: Api, database: Database, rule: str) -> None:
    await a_request_in_each_settled_state(api)

    async def damage(connection: sa.ext.asyncio.AsyncConnection) -> int:
        return (await connection.execute(sa.text(DAMAGE[rule]))).rowcount

    assert await database.write(damage) > 0
    assert rule in {finding.rule for finding in await database.read(findings)}
