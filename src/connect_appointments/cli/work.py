"""`work`: a worker without a server."""

from __future__ import annotations

import uvloop

from connect_appointments.cli.database import opened
from connect_appointments.settings import WorkSettings, load
from connect_appointments.telemetry.logs import configure_logging
from connect_appointments.telemetry.outage import Outage
from connect_appointments.web.server.memory import settle_memory
from connect_appointments.web.server.server import until_stopped
from connect_appointments.wiring import create_worker, utc_now, workforce_of, working


def work() -> None:
    """Run a worker without a server.

    Use it with `serve --no-worker`, or to add workers.
    """
    settings = load(WorkSettings)
    configure_logging(settings.log_level)
    uvloop.run(_work(settings))


async def _work(settings: WorkSettings) -> None:
    async with opened(settings) as database:
        workforce = workforce_of(settings, database)
        async with working(
            create_worker(database, workforce, settings.booking_policy(), utc_now, settings.worker_options(), Outage())
        ):
            settle_memory()
            print("working", flush=True)
            await until_stopped()
