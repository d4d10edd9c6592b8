"""News of an appointment from a workforce system."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connect_appointments.core.appointments import CANCELLED_BY_NETWORK, COMPLETED, INCOMPLETE, WORK_BEGAN
from connect_appointments.core.model import Actor, Operator
from connect_appointments.usecases.appointment_news import Report, apply_reports
from connect_appointments.wiring import default_policy
from connect_appointments.workforce.port import NewsKind

if TYPE_CHECKING:
    from connect_appointments.core.appointments import AppointmentState
    from connect_appointments.core.transitions import Transition
    from connect_appointments.store.engine import Database

WORKER = Actor(Operator("worker"), "worker", "x_request_id-of-the-news")
KINDS = {
    WORK_BEGAN: NewsKind.STARTED,
    COMPLETED: NewsKind.COMPLETED,
    INCOMPLETE: NewsKind.INCOMPLETE,
    CANCELLED_BY_NETWORK: NewsKind.CANCELLED,
}


async def news(database: Database, appointment_id: int, step: Transition[AppointmentState]) -> None:
    """Lead an appointment to the target of a transition."""
    report = Report(appointment_id, KINDS[step])
    assert await database.write(lambda transaction: apply_reports(transaction, WORKER, [report], default_policy())) == [
        True
    ]
