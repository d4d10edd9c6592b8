"""A bulkhead: a limit on concurrent calls to one resource."""

from __future__ import annotations

import contextlib
from collections.abc import Hashable, Iterator

from connect_appointments.core.errors import Overloaded


class Bulkhead:
    """Limits the number of concurrent calls; with an unbounded queue, every call would time out under overload."""

    def __init__(self, capacity: int) -> None:
        """`capacity`: concurrent calls. One owner may use half of them; the other half is reserved for other owners."""
        self._free = capacity
        self._most_of_one = (capacity + 1) // 2
        self._admitted: dict[Hashable, int] = {}

    @contextlib.contextmanager
    def admitted(self, owner: Hashable) -> Iterator[None]:
        """Admit a call for the duration of the context; raise `Overloaded` if its owner's share is used up."""
        admitted = self._admitted.get(owner, 0)
        if self._free == 0 or admitted >= self._most_of_one:
            raise Overloaded
        self._free -= 1
        self._admitted[owner] = admitted + 1
        try:
            yield
        finally:
            self._free += 1
            self._admitted[owner] -= 1
            if not self._admitted[owner]:
                del self._admitted[owner]
