"""The primary among several hosts, and every connection to it.

A silent primary may have been replaced without noticing it: after a pause of its machine or a network partition it
still accepts writes. So a silent primary is abandoned and every connection to it terminated before a cluster can
promote another host, and a host with an older timeline than the last primary is never trusted again.
"""

from __future__ import annotations

import asyncio
import contextlib
import weakref
from collections.abc import Sequence

import structlog

from connect_appointments.store.options import DatabaseOptions
from connect_appointments.store.postgresql.one_host import TROUBLES, Connection, connect_to, timeline_of

log = structlog.get_logger(__name__)

HEARTBEAT_SECONDS = 0.5
SILENCE_SECONDS = 5.0
"""With heartbeat and search less than 18 s, Patroni's shortest time to a new primary (at its minimum ttl, 20 s)."""
SEARCH_EVERY_SECONDS = 0.1


class Leader:
    """A trusted primary, the connection that monitors it, and the connections to it."""

    def __init__(self, url: str, timeline: int, watch: Connection) -> None:
        self.url = url
        self.timeline = timeline
        self.watch = watch
        self.connections: weakref.WeakSet[Connection] = weakref.WeakSet([watch])

    @property
    def host(self) -> str:
        """The host and port, without the password of the URL."""
        return self.url.rpartition("@")[2].partition("/")[0]

    def end(self) -> None:
        """Terminate every connection, including those in use, so that no late response of this host is used."""
        for connection in list(self.connections):
            connection.terminate()


class Primary:
    """Finds the primary among several hosts, connects to it, and detects when it is no longer the primary."""

    def __init__(
        self, urls: Sequence[str], options: DatabaseOptions, *, silence_seconds: float = SILENCE_SECONDS
    ) -> None:
        """Create the search without opening a connection.

        urls: one URL per host. silence_seconds: how long the primary may take to answer a health check.
        """
        self._urls = urls
        self._options = options
        self._silence_seconds = silence_seconds
        self._timeline = 0
        self._leader: Leader | None = None
        self._search: asyncio.Task[Leader] | None = None
        self._watching: asyncio.Task[None] | None = None

    async def connect(self, settings: dict[str, str]) -> Connection:
        """Connect to the primary; raise one of `TROUBLES` if there is no primary, or if it was lost meanwhile."""
        leader = self._leader or await self._shared_search()
        connection = await connect_to(leader.url, self._options, settings)
        leader.connections.add(connection)
        try:
            await self._check(leader, connection)
        except BaseException:
            connection.terminate()
            raise
        return connection

    async def _check(self, leader: Leader, connection: Connection) -> None:
        """Raise one of `TROUBLES` unless a new connection leads to the same primary on the same timeline."""
        try:
            timeline = await timeline_of(connection, self._options.connect_timeout_seconds)
        except ConnectionError as error:
            self._lose(leader, str(error))
            raise
        if timeline != leader.timeline or self._leader is not leader:
            raise ConnectionError("the primary was lost while a connection to it was made")

    async def _shared_search(self) -> Leader:
        """The leader; concurrent callers share one search."""
        if self._search is None:
            self._search = asyncio.create_task(self._search_hosts())
            self._search.add_done_callback(self._search_ended)
        return await asyncio.shield(self._search)

    def _search_ended(self, search: asyncio.Task[Leader]) -> None:
        self._search = None
        if not search.cancelled():
            # All callers may have been cancelled; retrieve the exception, so that asyncio does not report it.
            search.exception()

    async def _search_hosts(self) -> Leader:
        """Ask every host and choose the primary with the latest timeline; raise the last host's error if none is."""
        await asyncio.sleep(SEARCH_EVERY_SECONDS if self._timeline else 0)
        answers = await asyncio.gather(*(self._ask(url) for url in self._urls))
        leaders = [answer for answer in answers if isinstance(answer, Leader)]
        best = max(leaders, key=lambda leader: leader.timeline, default=None)
        for leader in leaders:
            if leader is not best or leader.timeline < self._timeline:
                leader.end()
        if best is None:
            raise next(error for error in reversed(answers) if isinstance(error, Exception))
        if best.timeline < self._timeline:
            raise ConnectionError(f"{best.host} has an older timeline than the last primary")
        self._trust(best)
        return best

    async def _ask(self, url: str) -> Leader | Exception:
        """The host as a leader, or the reason why it is not a leader."""
        try:
            connection = await connect_to(url, self._options, {})
        except TROUBLES as error:
            return error
        try:
            return Leader(url, await timeline_of(connection, self._options.connect_timeout_seconds), connection)
        except BaseException as error:
            connection.terminate()
            if isinstance(error, TROUBLES):
                return error
            raise

    def _trust(self, leader: Leader) -> None:
        if self._timeline:
            log.info("primary-found", host=leader.host, timeline=leader.timeline)
        self._leader, self._timeline = leader, leader.timeline
        leader.watch.add_termination_listener(lambda _: self._lose(leader, "its connection ended"))
        self._watching = asyncio.create_task(self._watch(leader))

    async def _watch(self, leader: Leader) -> None:
        """Check periodically that the leader is still the primary."""
        while self._leader is leader:
            try:
                await timeline_of(leader.watch, self._silence_seconds)
            except Exception as error:  # noqa: BLE001 - after any error of the driver, nothing monitors the primary
                self._lose(leader, f"{type(error).__name__}: {error}")
            await asyncio.sleep(HEARTBEAT_SECONDS)

    def _lose(self, leader: Leader, reason: str) -> None:
        if self._leader is not leader:
            return
        log.warning("primary-lost", host=leader.host, reason=reason)
        self._leader = None
        leader.end()

    async def close(self) -> None:
        """Forget the primary and terminate every connection to it."""
        leader, self._leader = self._leader, None
        if leader is not None:
            leader.end()
        for task in (self._search, self._watching):
            if task is not None:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError, *TROUBLES):
                    await task
