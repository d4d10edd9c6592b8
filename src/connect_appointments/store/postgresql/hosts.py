"""Parsing of the hosts in a database URL, in libpq's and SQLAlchemy's syntax."""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import parse_qsl, quote, urlencode

SPELLING = re.compile(r"(?P<scheme>[a-z]+)(\+\w+)?://(?P<place>[^/?#]*)(?P<path>/[^?#]*)?(\?(?P<query>[^#]*))?")
HAS_PORT = re.compile(r"(\[[^\]]*\]|[^:\[]*):\d+")
ADDRESS_WITH_COLONS = re.compile(r"[0-9a-fA-F.]*:[0-9a-fA-F.]*:[0-9a-fA-F.:]*")
WRITABLE = {"any": False, "read-write": True, "primary": True}
OF_LIBPQ_ALONE = frozenset(
    [
        "channel_binding",
        "connect_timeout",
        "gssencmode",
        "keepalives",
        "keepalives_count",
        "keepalives_idle",
        "keepalives_interval",
        "load_balance_hosts",
        "tcp_user_timeout",
    ]
)
"""Parameters that only libpq evaluates; asyncpg would send them to the server, which rejects them."""


class Hosts(NamedTuple):
    """One URL per host, and whether the host must accept writes."""

    urls: list[str]
    wants_writes: bool


def hosts_of(url: str) -> Hosts:
    """Split a URL into one URL per host; raise ValueError for a URL with invalid syntax.

    Source: PostgreSQL, libpq, "Connection Strings" and "Specifying Multiple Hosts".
    """
    parts = SPELLING.fullmatch(url)
    if parts is None:
        raise ValueError("the database URL is not of the form postgresql://user:password@host:port/name")
    credentials, at, place = parts["place"].rpartition("@")
    query = parse_qsl(parts["query"] or "")
    named = [_spelled(host) for name, value in query if name == "host" for host in value.split(",")]
    hosts = _with_ports(named or place.split(","), dict(query).get("port", ""))
    rest = [(name, value) for name, value in query if name not in OURS]
    end = (parts["path"] or "") + (f"?{urlencode(rest)}" if rest else "")
    return Hosts([f"{parts['scheme']}://{credentials}{at}{host}{end}" for host in hosts], _wants_writes(dict(query)))


OURS = OF_LIBPQ_ALONE | {"host", "port", "target_session_attrs"}


def _spelled(host: str) -> str:
    """A host of the query string, converted for the authority part of a URL: a socket directory or an IPv6 address."""
    if host.startswith("/"):
        return quote(host, safe="")
    return f"[{host}]" if ADDRESS_WITH_COLONS.fullmatch(host) else host


def _with_ports(hosts: list[str], text: str) -> list[str]:
    ports = text.split(",")
    if len(ports) == 1:
        ports *= len(hosts)
    if len(ports) != len(hosts):
        raise ValueError(f"the database URL has {len(ports)} ports for {len(hosts)} hosts")
    return [
        host if not port or HAS_PORT.fullmatch(host) else f"{host}:{port}"
        for host, port in zip(hosts, ports, strict=True)
    ]


def _wants_writes(query: dict[str, str]) -> bool:
    wanted = query.get("target_session_attrs", "any")
    if wanted not in WRITABLE:
        raise ValueError(f"target_session_attrs must be one of {', '.join(WRITABLE)}: the service writes")
    return WRITABLE[wanted]
