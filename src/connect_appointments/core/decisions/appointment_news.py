"""Decides which reports of a workforce system change an appointment: a fold over the reports, in their order."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
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
    """The locked appointment of a report."""

    appointment_id: int
    state: AppointmentState
    slot: Slot


News = Transition[AppointmentState] | Slot
"""A transition, or the new slot of an appointment that the network moved."""


class NewsDecision(NamedTuple):
    """The decision on a report.

    fits: the report changes the appointment; if not, it is only recorded (D45).
    before, slot: the state and the slot of the appointment before the report.
    """

    fits: bool
    before: AppointmentState
    slot: Slot

    @property
    def ends_cancellation(self) -> bool:
        """Whether the report is the end of a pending cancellation, if it is a transition."""
        return self.fits and self.before is _S.CANCELLING


def decide_news(reports: Iterable[tuple[NewsSubject, News]]) -> list[NewsDecision]:
    """Decide on reports in order; each sees the appointment as the reports before it have left it."""
    states: dict[int, AppointmentState] = {}
    slots: dict[int, Slot] = {}
    decisions: list[NewsDecision] = []
    for subject, news in reports:
        state = states.get(subject.appointment_id, subject.state)
        slot = slots.get(subject.appointment_id, subject.slot)
        fits = _fits(news, state, slot)
        decisions.append(NewsDecision(fits, state, slot))
        if fits and isinstance(news, Slot):
            slots[subject.appointment_id] = news
        elif fits and isinstance(news, Transition):
            states[subject.appointment_id] = news.target
    return decisions


def transition_of(news: Transition[AppointmentState], before: AppointmentState) -> Transition[AppointmentState]:
    """The transition that a fitting report makes.

    The report of a cancellation is the echo of a pending cancellation: the appointment is cancelled by its requester,
    not by the network.
    """
    is_echo = before is _S.CANCELLING and news is CANCELLED_BY_NETWORK
    return CANCELLED if is_echo else news


def _fits(news: News, state: AppointmentState, slot: Slot) -> bool:
    if isinstance(news, Slot):
        return state in MOVABLE and (news.start, news.end) != (slot.start, slot.end)
    return state in news.sources
