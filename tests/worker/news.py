"""News from the workforce system, as it is written down."""

from __future__ import annotations

from connect_appointments.core.appointments import AppointmentState
from connect_appointments.core.cancellations import CancelledBy
from connect_appointments.core.transitions import Transition
from connect_appointments.store.engine import Database
from connect_appointments.store.locking import lock
from connect_appointments.store.queries import appointments
from connect_appointments.store.queries.appointment_locks import LOCK_ANY_APPOINTMENTS
from connect_appointments.store.queries.appointments import AppointmentChange
from connect_appointments.store.transaction import Transaction


async def news(database: Database, appointment_id: int, step: Transition[AppointmentState]) -> None:
    """Lead an appointment to the target of a transition."""

    async def work(transaction: Transaction) -> None:
        (row,) = await lock(transaction, LOCK_ANY_APPOINTMENTS, [(appointment_id,)], wait=True)
        change = AppointmentChange(
            appointment_id,
            row.request_id,
            row.order_id,
            row.owner,
            "news",
            "x_request_id-of-the-news",
            cancelled_by=CancelledBy.NETWORK if step.target is AppointmentState.CANCELLED else None,
            cancellation_id=row.cancellation_id,
            reschedule_id=row.reschedule_id,
        )
        await appointments.transition(transaction, step, [change])

    await database.write(work)
