"""Search and booking of the default stack: background tasks after the answer, one transaction each."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from bench.peers.default_stack.database import new_session
from bench.peers.default_stack.models import Appointment, AppointmentRequest, Booking, Capacity, Event, Offer, Order

SLOT_DAYS = 14
WINDOWS = {"AM": (8, 12), "PM": (13, 17)}


async def session() -> AsyncIterator[AsyncSession]:
    async with new_session() as found:
        yield found


def event(request: AppointmentRequest, kind: str, client: str, trace: str) -> Event:
    return Event(request_id=request.id, kind=kind, owner=request.owner, client=client, trace=trace)


async def locked_request(db: AsyncSession, request_id: int, owner: str | None = None) -> AppointmentRequest | None:
    query = select(AppointmentRequest).where(AppointmentRequest.id == request_id).with_for_update()
    if owner is not None:
        query = query.where(AppointmentRequest.owner == owner)
    return (await db.execute(query)).scalar_one_or_none()


async def find_slots(request_id: int, trace: str) -> None:
    async with new_session() as db:
        request = await locked_request(db, request_id)
        if request is None or request.state != "searching":
            return
        order = await db.get_one(Order, request.order_id)
        query = (
            select(Capacity)
            .where(
                Capacity.area == order.area,
                Capacity.day >= request.date_from,
                Capacity.day < request.date_from + timedelta(days=SLOT_DAYS),
                Capacity.taken < Capacity.capacity,
            )
            .order_by(Capacity.day, Capacity.slot_type)
        )
        free = (await db.execute(query)).scalars()
        db.add(Offer(request_id=request.id, slots=[slot(order, one) for one in free if one.day.weekday() < 5]))
        request.state = "open"
        request.updated_on = func.now()
        db.add(event(request, "slots-found", "worker", trace))
        await db.commit()


def slot(order: Order, free: Capacity) -> dict[str, Any]:
    start, end = (moment(order, free.day, hour) for hour in WINDOWS[free.slot_type])
    return {
        "id": f"{free.day:%Y%m%d}{free.slot_type}",
        "slotType": free.slot_type,
        "startTime": start.isoformat(),
        "endTime": end.isoformat(),
        "timezoneOffset": start.strftime("%z"),
    }


def moment(order: Order, day: date, hour: int) -> datetime:
    return datetime.combine(day, time(hour), ZoneInfo(order.time_zone))


async def book_slot(booking_id: int, trace: str) -> None:
    async with new_session() as db:
        booking = await db.get_one(Booking, booking_id)
        request = await locked_request(db, booking.request_id)
        if request is None or request.state != "booking":
            return
        order = await db.get_one(Order, request.order_id)
        day = datetime.fromisoformat(booking.slot["startTime"]).date()
        capacity = await db.get_one(Capacity, (order.area, day, booking.slot["slotType"]), with_for_update=True)
        booking.ended_on = request.updated_on = func.now()
        if capacity.taken < capacity.capacity:
            capacity.taken += 1
            booking.state = request.state = "booked"
            db.add(appointment(booking, request))
        else:
            booking.state, request.state = "refused", "open"
        db.add(event(request, request.state, "worker", trace))
        await db.commit()


def appointment(booking: Booking, request: AppointmentRequest) -> Appointment:
    return Appointment(
        request_id=request.id,
        booking_id=booking.id,
        owner=request.owner,
        order_id=request.order_id,
        workforce_id=f"APT{booking.id:012}",
        slot=booking.slot,
    )
