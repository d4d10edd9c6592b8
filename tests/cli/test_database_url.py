"""Database URLs that no driver could read, said without showing the password."""

from __future__ import annotations

import pytest

from connect_appointments.settings import SettingsError
from connect_appointments.store.urls import check_database_url
from tests.cli.program import invoke, settings

GOOD = [
    "sqlite:///sandbox.db",
    "sqlite:////var/lib/connect/data.db",
    "postgresql://user@host/name",
    "postgres://user:p%40ss@host:5432/name?sslmode=require",
    "postgresql://user:pass@one:5432,two:5433/name?target_session_attrs=read-write",
    "postgresql://user:pass@[::1]:5432/name",
    "postgresql:///name?host=/run/postgresql",
    "postgresql://user:p@ss@host/name",
]
BAD = [
    "",
    "sqlite://",
    "sqlite:///",
    "mysql://user:hidden@host/name",
    "postgresql://user:hid/den@host/name",
    "postgresql://user:hid?den@host/name",
    "postgresql://user:hid#den@host/name",
    "postgresql://user:hidden@host:port/name",
    "postgresql://user:hidden@one,two/name?port=1,2,3",
    "postgresql://user:hidden@host/name?target_session_attrs=standby",
]


@pytest.mark.parametrize("url", GOOD)
def test_what_a_driver_can_read_is_accepted(url: str) -> None:
    check_database_url(url)


@pytest.mark.parametrize("url", BAD)
def test_what_none_can_read_is_refused_without_showing_it(url: str) -> None:
    with pytest.raises(ValueError, match=r"\w") as refusal:
        check_database_url(url)
    assert "hid" not in str(refusal.value)


def test_a_command_names_the_setting_and_hides_the_password() -> None:
    done = invoke("migrate", env=settings(database_url="postgresql://user:hid/den@127.0.0.1/name"))
    assert isinstance(done.exception, SettingsError)
    assert str(done.exception).startswith("CONNECT_APPOINTMENTS_DATABASE_URL is wrong: ")
    assert "hid" not in str(done.exception) + done.output
