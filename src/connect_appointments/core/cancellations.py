"""The state machine of a cancellation: an attempt to cancel an appointment. Source: contract D39 to D42."""

from __future__ import annotations

from enum import StrEnum

from connect_appointments.core.transitions import Transition, final_states


class CancellationState(StrEnum):
    """The states of a cancellation."""

    DECIDING = "deciding"
    CANCELLED = "cancelled"
    REFUSED = "refused"


class CancelledBy(StrEnum):
    """Who cancelled an appointment."""

    OWNER = "owner"
    NETWORK = "network"


_S = CancellationState
CONFIRM = Transition("confirm", frozenset({_S.DECIDING}), _S.CANCELLED)
REFUSE = Transition("refuse", frozenset({_S.DECIDING}), _S.REFUSED)

TRANSITIONS = (CONFIRM, REFUSE)
FINAL = final_states(CancellationState, TRANSITIONS)
