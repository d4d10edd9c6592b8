"""The tables of the default stack, in a database of its own."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, DateTime, ForeignKey, Identity, func
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


def driver_url(url: str) -> str:
    return url.replace("postgresql://", "postgresql+asyncpg://")


class Base(DeclarativeBase):
    type_annotation_map = {datetime: DateTime(timezone=True), int: BigInteger, dict[str, Any]: JSON, list[Any]: JSON}  # noqa: RUF012 - as SQLAlchemy's manual has it


class Order(Base):
    __tablename__ = "orders"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    owner: Mapped[str]
    time_zone: Mapped[str]
    state: Mapped[str]
    area: Mapped[str]
    demand_type: Mapped[str]
    priority_assist: Mapped[bool]
    e_sla: Mapped[str]
    customer_ref: Mapped[str | None]
    service_id: Mapped[int | None]


class AppointmentRequest(Base):
    __tablename__ = "appointment_requests"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    owner: Mapped[str]
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"), index=True)
    date_from: Mapped[date]
    state: Mapped[str]
    created_on: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_on: Mapped[datetime] = mapped_column(server_default=func.now())
    cancelled_on: Mapped[datetime | None]


class Offer(Base):
    __tablename__ = "offers"

    request_id: Mapped[int] = mapped_column(ForeignKey("appointment_requests.id"), primary_key=True)
    slots: Mapped[list[Any]]


class Booking(Base):
    __tablename__ = "bookings"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    request_id: Mapped[int] = mapped_column(ForeignKey("appointment_requests.id"), index=True)
    owner: Mapped[str]
    slot: Mapped[dict[str, Any]]
    state: Mapped[str]
    created_on: Mapped[datetime] = mapped_column(server_default=func.now())
    ended_on: Mapped[datetime | None]


class Appointment(Base):
    __tablename__ = "appointments"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    request_id: Mapped[int] = mapped_column(ForeignKey("appointment_requests.id"), unique=True)
    booking_id: Mapped[int] = mapped_column(ForeignKey("bookings.id"), unique=True)
    owner: Mapped[str]
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"), index=True)
    workforce_id: Mapped[str] = mapped_column(unique=True)
    slot: Mapped[dict[str, Any]]
    created_on: Mapped[datetime] = mapped_column(server_default=func.now())


class Capacity(Base):
    __tablename__ = "capacity"

    area: Mapped[str] = mapped_column(primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    slot_type: Mapped[str] = mapped_column(primary_key=True)
    capacity: Mapped[int]
    taken: Mapped[int]


class Event(Base):
    __tablename__ = "events"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    request_id: Mapped[int] = mapped_column(index=True)
    kind: Mapped[str]
    at: Mapped[datetime] = mapped_column(server_default=func.now())
    owner: Mapped[str]
    client: Mapped[str]
    trace: Mapped[str]
