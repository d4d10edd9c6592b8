"""Which tokens are taken and which are not (D15, D24, D25): every attack is one defect away from a good token."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from connect_appointments.api.auth import TokenRules
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from joserfc import jws
from joserfc.jwk import ECKey, KeyFlexible, OctKey, RSAKey

from tests.api.wire import Serve, cancel_bytes, open_wire
from tests.api_client import CANCEL, Api
from tests.build import ISSUER, Issuer, unsigned

NO_TOKEN = 'Bearer realm="connect"'
BAD_TOKEN = 'Bearer realm="connect", error="invalid_token"'
NEVER_ISSUED = 4_000_000_000
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

Forge = Callable[[Issuer], str]


def part(value: object) -> str:
    """One part of a token."""
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def now() -> int:
    return int(time.time())


def signed_with(key: KeyFlexible, header: dict[str, Any], payload: bytes) -> str:
    """A token with any algorithm."""
    registry = jws.JWSRegistry(strict_check_header=False, algorithms=[header["alg"]])
    return jws.serialize_compact(header, payload, key, registry=registry)


def claims(issuer: Issuer, **changes: object) -> bytes:
    return json.dumps(issuer.claims(**changes)).encode()


def with_claims(**changes: object) -> Forge:
    return lambda issuer: issuer.token(**changes)


def with_text(name: str, text: str) -> Forge:
    """A claim whose JSON is this very text."""

    def forge(issuer: Issuer) -> str:
        rest = json.dumps(issuer.claims(**{name: None}))
        return issuer.sign(f'{{"{name}":{text},{rest[1:]}'.encode())

    return forge


def with_header(**changes: object) -> Forge:
    def forge(issuer: Issuer) -> str:
        header = {"alg": "RS256", "kid": issuer.kid, **changes}
        header = {name: value for name, value in header.items() if value is not None}
        return sign_parts(issuer, part(header), part(claims(issuer)))

    return forge


def sign_parts(issuer: Issuer, head: str, payload: str) -> str:
    """Sign whatever stands in the parts with RS256."""
    text = f"{head}.{payload}"
    signature = issuer.key.private_key.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256())
    return f"{text}.{part(signature)}"


def with_parts(change: Callable[[list[str]], list[str]]) -> Forge:
    return lambda issuer: ".".join(change(issuer.token().split(".")))


def hmac_with(form: str) -> Forge:
    """HS256 with the public key, in one of its forms, as the secret."""

    def forge(issuer: Issuer) -> str:
        public = issuer.key.public_key
        encoding = serialization.Encoding
        spki, pkcs1 = serialization.PublicFormat.SubjectPublicKeyInfo, serialization.PublicFormat.PKCS1
        secret = {
            "PEM": lambda: public.public_bytes(encoding.PEM, spki),
            "PEM without its last line feed": lambda: public.public_bytes(encoding.PEM, spki).strip(),
            "PKCS1 PEM": lambda: public.public_bytes(encoding.PEM, pkcs1),
            "DER": lambda: public.public_bytes(encoding.DER, spki),
            "JWK": lambda: json.dumps(issuer.jwks()[0]).encode(),
            "n": lambda: issuer.jwks()[0]["n"].encode(),
        }[form]()
        body = f"{part({'alg': 'HS256', 'kid': issuer.kid})}.{part(claims(issuer))}"
        return f"{body}.{part(hmac.new(secret, body.encode(), hashlib.sha256).digest())}"

    return forge


def by_another_key(**header: object) -> Forge:
    """Signed by a key of one's own, which the header offers in some way."""

    def forge(issuer: Issuer) -> str:
        own = Issuer(issuer.kid)
        offered = {"own": own.key.as_dict(private=False), "own set": [own.key.as_dict(private=False)]}
        found = {name: offered.get(value, value) if isinstance(value, str) else value for name, value in header.items()}
        return sign_parts(own, part({"alg": "RS256", "kid": issuer.kid, **found}), part(claims(issuer)))

    return forge


def by_curve(issuer: Issuer) -> str:
    return signed_with(ECKey.generate_key("P-256"), {"alg": "ES256", "kid": issuer.kid}, claims(issuer))


def by_algorithm(name: str) -> Forge:
    def forge(issuer: Issuer) -> str:
        key = RSAKey.import_key(issuer.key.as_pem(private=True))  # without the algorithm it was made for
        return signed_with(key, {"alg": name, "kid": issuer.kid}, claims(issuer))

    return forge


def as_json(issuer: Issuer) -> str:
    head, payload, signature = issuer.token().split(".")
    return json.dumps({"protected": head, "payload": payload, "signature": signature}).replace(" ", "")


def next_letter(letter: str) -> str:
    return ALPHABET[ALPHABET.index(letter) ^ 1]


def respelled_signature(issuer: Issuer) -> str:
    """The last character of a 256-byte signature holds four bits nobody reads: change one of them."""
    token = issuer.token()
    return token[:-1] + next_letter(token[-1])


def respelled_payload(issuer: Issuer) -> str:
    """A payload whose last character holds bits nobody reads, signed as it stands."""
    payload = claims(issuer)
    text = part(payload + b" " * ((1 - len(payload)) % 3))
    return sign_parts(issuer, part({"alg": "RS256", "kid": issuer.kid}), text[:-1] + next_letter(text[-1]))


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
    "nbf in a minute": with_claims(nbf=now() + 60),
    "nbf a text": with_claims(nbf="0"),
    "nbf NaN": with_text("nbf", "NaN"),
    "nbf null": with_text("nbf", "null"),
    "iat in a minute": with_claims(iat=now() + 60),
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
        lambda parts: [parts[0], part({**json.loads(base64.urlsafe_b64decode(parts[1] + "==")), "userId": "1"}), parts[2]]
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
    "a payload 4,000 deep": lambda issuer: issuer.sign(claims(issuer)[:-1] + b',"x":' + b"[" * 4000 + b"]" * 4000 + b"}"),
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


ACCEPTED: dict[str, Forge] = {
    "the page's shape": lambda issuer: issuer.token(),
    "signed by hand": lambda issuer: with_header()(issuer),
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


NO_TOKENS = ["", " ", "Bearer", "Bearer ", "Bearer    ", "Basic dXNlcjpwYXNz", "Token {}", "{}", "JWT {}", "Digest x", "Bearer\t{}", "Bearer:{}", "Bearer={}"]


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
    for pair in ([good, good], [good, other], [good, bad], [bad, good], [good, "Basic x"], ["Basic x", good], [good, ""]):
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


@pytest.fixture
async def strict_api(serve: Serve) -> Any:
    """The service with an audience and a client configured."""
    tokens = TokenRules(frozenset({ISSUER}), audiences=frozenset({MINE, "other"}), clients=frozenset({"portal-api"}))
    async with serve(tokens=tokens) as found:
        yield found


async def test_d25_a_remembered_token_is_its_owners_only(shared_api: Api, open_id: int) -> None:
    for _ in range(2):
        assert (await shared_api.alice.read(open_id)).status_code == 200
        assert (await shared_api.bob.read(open_id)).status_code == 404
