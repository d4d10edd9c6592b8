"""`work`: the background work alone."""

from __future__ import annotations

import uvloop

from connect_appointments.cli.database import opened
from connect_appointments.jobs.worker import Worker
from connect_appointments.planning import rules, worker_options
from connect_appointments.settings import WorkSettings, load
from connect_appointments.telemetry.logs import configure_logging
from connect_appointments.telemetry.outage import Outage
from connect_appointments.web.server.server import until_stopped
from connect_appointments.wiring import utc_now, working
from connect_appointments.workforce.calendar import Calendar


def work() -> None:
    """Do background work, for processes that serve with --no-worker or to have more of it done."""
    settings = load(WorkSettings)
    configure_logging(settings.log_level)
    uvloop.run(_work(settings))


async def _work(settings: WorkSettings) -> None:
    async with opened(settings) as database:
        calendar = Calendar(database, rules(settings))
        async with working(Worker(database, calendar, utc_now, worker_options(settings), Outage())):
            print("working", flush=True)
            await until_stopped()
