"""`connect-appointments` as it must not be: it looks, and then cancels, without looking again.

The checker has to flag what this build does. Run it like the program itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from connect_appointments.core.lifecycle import CANCEL, State
from connect_appointments.store.postgres import PostgresLanes

from connect_appointments.cli import main
from connect_appointments.store import hot_path

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connect_appointments.store.lanes import Cancel, Found

LOOK = "SELECT id, owner, state FROM appointment_requests WHERE id = ANY ($1::bigint[])"
CHANGE = "UPDATE appointment_requests SET state = $2, cancelled_on = now() WHERE id = ANY ($1::bigint[])"


class CarelessLanes(PostgresLanes):
    """Cancels what could be cancelled a moment ago."""

    async def cancel(self, members: Sequence[Cancel]) -> list[Found]:
        """Check, then act."""
        async with self._lane("cancel") as connection:
            rows = await connection.fetch(LOOK, [member.id for member in members])
            seen = {(row["id"], row["owner"]): State(row["state"]) for row in rows}
            found = [seen.get(member.key) for member in members]
            wanted = [member.id for member, state in zip(members, found, strict=True) if state in CANCEL.leaves]
            await connection.execute(CHANGE, wanted, CANCEL.enters)
        return list(found)


if __name__ == "__main__":
    setattr(hot_path, "PostgresLanes", CarelessLanes)  # noqa: B010 - the fault this file is for
    main.main()
