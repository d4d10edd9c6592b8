"""Archive a million families on PostgreSQL while cancels go on: `python -m bench.archiving [FAMILIES]`.

It prints the rate of the archive, and the latency of paced cancels before and during it.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from itertools import count
from typing import NamedTuple

import asyncpg

from connect_appointments.core.model import Actor, Owner
from connect_appointments.store import schema
from connect_appointments.store.engine import Database
from connect_appointments.store.queries.verify import findings
from connect_appointments.usecases.appointment_requests import AppointmentRequests
from connect_appointments.usecases.archives import archive_families
from connect_appointments.wiring import default_policy, utc_now
from tests.throwaway_postgres import running_postgres

FAMILIES = 1_000_000
OPEN = 300_000
CANCELS_A_SECOND = 1000
QUIET_SECONDS = 15
ALICE = Actor(Owner("11001"), "portal-api", "x_request_id")

FILL = """
    INSERT INTO orders (id, owner, time_zone, state, area, demand_type, priority_assist, e_sla, contact_name, imported_on)
    SELECT n, '11001', 'Australia/Brisbane', 'QLD', '4000', 'Standard Install', false, 'Standard', 'Name ' || n, now()
    FROM generate_series(1, {orders}) n;
    INSERT INTO appointment_requests (owner, order_id, date_from, state, created_on, updated_on, cancelled_on)
    SELECT '11001', 1 + n % {orders}, current_date, 'cancelled', t, t, t
    FROM generate_series(1, {families}) n, LATERAL (SELECT now() - interval '100 days' + n * interval '1 ms') AS moments (t);
    INSERT INTO appointment_requests (owner, order_id, date_from, state, created_on, updated_on)
    SELECT '11001', 1 + n % {orders}, current_date, 'open', now(), now() FROM generate_series(1, {open}) n;
    INSERT INTO offers (request_id, slots)
    SELECT id, repeat('x', 3000) FROM appointment_requests WHERE id <= {families};
    INSERT INTO bookings (request_id, owner, slot_id, slot, state, created_on, ended_on)
    SELECT id, owner, 's', '{{}}', 'booked', created_on, created_on FROM appointment_requests
    WHERE id <= {families} AND id % 3 = 0;
    INSERT INTO appointments (request_id, booking_id, owner, order_id, workforce_id, state, slot, ends_on, demand_type,
        priority_assist, e_sla, contact_name, created_on, updated_on, cancellable_until, ended_on)
    SELECT r.id, b.id, r.owner, r.order_id, 'APT' || r.id, 'completed', '{{}}', r.created_on, 'Standard Install', false,
        'Standard', 'Name', r.created_on, r.created_on, r.created_on, r.created_on
    FROM bookings b JOIN appointment_requests r ON r.id = b.request_id;
    UPDATE appointment_requests r SET state = 'booked', cancelled_on = NULL, booking_id = a.booking_id, appointment_id = a.id
    FROM appointments a WHERE a.request_id = r.id;
    INSERT INTO events (request_id, kind, at, owner, client, x_request_id)
    SELECT id, kind, created_on, owner, 'portal-api', 'x_request_id'
    FROM appointment_requests, (VALUES ('created'), ('slots-found'), ('cancelled')) AS kinds (kind) WHERE id <= {families};
"""  # noqa: E501 - a statement a line


class Latency(NamedTuple):
    """The cancels of one phase: how many, and the quantiles of their latency in ms."""

    cancels: int
    p50: float
    p99: float
    longest: float


def _latency(found: list[float]) -> Latency:
    ordered = sorted(found)
    p50, p99 = (ordered[int(len(ordered) * share)] * 1000 for share in (0.5, 0.99))
    return Latency(len(ordered), round(p50, 1), round(p99, 1), round(ordered[-1] * 1000, 1))


@asynccontextmanager
async def _cancelling(database: Database, ids: Iterator[int]) -> AsyncIterator[list[float]]:
    """Cancel open appointment-requests at a constant rate; the latencies in seconds, counted from the planned time."""
    use_cases = AppointmentRequests(database, default_policy(), utc_now)
    found: list[float] = []
    running: set[asyncio.Task[None]] = set()

    async def cancel(planned: float) -> None:
        await use_cases.cancel_request(ALICE, next(ids))
        found.append(time.perf_counter() - planned)

    async def pace() -> None:
        begun = time.perf_counter()
        for number in count():
            planned = begun + number / CANCELS_A_SECOND
            await asyncio.sleep(max(0, planned - time.perf_counter()))
            task = asyncio.create_task(cancel(planned))
            running.add(task)
            task.add_done_callback(running.discard)

    pacing = asyncio.create_task(pace())
    yield found
    pacing.cancel()
    await asyncio.gather(*running)


async def _archive(database: Database, most_seconds: float) -> tuple[int, float, float]:
    """Archive as the recurring job does; the families, the seconds, and the seconds of the slowest batch."""
    begun, after, total, slowest = time.perf_counter(), 0, 0, 0.0
    while time.perf_counter() - begun < most_seconds:
        started = time.perf_counter()
        moved, cursor = await archive_families(database, after, keep_days=30, assume_over_days=7)
        took = time.perf_counter() - started
        total, slowest = total + moved, max(slowest, took)
        if cursor is None:
            break
        after = cursor
        await asyncio.sleep(took)
    return total, time.perf_counter() - begun, slowest


async def _measure(url: str, families: int) -> None:
    database = Database(url)
    await schema.migrate(database)
    connection = await asyncpg.connect(url)
    await connection.execute(FILL.format(families=families, open=OPEN, orders=100_000))
    await connection.execute("VACUUM ANALYZE")
    await connection.close()
    ids = iter(range(families + 1, families + OPEN))
    async with _cancelling(database, ids) as quiet:
        await asyncio.sleep(QUIET_SECONDS)
    print(f"cancels alone: {_latency(quiet)}", flush=True)
    async with _cancelling(database, ids) as busy:
        moved, seconds, slowest = await _archive(database, OPEN / CANCELS_A_SECOND - 2 * QUIET_SECONDS)
    print(
        f"archived {moved} families in {seconds:.0f} s, {moved / seconds:.0f} a second; slowest batch {slowest:.3f} s"
    )
    print(f"cancels meanwhile: {_latency(busy)}")
    rules = {finding.rule for finding in await database.read(findings)} if families <= 10_000 else set()
    print(f"broken rules of the archive: {sorted(rule for rule in rules if 'archived' in rule)}")
    await database.close()


def main() -> None:
    """Run the measurement on a PostgreSQL of its own, with fsync on."""
    families = int(sys.argv[1]) if len(sys.argv) > 1 else FAMILIES
    with running_postgres(durable=True, options={"max_wal_size": "8GB"}, databases=["connect"]) as server:
        asyncio.run(_measure(server.url("connect"), families))


if __name__ == "__main__":
    main()
