"""Decides which reports of a workforce system change an appointment: a fold over the reports, in their order."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple

from connect_appointments.core.appointments import CANCELLED, CANCELLED_BY_NETWORK, AppointmentState
from connect_appointments.core.errors import AppointmentEnded, AppointmentInProgress
from connect_appointments.core.model import Slot
from connect_appointments.core.transitions import Transition

_S = AppointmentState
MOVABLE = frozenset({_S.BOOKED, _S.CANCELLING, _S.RESCHEDULING})
"""States in which the network can move the window of an appointment: its work has not begun."""

PENDING_ENDS = {
    _S.CANCELLED: None,
    _S.IN_PROGRESS: AppointmentInProgress.code,
    _S.COMPLETED: AppointmentEnded.code,
    _S.INCOMPLETE: AppointmentEnded.code,
}
"""The outcome of a pending cancellation after news of these states; None is `cancelled` (D46a)."""


@dataclass(frozen=True, slots=True)
class NewsSubject:
    """The locked appointment of a report; `slot_as_of` is the time of its slot, None if unknown."""

    appointment_id: int
    state: AppointmentState
    slot: Slot
    slot_as_of: datetime | None = None


class MovedTo(NamedTuple):
    """The new slot of an appointment that the network moved, and the time of the move; None if it is unknown."""

    slot: Slot
    at: datetime | None = None


News = Transition[AppointmentState] | MovedTo
"""A transition, or a move by the network."""


class NewsDecision(NamedTuple):
    """The decision on a report.

    fits: the report changes the appointment; if not, it is only recorded (D45).
    before, slot: the state and the slot of the appointment before the report.
    confirmed_at: the time of a report that names the same window, but is newer; the report before it is no longer the
    latest one. Else None.
    """

    fits: bool
    before: AppointmentState
    slot: Slot
    confirmed_at: datetime | None = None

    @property
    def ends_cancellation(self) -> bool:
        """Whether the report is the end of a pending cancellation, if it is a transition."""
        return self.fits and self.before is _S.CANCELLING


def decide_news(reports: Iterable[tuple[NewsSubject, News]]) -> list[NewsDecision]:
    """Decide on reports in order; each sees the appointment as the reports before it have left it."""
    seen: dict[int, NewsSubject] = {}
    decisions: list[NewsDecision] = []
    for locked, news in reports:
        subject = seen.get(locked.appointment_id, locked)
        decision = _decide_move(subject, news) if isinstance(news, MovedTo) else _decide_transition(subject, news)
        decisions.append(decision)
        seen[locked.appointment_id] = _after(subject, news, decision)
    return decisions


def is_older(at: datetime | None, slot_as_of: datetime | None) -> bool:
    """Whether a report of a slot is older than the latest one; a report or a slot without a time is not."""
    return at is not None and slot_as_of is not None and at < slot_as_of


def _decide_transition(subject: NewsSubject, step: Transition[AppointmentState]) -> NewsDecision:
    return NewsDecision(subject.state in step.sources, subject.state, subject.slot)


def _decide_move(subject: NewsSubject, news: MovedTo) -> NewsDecision:
    counts = subject.state in MOVABLE and not is_older(news.at, subject.slot_as_of)
    is_elsewhere = (news.slot.start, news.slot.end) != (subject.slot.start, subject.slot.end)
    confirmed_at = news.at if counts and not is_elsewhere else None
    return NewsDecision(counts and is_elsewhere, subject.state, subject.slot, confirmed_at)


def _after(subject: NewsSubject, news: News, decision: NewsDecision) -> NewsSubject:
    if not decision.fits:
        return replace(subject, slot_as_of=decision.confirmed_at or subject.slot_as_of)
    if isinstance(news, MovedTo):
        return replace(subject, slot=news.slot, slot_as_of=news.at or subject.slot_as_of)
    return replace(subject, state=news.target)


def transition_of(news: Transition[AppointmentState], before: AppointmentState) -> Transition[AppointmentState]:
    """The transition that a fitting report makes.

    The report of a cancellation is the echo of a pending cancellation: the appointment is cancelled by its requester,
    not by the network.
    """
    is_echo = before is _S.CANCELLING and news is CANCELLED_BY_NETWORK
    return CANCELLED if is_echo else news
