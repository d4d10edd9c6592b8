"""`connect-appointments` as it must not be: it looks, and then cancels, without looking again.

The checker has to flag what this build does. Run it like the program itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from connect_appointments.cli import main
from connect_appointments.core.requests import CANCEL
from connect_appointments.store.columns import database_now
from connect_appointments.store.queries import cancellations, requests
from connect_appointments.store.tables import appointment_requests

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connect_appointments.store.transaction import Transaction


async def careless_cancel(
    transaction: Transaction, wanted: Sequence[tuple[int, str, str, str]], *, wait: bool
) -> list[Any]:
    """Check, then act: cancel what could be cancelled a moment ago."""
    del wait
    keys = [(number, owner) for number, owner, _, _ in wanted]
    before = [found.state if found else None for found in await requests.get_owned(transaction, keys)]
    ids = [number for (number, _), state in zip(keys, before, strict=True) if state in CANCEL.sources]
    stamps = {"cancelled_on": database_now(), "updated_on": database_now()}
    change = sa.update(appointment_requests).values(state=CANCEL.target.value, **stamps)
    for number in ids:
        await transaction.execute(change.where(appointment_requests.c.id == number))
    return before


if __name__ == "__main__":
    setattr(cancellations, "cancel", careless_cancel)  # noqa: B010 - the fault this file is for
    main.main()
