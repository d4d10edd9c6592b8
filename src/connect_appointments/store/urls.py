"""Validation of a database URL."""

from __future__ import annotations

import re

from connect_appointments.store.postgresql.hosts import hosts_of

HOST = re.compile(r"(\[[^\]]*\]|[^:]*)(:\d*)?")


def check_database_url(url: str) -> None:
    """Raise ValueError if no driver can parse the URL; the message contains no part of the URL."""
    if re.match(r"sqlite:///.", url):
        return
    if not re.match(r"postgres(ql)?://.", url):
        raise ValueError("it must begin with postgresql:// or sqlite:///")
    hosts = (re.split("[/?]", one.partition("://")[2])[0] for one in hosts_of(url).urls)
    if not all(HOST.fullmatch(host.rpartition("@")[2]) for host in hosts):
        raise ValueError("its port is not a number; a password's / ? # @ : are written %2F %3F %23 %40 %3A")
