"""The engine of the default stack."""

from __future__ import annotations

import os

from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine

from bench.peers.default_stack.models import driver_url

engine = create_async_engine(driver_url(os.environ["DATABASE_URL"]), pool_size=40, max_overflow=0)
new_session = async_sessionmaker(engine, expire_on_commit=False)
