"""The service at any moment of any year: a clock that stands still, and tokens that are valid at all times."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

from connect_appointments.core.model import Site
from connect_appointments.store.engine import Database
from connect_appointments.store.queries import orders
from tests.api_client import Api, serve_in_process
from tests.build import ALICE, BOB, Clock, Issuer, fill, sample_order


class Stopped(Clock):
    """A clock that shows one moment until a test moves it."""

    def __init__(self, moment: str) -> None:
        super().__init__()
        self._moment = datetime.fromisoformat(moment)

    def __call__(self) -> datetime:
        return self._moment + self.moved


@asynccontextmanager
async def served_at(
    database: Database, issuer: Issuer, moment: str, site: Site | None = None, **changes: Any
) -> AsyncIterator[tuple[Api, Stopped]]:
    """The service at a moment, with its clock; `site` is where order 1 is, None for Brisbane.

    An offer ends by the database's clock, which shows the true time: one made in a past year is expired at once.
    """
    clock = Stopped(moment)
    await fill(database, clock())
    if site is not None:
        order = sample_order(1, site=site)
        await database.write(lambda transaction: orders.upsert(transaction, [order]))
    async with serve_in_process(database, issuer, clock, **changes) as api:
        api.alice, api.bob = (api.caller(issuer.token(owner, iat=0, exp=2**33)) for owner in (ALICE, BOB))
        yield api, clock
