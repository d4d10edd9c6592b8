"""Limits of the connections to the database."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class DatabaseOptions:
    """The limits of every connection.

    pool_size: connections of this process, beside those of the batches.
    lock_timeout_seconds: how long a statement waits for a row that another transaction has locked.
    statement_timeout_seconds: how long a statement may run.
    connect_timeout_seconds: for each host of the URL.
    statement_cache: prepared statements are kept; off behind a pooler that shares connections between transactions.
    """

    pool_size: int = 10
    lock_timeout_seconds: float = 10
    statement_timeout_seconds: float = 15
    connect_timeout_seconds: float = 2
    statement_cache: bool = True
