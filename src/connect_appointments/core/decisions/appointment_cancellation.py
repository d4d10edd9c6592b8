"""Decides on cancellations of appointments: a fold over the commands of a batch, and the outcome of each."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

from connect_appointments.core.appointments import AppointmentState
from connect_appointments.core.cancellations import CancellationState, CancelledBy
from connect_appointments.core.errors import (
    AppointmentChanging,
    AppointmentEnded,
    AppointmentInProgress,
    CancellationRefused,
    PastPointOfNoReturn,
    Refusal,
)

_S = AppointmentState


@dataclass(frozen=True, slots=True)
class CancelSubject:
    """The locked appointment of a command to cancel.

    in_time: the moment of the command is not after the point of no return (D41).
    cancellation_id, cancellation_state: the latest cancellation of the appointment; None if there is none.
    """

    appointment_id: int
    state: AppointmentState
    in_time: bool
    cancellation_id: int | None
    cancellation_state: CancellationState | None


class NewCancellation(NamedTuple):
    """A cancellation to insert.

    state: `deciding` while the workforce system is asked; the other states are outcomes that are known at once.
    refusal: the problem code of a refused one.
    """

    appointment_id: int
    cancelled_by: CancelledBy
    state: CancellationState
    refusal: str | None = None


Decision = NewCancellation | int | Refusal
"""A new cancellation; the number of the existing cancellation; or a refusal."""

TOO_LATE = {
    _S.IN_PROGRESS: AppointmentInProgress,
    _S.COMPLETED: AppointmentEnded,
    _S.INCOMPLETE: AppointmentEnded,
}
"""The outcome of a cancellation of an appointment in these states (D42)."""


def decide_cancellations(commands: Iterable[tuple[CancelSubject, CancelledBy]]) -> list[Decision]:
    """Decide on commands in order; `network` has no cut-off time.

    Commands that share a new cancellation get equal decisions.
    """
    made: dict[int, NewCancellation] = {}
    decisions: list[Decision] = []
    for subject, cancelled_by in commands:
        decision = made.get(subject.appointment_id) or _decide(subject, cancelled_by)
        if isinstance(decision, NewCancellation) and decision.state is not CancellationState.REFUSED:
            made[subject.appointment_id] = decision
        decisions.append(decision)
    return decisions


def _decide(subject: CancelSubject, cancelled_by: CancelledBy) -> Decision:
    is_cancelled = subject.state is _S.CANCELLED and subject.cancellation_state is CancellationState.CANCELLED
    if subject.cancellation_id is not None and (subject.state is _S.CANCELLING or is_cancelled):
        return subject.cancellation_id
    if subject.state is _S.RESCHEDULING:
        return AppointmentChanging()
    if subject.state is _S.CANCELLED:
        return NewCancellation(subject.appointment_id, CancelledBy.NETWORK, CancellationState.CANCELLED)
    refusal = _refusal(subject, cancelled_by)
    if refusal is not None:
        return NewCancellation(subject.appointment_id, cancelled_by, CancellationState.REFUSED, refusal.code)
    return NewCancellation(subject.appointment_id, cancelled_by, CancellationState.DECIDING)


def _refusal(subject: CancelSubject, cancelled_by: CancelledBy) -> type[Refusal] | None:
    if subject.state is _S.BOOKED and not subject.in_time and cancelled_by is CancelledBy.OWNER:
        return PastPointOfNoReturn
    return TOO_LATE.get(subject.state)


class CancellationOutcome(Enum):
    """The outcome of a cancellation after the workforce system's answer.

    CANCELLED: the appointment is cancelled.
    REFUSED: the appointment stands.
    STALE: news of the appointment has already ended the cancellation; nothing changes.
    """

    CANCELLED = None
    REFUSED = CancellationRefused.code
    STALE = "stale"


def decide_cancellation_outcome(
    state: AppointmentState, current_id: int | None, cancellation_id: int, *, is_cancelled: bool
) -> CancellationOutcome:
    """The outcome of a cancellation.

    state, current_id: the state and the latest cancellation of the locked appointment.
    is_cancelled: the workforce system has cancelled the visit; it refused otherwise.
    """
    if state is not _S.CANCELLING or current_id != cancellation_id:
        return CancellationOutcome.STALE
    return CancellationOutcome.CANCELLED if is_cancelled else CancellationOutcome.REFUSED
