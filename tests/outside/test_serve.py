"""The whole of it, end to end: `serve` as its user starts it, with tokens of an issuer nobody here wrote."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx2
import pytest

from tests.outside.provider import Provider
from tests.throwaway_postgres import free_port, running_postgres

PROGRAM = str(Path(sys.executable).parent / "connect-appointments")
COLUMNS = (
    "id,owner,timeZone,state,area,demandType,priorityAssist,eSla,"
    "customerRef,serviceId,contactName,contactType,contactPhone,contactNotes"
)
ORDERS = f"{COLUMNS}\n10,11001,Australia/Brisbane,QLD,4000,Standard Install,false,Standard,,,,,,\n"


@pytest.fixture(scope="module")
def service(provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a service on a PostgreSQL of its own, set up by the commands alone."""
    with running_postgres(databases=["connect"]) as server:
        environment = settings(provider, server.url("connect"))
        folder = tmp_path_factory.mktemp("imports")
        run(environment, "migrate")
        run(environment, "orders", "import", write(folder / "orders.csv", ORDERS))
        run(environment, "capacity", "import", write(folder / "capacity.csv", capacity()))
        with serving(environment) as url:
            yield url


def settings(provider: Provider, database_url: str) -> dict[str, str]:
    port = free_port()
    values = {
        "DATABASE_URL": database_url,
        "PUBLIC_URL": f"http://127.0.0.1:{port}",
        "LISTEN_PORT": str(port),
        "ISSUER": provider.issuer,
        "AUDIENCE": provider.audience,
    }
    return {**os.environ, **{f"CONNECT_APPOINTMENTS_{name}": value for name, value in values.items()}}


def capacity() -> str:
    first = datetime.now(UTC).date()
    days = [first + timedelta(days=n) for n in range(30)]
    return "area,date,slotType,capacity\n" + "".join(f"4000,{day},{half},1\n" for day in days for half in ("AM", "PM"))


def write(path: Path, text: str) -> str:
    path.write_text(text, encoding="utf-8")
    return str(path)


def run(environment: dict[str, str], *arguments: str) -> None:
    subprocess.run([PROGRAM, *arguments], env=environment, check=True, timeout=60)


@contextmanager
def serving(environment: dict[str, str]) -> Iterator[str]:
    process = subprocess.Popen([PROGRAM, "serve"], env=environment, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("serving on ")
        yield environment["CONNECT_APPOINTMENTS_PUBLIC_URL"]
    finally:
        process.terminate()
        assert process.wait(timeout=60) == 0
        process.stdout.close()


def client_of(service: str, token: str) -> httpx2.Client:
    return httpx2.Client(base_url=service, headers={"Authorization": f"Bearer {token}", "X-API-VERSION": "7"})


def settled(client: httpx2.Client, url: str) -> httpx2.Response:
    while True:
        answer = client.get(url)
        if answer.status_code != 202:
            return answer


def create(client: httpx2.Client) -> str:
    day = datetime.now(UTC).date() + timedelta(days=2)
    body = {"orderId": 10, "dateFrom": str(day)}
    answer = client.post("/api/connect/orders/appointment-requests/request", json=body)
    assert answer.status_code == 201, answer.text
    return str(answer.headers["location"])


def test_a_token_of_an_openid_provider_creates_reads_books_and_cancels(provider: Provider, service: str) -> None:
    with client_of(service, provider.token("alice")) as alice:
        first, second = create(alice), create(alice)
        slot = settled(alice, first).json()["slots"][0]["id"]
        booking = {"appointmentRequestId": int(first.rpartition("/")[2]), "slotId": slot}
        booked = alice.post("/api/connect/orders/appointments/request", json=booking)
        assert settled(alice, booked.headers["location"]).json()["status"] == "booked"
        cancel = {"appointmentRequestId": int(second.rpartition("/")[2])}
        assert alice.post("/api/connect/orders/appointment-requests/cancel", json=cancel).status_code == 204
        assert settled(alice, second).json()["status"] == "cancelled"


def test_the_providers_other_client_does_not_see_what_is_not_its_own(provider: Provider, service: str) -> None:
    with client_of(service, provider.token("alice")) as alice, client_of(service, provider.token("bob")) as bob:
        location = create(alice)
        cancel = {"appointmentRequestId": int(location.rpartition("/")[2])}
        assert bob.get(location).status_code == 404
        assert bob.post("/api/connect/orders/appointment-requests/cancel", json=cancel).status_code == 404
        assert alice.post("/api/connect/orders/appointment-requests/cancel", json=cancel).status_code == 204


def test_a_token_with_one_letter_changed_is_refused(provider: Provider, service: str) -> None:
    head, payload, signature = provider.token("alice").split(".")
    other = "A" if signature[10] != "A" else "B"
    with client_of(service, f"{head}.{payload}.{signature[:10]}{other}{signature[11:]}") as nobody:
        answer = nobody.get("/api/connect/orders/appointment-requests/request/1")
    assert (answer.status_code, answer.json()["code"]) == (401, "invalid-token")
