"""The state machine of a reschedule: an attempt to move an appointment to another slot. Source: contract D46."""

from __future__ import annotations

from enum import StrEnum

from connect_appointments.core.transitions import Transition, final_states


class RescheduleState(StrEnum):
    """The states of a reschedule."""

    DECIDING = "deciding"
    RESCHEDULED = "rescheduled"
    REFUSED = "refused"


_S = RescheduleState
CONFIRM = Transition("confirm", frozenset({_S.DECIDING}), _S.RESCHEDULED)
REFUSE = Transition("refuse", frozenset({_S.DECIDING}), _S.REFUSED)

TRANSITIONS = (CONFIRM, REFUSE)
FINAL = final_states(RescheduleState, TRANSITIONS)
