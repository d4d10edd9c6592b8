"""Every attack on the token is 401; the same without its defect is 204 (D15, D24, D25)."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from connect_appointments.store.engine import Database
from connect_appointments.web.api.tokens.token_rules import TokenRules
from tests.api.attacks.attack import AUDIENCE, CLIENT, Attack, StrictIssuer
from tests.api.attacks.table import ATTACKS
from tests.api.wire import cancel_bytes, on_the_wire, open_wire
from tests.api_client import Api, serve_in_process
from tests.build import ISSUER, Clock, fill

pytestmark = pytest.mark.engines("sqlite")

BAD_TOKEN = 'Bearer realm="connect", error="invalid_token"'
NO_TOKEN = 'Bearer realm="connect"'


@pytest.fixture(scope="module")
def strict_issuer() -> StrictIssuer:
    """An issuer whose tokens are for this service."""
    return StrictIssuer()


@pytest.fixture(scope="module")
async def strict_api(shared_database_url: str, strict_issuer: StrictIssuer) -> AsyncIterator[Api]:
    """The service with an audience and a client configured."""
    tokens = TokenRules(frozenset({ISSUER}), audiences=frozenset({AUDIENCE, "other"}), clients=frozenset({CLIENT}))
    database, clock = Database(shared_database_url), Clock()
    await fill(database, clock())
    async with serve_in_process(database, strict_issuer, clock, tokens=tokens) as found:
        yield found
    await database.close()


@pytest.fixture(scope="module")
async def strict_port(strict_api: Api) -> AsyncIterator[int]:
    """Where it answers on a real socket."""
    async with on_the_wire(strict_api) as found:
        yield found


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=[f"D25 {name}" for name in ATTACKS])
async def test_d25_a_defect_makes_it_401_and_without_it_it_is_204(
    strict_port: int, strict_api: Api, strict_issuer: StrictIssuer, attack: Attack
) -> None:
    request_id = await strict_api.created(1)
    async with open_wire(strict_port) as wire:
        await wire.send(attack.send(attack.forge(strict_issuer), request_id))
        answer = await wire.answer()
    assert (answer.status, answer.code) == (401, "invalid-token")
    assert answer.values("www-authenticate") == [BAD_TOKEN if attack.bearer else NO_TOKEN]
    unchanged = await strict_api.alice.read(request_id)
    assert unchanged.status_code == 202 or unchanged.json()["status"] == "open"
    async with open_wire(strict_port) as wire:
        await wire.send(cancel_bytes(attack.control(strict_issuer), request_id))
        assert (await wire.answer()).status == 204


def test_d25_there_are_150_attacks_and_more() -> None:
    assert len(ATTACKS) >= 150
    assert len({(attack.forge, attack.send) for attack in ATTACKS.values()}) == len(ATTACKS)
