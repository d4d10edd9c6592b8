"""A database 1 ms away: half a millisecond there, half a millisecond back."""

from __future__ import annotations

import contextlib
import sys

from bench.load import Load
from bench.measuring import Bench, there_and_back
from bench.plan import FAR_CONNECTIONS
from bench.postgres import PostgresStore
from bench.processes import started
from bench.results import Key, Run
from bench.systems import RAW, SERVICE_FAR
from tests.throwaway_postgres import free_port

ONE_WAY_SECONDS = 0.0005
NEAR_MS, FAR_MS = "round trip to the database, ms", "round trip to the database 1 ms away, ms"


def far(bench: Bench) -> None:
    """Cancels through a proxy that delays everything."""
    store, port = bench.fleet.postgres(SERVICE_FAR), free_port()
    url = store.url.replace(f":{bench.fleet.server.port}/", f":{port}/")
    launcher = bench.fleet.launcher
    command = [sys.executable, "-m", "bench.proxy", str(port), str(bench.fleet.server.port), str(ONE_WAY_SECONDS)]
    with contextlib.ExitStack() as stack:
        stack.enter_context(started(command, launcher.environment({}), launcher.folder / "proxy.log"))
        served = {SERVICE_FAR: stack.enter_context(launcher.service(SERVICE_FAR, store, url)), RAW: bench.fleet[RAW]}
        bench.results.note(NEAR_MS, store.round_trip_ms())
        bench.results.note(FAR_MS, PostgresStore(url, bench.clock.say).round_trip_ms())
        load = Load(bench.plan.rows, bench.tokens.callers)
        for number in bench.rounds():
            for name in there_and_back((RAW, SERVICE_FAR), number):

                def work(name: str = name, number: int = number) -> Run:
                    return bench.closed_loop(number, served[name], FAR_CONNECTIONS, load)

                bench.counted(Key("far", name, str(FAR_CONNECTIONS)), work)
