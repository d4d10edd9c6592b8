"""Attacks on how a token is spelled, how large it is, and how it is sent."""

from __future__ import annotations

import base64
import json

from tests.api.attacks.attack import AUDIENCE, Attack, against, by_hand, token
from tests.api.forging import Forge, as_json, claims, part, respelled_payload, sign_parts, with_claims, with_parts
from tests.api.wire import cancel_bytes, spell
from tests.api_client import CANCEL
from tests.build import Issuer


def payload(change: object) -> Forge:
    """Claims changed as bytes, signed as they then stand."""
    return lambda issuer: issuer.sign(change(claims(issuer)))  # type: ignore[operator]  # one of those below


def plain_base64(issuer: Issuer) -> str:
    """A payload in the alphabet of plain base64, with a letter that only that one has."""
    text = base64.b64encode(claims(issuer, apps="\xfb\xff\xfe???>>>")).rstrip(b"=").decode()
    return sign_parts(issuer, part({"alg": "RS256", "kid": issuer.kid}), text)


def broken_at(place: int, piece: str) -> Forge:
    """A token with something put into one of its parts."""
    return with_parts(lambda parts: [p if n != place else p[:8] + piece + p[8:] for n, p in enumerate(parts)])


OF_THE_SPELLING = {
    **against(
        token,
        {
            "signature with padding": with_parts(lambda p: [*p[:2], p[2] + "=="]),
            "header with padding": with_parts(lambda p: [p[0] + "=", *p[1:]]),
            "one part": lambda _: "x",
            "two parts": with_parts(lambda p: p[:2]),
            "four parts": with_parts(lambda p: [*p, p[2]]),
            "five parts": lambda _: "a.b.c.d.e",
            "three empty parts": lambda _: "..",
            "an empty header": with_parts(lambda p: ["", *p[1:]]),
            "an empty payload": with_parts(lambda p: [p[0], "", p[2]]),
            "a dot before it": with_parts(lambda p: ["", *p]),
            "a dot behind it": with_parts(lambda p: [*p, ""]),
            "as JSON": as_json,
            "as JSON of several signatures": lambda issuer: json.dumps(
                {"payload": issuer.token().split(".")[1], "signatures": []}
            ).replace(" ", ""),
            "letters of plain base64": lambda _: "a+b.c/d.e",
            "in quotes": lambda issuer: f'"{issuer.token()}"',
            "in angle brackets": lambda issuer: f"<{issuer.token()}>",
            "percent-encoded": lambda issuer: issuer.token().replace(".", "%2E"),
            "two tokens": lambda issuer: f"{issuer.token()} {issuer.token()}",
            "two tokens and a comma": lambda issuer: f"{issuer.token()},{issuer.token()}",
            "a parameter behind it": lambda issuer: f'{issuer.token()}, realm="connect"',
            "letters beyond ASCII": lambda issuer: issuer.token() + "\xe9",
            "a space in the header": broken_at(0, " "),
            "a space in the payload": broken_at(1, " "),
            "a tab in the payload": broken_at(1, "\t"),
            "a star in the payload": broken_at(1, "*"),
            "a tab before it": lambda issuer: "\t" + issuer.token(),
        },
    ),
    **against(
        by_hand,
        {
            "a payload of another spelling": respelled_payload,
            "a payload of plain base64": plain_base64,
            "a payload with padding": lambda issuer: sign_parts(
                issuer,
                part({"alg": "RS256", "kid": issuer.kid}),
                part(claims(issuer) + b" " * (2 - len(claims(issuer)) % 3)) + "=",
            ),
            "a payload that is no JSON": lambda issuer: issuer.sign(b"{"),
            "a payload that is empty": lambda issuer: sign_parts(issuer, part({"alg": "RS256", "kid": issuer.kid}), ""),
            "a payload that is a list": payload(lambda text: b"[" + text + b"]"),
            "a payload that is a text": payload(lambda text: json.dumps(text.decode()).encode()),
            "a payload that is null": payload(lambda _: b"null"),
            "a payload before more": payload(lambda text: text + b"{}"),
            "a payload with a comma too many": payload(lambda text: text[:-1] + b",}"),
            "a payload with a comment": payload(lambda text: text[:-1] + b"/**/}"),
            "a payload cut short": payload(lambda text: text[:-1]),
            "a payload of bad UTF-8": payload(lambda text: text[:-1] + b',"x":"\xff"}'),
            "a payload of UTF-8 that is too long": payload(lambda text: text[:-1] + b',"x":"\xc0\x80"}'),
            "a payload of surrogates in UTF-8": payload(lambda text: text[:-1] + b',"x":"\xed\xa0\x80"}'),
            "a payload in UTF-16": payload(lambda text: text.decode().encode("utf-16")),
            "a payload in UTF-32": payload(lambda text: text.decode().encode("utf-32-be")),
            "a payload after a byte order mark": payload(lambda text: b"\xef\xbb\xbf" + text),
            "a payload with a control character": payload(lambda text: text[:-1] + b',"x":"\x01"}'),
            "a payload before U+0000": payload(lambda text: text + b"\0"),
        },
    ),
}

OF_SIZE = {
    **against(
        lambda issuer: issuer.token(apps="x" * 8000),
        {
            "17 KiB": with_claims(apps="x" * 17 * 1024),
            "20 KiB": with_claims(apps="x" * 20 * 1024),
            "a list of 5,000": with_claims(apps=[[]] * 5000),
        },
    ),
    **against(
        token,
        {
            "a payload 4,000 deep": payload(lambda text: text[:-1] + b',"x":' + b"[" * 4000 + b"]" * 4000 + b"}"),
            "a payload of objects 1,500 deep": payload(
                lambda text: text[:-1] + b',"x":' + b'{"a":' * 1500 + b"1" + b"}" * 1500 + b"}"
            ),
            "a number of 9,000 digits": payload(lambda text: text[:-1] + b',"x":' + b"9" * 9000 + b"}"),
        },
    ),
}


def sent(header: str) -> Attack:
    """A good token in a header that is no good."""
    bearer = header.lower().startswith("bearer {")
    return Attack(
        token, token, lambda text, number: cancel_bytes("", number, Authorization=header.format(text)), bearer=bearer
    )


def sent_twice(*headers: str) -> Attack:
    """Several headers."""
    return Attack(
        token,
        token,
        lambda text, number: cancel_bytes("", number, Authorization=[header.format(text) for header in headers]),
    )


def sent_elsewhere(query: str = "", body: str = "", **fields: str) -> Attack:
    """A good token anywhere but in the header; `TOKEN` stands for it."""

    def send(text: str, number: int) -> bytes:
        content = f'{{"appointmentRequestId":{number}{body.replace("TOKEN", text)}}}'.encode()
        line = f"POST {CANCEL}{query.replace('TOKEN', text)} HTTP/1.1"
        changes = {name: value.replace("TOKEN", text) for name, value in fields.items()}
        return spell("", content, line=line, **{"Authorization": None, **changes})

    return Attack(token, token, send, bearer=False)


GOOD, BAD = "Bearer {}", "Bearer x.y.z"

OF_SENDING = {
    "no scheme": sent("{}"),
    "scheme Basic": sent("Basic {}"),
    "scheme Token": sent("Token {}"),
    "scheme JWT": sent("JWT {}"),
    "scheme DPoP": sent("DPoP {}"),
    "scheme Digest": sent('Digest username="{}"'),
    "scheme Bearer and a tab": sent("Bearer\t{}"),
    "scheme Bearer and a colon": sent("Bearer:{}"),
    "scheme Bearer and an equals sign": sent("Bearer={}"),
    "scheme Bearer and nothing between": sent("Bearer{}"),
    "scheme of letters that look the same": sent("B\xe9arer {}"),
    "scheme Bearer twice": sent("Bearer Bearer {}")._replace(bearer=True),
    "scheme Basic before Bearer": sent("Basic eDp4, Bearer {}"),
    "scheme Bearer before Basic": sent("Bearer {}, Basic eDp4"),
    "a parameter": sent("Bearer token={}")._replace(bearer=True),
    "two headers, the same": sent_twice(GOOD, GOOD),
    "two headers, the first good": sent_twice(GOOD, BAD),
    "two headers, the last good": sent_twice(BAD, GOOD),
    "two headers, one empty": sent_twice(GOOD, ""),
    "two headers, one Basic": sent_twice("Basic eDp4", GOOD),
    "three headers": sent_twice(GOOD, GOOD, GOOD),
    "in the query": sent_elsewhere("?access_token=TOKEN"),
    "in the query as the header": sent_elsewhere("?Authorization=Bearer%20TOKEN"),
    "in the body": sent_elsewhere(body=',"access_token":"TOKEN"'),
    "in a cookie": sent_elsewhere(Cookie="access_token=TOKEN; Authorization=Bearer TOKEN"),
    "in Proxy-Authorization": sent_elsewhere(Proxy_Authorization="Bearer TOKEN"),
    "in X-Forwarded-Authorization": sent_elsewhere(X_Forwarded_Authorization="Bearer TOKEN"),
    "in X-Access-Token": sent_elsewhere(X_Access_Token="TOKEN"),
    "an owner in a header of a proxy": sent_elsewhere(X_Forwarded_User="11001", X_User_Id="11001", X_Audience=AUDIENCE),
}
