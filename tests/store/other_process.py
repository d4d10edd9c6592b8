"""What a second process does to the same database: `python -m tests.store.other_process URL migrate|take-places`."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

from connect_appointments.store import schema
from connect_appointments.store.engine import Database
from tests.store.given import take_place

TURNS = 50


async def main(url: str, action: str) -> None:
    database = Database(url)
    if action == "migrate":
        await schema.migrate(database)
    else:
        for _ in range(TURNS):
            await database.write(take_place)
    await database.close()


def start(url: str, action: str) -> subprocess.Popen[bytes]:
    """Start one."""
    command = [sys.executable, "-W", "error", "-m", __name__, url, action]
    return subprocess.Popen(command, cwd=Path(__file__).parents[2])


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
