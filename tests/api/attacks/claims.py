"""Attacks on the claims: validly signed, and yet no access token for this service, now, of an owner."""

from __future__ import annotations

import json
from collections.abc import Mapping

from tests.api.attacks.attack import AUDIENCE, CLIENT, against, token
from tests.api.forging import Forge, claims, now, with_claims, with_text
from tests.build import ISSUER

HOUR = 3600


def texts(name: str, spellings: Mapping[str, str]) -> dict[str, Forge]:
    """A claim whose JSON is each of these texts."""
    return {f"{name} {title}": with_text(name, text) for title, text in spellings.items()}


def values(name: str, found: Mapping[str, object]) -> dict[str, Forge]:
    """A claim with each of these values; None leaves it out."""
    return {f"{name} {title}": with_claims(**{name: value}) for title, value in found.items()}


NO_NUMBERS = {
    "null": "null",
    "true": "true",
    "a list": "[4000000000]",
    "an object": '{"value":4000000000}',
    "NaN": "NaN",
    "Infinity": "Infinity",
    "1e999": "1e999",
    "of 400 digits": "9" * 400,
    "of 5,000 digits": "9" * 5000,
    "in hexadecimal": "0xFFFFFFFF",
    "with a leading zero": "04000000000",
}

OF_TIME = against(
    token,
    {
        **texts("exp", NO_NUMBERS),
        **values(
            "exp",
            {
                "missing": None,
                "past": now() - HOUR,
                "past the leeway": now() - 6,
                "zero": 0,
                "negative": -(2**70),
                "a fraction past": 1.5,
                "a text": str(now() + HOUR),
                "a date": "2099-01-01T00:00:00Z",
            },
        ),
        **texts("nbf", {name: text for name, text in NO_NUMBERS.items() if name != "in hexadecimal"}),
        "nbf in a minute": lambda issuer: issuer.token(nbf=now() + 60),
        "nbf a text": with_claims(nbf="0"),
        "iat in a minute": lambda issuer: issuer.token(iat=now() + 60),
        "iat a text": with_claims(iat="0"),
        "iat in milliseconds": lambda issuer: issuer.token(iat=now() * 1000),
        **texts("iat", {"null": "null", "NaN": "NaN", "-Infinity": "-Infinity", "false": "false"}),
    },
)

OF_WHOM_IT_IS_FOR = against(
    token,
    {
        **values(
            "iss",
            {
                "missing": None,
                "another": "https://evil.test/auth/realms/connect",
                "with a slash": ISSUER + "/",
                "without its end": ISSUER[:-1],
                "with more": ISSUER + ".evil.test",
                "in capitals": ISSUER.upper(),
                "over http": ISSUER.replace("https", "http"),
                "with a user": ISSUER.replace("https://", "https://evil.test@"),
                "with a port": ISSUER.replace(".test/", ".test:443/"),
                "after a space": " " + ISSUER,
                "before U+0000": ISSUER + "\0",
                "of letters that look the same": ISSUER.replace("e", "\u0435"),
                "a list": [ISSUER],
                "an object": {ISSUER: 1},
                "empty": "",
                "a number": 1,
            },
        ),
        **texts("iss", {"null": "null"}),
        **values(
            "aud",
            {
                "missing": None,
                "another": "account",
                "others": ["account", "x"],
                "an empty list": [],
                "empty": "",
                "with a slash": AUDIENCE + "/",
                "a beginning": AUDIENCE[:-1],
                "in capitals": AUDIENCE.upper(),
                "in a text with others": f"account {AUDIENCE}",
                "in a text with commas": f"account,{AUDIENCE}",
                "a pattern": "*",
                "an object": {AUDIENCE: True},
                "a list in a list": [[AUDIENCE]],
                "true": True,
                "zero": 0,
                "of letters that look the same": AUDIENCE.replace("c", "\u0441"),
            },
        ),
        **texts("aud", {"null": "null"}),
        **values(
            "azp",
            {
                "missing": None,
                "another": "another",
                "empty": "",
                "a list": [CLIENT],
                "in capitals": CLIENT.upper(),
                "a beginning": CLIENT[:-1],
                "before a space": CLIENT + " ",
                "a number": 1,
            },
        ),
        **texts("azp", {"null": "null"}),
    },
)

OF_THE_KIND = against(
    token,
    {
        **values(
            "typ",
            {
                **{kind: kind for kind in ("ID", "Refresh", "Offline", "Logout", "Serialized-ID", "DPoP")},
                "bearer": "bearer",
                "Bearer and a space": "Bearer ",
                "a list": ["Bearer"],
                "empty": "",
                "missing": None,
            },
        ),
        "typ null under at+jwt": lambda issuer: issuer.sign(
            claims(issuer, typ=None)[:-1] + b',"typ":null}', {"typ": "at+jwt"}
        ),
        "typ ID under at+jwt": lambda issuer: issuer.token(typ="ID", header={"typ": "at+jwt"}),
        "no typ under JWT": lambda issuer: issuer.token(typ=None, header={"typ": "JWT"}),
        "no typ under logout+jwt": lambda issuer: issuer.token(typ=None, header={"typ": "logout+jwt"}),
        "no typ under a longer type": lambda issuer: issuer.token(typ=None, header={"typ": "x/application/at+jwt"}),
        "no typ and cty at+jwt": lambda issuer: issuer.token(typ=None, header={"cty": "at+jwt"}),
        "cnf": with_claims(cnf={"x5t#S256": "x"}),
        "cnf of a DPoP key": with_claims(cnf={"jkt": "x"}),
        "cnf empty": with_claims(cnf={}),
        "cnf null": with_text("cnf", "null"),
    },
)

OF_THE_OWNER = against(
    token,
    {
        **values(
            "userId",
            {
                "missing": None,
                "empty": "",
                "of 256 letters": "x" * 256,
                "with U+0000": "11001\0",
                "with a line end": "11001\n",
                "with U+0085": "11001\x85",
                "half of a surrogate pair": "\ud800",
                "true": True,
                "a fraction": 11001.0,
                "a list": ["11001"],
                "an object": {"id": "11001"},
            },
        ),
        **texts("userId", {"null": "null", "of 5,000 digits": "9" * 5000, "with an exponent": "11001e0"}),
        "userId twice": lambda issuer: issuer.sign(claims(issuer)[:-1] + b',"userId":"1"}'),
        "userId twice, the same": lambda issuer: issuer.sign(claims(issuer)[:-1] + b',"userId":"11001"}'),
        "userId twice, once escaped": lambda issuer: issuer.sign(claims(issuer)[:-1] + b',"\\u0075serId":"1"}'),
        "exp twice": lambda issuer: issuer.sign(b'{"exp":99999999999,' + claims(issuer)[1:]),
        "iss twice": lambda issuer: issuer.sign(claims(issuer)[:-1] + f',"iss":{json.dumps(ISSUER)}}}'.encode()),
        "aud twice": lambda issuer: issuer.sign(b'{"aud":"x",' + claims(issuer)[1:]),
    },
)
