"""A running sandbox: its own database, sample data and issuer, with the same application as `serve`."""

from __future__ import annotations

import contextlib
import socket
import time
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from connect_appointments.sandbox import samples
from connect_appointments.sandbox.issuer import REALM_PATH, Issuer
from connect_appointments.sandbox.keys import TENANTS, SandboxKeys
from connect_appointments.sandbox.tokens import mint
from connect_appointments.store import schema
from connect_appointments.store.engine import Database
from connect_appointments.web.api.tokens.token_rules import TokenRules
from connect_appointments.web.server.server import serving_on
from connect_appointments.wiring import AppConfig, default_policy, running, utc_now

TOKEN_SECONDS = 24 * 3600
DATABASE_FILE = "sandbox.db"


@dataclass(frozen=True)
class Sandbox:
    """The data that a user of a sandbox needs."""

    url: str
    tokens: dict[str, str]

    def variables(self) -> dict[str, str]:
        """The variables of the sandbox for a shell."""
        alice, bob = TENANTS
        return {
            "SANDBOX_URL": self.url,
            "SANDBOX_TOKEN": self.tokens[alice],
            "SANDBOX_OTHER_TOKEN": self.tokens[bob],
            "SANDBOX_ORDER_IDS": _first_last(samples.order_ids(alice)),
            "SANDBOX_OTHER_ORDER_IDS": _first_last(samples.order_ids(bob)),
        }


def _first_last(ids: range) -> str:
    return f"{ids[0]}-{ids[-1]}"


def new_token(keys: SandboxKeys, *, client: str, owner: str, lifetime_seconds: int) -> str:
    """A token of the sandbox's issuer, with the latest issuer URL."""
    return mint(
        keys,
        issuer=keys.issuers[0],
        owner=owner,
        client=client,
        lifetime_seconds=lifetime_seconds,
        now=int(time.time()),
        jti=str(uuid.uuid4()),
    )


@contextlib.asynccontextmanager
async def sandbox_on(
    listener: socket.socket,
    keys: SandboxKeys,
    folder: Path,
    database_url: str | None,
    trusted_proxies: frozenset[str] = frozenset(),
) -> AsyncIterator[Sandbox]:
    """Run a sandbox for the duration of the context.

    listener: the listening socket.
    folder: the folder of the keys, and of the database unless `database_url` is set.
    trusted_proxies: addresses whose X-Forwarded-Host and -Proto headers are trusted.
    """
    url = "http://{}:{}".format(*listener.getsockname()[:2])
    keys.remember_issuer(url + REALM_PATH)
    async with contextlib.AsyncExitStack() as stack:
        database = Database(database_url or f"sqlite:///{folder / DATABASE_FILE}")
        stack.push_async_callback(database.close)
        await schema.migrate(database)
        await samples.fill(database, default_policy(), utc_now())
        parts = await stack.enter_async_context(running(_config(database, keys, trusted_proxies)))
        await stack.enter_async_context(
            serving_on(listener, parts.app, parts.context, drain_seconds=0, shutdown_seconds=5)
        )
        tokens = {
            client: new_token(keys, client=client, owner=owner, lifetime_seconds=TOKEN_SECONDS)
            for client, owner in TENANTS.items()
        }
        yield Sandbox(url, tokens)


def _config(database: Database, keys: SandboxKeys, trusted_proxies: frozenset[str]) -> AppConfig:
    async def own_keys() -> list[Any]:
        return list(keys.public_jwks()["keys"])

    issuer = Issuer(keys, lambda: keys.issuers[0], time.time)
    return AppConfig(
        database=database,
        keys=own_keys,
        tokens=TokenRules(frozenset(keys.issuers)),
        trusted_proxies=trusted_proxies,
        mounts={REALM_PATH + "/": issuer},
    )
