"""PostgreSQL itself: killed, unable to write at commit, out of room."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

import asyncpg

from ..load import Load
from ..process import until
from ..stage import SHORT_LEASE, open_stage
from ..trial import CannotBeDoneError, program

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from tests.throwaway_postgres import Server

    from ..trial import Trial

FULL_SECONDS = 20.0
ROOM_BYTES = 128 * 2**20
"""What the small file system has beside the new cluster."""
SHORT_LOG = "min_wal_size = 32MB\nmax_wal_size = 48MB\n"
"""So that the write-ahead log never takes all that room for itself."""
FILLER_BYTES = 2**20


async def killed(trial: Trial) -> None:
    """`kill -9` of the postmaster: every backend ends at once, and the next start recovers."""
    async with open_stage(places=300, settings=SHORT_LEASE) as stage:
        await stage.serve_in_two()
        async with trial.under(Load(stage, stage.urls)) as load:
            for _ in trial.rounds():
                await asyncio.sleep(trial.chance.uniform(0.3, 1.0))
                moment = time.monotonic_ns()
                await asyncio.to_thread(stage.postgres.kill)
                await asyncio.to_thread(stage.postgres.start)
                await _count(trial, load, moment)


async def _count(trial: Trial, load: Load, moment: int) -> None:
    """Wait until a call of after the fault has succeeded, and count the fault if it cut one of before."""
    back = time.monotonic_ns()
    await load.answered_after(back)
    trial.times += load.cut_at(moment, back) > 0


async def commit_fails(trial: Trial) -> None:
    """An I/O error when the write-ahead log is flushed at COMMIT, by strace on every backend of the service."""
    strace = program("strace", "strace")
    async with open_stage(places=300, settings=SHORT_LEASE) as stage:
        await stage.serve_in_two()
        async with trial.under(Load(stage, stage.urls)) as load:
            for _ in trial.rounds():
                await asyncio.sleep(trial.chance.uniform(0.2, 0.6))
                panics = _panics(stage.postgres)
                async with _failing_flushes(strace, await _backends(stage.database_url)) as tracer:
                    moment = await _until_panic(stage.postgres, panics, tracer)
                if moment is not None:
                    await _count(trial, load, moment)


async def _backends(url: str) -> list[int]:
    """The process ids of the backends that the service uses."""
    connection = await _connected(url)
    query = "SELECT pid FROM pg_stat_activity WHERE application_name = 'connect-appointments'"
    found = [row["pid"] for row in await connection.fetch(query)]
    await connection.close()
    return found


async def _connected(url: str) -> asyncpg.Connection:
    """A connection, as soon as the database is there again."""
    async with asyncio.timeout(60):
        while True:
            with contextlib.suppress(OSError, asyncpg.PostgresError):
                return await asyncpg.connect(url)
            await asyncio.sleep(0.05)


@contextlib.asynccontextmanager
async def _failing_flushes(strace: str, pids: list[int]) -> AsyncIterator[asyncio.subprocess.Process]:
    """Let every fdatasync of these processes fail with EIO while the context lasts, or until strace ends."""
    targets = [argument for pid in pids for argument in ("-p", str(pid))]
    inject = ["-e", "trace=fdatasync", "-e", "inject=fdatasync:error=EIO"]
    process = await asyncio.create_subprocess_exec(
        strace, "-qq", "-o", "/dev/null", *inject, *targets, stderr=subprocess.PIPE
    )
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        _, said = await process.communicate()
    if b"not permitted" in said:
        reason = said.decode().partition("\n")[0]
        raise CannotBeDoneError(f"strace may trace nobody here (it needs CAP_SYS_PTRACE): {reason}")


def _panics(server: Server) -> int:
    return server.log_file.read_text("utf-8", "replace").count("PANIC:")


async def _until_panic(server: Server, before: int, tracer: asyncio.subprocess.Process) -> int | None:
    """When the database gave up, in nanoseconds; None if nobody has flushed in time, or a traced process had gone."""
    await until(lambda: _panics(server) > before or tracer.returncode is not None, FULL_SECONDS)
    return time.monotonic_ns() if _panics(server) > before else None


async def disk_full(trial: Trial) -> None:
    """The file system of PostgreSQL becomes full, and has free space again."""
    async with open_stage(places=300, settings=SHORT_LEASE) as stage:
        server = stage.postgres
        with _small_file_system(server) as data:
            await stage.serve_in_two()
            async with trial.under(Load(stage, stage.urls)) as load:
                for _ in trial.rounds():
                    await asyncio.sleep(trial.chance.uniform(0.3, 1.0))
                    failed = load.failures
                    filler = await asyncio.to_thread(_fill, data)
                    await _ask_for_room(stage.database_url)
                    await _until_failed(load, failed)
                    trial.times += load.failures > failed
                    filler.unlink()
                    # It may have given up altogether; an operator would start it again.
                    await asyncio.to_thread(server.restart)
                    await load.answered_after(time.monotonic_ns())


async def _ask_for_room(url: str) -> None:
    """Let the log begin new files: it has made some in advance, and the load alone would take long to use them up."""
    with contextlib.suppress(OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
        async with asyncio.timeout(FULL_SECONDS):
            connection = await asyncpg.connect(url)
            while True:
                await connection.execute("SELECT pg_switch_wal(), pg_logical_emit_message(false, 'full', 'x')")


async def _until_failed(load: Load, before: int) -> None:
    """Wait until a call has failed, for a while."""
    await until(lambda: load.failures > before, FULL_SECONDS)


@contextlib.contextmanager
def _small_file_system(server: Server) -> Iterator[Path]:
    """Move the cluster onto a file system of its own, hardly larger than it is; the server is started on it."""
    if os.geteuid() != 0:
        raise CannotBeDoneError("a small file system can be mounted by root alone")
    server.stop()
    data, aside = server.folder / "data", server.folder / "aside"
    data.rename(aside)
    data.mkdir(mode=0o700)
    size = int(subprocess.check_output(["du", "-sb", str(aside)]).split()[0]) + ROOM_BYTES
    _mount(data, size)
    try:
        subprocess.run(["cp", "-a", f"{aside}/.", str(data)], check=True)
        shutil.rmtree(aside)
        with (data / "postgresql.conf").open("a", encoding="utf-8") as file:
            file.write(SHORT_LOG)
        server.start()
        yield data
    finally:
        server.stop()
        subprocess.run([program("umount", "mount"), str(data)], check=True)


def _mount(folder: Path, size: int) -> None:
    """Put a file system of so many bytes there; raises CannotBeDoneError where the system lets nobody do that."""
    command = [program("mount", "mount"), "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        reason = done.stderr.partition("\n")[0]
        raise CannotBeDoneError(f"no small file system can be mounted (it needs CAP_SYS_ADMIN): {reason}")


def _fill(folder: Path) -> Path:
    """Write a file until there is no room left."""
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while file.write(bytes(FILLER_BYTES)):
            pass
    return filler
