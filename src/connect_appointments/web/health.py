"""Health checks: liveness, and readiness to serve requests."""

from __future__ import annotations

import asyncio
from contextlib import AbstractAsyncContextManager

import msgspec
import sqlalchemy as sa

from connect_appointments.core.errors import Refusal
from connect_appointments.store import schema
from connect_appointments.store.engine import Database
from connect_appointments.store.unreachable import reason_of
from connect_appointments.telemetry.outage import Outage
from connect_appointments.web.api.request import ServerContext
from connect_appointments.web.api.response import JSON, Response
from connect_appointments.web.api.tokens.keys import KeyRing
from connect_appointments.web.repeating import repeating

CHECK_SECONDS = 2

_PING = sa.select(sa.literal(1).label("one"))


class Health:
    """Responds to `/livez` and `/readyz` with the result of the last check, so that no response waits for a check."""

    def __init__(self, database: Database, keys: KeyRing, context: ServerContext, outage: Outage) -> None:
        """Create the health checks; the state is unknown until the first check."""
        self._outage = outage
        self._database = database
        self._keys = keys
        self._context = context
        self._database_reachable = False
        self._schema_current = False

    def answer(self, path: str) -> Response | None:
        """200 if all parts are healthy, 503 otherwise, with the state of each part; None for another path."""
        if path == "/livez":
            return Response(200, b'{"status":"ok"}', JSON)
        parts = {
            "database": self._database_reachable,
            "schema": self._schema_current,
            "keys": self._keys.ready,
            "serving": not self._context.draining,
        }
        ready = all(parts.values())
        body = {"status": "ok" if ready else "unavailable", **{name: _word(good) for name, good in parts.items()}}
        return Response(200 if ready else 503, msgspec.json.encode(body), JSON)

    async def check(self) -> None:
        """Check the database."""
        try:
            async with asyncio.timeout(CHECK_SECONDS * 2):
                await self._database.read(lambda transaction: transaction.fetch(_PING))
                self._schema_current = await schema.revision(self._database) == schema.head()
        except (Refusal, TimeoutError, OSError) as error:
            self._database_reachable = False
            self._outage.lost(reason_of(error))
        else:
            self._database_reachable = True
            self._outage.over()

    def checking(self) -> AbstractAsyncContextManager[None]:
        """Check now, and every two seconds during the context."""
        return repeating(self.check, lambda: CHECK_SECONDS)


def _word(good: bool) -> str:  # noqa: FBT001 - the flag that it turns into a word
    return "ok" if good else "unavailable"
