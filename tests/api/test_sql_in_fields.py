"""SQL in everything a caller can fill in, on every operation: it is a text like any other, or it is refused."""

from __future__ import annotations

from urllib.parse import quote

import pytest
import sqlalchemy as sa

from connect_appointments.store.engine import Database
from connect_appointments.store.tables import metadata
from connect_appointments.store.transaction import Transaction
from tests.api_client import BOOK, CANCEL, CREATE, Api, number_of
from tests.build import BOB, Issuer
from tests.store.given import rows

pytestmark = pytest.mark.engines("sqlite", "postgresql")

SQL = [
    "'; DROP TABLE appointment_requests; --",
    "' OR '1'='1",
    '" OR ""="',
    "1 OR 1=1",
    "1; UPDATE appointment_requests SET owner = '11002'; --",
    "' UNION SELECT owner FROM orders --",
    "'||(SELECT pg_sleep(30))||'",
    "' AND randomblob(1000000000) --",
    "\\'; DELETE FROM events; --",
    "$1",
    ":owner_1",
    "%(owner)s",
    "?",
    "%",
    "_",
    "E'\\\\x27'",
    "$$; DROP TABLE jobs; $$",
    "'/**/OR/**/1=1#",
]
"""The wild cards among them would match everything where a comparison is no comparison."""

EVERY_SQL = pytest.mark.parametrize("text", SQL)


async def counts(database: Database) -> dict[str, int]:
    """How many rows each table has."""

    async def work(transaction: Transaction) -> dict[str, int]:
        found = {}
        for table in metadata.sorted_tables:
            query = sa.select(sa.func.count().label("rows")).select_from(table)
            found[table.name] = (await transaction.fetch(query))[0].rows
        return found

    return await database.read(work)


async def test_sql_in_a_body_changes_nothing(api: Api, database: Database) -> None:
    await api.opened(1)
    bobs, slots = await api.opened(11, api.bob)
    before = await counts(database)
    for text in SQL:
        for path in (CREATE, CANCEL, BOOK):
            body = {"orderId": text, "dateFrom": text, "appointmentRequestId": text, "slotId": text, text: text}
            answer = await api.alice.request("POST", path, json=body)
            assert answer.status_code == 422
        assert (await api.alice.create(1, text)).status_code == 422
        assert (await api.alice.book(bobs, slots[0]["id"] + text)).status_code == 404
        assert (await api.alice.book(1, text)).json()["code"] == "slot-not-offered"
    assert await counts(database) == before


async def test_sql_in_a_path_or_a_header_changes_nothing(api: Api, database: Database) -> None:
    await api.opened(1)
    before = await counts(database)
    for text in SQL:
        for path in (CREATE, BOOK):
            for number in (text, f"1{text}"):
                answer = await api.alice.request("GET", f"{path}/{quote(number, safe='')}")
                assert answer.status_code == 404
        for name, statuses in {"X-API-VERSION": {400}, "Authorization": {401}, "Content-Type": {415}}.items():
            assert (await api.alice.cancel(1, headers={name: text})).status_code in statuses
        assert (await api.alice.cancel(4_000_000_000, headers={"X-Request-Id": text})).status_code == 404
    assert await counts(database) == before


@EVERY_SQL
async def test_sql_in_an_idempotency_key_is_a_key_like_any_other(api: Api, database: Database, text: str) -> None:
    headers = {"Idempotency-Key": text}
    number = await api.created(1, headers=headers)
    assert await api.created(1, headers=headers) == number
    assert await api.created(1, headers={"Idempotency-Key": text + "x"}) == number + 1
    assert [row[0] for row in await rows(database, "SELECT key FROM idempotency_keys ORDER BY request_id")] == [
        text,
        text + "x",
    ]


async def test_sql_in_a_token_is_an_owner_and_a_client_like_any_other(
    api: Api, database: Database, issuer: Issuer
) -> None:
    alices = await api.created(1)
    for text in SQL:
        stranger = api.caller(issuer.token(text))
        for answer in (await stranger.read(alices), await stranger.cancel(alices), await stranger.create(1)):
            assert answer.status_code == 404
        number = number_of(await api.caller(issuer.token(azp=text)).create(1))
        found = await rows(database, "SELECT client FROM events WHERE request_id = :number", number=number)
        assert {row[0] for row in found} >= {text}
    owners = await rows(database, "SELECT DISTINCT owner FROM appointment_requests")
    assert BOB not in {row[0] for row in owners}
