"""The recurring job that reads the news of the workforce system about appointments."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

import structlog

from connect_appointments.core.model import Actor, Operator
from connect_appointments.core.windows import BookingPolicy
from connect_appointments.jobs.recurring import Ran, RecurringJob
from connect_appointments.store.engine import Database
from connect_appointments.store.queries import recurring_jobs
from connect_appointments.store.queries.changes import appointment_news, early_news
from connect_appointments.store.queries.recurring_jobs import RecurringClaim
from connect_appointments.store.statements import Row
from connect_appointments.store.transaction import Transaction
from connect_appointments.usecases.appointment_news import Report, apply_news, apply_reports
from connect_appointments.workforce.port import Cancelled, CursorExpired, NewsItem, NewsKind, Workforce

log = structlog.get_logger(__name__)

NEWS = "news"
"""The name of the job. Its cursor is `after <the cursor of the workforce system>`, or `reading <an appointment id>`
while every open appointment is read again."""

AFTER, READING = "after ", "reading "
WORKFORCE = Operator("workforce-system")
PAGE = 256


class LeaseLost(Exception):
    """Another worker has claimed the job since; the changes of this run are undone."""


class AppointmentNews:
    """Applies the news of the workforce system to appointments; the cursor is written in the same transaction."""

    def __init__(self, database: Database, workforce: Workforce, policy: BookingPolicy, *, page: int = PAGE) -> None:
        """Create the job without starting it.

        policy: the point of no return of appointments that are moved.
        page: the number of appointments that one run reads again.
        """
        self._page = page
        self._database = database
        self._workforce = workforce
        self._policy = policy

    def job(self, interval_seconds: float) -> RecurringJob:
        """The recurring job."""
        return RecurringJob(NEWS, interval_seconds, self.run)

    async def run(self, claimed: RecurringClaim) -> Ran:
        """Read and apply the news after the cursor, or the next page of the open appointments."""
        cursor = claimed.cursor or ""
        if cursor.startswith(READING):
            return await self._read_again(claimed, int(cursor.removeprefix(READING)))
        try:
            news = await self._workforce.news(cursor.removeprefix(AFTER) if cursor else None)
        except CursorExpired:
            log.warning("news-cursor-expired", cursor=cursor)
            return Ran(f"{READING}0", has_more=True)
        after = AFTER + news.cursor
        if news.items or bool(await self._database.read(early_news.exists)):
            await self._apply(claimed, news.items, after)
        return Ran(after, has_more=bool(news.items))

    async def _apply(self, claimed: RecurringClaim, items: Sequence[NewsItem], cursor: str) -> None:
        async def work(transaction: Transaction) -> Sequence[str]:
            dropped = await apply_news(transaction, _actor(), items, self._policy)
            await _save(transaction, claimed, cursor)
            return dropped

        for workforce_id in await self._database.write(work):
            log.warning("news-of-unknown-appointment", workforce_id=workforce_id)

    async def _read_again(self, claimed: RecurringClaim, after: int) -> Ran:
        """Read the next open appointments again; after the last one, read the news from its beginning."""
        page = await self._database.read(
            lambda transaction: appointment_news.open_appointments(transaction, after=after, limit=self._page)
        )
        if not page:
            return Ran(None, has_more=True)
        cursor = f"{READING}{page[-1].id}"
        reports = await self._cancelled(page)

        async def work(transaction: Transaction) -> None:
            await apply_reports(transaction, _actor(), reports, self._policy)
            await _save(transaction, claimed, cursor)

        await self._database.write(work)
        return Ran(cursor, has_more=True)

    async def _cancelled(self, page: Sequence[Row]) -> list[Report]:
        answers = await self._workforce.find([row.key for row in page])
        unknown = next((answer for answer in answers if isinstance(answer, Exception)), None)
        if unknown is not None:
            raise unknown
        return [
            Report(row.id, NewsKind.CANCELLED)
            for row, answer in zip(page, answers, strict=True)
            if isinstance(answer, Cancelled)
        ]


async def _save(transaction: Transaction, claimed: RecurringClaim, cursor: str) -> None:
    if not await recurring_jobs.save_cursor(transaction, claimed, cursor):
        raise LeaseLost


def _actor() -> Actor:
    return Actor(WORKFORCE, WORKFORCE.name, str(uuid.uuid4()))
