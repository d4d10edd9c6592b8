"""Three times as many calls as the database can take: what is accepted is quick, and the rest is told so at once."""

from __future__ import annotations

import asyncio
import math
import time
from bisect import bisect_right
from datetime import UTC, datetime
from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import sqlalchemy as sa

from connect_appointments.store.tables import appointment_requests
from tests.build import ALICE, BOB

from ..history import Answer, Call, violation
from ..pace import Pace, Seen
from ..proxy import Proxy
from ..stage import open_stage

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from connect_appointments.store.transaction import Transaction

    from ..stage import Stage
    from ..trial import Trial

DELAY_SECONDS = 0.4
"""How long the proxy holds up what goes to the database, and what comes back: a batch takes twice that.

Long, so that next to it the moments count little for which a busy machine lets nobody run.
"""
MAX_BATCH = 256
TIMES_CAPACITY = 3
TIMES_UNLOADED = 3
"""How much slower than a call alone the slowest 1 % of what is accepted may be."""
BATCHES_WAITED = 2
"""The one that is under way when a call comes, and its own: for no more may half of what is accepted wait.

Counted in batches it is the same on a machine of any speed: one that does not run for a while serves no batch either.
"""
ALONE = 5
ROUND_SECONDS = 5
SLOW_EVERY_SECONDS = 0.1
"""How often the other owner calls."""
AT_ONCE_SECONDS = DELAY_SECONDS
"""A refusal that comes sooner than anything could have come through the proxy was not waited for."""
MIN_GOODPUT = 0.6
"""Of the capacity; what is refused costs the machine that it all runs on something too."""


async def overloaded(trial: Trial) -> None:
    """One owner cancels three times as many requests as the slowed database can take, another owner a few.

    An accepted call waits for the batch in flight and its own batch, and takes less than three times as long as a
    single call, except for 1 % of them; the other calls get 503 with Retry-After at once, no call of the second owner
    is refused, and at the end exactly the appointment-requests with a 204 are cancelled.
    """
    async with open_stage(orders=1) as stage:
        proxy = Proxy(stage.postgres.port)
        await proxy.open()
        url = stage.database_url.replace(f":{stage.postgres.port}/", f":{proxy.port}/")
        server = await stage.serve("--no-worker", DATABASE_URL=url)
        port = urlsplit(server.url).port or 0
        try:
            # Before the delay: to connect takes several ways through the proxy.
            await _alone(stage, port, (await _insert(stage, ALICE, 1))[0])
            proxy.delay_seconds = DELAY_SECONDS
            for _ in trial.rounds():
                await _round(trial, stage, port)
                trial.times += 1
        finally:
            proxy.close()


async def _round(trial: Trial, stage: Stage, port: int) -> None:
    alone = [await _alone(stage, port, n) for n in await _insert(stage, ALICE, ALONE)]
    unloaded = sorted(alone)[len(alone) // 2]
    rate = TIMES_CAPACITY * MAX_BATCH / unloaded
    flood = await _insert(stage, ALICE, int(rate * ROUND_SECONDS))
    few = await _insert(stage, BOB, int(ROUND_SECONDS / SLOW_EVERY_SECONDS))
    of_alice, of_bob = Pace(port), Pace(port)
    await of_alice.open(4 * MAX_BATCH)
    begun_ns = time.monotonic_ns() - int(asyncio.get_running_loop().time() * 1e9)
    reached, _ = await asyncio.gather(
        of_alice.offer(_cancels(stage, ALICE, flood), rate),
        of_bob.offer(_cancels(stage, BOB, few), 1 / SLOW_EVERY_SECONDS),
    )
    of_alice.close()
    of_bob.close()
    calls = _calls(ALICE, flood, of_alice.seen, begun_ns) + _calls(BOB, few, of_bob.seen, begun_ns)
    trial.calls += calls
    await _judge_changes(trial, stage, calls)
    _judge_times(trial, unloaded, reached, of_alice, of_bob)


async def _alone(stage: Stage, port: int, request_id: int) -> float:
    """The seconds that a call takes when there is no other."""
    pace = Pace(port)
    await pace.offer(_cancels(stage, ALICE, [request_id]), 1)
    pace.close()
    return pace.seen[0].seconds


def _cancels(stage: Stage, owner: str, ids: Iterable[int]) -> Iterator[bytes]:
    head = (
        "POST /api/connect/orders/appointment-requests/cancel HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        f"Authorization: Bearer {stage.token(owner)}\r\nX-API-VERSION: 7\r\nContent-Type: application/json\r\n"
    ).encode()
    for request_id in ids:
        body = b'{"appointmentRequestId":%d}' % request_id
        yield head + b"Content-Length: %d\r\n\r\n%b" % (len(body), body)


async def _insert(stage: Stage, owner: str, count: int) -> list[int]:
    """Put requests into the database as they are when they were just created; their ids."""
    now = datetime.now(UTC)
    statement = (
        sa.insert(appointment_requests)
        .values(
            owner=owner,
            order_id=stage.order_ids(owner)[0],
            date_from=now.date(),
            state="open",
            created_on=now,
            updated_on=now,
        )
        .returning(appointment_requests.c.id)
    )

    async def work(transaction: Transaction) -> list[int]:
        return [(await transaction.fetch(statement))[0].id for _ in range(count)]

    async with stage.database() as database:
        return await database.write(work)


async def _cancelled(stage: Stage) -> set[int]:
    statement = sa.select(appointment_requests.c.id).where(appointment_requests.c.state == "cancelled")

    async def work(transaction: Transaction) -> set[int]:
        return {row.id for row in await transaction.fetch(statement)}

    async with stage.database() as database:
        return await database.read(work)


def _calls(owner: str, ids: list[int], seen: Iterable[Seen], begun_ns: int) -> list[Call]:
    return [
        Call(
            "cancel",
            ids[one.number],
            f"{owner}/{one.number}",
            begun_ns + int(one.due * 1e9),
            begun_ns + int(one.answered * 1e9),
            Answer(one.status, "overloaded" if one.status == 503 else None),
        )
        for one in seen
    ]


async def _judge_changes(trial: Trial, stage: Stage, calls: list[Call]) -> None:
    """What was answered 204 is cancelled, and nothing else is."""
    cancelled = await _cancelled(stage)
    for call in calls:
        if call.answer.status == 204 and call.id not in cancelled:
            trial.violations.append(violation("cancel-lost", "answered 204 and not cancelled", call))
        elif call.answer.status == 503 and call.id in cancelled:
            trial.violations.append(violation("refused-and-done", "answered 503 and cancelled", call))
        elif call.answer.status not in {204, 503}:
            trial.violations.append(violation("neither-204-nor-503", f"{call.answer.status}", call))


def _judge_times(trial: Trial, unloaded: float, reached: float, of_alice: Pace, of_bob: Pace) -> None:
    seen = of_alice.seen + of_bob.seen
    accepted = [one.seconds for one in seen if one.status == 204]
    refused = [one.seconds for one in seen if one.status == 503]
    capacity, goodput = MAX_BATCH / unloaded, len(accepted) / ROUND_SECONDS
    slowest, waited = _p99(accepted), batches_waited([one for one in seen if one.status == 204])
    trial.note = (
        f"{reached:.0f}/s offered, {goodput:.0f}/s accepted, p99 {slowest:.2f} s, alone {unloaded:.2f} s, "
        f"waited {waited:.0f} batches, refused in {_p99(refused):.3f} s"
    )
    broken = {
        "cut-off": of_alice.cut + of_bob.cut > 0,
        "waited-too-long": waited > BATCHES_WAITED,
        "too-slow": slowest > TIMES_UNLOADED * unloaded,
        "refused-late": _p99(refused) > AT_ONCE_SECONDS,
        "refused-without-retry-after": not all(one.has_retry_after for one in seen if one.status == 503),
        "too-little-accepted": goodput < MIN_GOODPUT * capacity,
        "starved": any(one.status != 204 for one in of_bob.seen),
        "not-overloaded": reached < (TIMES_CAPACITY - 0.5) * capacity or not refused,
    }
    trial.violations += [violation(rule, trial.note) for rule, is_so in broken.items() if is_so]


def batches_waited(accepted: list[Seen]) -> float:
    """For how many batches half of them waited: calls of one batch are answered together, then none until the next."""
    if not accepted:
        return math.inf
    moments = sorted(one.answered for one in accepted)
    begins = [after for before, after in pairwise([-math.inf, *moments]) if after - before > DELAY_SECONDS]
    return median(bisect_right(begins, one.answered) - bisect_right(begins, one.due) for one in accepted)


def _p99(seconds: list[float]) -> float:
    return sorted(seconds)[math.ceil(len(seconds) * 0.99) - 1] if seconds else math.inf
