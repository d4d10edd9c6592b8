"""State machines as data: a state machine is a set of transitions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Generic, TypeVar

from connect_appointments.core.errors import NotFound, Refusal

S = TypeVar("S", bound=StrEnum)


@dataclass(frozen=True, eq=False)
class Transition(Generic[S]):
    """A state change.

    name: the kind of the event that records the transition.
    sources: the states before the transition.
    target: the state after the transition.
    already_in: states in which the transition has already taken effect, so that a repeated call succeeds.
    refusals: the refusal for each other state; empty for transitions that only the worker makes.
    """

    name: str
    sources: frozenset[S]
    target: S
    already_in: frozenset[S] = frozenset()
    refusals: Mapping[S, type[Refusal]] = field(default_factory=dict)

    def check(self, before: S | None) -> bool:
        """Whether the state must change; raises the refusal if the transition is not permitted.

        before: the state of the row, None if no such row is visible.
        """
        if before is None:
            raise NotFound
        if before in self.sources:
            return True
        if before not in self.already_in:
            raise self.refusals[before]
        return False


def final_states(states: type[S], transitions: Iterable[Transition[S]]) -> frozenset[S]:
    """The states that are the source of no transition."""
    return frozenset(states) - {source for transition in transitions for source in transition.sources}
