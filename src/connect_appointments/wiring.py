"""The composition root: the only module that imports all packages."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

import httpx2

from connect_appointments.core.windows import BookingPolicy
from connect_appointments.jobs.options import WorkerOptions
from connect_appointments.jobs.registry import job_kinds, recurring_jobs
from connect_appointments.jobs.worker import Worker
from connect_appointments.settings import ServeSettings, WorkSettings
from connect_appointments.store.engine import Database
from connect_appointments.telemetry.outage import Outage
from connect_appointments.usecases.clock import Clock
from connect_appointments.usecases.options import ServiceOptions
from connect_appointments.usecases.service import Service, create_service
from connect_appointments.web.api.app import App, create_app
from connect_appointments.web.api.base_endpoint import Handler
from connect_appointments.web.api.endpoint import RequestGuards
from connect_appointments.web.api.fairness import Limit, Limiter
from connect_appointments.web.api.request import ServerContext
from connect_appointments.web.api.tokens.auth import Authenticator
from connect_appointments.web.api.tokens.keys import KeyRing, KeySource, keys_at_url, keys_in_file, keys_of_issuer
from connect_appointments.web.api.tokens.token_rules import TokenRules
from connect_appointments.web.api.versions import Deprecation
from connect_appointments.web.health import Health
from connect_appointments.workforce.calendar.calendar import Calendar
from connect_appointments.workforce.port import Workforce
from connect_appointments.workforce.regions import working_days


def utc_now() -> datetime:
    """The current time of this machine."""
    return datetime.now(UTC)


def seconds_of(clock: Clock) -> Callable[[], float]:
    """The clock as seconds since 1970; for this machine's clock without the conversion from a datetime."""
    return time.time if clock is utc_now else lambda: clock().timestamp()


WORKFORCES: Mapping[str, Callable[[Database, BookingPolicy], Workforce]] = {"calendar": Calendar}
"""The workforce systems, by the value of the setting WORKFORCE."""


def default_policy() -> BookingPolicy:
    """The booking rules without any configuration."""
    return BookingPolicy(working_days("AU"))


@dataclass(frozen=True)
class AppConfig:
    """The configuration of a running service.

    public_url: None trusts the request's Host header.
    trusted_proxies: addresses whose forwarded host is trusted instead.
    workforce: None for the built-in calendar.
    limit: the rate limit of each owner; None for no limit.
    mounts: the handlers of path prefixes, in place of the API.
    """

    database: Database
    keys: KeySource
    tokens: TokenRules
    public_url: str | None = None
    trusted_proxies: frozenset[str] = frozenset()
    policy: BookingPolicy = field(default_factory=default_policy)
    deprecation: Deprecation = field(default_factory=Deprecation)
    service: ServiceOptions = field(default_factory=ServiceOptions)
    worker: WorkerOptions = field(default_factory=WorkerOptions)
    clock: Clock = utc_now
    workforce: Workforce | None = None
    limit: Limit | None = None
    mounts: Mapping[str, Handler] = field(default_factory=dict)


def config_of(settings: ServeSettings, database: Database, client: httpx2.AsyncClient) -> AppConfig:
    """The configuration of `serve`. `client` fetches the issuer's keys."""
    return AppConfig(
        database=database,
        keys=_keys(settings, client),
        tokens=settings.token_rules(),
        public_url=settings.public_url.rstrip("/"),
        policy=settings.booking_policy(),
        workforce=workforce_of(settings, database),
        deprecation=settings.deprecation(),
        service=settings.service_options(),
        worker=settings.worker_options(),
        limit=settings.limit(),
    )


def workforce_of(settings: WorkSettings, database: Database) -> Workforce:
    """The workforce system of the settings."""
    return WORKFORCES[settings.workforce](database, settings.booking_policy())


def _keys(settings: ServeSettings, client: httpx2.AsyncClient) -> KeySource:
    if settings.jwks_file is not None:
        return keys_in_file(settings.jwks_file)
    if settings.jwks_url is not None:
        return keys_at_url(settings.jwks_url, client)
    return keys_of_issuer(settings.issuer, client)


@dataclass(frozen=True)
class Running:
    """A running service."""

    app: App
    context: ServerContext
    service: Service
    worker: Worker


def create_worker(
    database: Database,
    workforce: Workforce,
    policy: BookingPolicy,
    clock: Clock,
    options: WorkerOptions,
    outage: Outage | None = None,
) -> Worker:
    """A worker with every kind of job, not yet started.

    outage: the outage of the database; None creates one that is not shared.
    """
    kinds = job_kinds(database, workforce, policy, clock, options)
    recurring = recurring_jobs(database, workforce, policy, options)
    return Worker(database, kinds, clock, options, outage or Outage(), recurring)


@contextlib.asynccontextmanager
async def working(worker: Worker) -> AsyncIterator[None]:
    """Run the worker for the duration of the context, then finish its running jobs."""
    task = asyncio.create_task(worker.run())
    try:
        yield
    finally:
        worker.stop()
        await task


@contextlib.asynccontextmanager
async def running(config: AppConfig, *, with_worker: bool = True) -> AsyncIterator[Running]:
    """The running application: its keys are refreshed, its health is checked and its worker runs during the context."""
    outage = Outage()
    context = ServerContext(config.public_url, config.trusted_proxies, outage)
    keys = KeyRing(config.keys, time.monotonic)
    authenticator = Authenticator(keys, config.tokens, seconds_of(config.clock))
    workforce = config.workforce or Calendar(config.database, config.policy)
    worker = create_worker(config.database, workforce, config.policy, config.clock, config.worker, outage)
    service = create_service(config.database, config.policy, config.clock, config.service, worker.wake)
    health = Health(config.database, keys, context, outage)
    limiter = None if config.limit is None else Limiter(config.limit, seconds_of(config.clock))
    guards = RequestGuards(authenticator, config.deprecation, limiter)
    app = create_app(guards, service, health.answer, config.mounts)
    async with contextlib.AsyncExitStack() as stack:
        await stack.enter_async_context(keys.refreshing())
        await stack.enter_async_context(health.checking())
        if with_worker:
            await stack.enter_async_context(working(worker))
        yield Running(app, context, service, worker)
