"""Which tokens are taken, and what stands in a 401 (D15, D24, D25)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from joserfc.jwk import ECKey, RSAKey

from connect_appointments.store.engine import Database
from connect_appointments.web.api.tokens.token_rules import TokenRules
from tests.api.forging import Forge, claims, now, signed_with, with_claims, with_header, with_text
from tests.api.wire import Serve, cancel_bytes, open_wire
from tests.api_client import CANCEL, Api, serve_in_process
from tests.build import ISSUER, Clock, Issuer

pytestmark = pytest.mark.engines("sqlite")

NO_TOKEN = 'Bearer realm="connect"'
BAD_TOKEN = 'Bearer realm="connect", error="invalid_token"'
NEVER_ISSUED = 4_000_000_000

ACCEPTED: dict[str, Forge] = {
    "the page's shape": lambda issuer: issuer.token(),
    "signed by hand": with_header(),
    "payload respelled with white space": lambda issuer: issuer.sign(b" " + claims(issuer) + b"\n"),
    "no azp, clientId or sub": with_claims(azp=None, clientId=None, sub=None, apps=None, jti=None),
    "no iat": with_claims(iat=None),
    "an azp that is no text": with_claims(azp=[1]),
    "an aud nobody asked for": with_claims(aud="https://elsewhere.test"),
    "exp a fraction": with_claims(exp=now() + 3600.5),
    "exp 1e12": with_text("exp", "1e12"),
    "exp far ahead": with_claims(exp=2**60),
    "exp past by less than the leeway": lambda issuer: issuer.token(exp=now() - 2),
    "nbf now": lambda issuer: issuer.token(nbf=now()),
    "nbf within the leeway": lambda issuer: issuer.token(nbf=now() + 3),
    "iat within the leeway": lambda issuer: issuer.token(iat=now() + 3),
    "typ Bearer under JWT": lambda issuer: issuer.token(header={"typ": "JWT"}),
    "typ Bearer under at+jwt": lambda issuer: issuer.token(header={"typ": "at+jwt"}),
    "at+jwt and no typ": lambda issuer: issuer.token(typ=None, header={"typ": "at+jwt"}),
    "application/at+jwt and no typ": lambda issuer: issuer.token(typ=None, header={"typ": "application/at+jwt"}),
    "AT+JWT and no typ": lambda issuer: issuer.token(typ=None, header={"typ": "AT+JWT"}),
    "a jku that is not looked at": with_header(jku="https://evil.test/jwks.json"),
    "a token of 8 KiB": with_claims(apps="x" * 6000),
    "claims beyond ASCII": with_claims(apps="é\u0000"),
}


@pytest.mark.parametrize("forge", ACCEPTED.values(), ids=[f"D25 {name}" for name in ACCEPTED])
async def test_d25_without_a_defect_it_is_taken(shared_api: Api, issuer: Issuer, forge: Forge) -> None:
    request_id = await shared_api.created(1)
    assert (await shared_api.caller(forge(issuer)).cancel(request_id)).status_code == 204


NO_TOKENS = [
    "",
    " ",
    "Bearer",
    "Bearer ",
    "Bearer    ",
    "Basic dXNlcjpwYXNz",
    "Token {}",
    "{}",
    "JWT {}",
    "Digest x",
    "Bearer\t{}",
    "Bearer:{}",
    "Bearer={}",
]


@pytest.mark.parametrize("header", NO_TOKENS, ids="D15 {!r}".format)
async def test_d15_what_holds_no_bearer_token_is_401_without_an_error_code(shared_api: Api, header: str) -> None:
    sent = header.format(shared_api.alice.token)
    answer = await shared_api.alice.cancel(1, headers={"Authorization": sent})
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, NO_TOKEN)


async def test_d15_no_authorization_is_401_without_an_error_code(shared_api: Api) -> None:
    answer = await shared_api.alice.cancel(1, headers={"Authorization": None})
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, NO_TOKEN)


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER", "bEaReR", "Bearer  "], ids="D15 {!r}".format)
async def test_d15_the_scheme_has_no_case(shared_api: Api, scheme: str) -> None:
    headers = {"Authorization": f"{scheme} {shared_api.alice.token}"}
    assert (await shared_api.alice.cancel(NEVER_ISSUED, headers=headers)).status_code == 404


async def test_d15_two_authorization_headers_are_401_however_good(port: int, shared_api: Api, issuer: Issuer) -> None:
    good, other, bad = f"Bearer {shared_api.alice.token}", f"Bearer {issuer.token()}", "Bearer x"
    for pair in (
        [good, good],
        [good, other],
        [good, bad],
        [bad, good],
        [good, "Basic x"],
        ["Basic x", good],
        [good, ""],
    ):
        async with open_wire(port) as wire:
            await wire.send(cancel_bytes("", NEVER_ISSUED, Authorization=pair))
            answer = await wire.answer()
            assert (answer.status, answer.values("www-authenticate")) == (401, [BAD_TOKEN])


async def test_d15_a_token_anywhere_else_is_none(shared_api: Api) -> None:
    token = shared_api.alice.token
    answer = await shared_api.alice.request(
        "POST",
        f"{CANCEL}?access_token={token}",
        json={"appointmentRequestId": 1, "access_token": token},
        headers={"Authorization": None, "Cookie": f"access_token={token}", "X-Access-Token": token},
    )
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, NO_TOKEN)


async def test_d25_a_token_remembered_is_refused_once_it_expires(api: Api, clock: Any, issuer: Issuer) -> None:
    alice = api.caller(issuer.token(exp=now() + 60))
    assert (await alice.cancel(NEVER_ISSUED)).status_code == 404
    clock.move(seconds=58)
    assert (await alice.cancel(NEVER_ISSUED)).status_code == 404
    clock.move(seconds=10)
    answer = await alice.cancel(NEVER_ISSUED)
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, BAD_TOKEN)


async def test_d25_a_token_not_yet_valid_is_taken_once_it_is(api: Api, clock: Any, issuer: Issuer) -> None:
    alice = api.caller(issuer.token(nbf=now() + 60))
    assert (await alice.cancel(NEVER_ISSUED)).status_code == 401
    clock.move(seconds=60)
    assert (await alice.cancel(NEVER_ISSUED)).status_code == 404


async def test_d25_the_leeway_is_a_setting(serve: Serve, issuer: Issuer) -> None:
    late = issuer.token(exp=now() - 30)
    async with serve(tokens=TokenRules(frozenset({ISSUER}), leeway_seconds=60)) as api:
        assert (await api.caller(late).cancel(NEVER_ISSUED)).status_code == 404
    async with serve(tokens=TokenRules(frozenset({ISSUER}), leeway_seconds=0)) as api:
        assert (await api.caller(late).cancel(NEVER_ISSUED)).status_code == 401


async def test_d25_another_algorithm_is_taken_where_it_is_configured(serve: Serve, issuer: Issuer) -> None:
    pair = RSAKey.generate_key(2048, {"kid": "any", "use": "sig"}, private=True)
    curve = ECKey.generate_key("P-256", {"kid": "curve", "use": "sig", "alg": "ES256"}, private=True)

    async def keys() -> list[Any]:
        return [pair.as_dict(private=False), curve.as_dict(private=False)]

    tokens = TokenRules(frozenset({ISSUER}), algorithms=frozenset({"PS256", "ES256"}))
    async with serve(tokens=tokens, keys=keys) as api:
        for key, algorithm, status in [
            (pair, "PS256", 404),
            (curve, "ES256", 404),
            (pair, "RS256", 401),
            (pair, "PS384", 401),
        ]:
            header = {"alg": algorithm, "kid": key.kid}
            token = signed_with(key, header, claims(issuer))
            assert (await api.caller(token).cancel(NEVER_ISSUED)).status_code == status


async def test_d25_a_key_is_used_with_the_algorithm_that_it_names_and_no_other(serve: Serve, issuer: Issuer) -> None:
    key = RSAKey.generate_key(2048, {"kid": "strict", "use": "sig"}, private=True)

    async def keys() -> list[Any]:
        return [{**key.as_dict(private=False), "alg": "RS512"}]

    tokens = TokenRules(frozenset({ISSUER}), algorithms=frozenset({"RS256", "RS512"}))
    async with serve(tokens=tokens, keys=keys) as api:
        for algorithm, status in [("RS512", 404), ("RS256", 401)]:
            token = signed_with(key, {"alg": algorithm, "kid": "strict"}, claims(issuer))
            assert (await api.caller(token).cancel(NEVER_ISSUED)).status_code == status


MINE = "https://connect.test"
AUDIENCES: dict[str, tuple[object, int]] = {
    "none": (None, 401),
    "ours": (MINE, 404),
    "ours in a list": ([MINE], 404),
    "ours among others": (["account", MINE], 404),
    "another": ("account", 401),
    "others": (["account", "x"], 401),
    "an empty list": ([], 401),
    "an empty text": ("", 401),
    "ours with a slash": (MINE + "/", 401),
    "a beginning of ours": (MINE[:-1], 401),
    "an object": ({MINE: True}, 401),
    "a list in a list": ([[MINE]], 401),
    "true": (True, 401),
}


@pytest.mark.parametrize(("audience", "status"), AUDIENCES.values(), ids=[f"D24 {name}" for name in AUDIENCES])
async def test_d24_a_configured_audience_must_be_in_the_token(
    strict_api: Api, issuer: Issuer, audience: object, status: int
) -> None:
    caller = strict_api.caller(issuer.token(aud=audience, azp="portal-api"))
    assert (await caller.cancel(NEVER_ISSUED)).status_code == status


@pytest.mark.parametrize(
    ("client", "status"),
    [("portal-api", 404), ("another", 401), (None, 401), ("", 401), (["portal-api"], 401), ("PORTAL-API", 401)],
    ids=lambda value: f"D24 azp {value}",
)
async def test_d24_a_configured_azp_must_be_the_tokens(
    strict_api: Api, issuer: Issuer, client: object, status: int
) -> None:
    caller = strict_api.caller(issuer.token(aud=MINE, azp=client))
    assert (await caller.cancel(NEVER_ISSUED)).status_code == status


@pytest.fixture(scope="module")
async def strict_api(shared_database_url: str, issuer: Issuer) -> AsyncIterator[Api]:
    """The service with an audience and a client configured."""
    tokens = TokenRules(frozenset({ISSUER}), audiences=frozenset({MINE, "other"}), clients=frozenset({"portal-api"}))
    database = Database(shared_database_url)
    async with serve_in_process(database, issuer, Clock(), with_worker=False, tokens=tokens) as found:
        yield found
    await database.close()


async def test_d25_a_remembered_token_is_its_owners_only(shared_api: Api) -> None:
    open_id, _ = await shared_api.opened(1)
    for _ in range(2):
        assert (await shared_api.alice.read(open_id)).status_code == 200
        assert (await shared_api.bob.read(open_id)).status_code == 404
