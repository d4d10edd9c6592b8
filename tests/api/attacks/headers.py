"""Attacks on the other members of the header: which key is meant, and what must be understood."""

from __future__ import annotations

import zlib

from tests.api.attacks.attack import against, by_hand
from tests.api.forging import Forge, by_another_key, claims, part, sign_parts, with_header
from tests.build import Issuer


def with_head(text: str) -> Forge:
    """A header that is this very text, with the key's name put in."""
    return lambda issuer: sign_parts(issuer, part(text.replace("KID", issuer.kid).encode()), part(claims(issuer)))


def with_payload(payload: object, **header: object) -> Forge:
    """A payload made from the issuer, under a header that explains it."""

    def forge(issuer: Issuer) -> str:
        head = {"alg": "RS256", "kid": issuer.kid, **header}
        return sign_parts(issuer, part(head), part(payload(issuer)))  # type: ignore[operator]  # one of those below

    return forge


def by_own_key_named_otherwise(kid: str, **header: object) -> Forge:
    return by_another_key(kid=kid, **header)


OF_THE_KEY = against(
    by_hand,
    {
        "another kid": with_header(kid="another"),
        "no kid": with_header(kid=None),
        "kid empty": with_header(kid=""),
        "kid a number": with_header(kid=1),
        "kid zero": with_header(kid=0),
        "kid true": with_header(kid=True),
        "kid a list": with_header(kid=["test-key"]),
        "kid an object": with_header(kid={"test-key": 1}),
        "kid null": with_head('{"alg":"RS256","kid":null}'),
        "kid with a path": with_header(kid="../../../../dev/null"),
        "kid with a path and the name": with_header(kid="./test-key"),
        "kid with SQL": with_header(kid="x' UNION SELECT 'x'--"),
        "kid with a command": with_header(kid="test-key|id"),
        "kid before U+0000": with_header(kid="test-key\0"),
        "kid before a line end": with_header(kid="test-key\r\n"),
        "kid before a space": with_header(kid="test-key "),
        "kid in another case": with_header(kid="TEST-KEY"),
        "kid of letters that look the same": with_header(kid="t\u0435st-key"),
        "kid with half a surrogate pair": with_header(kid="\ud800"),
        "kid of 8,000 letters": with_header(kid="k" * 8000),
        "kid a beginning": with_header(kid="test"),
        "kid a pattern": with_header(kid="test-%"),
        "another key in jwk": by_another_key(jwk="own"),
        "another key in jwk under another kid": by_own_key_named_otherwise("own", jwk="own"),
        "another key in jwks": by_another_key(jwks={"keys": "own set"}),
        "another key at jku": by_another_key(jku="https://evil.test/jwks.json"),
        "another key at jku of a file": by_another_key(jku="file:///etc/passwd"),
        "another key at jku of this machine": by_own_key_named_otherwise("own", jku="http://127.0.0.1/jwks.json"),
        "another key at x5u": by_another_key(x5u="https://evil.test/chain.pem"),
        "another key in x5c": by_another_key(x5c=["MIIB"]),
        "another key by x5t": by_another_key(**{"x5t#S256": "x"}),
        "kid a URL of another key": by_own_key_named_otherwise("https://evil.test/jwks.json"),
    },
)

OF_THE_HEADER = against(
    by_hand,
    {
        "crit": with_header(crit=["exp"], exp=1),
        "crit of an unknown member": with_header(crit=["x-ours"], **{"x-ours": 1}),
        "crit of an absent member": with_header(crit=["x-ours"]),
        "crit of what all know": with_header(crit=["alg"]),
        "crit empty": with_header(crit=[]),
        "crit a text": with_header(crit="exp"),
        "crit null": with_head('{"alg":"RS256","kid":"KID","crit":null}'),
        "b64 false": with_header(b64=False, crit=["b64"]),
        "b64 false, not crit": with_header(b64=False),
        "b64 true": with_header(b64=True),
        "zip": with_payload(lambda issuer: zlib.compress(claims(issuer))[2:-4], zip="DEF"),
        "gzip": with_payload(lambda issuer: zlib.compress(claims(issuer), wbits=31), zip="GZIP"),
        "a token in a token": with_payload(lambda issuer: issuer.token().encode(), cty="JWT"),
        "a token in a token, quoted": with_payload(lambda issuer: b'"%b"' % issuer.token().encode(), cty="JWT"),
        "kid twice": with_head('{"alg":"RS256","kid":"x","kid":"KID"}'),
        "kid twice, the same": with_head('{"alg":"RS256","kid":"KID","kid":"KID"}'),
        "alg twice": with_head('{"alg":"none","alg":"RS256","kid":"KID"}'),
        "alg twice, once escaped": with_head('{"\\u0061lg":"none","alg":"RS256","kid":"KID"}'),
        "typ twice": with_head('{"alg":"RS256","kid":"KID","typ":"x","typ":"JWT"}'),
        "a header that is no JSON": with_head("{"),
        "a header that is a list": with_head('["RS256","KID"]'),
        "a header that is a text": with_head('"RS256"'),
        "a header with a comment": with_head('{"alg":"RS256","kid":"KID"/**/}'),
        "a header with a comma too many": with_head('{"alg":"RS256","kid":"KID",}'),
        "a header in single quotes": with_head("{'alg':'RS256','kid':'KID'}"),
        "a header after a byte order mark": with_head('\ufeff{"alg":"RS256","kid":"KID"}'),
        "a header before more": with_head('{"alg":"RS256","kid":"KID"}{}'),
        "a header of bad UTF-8": lambda issuer: sign_parts(
            issuer, part(b'{"alg":"RS256","kid":"%b","x":"\xc0\x80"}' % issuer.kid.encode()), part(claims(issuer))
        ),
        "a header 3,000 deep": with_head('{"alg":"RS256","kid":"KID","x":' + "[" * 3000 + "]" * 3000 + "}"),
    },
)
