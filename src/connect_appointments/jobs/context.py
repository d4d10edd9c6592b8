"""The order data of a claimed job."""

from __future__ import annotations

from connect_appointments.core.model import OrderDetails
from connect_appointments.store.columns import DETAILS
from connect_appointments.store.queries.jobs import Job
from connect_appointments.store.queries.orders import site_of
from connect_appointments.store.tables import appointments, orders
from connect_appointments.workforce.port import Visit

ORDER_COLUMNS = (
    orders.c.id.label("order_id"),
    orders.c.time_zone,
    orders.c.state,
    orders.c.area,
    *(orders.c[name] for name in DETAILS),
)
"""The columns of an order that a kind's claim statement returns."""

APPOINTMENT_COLUMNS = (
    orders.c.id.label("order_id"),
    orders.c.time_zone,
    orders.c.state,
    orders.c.area,
    *(appointments.c[name] for name in DETAILS),
)
"""The columns for `visit_of` a standing appointment: the details of its order when it was booked, and the site."""


def visit_of(job: Job) -> Visit:
    """The visit of a job."""
    row = job.context
    return Visit(OrderDetails(row.order_id, *(getattr(row, name) for name in DETAILS)), site_of(row))


def offer_key(job: Job) -> str:
    """The key of the appointment-request's offer in the workforce system."""
    return f"{job.context.installation}-o{job.request_id}"
