"""News of appointments: from the workforce system, or recorded by an operator (D45)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from connect_appointments.core.appointments import (
    CANCELLED,
    CANCELLED_BY_NETWORK,
    COMPLETED,
    INCOMPLETE,
    TRANSITIONS,
    WORK_BEGAN,
    AppointmentState,
)
from connect_appointments.core.cancellations import CancelledBy
from connect_appointments.core.cutoffs import cancellable_until
from connect_appointments.core.decisions.appointment_news import (
    PENDING_ENDS,
    MovedTo,
    News,
    NewsDecision,
    NewsSubject,
    decide_news,
    transition_of,
)
from connect_appointments.core.errors import NotFound
from connect_appointments.core.events import event_detail
from connect_appointments.core.model import Actor, Site, Slot
from connect_appointments.core.transitions import Transition
from connect_appointments.core.windows import BookingPolicy
from connect_appointments.store.engine import Database
from connect_appointments.store.locking import is_row, lock
from connect_appointments.store.queries import appointments, jobs
from connect_appointments.store.queries.appointments import AppointmentChange
from connect_appointments.store.queries.changes import appointment_cancellations, appointment_news, early_news
from connect_appointments.store.queries.changes.appointment_cancellations import Cause
from connect_appointments.store.queries.changes.appointment_news import NewsChange, NewWindow
from connect_appointments.store.queries.changes.early_news import EarlyNews
from connect_appointments.store.queries.jobs import NewJob
from connect_appointments.store.queries.locks.appointment_locks import LOCK_ANY_APPOINTMENTS
from connect_appointments.store.queries.slots import decode_slot, encode_move
from connect_appointments.store.statements import Row
from connect_appointments.store.transaction import Transaction
from connect_appointments.usecases.bookings import BOOK_JOB
from connect_appointments.workforce.calendar import records
from connect_appointments.workforce.port import NewsItem, NewsKind

CANCEL_RESERVATION_JOB = "cancel-reservation"
"""The kind of the job that cancels the reservation of an appointment whose cancellation an operator has recorded."""

STEPS = {
    NewsKind.STARTED: WORK_BEGAN,
    NewsKind.COMPLETED: COMPLETED,
    NewsKind.INCOMPLETE: INCOMPLETE,
    NewsKind.CANCELLED: CANCELLED_BY_NETWORK,
}


class Report(NamedTuple):
    """A report about an appointment.

    at: the time of the report; None if the time is unknown.
    slot: the new slot of an appointment that was moved, else None.
    """

    appointment_id: int
    kind: NewsKind
    at: datetime | None = None
    reason: str | None = None
    slot: Slot | None = None

    @property
    def news(self) -> News:
        """The change that is reported."""
        if self.kind is not NewsKind.MOVED:
            return STEPS[self.kind]
        if self.slot is None:
            raise ValueError(f"the workforce system has moved appointment {self.appointment_id} without a new slot")
        return MovedTo(self.slot, self.at)


class _Decided(NamedTuple):
    report: Report
    row: Row
    decision: NewsDecision

    @property
    def step(self) -> Transition[AppointmentState] | None:
        """The transition of the appointment; None for a report of a move."""
        news = self.report.news
        return None if isinstance(news, MovedTo) else transition_of(news, self.decision.before)


async def apply_news(
    transaction: Transaction, actor: Actor, items: Sequence[NewsItem], policy: BookingPolicy
) -> Sequence[str]:
    """Apply the news of a workforce system, in order, after the early news whose appointments exist by now.

    News of an unknown appointment is early while a booking attempt is in progress: it is kept. Returns the workforce
    ids of the news that is dropped: no appointment has them, and no booking attempt is about to make one.
    """
    first_booking = await early_news.first_booking(transaction, BOOK_JOB)
    known = await appointment_news.ids(transaction, {item.workforce_id for item in items})
    reports = [_early_report(row) for row in await early_news.take(transaction)]
    reports += [
        Report(known[item.workforce_id], item.kind, item.at, item.reason, item.slot)
        for item in items
        if item.workforce_id in known
    ]
    await apply_reports(transaction, actor, reports, policy)
    unknown = [item for item in items if item.workforce_id not in known]
    await early_news.keep(
        transaction, [EarlyNews(one.workforce_id, one.kind.value, one.at, one.reason, one.slot) for one in unknown]
    )
    return await early_news.drop(transaction, first_booking)


def _early_report(row: Row) -> Report:
    slot = None if row.slot is None else decode_slot(row.slot)
    return Report(row.appointment_id, NewsKind(row.kind), row.at, row.reason, slot)


async def apply_reports(
    transaction: Transaction, actor: Actor, reports: Sequence[Report], policy: BookingPolicy
) -> list[bool]:
    """Apply reports in order; return whether each of them fits. A report of an unknown appointment does not fit.

    A report that does not fit changes nothing and is recorded. News wins: it ends a pending cancellation; the job of a
    pending reschedule sees the new state, gives the new place back and ends the reschedule. The report that an
    appointment is cancelled is the echo of a pending cancellation, whose requester and reason the appointment gets.
    """
    numbers = sorted({report.appointment_id for report in reports})
    found = await lock(transaction, LOCK_ANY_APPOINTMENTS, [(number,) for number in numbers], wait=True)
    rows = {row.id: row for row in found if is_row(row)}
    about = [(report, rows[report.appointment_id]) for report in reports if report.appointment_id in rows]
    decisions = decide_news(
        (NewsSubject(row.id, appointments.STATES[row.state], decode_slot(row.slot), row.slot_as_of), report.news)
        for report, row in about
    )
    decided = [_Decided(*pair, decision) for pair, decision in zip(about, decisions, strict=True)]
    for turn in _turns(decided):
        await _write(transaction, actor, turn, policy)
    fits = iter([one.decision.fits for one in decided])
    return [report.appointment_id in rows and next(fits) for report in reports]


def _turns(decided: Sequence[_Decided]) -> Iterator[list[_Decided]]:
    """The reports in turns, each with at most one report of an appointment: a set statement changes a row once."""
    waiting = list(decided)
    while waiting:
        turn = {one.row.id: one for one in reversed(waiting)}
        yield [one for one in waiting if turn[one.row.id] is one]
        waiting = [one for one in waiting if turn[one.row.id] is not one]


async def _write(transaction: Transaction, actor: Actor, turn: Sequence[_Decided], policy: BookingPolicy) -> None:
    fitting = [one for one in turn if one.decision.fits]
    echoes = [one.row.cancellation_id for one in fitting if one.step is CANCELLED]
    causes = await appointment_cancellations.causes(transaction, echoes)
    for step in TRANSITIONS:
        changes = [_change(actor, one, causes) for one in fitting if one.step is step]
        await appointments.transition(transaction, step, changes)
    await appointment_cancellations.end(transaction, _ended_cancellations(fitting))
    moved = [one for one in fitting if one.report.kind is NewsKind.MOVED]
    sites = await appointment_news.sites(transaction, {one.row.order_id for one in moved})
    await appointment_news.move(transaction, [_window(actor, one, sites[one.row.order_id], policy) for one in moved])
    confirmed = {one.row.id: at for one in turn if (at := one.decision.confirmed_at) is not None}
    await appointment_news.confirm_slots(transaction, confirmed)
    ignored = [_note(actor, one, _ignored_detail(one)) for one in turn if not one.decision.fits]
    await appointment_news.ignore(transaction, ignored)


def _ended_cancellations(fitting: Sequence[_Decided]) -> dict[int, str | None]:
    """The outcomes of the cancellations that the reports end, by number."""
    return {
        one.row.cancellation_id: PENDING_ENDS[STEPS[one.report.kind].target]
        for one in fitting
        if one.decision.ends_cancellation and one.report.kind in STEPS
    }


def _change(actor: Actor, one: _Decided, causes: Mapping[int, Cause]) -> AppointmentChange:
    cause = _cause(one, causes)
    return AppointmentChange(
        id=one.row.id,
        request_id=one.row.request_id,
        order_id=one.row.order_id,
        owner=one.row.owner,
        client=actor.client,
        x_request_id=actor.x_request_id,
        cancelled_by=cause and cause.cancelled_by,
        reason=cause and cause.reason,
        cancellation_id=one.row.cancellation_id,
        reschedule_id=one.row.reschedule_id,
        detail=_detail(one, cause),
    )


def _cause(one: _Decided, causes: Mapping[int, Cause]) -> Cause | None:
    """Who cancels the appointment, and why; None for a report of another kind."""
    if one.step is CANCELLED:
        return causes[one.row.cancellation_id]
    return Cause(CancelledBy.NETWORK, one.report.reason) if one.step is CANCELLED_BY_NETWORK else None


def _detail(one: _Decided, cause: Cause | None) -> str | None:
    reason = cause.reason if cause else one.report.reason
    return event_detail(
        cancelledBy=cause and cause.cancelled_by,
        reason=reason,
        reportedReason=None if reason == one.report.reason else one.report.reason,
        reportedOn=_reported_on(one),
    )


def _window(actor: Actor, one: _Decided, site: Site, policy: BookingPolicy) -> NewWindow:
    slot = one.report.slot
    if slot is None:
        raise AssertionError(f"a report of a move of appointment {one.row.id} has no slot")
    change = _note(actor, one, encode_move(slot, one.decision.slot))
    return NewWindow(change, slot, one.report.at, cancellable_until(slot, site, policy))


def _note(actor: Actor, one: _Decided, detail: str | None) -> NewsChange:
    row = one.row
    return NewsChange(row.id, row.request_id, row.owner, actor.client, actor.x_request_id, detail or "{}")


def _ignored_detail(one: _Decided) -> str | None:
    return event_detail(
        news=one.report.kind.value,
        status=one.decision.before.value,
        reason=one.report.reason,
        reportedOn=_reported_on(one),
    )


def _reported_on(one: _Decided) -> str | None:
    return None if one.report.at is None else one.report.at.isoformat()


async def record_report(database: Database, actor: Actor, report: Report, policy: BookingPolicy) -> bool:
    """Record a report as the operator; return whether it fits. Raises `NotFound`.

    The decision of the calendar changes in the same transaction; a report that contradicts it does not fit. Another
    workforce system is told of a recorded cancellation by a job, which cancels the reservation there.
    """

    async def work(transaction: Transaction) -> bool:
        (row,) = await lock(transaction, LOCK_ANY_APPOINTMENTS, [(report.appointment_id,)], wait=True)
        if not is_row(row):
            raise NotFound
        visit = await records.lock_visit(transaction, await appointment_news.key_of(transaction, row.booking_id))
        if not records.fits(visit, report.kind):
            await _write(transaction, actor, [_contradicted(report, row)], policy)
            return False
        (fits,) = await apply_reports(transaction, actor, [report], policy)
        if fits and visit is not None:
            await records.record(transaction, visit, report.kind)
        elif fits and report.kind is NewsKind.CANCELLED:
            job = NewJob(CANCEL_RESERVATION_JOB, row.request_id, actor.x_request_id, row.booking_id)
            await jobs.add(transaction, [job])
        return fits

    return await database.write(work)


def _contradicted(report: Report, row: Row) -> _Decided:
    state, slot = appointments.STATES[row.state], decode_slot(row.slot)
    return _Decided(report, row, NewsDecision(fits=False, before=state, slot=slot))
