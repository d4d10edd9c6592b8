"""The state machine of an appointment. Source: contract section 5."""

from __future__ import annotations

from enum import StrEnum

from connect_appointments.core.transitions import Transition, final_states


class AppointmentState(StrEnum):
    """The states of an appointment."""

    BOOKED = "booked"
    CANCELLING = "cancelling"
    RESCHEDULING = "rescheduling"
    IN_PROGRESS = "in-progress"
    COMPLETED = "completed"
    INCOMPLETE = "incomplete"
    CANCELLED = "cancelled"


_S = AppointmentState
_NOT_ENDED = frozenset({_S.BOOKED, _S.CANCELLING, _S.RESCHEDULING, _S.IN_PROGRESS})

CANCEL = Transition("cancellation-requested", frozenset({_S.BOOKED}), _S.CANCELLING)
CANCELLED = Transition("cancelled", frozenset({_S.CANCELLING}), _S.CANCELLED)
CANCELLATION_REFUSED = Transition("cancellation-refused", frozenset({_S.CANCELLING}), _S.BOOKED)
RESCHEDULE = Transition("reschedule-requested", frozenset({_S.BOOKED}), _S.RESCHEDULING)
RESCHEDULED = Transition("rescheduled", frozenset({_S.RESCHEDULING}), _S.BOOKED)
RESCHEDULE_REFUSED = Transition("reschedule-refused", frozenset({_S.RESCHEDULING}), _S.BOOKED)
WORK_BEGAN = Transition("in-progress", _NOT_ENDED - {_S.IN_PROGRESS}, _S.IN_PROGRESS)
COMPLETED = Transition("completed", _NOT_ENDED, _S.COMPLETED)
INCOMPLETE = Transition("incomplete", _NOT_ENDED, _S.INCOMPLETE)
CANCELLED_BY_NETWORK = Transition("cancelled-by-network", _NOT_ENDED, _S.CANCELLED)

TRANSITIONS = (
    CANCEL,
    CANCELLED,
    CANCELLATION_REFUSED,
    RESCHEDULE,
    RESCHEDULED,
    RESCHEDULE_REFUSED,
    WORK_BEGAN,
    COMPLETED,
    INCOMPLETE,
    CANCELLED_BY_NETWORK,
)
FINAL = final_states(AppointmentState, TRANSITIONS)
CHANGING = frozenset({_S.CANCELLING, _S.RESCHEDULING})
"""States of a change in progress; callers see `booked`."""
ON_THE_WIRE = tuple(state for state in AppointmentState if state not in CHANGING)
"""The values of `status` in responses (D44)."""
