"""Options of the database connections."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class DatabaseOptions:
    """The options of every connection.

    pool_size: connections of this process, in addition to the batch connections.
    lock_timeout_seconds: how long a statement waits for a row that another transaction has locked.
    statement_timeout_seconds: how long a statement may run.
    connect_timeout_seconds: connect timeout for each host of the URL.
    statement_cache: keep prepared statements; off behind a pooler that shares connections between transactions.
    """

    pool_size: int = 10
    lock_timeout_seconds: float = 10
    statement_timeout_seconds: float = 15
    connect_timeout_seconds: float = 2
    statement_cache: bool = True
