"""`python -m bench.peers.default_stack PORT PROCESSES` serves; `... migrate` makes the tables.

DATABASE_URL, and to serve JWKS_FILE and ISSUER, stand in the environment.
"""

from __future__ import annotations

import asyncio
import os
import sys

import uvicorn
from sqlalchemy.ext.asyncio import create_async_engine

from bench.peers.default_stack.models import Base, driver_url


async def migrate() -> None:
    engine = create_async_engine(driver_url(os.environ["DATABASE_URL"]))
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    await engine.dispose()


def serve(port: int, processes: int) -> None:
    uvicorn.run(
        "bench.peers.default_stack.app:app",
        host="127.0.0.1",
        port=port,
        workers=processes,
        loop="uvloop",
        http="httptools",
        access_log=False,
        # A busy machine makes uvicorn kill processes that have not started yet.
        timeout_worker_healthcheck=60,
        log_level="warning",
    )


if __name__ == "__main__":
    if sys.argv[1:] == ["migrate"]:
        asyncio.run(migrate())
    else:
        serve(int(sys.argv[1]), int(sys.argv[2]))
