"""What names a resource that is asked for."""

from __future__ import annotations

from typing import NamedTuple


class OwnedId(NamedTuple):
    """A resource as one owner names it."""

    id: int
    owner: str

    @property
    def key(self) -> OwnedId:
        """Equal ones are one."""
        return self
