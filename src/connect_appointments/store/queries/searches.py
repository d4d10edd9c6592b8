"""The results of searches, written in batches."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa

from connect_appointments.core.model import Slot
from connect_appointments.core.requests import SEARCH_FAILED, SLOTS_FOUND, State
from connect_appointments.core.transitions import Transition
from connect_appointments.store.chains import Chain, Link
from connect_appointments.store.columns import BigId, Instant, database_now, seconds_from_now
from connect_appointments.store.locking import ROW_LOCKED
from connect_appointments.store.queries.jobs import RELEASE_OFFER, Job, finish_statement
from connect_appointments.store.queries.requests import link_locked_transition
from connect_appointments.store.queries.slots import encode_slots
from connect_appointments.store.statements import SharedText, given
from connect_appointments.store.tables import appointment_requests, jobs, offers
from connect_appointments.store.transaction import Transaction

_KEPT = ("client", "x_request_id", "booking_id", "job_id", "tries", "slots", "held_until")


class FoundSlots(NamedTuple):
    """The slots that the search of a claimed job returned.

    held_until: the end of the workforce system's hold on the slots; None if there is no hold.
    expires_on: the end of the offer by its slots and its hold (D47); None for an offer without slots.
    offer_seconds: how long an offer lasts at most; None for no limit.
    """

    job: Job
    client: str
    slots: Sequence[Slot]
    held_until: datetime | None
    expires_on: datetime | None
    offer_seconds: float | None


def _ended(step: Transition[State], keep: Callable[[Link, Any], None], *, skip_locked: bool) -> Chain:
    """The chain that ends searches with a transition, except where another worker has claimed the job since."""
    rows = given(
        id=BigId,
        client=sa.Text(),
        x_request_id=sa.Text(),
        booking_id=BigId,
        job_id=BigId,
        tries=sa.Integer(),
        slots=SharedText(),
        held_until=Instant(),
        expires_on=Instant(),
        offer_seconds=sa.Float(),
    )
    is_asked = appointment_requests.c.id == rows.c.id

    def build(link: Link) -> Any:
        request = [appointment_requests.c[name] for name in ("id", "owner", "state")]
        kept = [rows.c[name] for name in _KEPT]
        locked = link(
            "locked",
            sa.select(
                rows.c.place, *request, database_now().label("now"), *kept, _expiry(rows).label("offer_expires_on")
            )
            .select_from(rows.join(appointment_requests, is_asked))
            .order_by(appointment_requests.c.id)
            .with_for_update(of=appointment_requests, skip_locked=skip_locked),
        )
        finished = link("finished", finish_statement(locked.c.job_id, locked.c.tries))
        # A job can occur twice, claimed again after its lease expired: only its latest claim is finished.
        is_finished = sa.and_(finished.c.id == locked.c.job_id, finished.c.tries == locked.c.tries)
        counted = sa.select(*locked.c).join(finished, is_finished).subquery("counted")
        keep(
            link,
            link_locked_transition(link, step, counted, held_until="held_until", offer_expires_on="offer_expires_on"),
        )
        is_locked = sa.or_(locked.c.place.is_not(None), ~sa.exists().where(is_asked))
        return sa.select(rows.c.place, is_locked.label("is_done")).select_from(
            rows.outerjoin(locked, locked.c.place == rows.c.place)
        )

    return Chain(build)


def _expiry(rows: Any) -> sa.ColumnElement[datetime | None]:
    """The end of an offer that is written now: `expires_on`, or earlier after `offer_seconds`."""
    limit = seconds_from_now(rows.c.offer_seconds)
    return sa.case((limit < rows.c.expires_on, limit), else_=rows.c.expires_on)


def _keep_offers(link: Link, found: Any) -> None:
    """Insert the offers, and a job for the release of each offer that the workforce system holds."""
    link("offered", sa.insert(offers).from_select(["request_id", "slots"], sa.select(found.c.id, found.c.slots)))
    job = (sa.literal(RELEASE_OFFER), found.c.id, found.c.x_request_id, sa.literal(0), found.c.held_until)
    held = sa.select(*job).where(found.c.held_until.is_not(None))
    link("asked", sa.insert(jobs).from_select(["kind", "request_id", "x_request_id", "tries", "due_at"], held))


def _keep_nothing(_link: Link, _found: Any) -> None:
    """A failed search has no offer."""


_FOUND = {wait: _ended(SLOTS_FOUND, _keep_offers, skip_locked=not wait) for wait in (False, True)}
_FAILED = {wait: _ended(SEARCH_FAILED, _keep_nothing, skip_locked=not wait) for wait in (False, True)}


async def finish(transaction: Transaction, found: Sequence[FoundSlots], *, wait: bool) -> list[Any]:
    """Write the results of searches, except for jobs claimed again since and requests that are no longer searching.

    Returns None for each; `ROW_LOCKED` if another transaction has locked its appointment-request.
    """
    rows = [(*_row(one.job, one.client), encode_slots(one.slots), *one[-3:]) for one in found]
    return await _end(transaction, _FOUND[wait], rows)


async def fail(transaction: Transaction, failed: Sequence[Job], client: str, *, wait: bool) -> list[Any]:
    """Mark the searches of claimed jobs as failed for good; returns the same as `finish`."""
    return await _end(transaction, _FAILED[wait], [(*_row(job, client), None, None, None, None) for job in failed])


def _row(job: Job, client: str) -> tuple[Any, ...]:
    return (job.request_id, client, job.x_request_id, None, *job.key)


async def _end(transaction: Transaction, chain: Chain, rows: Sequence[Sequence[Any]]) -> list[Any]:
    answers: list[Any] = [ROW_LOCKED] * len(rows)
    for row in await transaction.fetch(chain, rows):
        if row.is_done:
            answers[row.place - 1] = None
    return answers
