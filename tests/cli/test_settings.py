"""Settings: each one that is missing, wrong or unknown is named, and no secret is shown."""

from __future__ import annotations

from datetime import time
from pathlib import Path

import pytest

from connect_appointments.settings import ServeSettings, SettingsError, StoreSettings, load
from tests.cli.program import settings

REQUIRED = {
    "database_url": "postgresql://user:hidden@127.0.0.1/name",
    "public_url": "https://connect.test",
    "issuer": "https://issuer.test/auth/realms/connect",
    "audience": "connect",
}


def problems(**changes: object) -> list[str]:
    """What is said of the required settings with these changes; a change to None leaves one out."""
    given = {name: value for name, value in {**REQUIRED, **changes}.items() if value is not None}
    with pytest.raises(SettingsError) as refusal:
        load(ServeSettings, settings(**given))
    assert "hidden" not in str(refusal.value)
    return str(refusal.value).splitlines()


@pytest.mark.parametrize("name", ["database_url", "public_url", "issuer"])
def test_each_required_setting_is_named_when_it_is_missing(name: str) -> None:
    assert problems(**{name: None}) == [f"CONNECT_APPOINTMENTS_{name.upper()} is missing"]


def test_all_that_is_wrong_is_said_at_once() -> None:
    found = problems(database_url=None, issuer=None, listen_port="http", pol_size=3)
    assert len(found) == 4
    assert {line.split()[0].removeprefix("CONNECT_APPOINTMENTS_") for line in found} == {
        "DATABASE_URL",
        "ISSUER",
        "LISTEN_PORT",
        "POL_SIZE",
    }


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("listen_port", "65536"),
        ("pool_size", "1"),
        ("worker_slots", "257"),
        ("lock_timeout_seconds", "0"),
        ("log_level", "loud"),
        ("statement_cache", "perhaps"),
        ("cancellation_cutoff_time", "24:00"),
        ("cancellation_cutoff_time", "5pm"),
        ("cancellation_cutoff_time", "61200"),
        ("cancellation_cutoff_time", "17:00+10:00"),
        ("cancellation_cutoff_working_days", "-1"),
        ("offer_minutes", "0"),
        ("sunset", "soon"),
        ("public_url", "connect.test"),
        ("public_url", "https://connect.test/?a=b"),
        ("issuer", "issuer.test"),
        ("algorithms", "none"),
        ("algorithms", "HS256"),
        ("database_url", "mysql://user:hidden@127.0.0.1/name"),
    ],
)
def test_a_wrong_value_names_its_setting(name: str, value: str) -> None:
    assert [name.upper() in line for line in problems(**{name: value})] == [True]


def test_d41_d47_the_cut_off_and_the_life_of_an_offer_are_settings() -> None:
    default = load(ServeSettings, settings(**REQUIRED)).booking_policy()
    assert (default.cancellation_cutoff_time, default.cancellation_cutoff_working_days) == (time(17), 1)
    assert default.offer_minutes is None
    changed = {"cancellation_cutoff_time": "09:30", "cancellation_cutoff_working_days": "3", "offer_minutes": "30"}
    found = load(ServeSettings, settings(**REQUIRED, **changed)).booking_policy()
    assert (found.cancellation_cutoff_time, found.cancellation_cutoff_working_days) == (time(9, 30), 3)
    assert found.offer_minutes == 30


def test_an_unknown_setting_gets_the_name_that_was_meant() -> None:
    assert problems(isuer="x") == ["CONNECT_APPOINTMENTS_ISUER is not a setting; is CONNECT_APPOINTMENTS_ISSUER meant?"]


def test_d24_serve_asks_which_tokens_are_meant_for_it() -> None:
    assert [line.partition(" must be set")[0] for line in problems(audience=None)] == [
        "CONNECT_APPOINTMENTS_AUDIENCE or ALLOWED_AZP"
    ]
    for choice in ({"audience": "any"}, {"audience": "connect"}, {"audience": "", "allowed_azp": "portal-api, other"}):
        load(ServeSettings, settings(**{**REQUIRED, **choice}))


def test_a_setting_may_stand_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "url"
    file.write_text("sqlite:///of-the-file.db\n")
    found = load(StoreSettings, settings(database_url_file=file))
    assert found.database_url.get_secret_value() == "sqlite:///of-the-file.db"


def test_a_setting_is_not_given_twice(tmp_path: Path) -> None:
    file = tmp_path / "url"
    file.write_text("sqlite:///of-the-file.db")
    assert problems(database_url_file=file) == [
        "CONNECT_APPOINTMENTS_DATABASE_URL is set twice: as itself and as a file"
    ]


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    missing = tmp_path / "missing"
    [line] = problems(database_url=None, database_url_file=missing)
    assert line.startswith("CONNECT_APPOINTMENTS_DATABASE_URL_FILE ")
    assert str(missing) in line


def test_what_kubernetes_puts_beside_a_service_is_no_setting() -> None:
    beside = load(
        ServeSettings,
        settings(
            **REQUIRED,
            port="tcp://10.0.0.1:80",
            port_80_tcp="tcp://10.0.0.1:80",
            port_80_tcp_proto="tcp",
            port_80_tcp_addr="10.0.0.1",
            service_host="10.0.0.1",
            service_port="80",
            service_port_http="80",
        ),
    )
    assert beside == load(ServeSettings, settings(**REQUIRED))


def test_the_settings_do_not_show_the_database_url() -> None:
    assert "hidden" not in repr(load(ServeSettings, settings(**REQUIRED)))
