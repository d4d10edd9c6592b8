"""Opens connections to the PostgreSQL servers of a URL."""

from __future__ import annotations

from collections.abc import Sequence

from connect_appointments.store.options import DatabaseOptions
from connect_appointments.store.postgresql.hosts import hosts_of
from connect_appointments.store.postgresql.one_host import TROUBLES, Connection, connect_to, connect_to_write
from connect_appointments.store.postgresql.primary import Primary


class Connector:
    """Connects to the only host of a URL, to the first host that answers, or to the host that accepts writes."""

    def __init__(self, url: str, options: DatabaseOptions) -> None:
        """Create the connector without opening a connection."""
        self._url = url
        self._options = options
        self._primary: Primary | None = None

    async def connect(self, **settings: str) -> Connection:
        """Connect to a host that answers in time and, if the URL requires it, accepts writes.

        settings: session settings, in addition to the limits.
        Raises the last host's error when no host qualifies.
        """
        hosts = hosts_of(self._url)
        if not hosts.wants_writes:
            return await self._first(hosts.urls, settings)
        if len(hosts.urls) == 1:
            return await connect_to_write(hosts.urls[0], self._options, settings)
        if self._primary is None:
            self._primary = Primary(hosts.urls, self._options)
        return await self._primary.connect(settings)

    async def _first(self, urls: Sequence[str], settings: dict[str, str]) -> Connection:
        failure: Exception = ConnectionError("the database URL names no host")
        for url in urls:
            try:
                return await connect_to(url, self._options, settings)
            except TROUBLES as error:
                failure = error
        raise failure

    async def close(self) -> None:
        """Terminate the connections to a primary; all other connections are closed by their pools."""
        if self._primary is not None:
            await self._primary.close()
