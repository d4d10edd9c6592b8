"""All settings: names, defaults, units and meanings. The only module that reads the environment."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Mapping
from datetime import date, time
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar
from urllib.parse import urlsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, ValidationError, model_validator

from connect_appointments.core.windows import BookingPolicy
from connect_appointments.jobs.options import WorkerOptions
from connect_appointments.store.options import DatabaseOptions
from connect_appointments.store.urls import check_database_url
from connect_appointments.usecases.options import ServiceOptions
from connect_appointments.web.api.fairness import Limit
from connect_appointments.web.api.tokens.token_rules import TokenRules
from connect_appointments.web.api.versions import Deprecation
from connect_appointments.web.server.timeouts import Timeouts
from connect_appointments.workforce.regions import working_days

PREFIX = "CONNECT_APPOINTMENTS_"
FILE_SUFFIX = "_FILE"
ANY = "any"

OF_THE_PLATFORM = re.compile(r"(SERVICE_HOST|SERVICE_PORT(_.+)?|PORT(_\d+_(TCP|UDP)(_.+)?)?)")
"""Variables that Kubernetes sets for a service named connect-appointments; they are not settings."""


S = TypeVar("S", bound="StoreSettings")


class SettingsError(Exception):
    """A setting is missing, wrong or unknown."""


def _listed(value: object) -> object:
    """Parse `a, b` as a list."""
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


def _wall_time(value: object) -> object:
    """Refuse what pydantic accepts besides `17:00`: seconds since midnight, an offset from UTC."""
    if isinstance(value, str) and not re.fullmatch("[0-9]{2}:[0-9]{2}", value):
        raise ValueError("must be a time of day such as 17:00")
    return value


Names = Annotated[frozenset[str], BeforeValidator(_listed)]
Seconds = Annotated[float, Field(gt=0, le=86_400)]
WallTime = Annotated[time, BeforeValidator(_wall_time)]


class StoreSettings(BaseModel):
    """Settings of the database, for `migrate`, `orders`, `capacity` and `requests`."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    database_url: Annotated[
        SecretStr, Field(description="`postgresql://user:password@host1,host2/name` or `sqlite:///path`")
    ]
    pool_size: Annotated[int, Field(ge=2, le=1000, description="Database connections of one process")] = 10
    lock_timeout_seconds: Annotated[
        Seconds, Field(description="Longest wait for a row that another transaction has locked")
    ] = 10
    statement_timeout_seconds: Annotated[Seconds, Field(description="Longest run of one statement")] = 15
    connect_timeout_seconds: Annotated[Seconds, Field(description="Longest wait for one database host")] = 2
    statement_cache: Annotated[
        bool, Field(description="Prepared statements; off behind a pooler that shares connections")
    ] = True
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"], Field(description="Lowest level that is logged")
    ] = "info"

    @model_validator(mode="after")
    def _known_database(self) -> StoreSettings:
        try:
            check_database_url(self.database_url.get_secret_value())
        except ValueError as error:
            raise ValueError(f"DATABASE_URL is wrong: {error}") from None
        return self

    def database_options(self) -> DatabaseOptions:
        """The options of the database connections."""
        return DatabaseOptions(
            pool_size=self.pool_size,
            lock_timeout_seconds=self.lock_timeout_seconds,
            statement_timeout_seconds=self.statement_timeout_seconds,
            connect_timeout_seconds=self.connect_timeout_seconds,
            statement_cache=self.statement_cache,
        )


class WorkSettings(StoreSettings):
    """Settings of background work, for `work`."""

    worker_slots: Annotated[int, Field(ge=1, le=256, description="Jobs of a kind that one process does at once")] = 256
    lease_seconds: Annotated[Seconds, Field(description="Lease of a claimed job")] = 30
    poll_seconds: Annotated[Seconds, Field(description="Interval between searches for jobs of other processes")] = 1
    search_tries: Annotated[int, Field(ge=1, le=100, description="Failures after which a search fails for good")] = 8
    workforce: Annotated[Literal["calendar"], Field(description="Workforce system: built-in `calendar`")] = "calendar"
    news_poll_seconds: Annotated[Seconds, Field(description="Interval between reads of news of the workforce")] = 10
    slot_days: Annotated[int, Field(ge=1, le=60, description="Calendar days with slots")] = 14
    lead_days: Annotated[int, Field(ge=0, le=60, description="Working days between today and the first slot")] = 1
    booking_horizon_days: Annotated[int, Field(ge=1, le=365, description="Days from today to the latest dateFrom")] = 89
    assume_over_days: Annotated[
        int, Field(ge=0, le=365, description="Days after its end when an appointment counts as over")
    ] = 7
    erase_contacts_after_days: Annotated[
        int, Field(ge=1, le=36_500, description="Days after the end of their use when contacts are erased")
    ] = 365
    cancellation_cutoff_time: Annotated[
        WallTime, Field(description="Time at the site until which a visit can be cancelled")
    ] = time(17)
    cancellation_cutoff_working_days: Annotated[
        int, Field(ge=0, le=60, description="Working days from the day of that time to the visit")
    ] = 1
    offer_minutes: Annotated[
        int | None, Field(ge=1, le=525_600, description="Longest life of a slot offer; none: until its last slot")
    ] = None
    holiday_country: Annotated[str, Field(description="Country of the public holidays, ISO 3166-1 alpha-2")] = "AU"

    def booking_policy(self) -> BookingPolicy:
        """The booking rules."""
        return BookingPolicy(
            working_days(self.holiday_country),
            slot_days=self.slot_days,
            lead_days=self.lead_days,
            horizon_days=self.booking_horizon_days,
            cancellation_cutoff_time=self.cancellation_cutoff_time,
            cancellation_cutoff_working_days=self.cancellation_cutoff_working_days,
            offer_minutes=self.offer_minutes,
        )

    def worker_options(self) -> WorkerOptions:
        """The options of background work."""
        return WorkerOptions(
            slots=self.worker_slots,
            lease_seconds=self.lease_seconds,
            poll_seconds=self.poll_seconds,
            search_tries=self.search_tries,
            news_seconds=self.news_poll_seconds,
            assume_over_days=self.assume_over_days,
            erase_contacts_after_days=self.erase_contacts_after_days,
        )


class ServeSettings(WorkSettings):
    """Settings of `serve`."""

    public_url: Annotated[str, Field(description="URL of the service for callers; every Location begins with it")]
    issuer: Annotated[str, Field(description="The `iss` of the tokens; OpenID discovery finds the keys")]
    jwks_url: Annotated[str | None, Field(description="The issuer's keys, instead of discovery")] = None
    jwks_file: Annotated[Path | None, Field(description="The issuer's keys in a file, instead of discovery")] = None
    audience: Annotated[Names, Field(description="Accepted `aud`, separated by commas; `any` accepts every token")] = (
        frozenset()
    )
    allowed_azp: Annotated[Names, Field(description="Accepted `azp`, separated by commas")] = frozenset()
    owner_claim: Annotated[str, Field(min_length=1, description="The claim that names the owner")] = "userId"
    algorithms: Annotated[Names, Field(description="Accepted signature algorithms, separated by commas")] = frozenset(
        {"RS256"}
    )
    clock_leeway_seconds: Annotated[
        float, Field(ge=0, le=300, description="Accepted difference of the issuer's clock")
    ] = 5
    listen_host: Annotated[str, Field(description="The address to listen on")] = "127.0.0.1"
    listen_port: Annotated[int, Field(ge=0, le=65_535, description="The port to listen on")] = 8080
    one_appointment_per_order: Annotated[
        bool, Field(description="At most one booking in progress, or one appointment that is not over, per order")
    ] = True
    deprecated_since: Annotated[date, Field(description="Date of the deprecation of versions 1 and 2")] = date(
        2025, 5, 26
    )
    sunset: Annotated[date | None, Field(description="Announced end of versions 1 and 2; they work beyond it")] = None
    body_timeout_seconds: Annotated[Seconds, Field(description="Longest time to receive a body")] = 10
    max_waiting: Annotated[
        int, Field(ge=1, description="Calls of each kind that may wait for the database; fewer while it is slow")
    ] = 4096
    rate_limit: Annotated[
        int | None,
        Field(ge=1, description="Calls of one owner in `RATE_LIMIT_SECONDS`, per process; further calls are 429"),
    ] = None
    rate_limit_seconds: Annotated[
        int, Field(ge=1, le=86_400, description="Time in which an owner regains `RATE_LIMIT` calls")
    ] = 60
    drain_seconds: Annotated[
        float, Field(ge=0, le=600, description="Time after SIGTERM with red readiness, before connections close")
    ] = 2
    shutdown_seconds: Annotated[Seconds, Field(description="Longest time after that for requests in progress")] = 30

    @model_validator(mode="after")
    def _usable(self) -> ServeSettings:
        _check_url("PUBLIC_URL", self.public_url)
        _check_url("ISSUER", self.issuer)
        if not self.audience and not self.allowed_azp:
            raise ValueError(
                "AUDIENCE or ALLOWED_AZP must be set: which tokens of the issuer are meant for this service? "
                "AUDIENCE=any accepts them all"
            )
        unknown = self.algorithms - KNOWN_ALGORITHMS
        if unknown or not self.algorithms:
            raise ValueError(f"ALGORITHMS must be among {', '.join(sorted(KNOWN_ALGORITHMS))}")
        return self

    def token_rules(self) -> TokenRules:
        """The rules for accepted tokens."""
        return TokenRules(
            issuers=frozenset({self.issuer}),
            audiences=None if ANY in self.audience else self.audience or None,
            clients=self.allowed_azp or None,
            owner_claim=self.owner_claim,
            algorithms=self.algorithms,
            leeway_seconds=self.clock_leeway_seconds,
        )

    def deprecation(self) -> Deprecation:
        """The dates of deprecated versions."""
        return Deprecation(self.deprecated_since, self.sunset)

    def service_options(self) -> ServiceOptions:
        """The operator's options for the use cases."""
        return ServiceOptions(self.one_appointment_per_order, self.max_waiting, self.assume_over_days)

    def limit(self) -> Limit | None:
        """The rate limit per owner, None without a limit."""
        return None if self.rate_limit is None else Limit(self.rate_limit, self.rate_limit_seconds)

    def timeouts(self) -> Timeouts:
        """The timeouts of connections."""
        return Timeouts(body_seconds=self.body_timeout_seconds)


KNOWN_ALGORITHMS = frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"})


def _check_url(name: str, url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.netloc or parts.query or parts.fragment:
        raise ValueError(f"{name} must be an http or https URL without query and fragment")


def load(kind: type[S], environment: Mapping[str, str] | None = None) -> S:
    """Load settings from environment variables, or from the files that `..._FILE` variables name.

    environment: None uses the environment of this process.
    Raises `SettingsError` with every setting that is missing, invalid or unknown.
    """
    values = _values(os.environ if environment is None else environment)
    known = ServeSettings.model_fields
    wrong = [_unknown(name, known) for name in values if name not in known]
    try:
        found = kind.model_validate({name: value for name, value in values.items() if name in kind.model_fields})
    except ValidationError as error:
        wrong += [_sentence(one) for one in error.errors(include_input=False, include_url=False)]
    if wrong:
        raise SettingsError("\n".join(wrong))
    return found


def _values(environment: Mapping[str, str]) -> dict[str, str]:
    values: dict[str, str] = {}
    for variable, value in environment.items():
        name = variable.removeprefix(PREFIX)
        if name == variable or OF_THE_PLATFORM.fullmatch(name):
            continue
        setting = name.lower()
        from_file = name.endswith(FILE_SUFFIX) and setting not in ServeSettings.model_fields
        if from_file:
            setting = setting.removesuffix(FILE_SUFFIX.lower())
        if setting in values:
            raise SettingsError(f"{PREFIX}{setting.upper()} is set twice: as itself and as a file")
        values[setting] = _content(variable, value) if from_file else value
    return values


def _content(variable: str, path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{variable} names a file that cannot be read: {error}") from error


def _unknown(name: str, known: Mapping[str, Any]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"; is {PREFIX}{near[0].upper()} meant?" if near else ""
    return f"{PREFIX}{name.upper()} is not a setting{hint}"


def _sentence(error: Any) -> str:
    name = "".join(f"{PREFIX}{part.upper()} " for part in error["loc"][:1])
    if error["type"] == "missing":
        return f"{name}is missing"
    text = str(error["msg"]).removeprefix("Value error, ")
    return f"{name}is wrong: {text}" if name else PREFIX + text
