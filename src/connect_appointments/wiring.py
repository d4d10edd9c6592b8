"""Everything put together: the only room that knows all the others."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from connect_appointments.jobs.worker import Worker, WorkerOptions
from connect_appointments.store.engine import Database
from connect_appointments.store.hot_path import HotPath
from connect_appointments.usecases.creation import Clock
from connect_appointments.usecases.service import Service, ServiceOptions
from connect_appointments.web.api.app import App, create_app
from connect_appointments.web.api.auth import Authenticator, TokenRules
from connect_appointments.web.api.base_endpoint import Handler
from connect_appointments.web.api.endpoint import RequestGuards
from connect_appointments.web.api.fairness import Limit, Limiter
from connect_appointments.web.api.keys import KeyRing, KeySource
from connect_appointments.web.api.request import ServerContext
from connect_appointments.web.api.versions import Deprecation
from connect_appointments.web.health import Health
from connect_appointments.workforce.calendar import Calendar
from connect_appointments.workforce.port import Workforce
from connect_appointments.workforce.windows import Rules


def utc_now() -> datetime:
    """The time of this machine."""
    return datetime.now(UTC)


def seconds_of(clock: Clock) -> Callable[[], float]:
    """The same clock in seconds since 1970; this machine's own without the detour over a date."""
    return time.time if clock is utc_now else lambda: clock().timestamp()


@dataclass(frozen=True)
class Plan:
    """What a running service is made from.

    public_url: None where the caller's Host is believed.
    trusted_proxies: addresses whose forwarded host is believed in its place.
    workforce: None for our own calendar.
    limit: how often an owner may call; None sets no limit.
    mounts: what answers every path below a prefix, in place of the API.
    """

    database: Database
    keys: KeySource
    tokens: TokenRules
    public_url: str | None = None
    trusted_proxies: frozenset[str] = frozenset()
    rules: Rules = field(default_factory=Rules)
    deprecation: Deprecation = field(default_factory=Deprecation)
    service: ServiceOptions = field(default_factory=ServiceOptions)
    worker: WorkerOptions = field(default_factory=WorkerOptions)
    clock: Clock = utc_now
    workforce: Workforce | None = None
    limit: Limit | None = None
    mounts: Mapping[str, Handler] = field(default_factory=dict)


@dataclass(frozen=True)
class Running:
    """A service at work."""

    app: App
    context: ServerContext
    service: Service
    worker: Worker


def create_worker(plan: Plan) -> Worker:
    """A worker, not yet at work."""
    workforce = plan.workforce or Calendar(plan.database, plan.rules)
    return Worker(plan.database, workforce, plan.clock, plan.worker)


@contextlib.asynccontextmanager
async def working(worker: Worker) -> AsyncIterator[None]:
    """Let the worker work while the context lasts, and finish what it has begun."""
    task = asyncio.create_task(worker.run())
    try:
        yield
    finally:
        worker.stop()
        await task


@contextlib.asynccontextmanager
async def running(plan: Plan, *, with_worker: bool = True) -> AsyncIterator[Running]:
    """The application, with its keys fresh, its health watched and its worker at work while the context lasts."""
    context = ServerContext(plan.public_url, plan.trusted_proxies)
    keys = KeyRing(plan.keys, time.monotonic)
    authenticator = Authenticator(keys, plan.tokens, seconds_of(plan.clock))
    hot_path = HotPath(plan.database, max_waiting=plan.service.max_waiting)
    worker = create_worker(plan)
    service = Service(plan.database, hot_path, plan.rules, plan.clock, plan.service, worker.wake)
    health = Health(plan.database, keys, context)
    limiter = None if plan.limit is None else Limiter(plan.limit, seconds_of(plan.clock))
    guards = RequestGuards(authenticator, plan.deprecation, limiter)
    app = create_app(guards, service, health.answer, plan.mounts)
    async with contextlib.AsyncExitStack() as stack:
        stack.push_async_callback(hot_path.close)
        await stack.enter_async_context(keys.refreshing())
        await stack.enter_async_context(health.looking())
        if with_worker:
            await stack.enter_async_context(working(worker))
        yield Running(app, context, service, worker)
