"""Every attack is one defect away from a good token, and is 401 (D15, D25)."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from joserfc.jwk import OctKey

from tests.api.forging import (
    Forge,
    as_json,
    by_algorithm,
    by_another_key,
    by_curve,
    claims,
    hmac_with,
    next_letter,
    now,
    part,
    respelled_payload,
    respelled_signature,
    sign_parts,
    signed_with,
    with_claims,
    with_header,
    with_parts,
    with_text,
)
from tests.api_client import Api
from tests.build import ISSUER, Issuer, unsigned

BAD_TOKEN = 'Bearer realm="connect", error="invalid_token"'

ATTACKS: dict[str, Forge] = {
    "alg none": lambda issuer: unsigned({"alg": "none", "kid": issuer.kid}, issuer.claims()),
    "alg None": lambda issuer: unsigned({"alg": "None", "kid": issuer.kid}, issuer.claims()),
    "alg nOnE": lambda issuer: unsigned({"alg": "nOnE", "kid": issuer.kid}, issuer.claims()),
    "alg none without a kid": lambda issuer: unsigned({"alg": "none"}, issuer.claims()),
    "alg none with the old signature": with_header(alg="none"),
    "alg RS256 and no signature": lambda issuer: unsigned({"alg": "RS256", "kid": issuer.kid}, issuer.claims()),
    "no alg": with_header(alg=None),
    "alg empty": with_header(alg=""),
    "alg in small letters": with_header(alg="rs256"),
    "alg of another type": with_header(alg=["RS256"]),
    "HS256 with the PEM": hmac_with("PEM"),
    "HS256 with the stripped PEM": hmac_with("PEM without its last line feed"),
    "HS256 with the PKCS1 PEM": hmac_with("PKCS1 PEM"),
    "HS256 with the DER": hmac_with("DER"),
    "HS256 with the JWK": hmac_with("JWK"),
    "HS256 with the modulus": hmac_with("n"),
    "HS256 with nothing": lambda issuer: signed_with(
        OctKey.import_key("x" * 32), {"alg": "HS256", "kid": issuer.kid}, claims(issuer)
    ),
    "RS384 of the right key": by_algorithm("RS384"),
    "RS512 of the right key": by_algorithm("RS512"),
    "PS256 of the right key": by_algorithm("PS256"),
    "ES256 of another key": by_curve,
    "another key with the same kid": by_another_key(),
    "another key in jwk": by_another_key(jwk="own"),
    "another key in jwk under another kid": by_another_key(jwk="own", kid="own"),
    "another key at jku": by_another_key(jku="https://evil.test/jwks.json"),
    "another key at x5u": by_another_key(x5u="https://evil.test/chain.pem"),
    "another key in x5c": by_another_key(x5c=["MIIB"]),
    "another kid": with_header(kid="another"),
    "no kid": with_header(kid=None),
    "kid empty": with_header(kid=""),
    "kid a number": with_header(kid=1),
    "kid a list": with_header(kid=["test-key"]),
    "kid with a path": with_header(kid="../../../../dev/null"),
    "kid with SQL": with_header(kid="x' UNION SELECT 'x'--"),
    "kid in another case": with_header(kid="TEST-KEY"),
    "kid with half a surrogate pair": with_header(kid="\ud800"),
    "crit": with_header(crit=["exp"], exp=1),
    "crit empty": with_header(crit=[]),
    "b64 false": with_header(b64=False, crit=["b64"]),
    "b64 true": with_header(b64=True),
    "iss missing": with_claims(iss=None),
    "iss another": with_claims(iss="https://evil.test/auth/realms/connect"),
    "iss with a slash": with_claims(iss=ISSUER + "/"),
    "iss in capitals": with_claims(iss=ISSUER.upper()),
    "iss a list": with_claims(iss=[ISSUER]),
    "iss empty": with_claims(iss=""),
    "exp missing": with_claims(exp=None),
    "exp null": with_text("exp", "null"),
    "exp past": with_claims(exp=now() - 3600),
    "exp past the leeway": with_claims(exp=now() - 6),
    "exp zero": with_claims(exp=0),
    "exp negative": with_claims(exp=-(2**70)),
    "exp a text": with_claims(exp=str(now() + 3600)),
    "exp true": with_claims(exp=True),
    "exp a list": with_claims(exp=[now() + 3600]),
    "exp NaN": with_text("exp", "NaN"),
    "exp Infinity": with_text("exp", "Infinity"),
    "exp 1e999": with_text("exp", "1e999"),
    "exp of 400 digits": with_text("exp", "9" * 400),
    "exp of 5,000 digits": with_text("exp", "9" * 5000),
    "nbf in a minute": lambda issuer: issuer.token(nbf=now() + 60),
    "nbf a text": with_claims(nbf="0"),
    "nbf NaN": with_text("nbf", "NaN"),
    "nbf null": with_text("nbf", "null"),
    "iat in a minute": lambda issuer: issuer.token(iat=now() + 60),
    "iat a text": with_claims(iat="0"),
    "typ ID": with_claims(typ="ID"),
    "typ Refresh": with_claims(typ="Refresh"),
    "typ Offline": with_claims(typ="Offline"),
    "typ Logout": with_claims(typ="Logout"),
    "typ bearer": with_claims(typ="bearer"),
    "typ a list": with_claims(typ=["Bearer"]),
    "typ empty": with_claims(typ=""),
    "typ null under at+jwt": lambda issuer: issuer.sign(
        claims(issuer, typ=None)[:-1] + b',"typ":null}', {"typ": "at+jwt"}
    ),
    "typ ID under at+jwt": lambda issuer: issuer.token(typ="ID", header={"typ": "at+jwt"}),
    "no typ at all": with_claims(typ=None),
    "no typ under JWT": lambda issuer: issuer.token(typ=None, header={"typ": "JWT"}),
    "no typ under logout+jwt": lambda issuer: issuer.token(typ=None, header={"typ": "logout+jwt"}),
    "cnf": with_claims(cnf={"x5t#S256": "x"}),
    "cnf empty": with_claims(cnf={}),
    "cnf null": with_text("cnf", "null"),
    "payload changed": with_parts(
        lambda parts: [
            parts[0],
            part({**json.loads(base64.urlsafe_b64decode(parts[1] + "==")), "userId": "1"}),
            parts[2],
        ]
    ),
    "header changed": with_parts(lambda parts: [part({"alg": "RS256", "kid": "test-key", "x": 1}), *parts[1:]]),
    "signature changed at its beginning": with_parts(
        lambda parts: [*parts[:2], next_letter(parts[2][0]) + parts[2][1:]]
    ),
    "signature of another spelling": respelled_signature,
    "signature cut short": with_parts(lambda parts: [*parts[:2], parts[2][:-4]]),
    "signature longer": with_parts(lambda parts: [*parts[:2], parts[2] + "AAAA"]),
    "signature all zero": with_parts(lambda parts: [*parts[:2], part(bytes(256))]),
    "signature with padding": with_parts(lambda parts: [*parts[:2], parts[2] + "=="]),
    "payload of another spelling": respelled_payload,
    "one part": lambda _: "x",
    "two parts": with_parts(lambda parts: parts[:2]),
    "four parts": with_parts(lambda parts: [*parts, parts[2]]),
    "five parts": lambda _: "a.b.c.d.e",
    "three empty parts": lambda _: "..",
    "an empty payload": with_parts(lambda parts: [parts[0], "", parts[2]]),
    "as JSON": as_json,
    "letters of plain base64": lambda _: "a+b.c/d.e",
    "in quotes": lambda issuer: f'"{issuer.token()}"',
    "two tokens": lambda issuer: f"{issuer.token()} {issuer.token()}",
    "two tokens and a comma": lambda issuer: f"{issuer.token()},{issuer.token()}",
    "a header that is no JSON": lambda issuer: sign_parts(issuer, part(b"{"), part(claims(issuer))),
    "a header that is a list": lambda issuer: sign_parts(issuer, part([]), part(claims(issuer))),
    "a payload that is no JSON": lambda issuer: issuer.sign(b"{"),
    "a payload that is a list": lambda issuer: issuer.sign(b"[" + claims(issuer) + b"]"),
    "a payload that is null": lambda issuer: issuer.sign(b"null"),
    "a payload of bad UTF-8": lambda issuer: issuer.sign(claims(issuer)[:-1] + b',"x":"\xff"}'),
    "a payload in UTF-16": lambda issuer: issuer.sign(claims(issuer).decode().encode("utf-16")),
    "a payload after a byte order mark": lambda issuer: issuer.sign(b"\xef\xbb\xbf" + claims(issuer)),
    "a payload 4,000 deep": lambda issuer: issuer.sign(
        claims(issuer)[:-1] + b',"x":' + b"[" * 4000 + b"]" * 4000 + b"}"
    ),
    "userId twice": lambda issuer: issuer.sign(claims(issuer)[:-1] + b',"userId":"1"}'),
    "exp twice": lambda issuer: issuer.sign(b'{"exp":99999999999,' + claims(issuer)[1:]),
    "iss twice, the same": lambda issuer: issuer.sign(claims(issuer)[:-1] + f',"iss":"{ISSUER}"}}'.encode()),
    "kid twice": lambda issuer: sign_parts(
        issuer, part(b'{"alg":"RS256","kid":"x","kid":"%b"}' % issuer.kid.encode()), part(claims(issuer))
    ),
    "alg twice": lambda issuer: sign_parts(
        issuer, part(b'{"alg":"none","alg":"RS256","kid":"%b"}' % issuer.kid.encode()), part(claims(issuer))
    ),
    "17 KiB": with_claims(apps="x" * 17 * 1024),
    "letters beyond ASCII": lambda issuer: issuer.token() + "é",
}


@pytest.fixture(scope="module")
async def open_id(shared_api: Api) -> int:
    """An appointment-request that a token of Alice's could cancel."""
    return (await shared_api.opened(1))[0]


@pytest.mark.parametrize("forge", ATTACKS.values(), ids=[f"D25 {name}" for name in ATTACKS])
async def test_d25_a_defect_makes_it_401(shared_api: Api, issuer: Issuer, open_id: int, forge: Forge) -> None:
    header: Any = f"Bearer {forge(issuer)}".encode()
    answer = await shared_api.alice.cancel(open_id, headers={"Authorization": header})
    assert (answer.status_code, answer.json()["code"]) == (401, "invalid-token")
    assert answer.headers["www-authenticate"] == BAD_TOKEN
    assert answer.json()["title"] == "Bearer Token missing or invalid"
    assert (await shared_api.alice.read(open_id)).json()["status"] == "open"
