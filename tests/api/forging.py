"""Tokens with one defect each, and tokens that only look as if they had one."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from joserfc import jws
from joserfc.jwk import ECKey, KeyFlexible, RSAKey

from tests.build import Issuer

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
            "n": issuer.jwks()[0]["n"].encode,
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
