"""From settings to the configuration of the service: what each setting is for."""

from __future__ import annotations

import httpx2

from connect_appointments.core.windows import BookingPolicy
from connect_appointments.jobs.registry import WorkerOptions
from connect_appointments.settings import ANY, ServeSettings, WorkSettings
from connect_appointments.store.engine import Database
from connect_appointments.usecases.service import ServiceOptions
from connect_appointments.web.api.auth import TokenRules
from connect_appointments.web.api.fairness import Limit
from connect_appointments.web.api.keys import KeySource, keys_at_url, keys_in_file, keys_of_issuer
from connect_appointments.web.api.versions import Deprecation
from connect_appointments.wiring import WORKFORCES, AppConfig
from connect_appointments.workforce.port import Workforce
from connect_appointments.workforce.regions import working_days


def booking_policy(settings: WorkSettings) -> BookingPolicy:
    """Which days may be offered."""
    return BookingPolicy(
        working_days(settings.holiday_country),
        slot_days=settings.slot_days,
        lead_days=settings.lead_days,
        horizon_days=settings.booking_horizon_days,
    )


def workforce_of(settings: WorkSettings, database: Database) -> Workforce:
    """The workforce system that the settings name."""
    return WORKFORCES[settings.workforce](database, booking_policy(settings))


def worker_options(settings: WorkSettings) -> WorkerOptions:
    """How background work is done."""
    return WorkerOptions(
        slots=settings.worker_slots,
        lease_seconds=settings.lease_seconds,
        poll_seconds=settings.poll_seconds,
        search_tries=settings.search_tries,
    )


def serve_config(settings: ServeSettings, database: Database, client: httpx2.AsyncClient) -> AppConfig:
    """What `serve` runs. `client` fetches the issuer's keys."""
    return AppConfig(
        database=database,
        keys=_keys(settings, client),
        tokens=TokenRules(
            issuers=frozenset({settings.issuer}),
            audiences=None if ANY in settings.audience else settings.audience or None,
            clients=settings.allowed_azp or None,
            owner_claim=settings.owner_claim,
            algorithms=settings.algorithms,
            leeway_seconds=settings.clock_leeway_seconds,
        ),
        public_url=settings.public_url.rstrip("/"),
        policy=booking_policy(settings),
        workforce=workforce_of(settings, database),
        deprecation=Deprecation(settings.deprecated_since, settings.sunset),
        service=ServiceOptions(settings.one_appointment_per_order, settings.max_waiting),
        worker=worker_options(settings),
        limit=None if settings.rate_limit is None else Limit(settings.rate_limit, settings.rate_limit_seconds),
    )


def _keys(settings: ServeSettings, client: httpx2.AsyncClient) -> KeySource:
    if settings.jwks_file is not None:
        return keys_in_file(settings.jwks_file)
    if settings.jwks_url is not None:
        return keys_at_url(settings.jwks_url, client)
    return keys_of_issuer(settings.issuer, client)
