"""The hot path of the store: cancelling and reading appointment-requests, many in one statement."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import Final, Literal, NamedTuple, Protocol

from connect_appointments.core.lifecycle import State
from connect_appointments.core.model import AppointmentRequest


class Key(NamedTuple):
    """An appointment-request as one owner names it."""

    id: int
    owner: str

    @property
    def key(self) -> tuple[int, str]:
        return self


class Cancel(NamedTuple):
    """One wish to cancel, with what its event records."""

    id: int
    owner: str
    client: str
    trace: str

    @property
    def key(self) -> tuple[int, str]:
        return self[:2]


class Locked(Enum):
    """Another transaction holds the row."""

    LOCKED = "locked"


LOCKED: Final = Locked.LOCKED
Found = State | Literal[Locked.LOCKED] | None
"""The state a row had before the statement; None when no such row is visible."""


class Lanes(Protocol):
    """What an engine offers: each method is one statement, or one transaction, for all its members."""

    async def cancel(self, members: Sequence[Cancel]) -> list[Found]: ...
    async def cancel_waiting(self, member: Cancel) -> Found: ...
    async def read(self, keys: Sequence[Key]) -> list[AppointmentRequest | None]: ...
    async def close(self) -> None: ...
