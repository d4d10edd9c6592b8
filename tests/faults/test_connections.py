"""Ten thousand connections that ask for nothing, or never finish asking: others do not notice."""

from __future__ import annotations

import contextlib
import resource
import socket
import time
from collections.abc import Iterator
from statistics import median
from urllib.parse import urlsplit

import pytest

from connect_appointments.web.server.timeouts import Timeouts
from tests.build import ALICE

from .load import Load, date_from
from .stage import open_stage

CONNECTIONS = 10_000
BESIDES = 500
"""Files that the test needs for other things."""
TIMES_SLOWER = 3
"""Than without them may a call beside them be, half of the time; what they cost is a few milliseconds a second."""
SLOWEST_SECONDS = 5.0
"""On a machine that is busy with other things."""
CALLS_SECONDS = 3
BRIEFLY_SECONDS = 1
IDLE = b""
HALF = b"POST /api/connect/orders/appointment-requests/cancel HTTP/1.1\r\nHost: a\r\n"


@pytest.fixture
def as_many_as_allowed() -> Iterator[int]:
    """So many connections, or as many as the system allows this process and the server each."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (before[1], before[1]))
    yield CONNECTIONS if before[1] == resource.RLIM_INFINITY else min(CONNECTIONS, before[1] - BESIDES)
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


async def median_seconds(load: Load, order: int, seconds: float) -> float:
    """Create and cancel for so long: each call is answered, and soon; half of them in this time."""
    caller, first = load.caller(ALICE, "beside"), len(load.calls)
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        created = await caller.create(order, date_from())
        assert created.id is not None
        cancelled = await caller.cancel(created.id)
        assert cancelled.answer.status == 204
    await caller.close()
    took = [(call.end_ns - call.start_ns) / 1e9 for call in load.calls[first:]]
    assert max(took) < SLOWEST_SECONDS
    return median(took)


async def test_others_do_not_notice_ten_thousand_connections_that_wait(as_many_as_allowed: int) -> None:
    async with open_stage("sqlite", orders=1) as stage:
        server = await stage.serve()
        load, order = Load(stage, stage.urls), stage.order_ids(ALICE)[0]
        await median_seconds(load, order, BRIEFLY_SECONDS)  # what is slow for once is over then
        alone = await median_seconds(load, order, CALLS_SECONDS)
        with contextlib.ExitStack() as stack:
            for number in range(as_many_as_allowed):
                connection = stack.enter_context(socket.create_connection(("127.0.0.1", urlsplit(server.url).port)))
                connection.sendall(IDLE if number % 2 else HALF)
            beside = await median_seconds(load, order, Timeouts().head_seconds + CALLS_SECONDS)
            print(f"{as_many_as_allowed} connections: {beside * 1e3:.1f} ms, without: {alone * 1e3:.1f} ms")
            assert beside < alone * TIMES_SLOWER
        await median_seconds(load, order, BRIEFLY_SECONDS)
        assert await server.stop() == 0
