"""News that arrives before the booking of its appointment is confirmed: kept, taken, or dropped."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa

from connect_appointments.core.model import MAX_NUMBER, Slot
from connect_appointments.store.columns import BigId, Instant, database_now, seconds_from_now
from connect_appointments.store.queries.slots import encode_slot
from connect_appointments.store.statements import Row, given, param
from connect_appointments.store.tables import appointments, bookings, early_news, jobs
from connect_appointments.store.transaction import Transaction, first

KEPT_SECONDS = 30 * 24 * 3600
"""The longest time for which early news is kept."""


class EarlyNews(NamedTuple):
    """News of an appointment that does not exist; `kind` is the text of the report's kind."""

    workforce_id: str
    kind: str
    at: datetime
    reason: str | None
    slot: Slot | None


_ANY = sa.select(early_news.c.id).limit(1)
_FIRST_BOOKING = sa.select(sa.func.min(jobs.c.booking_id).label("id")).where(
    jobs.c.kind == param("job", sa.Text()), jobs.c.booking_id.is_not(None)
)
_KNOWN = (
    sa.select(
        *(early_news.c[name] for name in ("id", "kind", "at", "reason", "slot")),
        appointments.c.id.label("appointment_id"),
    )
    .join(appointments, appointments.c.workforce_id == early_news.c.workforce_id)
    .order_by(early_news.c.id)
)
_taken = given(id=BigId)
_FORGET = sa.delete(early_news).where(early_news.c.id.in_(sa.select(_taken.c.id)))
_news = given(workforce_id=sa.Text(), kind=sa.Text(), at=Instant(), reason=sa.Text(), slot=sa.Text())
_NEWS = ("workforce_id", "kind", "at", "reason", "slot")
_LAST_BOOKING = sa.select(sa.func.coalesce(sa.func.max(bookings.c.id), 0)).scalar_subquery()
_KEEP = sa.insert(early_news).from_select(
    [*_NEWS, "received_on", "booking_id"],
    sa.select(*(_news.c[name] for name in _NEWS), database_now(), _LAST_BOOKING).order_by(_news.c.place),
)
_DROP = (
    sa.delete(early_news)
    .where(
        sa.or_(
            early_news.c.booking_id < param("first_booking", BigId),
            early_news.c.received_on < seconds_from_now(-KEPT_SECONDS),
        )
    )
    .returning(early_news.c.workforce_id)
)


async def exists(transaction: Transaction) -> bool:
    """Whether any early news is kept."""
    return await first(transaction, _ANY) is not None


async def first_booking(transaction: Transaction, job: str) -> int:
    """The first booking attempt that has a job of this kind; without one, a number above every attempt.

    A confirmed attempt has no job. So the appointments of all earlier attempts are there for a later statement.
    """
    row = await first(transaction, _FIRST_BOOKING, job=job)
    return MAX_NUMBER + 1 if row is None or row.id is None else int(row.id)


async def take(transaction: Transaction) -> Sequence[Row]:
    """Delete and return the news whose appointments exist by now, in the order of arrival, with `appointment_id`."""
    taken = await transaction.fetch(_KNOWN)
    deleted = await transaction.execute(_FORGET, [(row.id,) for row in taken])
    if deleted != len(taken):
        raise AssertionError(f"{deleted} of {len(taken)} early news were deleted")
    return taken


async def keep(transaction: Transaction, news: Sequence[EarlyNews]) -> None:
    """Keep news, in its order."""
    rows = [(*one[:4], None if one.slot is None else encode_slot(one.slot)) for one in news]
    await transaction.execute(_KEEP, rows)


async def drop(transaction: Transaction, first_booking: int) -> list[str]:
    """Delete the news that no booking in progress can be about, and what is too old; return the workforce ids.

    first_booking: from `first_booking`, before the news whose appointments exist was taken.
    """
    return sorted({row.workforce_id for row in await transaction.fetch(_DROP, first_booking=first_booking)})
