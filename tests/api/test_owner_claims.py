"""Tokens without a usable owner (D8)."""

from __future__ import annotations

import pytest

from tests.api_client import Api
from tests.build import ISSUER, Issuer

pytestmark = pytest.mark.engines("sqlite")


NO_OWNERS: dict[str, object] = {
    "missing": None,
    "empty": "",
    "256 characters": "x" * 256,
    "U+0000": "a\x00",
    "a line feed": "11001\n",
    "a tab": "\t",
    "U+007F": "\x7f",
    "U+0085": "\x85",
    "half of a surrogate pair": "\ud800",
    "true": True,
    "false": False,
    "a float": 11001.0,
    "an array": ["11001"],
    "an object": {"id": "11001"},
    "an integer of 300 digits": 10**299,
    "an integer of 5,000 digits": int("9" * 4000),
}


@pytest.mark.parametrize("owner", NO_OWNERS.values(), ids=[f"D8 {name}" for name in NO_OWNERS])
async def test_d8_a_token_without_a_usable_owner_is_401(shared_api: Api, issuer: Issuer, owner: object) -> None:
    answer = await shared_api.caller(issuer.token(owner)).cancel(1)
    assert answer.status_code == 401
    assert 'error="invalid_token"' in answer.headers["www-authenticate"]


async def test_d8_null_and_an_integer_no_text_can_hold_are_401(shared_api: Api, issuer: Issuer) -> None:
    claims = b'{"iss":"%b","typ":"Bearer","exp":99999999999,"userId":%b}'
    for owner in (b"null", b"9" * 5000, b"1e3", b"NaN"):
        token = issuer.sign(claims % (ISSUER.encode(), owner))
        assert (await shared_api.caller(token).cancel(1)).status_code == 401
