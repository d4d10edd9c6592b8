"""Attacks on the signature and its algorithm."""

from __future__ import annotations

import base64
import hmac
import json

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ed25519, padding
from joserfc import jwe
from joserfc.jwk import OctKey, RSAKey

from tests.api.attacks.attack import against, by_hand, token
from tests.api.forging import (
    Forge,
    by_algorithm,
    by_another_key,
    by_curve,
    claims,
    hmac_with,
    next_letter,
    part,
    respelled_signature,
    signed_with,
    with_header,
    with_parts,
)
from tests.build import Issuer, unsigned


def unsigned_as(algorithm: str, **header: object) -> Forge:
    return lambda issuer: unsigned({"alg": algorithm, "kid": issuer.kid, **header}, issuer.claims())


def with_signature(make: object) -> Forge:
    """A token whose signature is made from the key and the text that is signed."""

    def forge(issuer: Issuer) -> str:
        text = f"{part({'alg': 'RS256', 'kid': issuer.kid})}.{part(claims(issuer))}"
        return f"{text}.{part(make(issuer, text.encode()))}"  # type: ignore[operator]  # one of the functions below

    return forge


def plain(issuer: Issuer, text: bytes) -> bytes:
    return issuer.key.private_key.sign(text, padding.PKCS1v15(), hashes.SHA256())


def of_digest(digest: hashes.HashAlgorithm) -> Forge:
    return with_signature(lambda issuer, text: issuer.key.private_key.sign(text, padding.PKCS1v15(), digest))


def probabilistic(issuer: Issuer, text: bytes) -> bytes:
    pss = padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=32)
    return issuer.key.private_key.sign(text, pss, hashes.SHA256())


def plus_modulus(issuer: Issuer, text: bytes) -> bytes:
    """The same number again modulo the key's: equal for who does not look at its size."""
    number = int.from_bytes(plain(issuer, text)) + issuer.key.public_key.public_numbers().n
    return number.to_bytes(257)


def by_edwards(issuer: Issuer) -> str:
    text = f"{part({'alg': 'EdDSA', 'kid': issuer.kid})}.{part(claims(issuer))}"
    return f"{text}.{part(ed25519.Ed25519PrivateKey.generate().sign(text.encode()))}"


def hmac_of(bits: int) -> Forge:
    """A longer HMAC with the public key in PEM as the secret."""

    def forge(issuer: Issuer) -> str:
        text = f"{part({'alg': f'HS{bits}', 'kid': issuer.kid})}.{part(claims(issuer))}"
        return f"{text}.{part(hmac.digest(issuer.key.as_pem(private=False), text.encode(), f'sha{bits}'))}"

    return forge


def encrypted(issuer: Issuer) -> str:
    """A JWE to the issuer's public key, which everybody can make."""
    key = RSAKey.import_key(issuer.jwks()[0] | {"use": "enc", "alg": "RSA-OAEP"})
    return jwe.encrypt_compact({"alg": "RSA-OAEP", "enc": "A128GCM", "kid": issuer.kid}, claims(issuer), key)


def other_claims(parts: list[str]) -> list[str]:
    found = json.loads(base64.urlsafe_b64decode(parts[1] + "=="))
    return [parts[0], part({**found, "userId": "1"}), parts[2]]


def signature(change: object) -> Forge:
    return with_parts(lambda parts: [*parts[:2], change(parts[2])])  # type: ignore[operator]  # one of those below


OF_THE_SIGNATURE = {
    **against(
        token,
        {
            "payload changed": with_parts(other_claims),
            "header changed": with_parts(lambda p: [part({"alg": "RS256", "kid": "test-key", "x": 1}), *p[1:]]),
            "signature changed at its beginning": signature(lambda s: next_letter(s[0]) + s[1:]),
            "signature changed in the middle": signature(lambda s: s[:170] + next_letter(s[170]) + s[171:]),
            "signature of another spelling": respelled_signature,
            "signature cut short": signature(lambda s: s[:-4]),
            "signature cut to one byte": signature(lambda s: s[:2]),
            "signature longer": signature(lambda s: s + "AAAA"),
            "signature after a zero": signature(lambda s: part(b"\0" + base64.urlsafe_b64decode(s + "=="))),
            "signature twice": signature(lambda s: s + s),
            "signature backwards": signature(lambda s: part(base64.urlsafe_b64decode(s + "==")[::-1])),
            "signature all zero": signature(lambda _: part(bytes(256))),
            "signature one": signature(lambda _: part(bytes(255) + b"\1")),
            "signature all ones": signature(lambda _: part(b"\xff" * 256)),
            "signature in hexadecimal": signature(lambda s: base64.urlsafe_b64decode(s + "==").hex()),
            "signature of another token": lambda issuer: ".".join(
                [*issuer.token(userId="1").split(".")[:2], issuer.token().split(".")[2]]
            ),
        },
    ),
    **against(
        with_signature(plain),
        {
            "SHA-1 under RS256": of_digest(hashes.SHA1()),  # noqa: S303 - what must be refused
            "SHA-512 under RS256": of_digest(hashes.SHA512()),
            "PSS under RS256": with_signature(probabilistic),
            "signature plus the modulus": with_signature(plus_modulus),
            "signature of the payload alone": with_signature(lambda i, text: plain(i, text.split(b".")[1])),
            "signature of the header alone": with_signature(lambda i, text: plain(i, text.split(b".")[0])),
            "signature of decoded parts": with_signature(lambda i, _: plain(i, claims(i))),
            "another key with the same kid": by_another_key(),
        },
    ),
}

OF_THE_ALGORITHM = against(
    by_hand,
    {
        "alg none": unsigned_as("none"),
        "alg None": unsigned_as("None"),
        "alg NONE": unsigned_as("NONE"),
        "alg nOnE": unsigned_as("nOnE"),
        "alg none and a space": unsigned_as("none "),
        "alg none without a kid": lambda issuer: unsigned({"alg": "none"}, issuer.claims()),
        "alg none with the old signature": with_header(alg="none"),
        "alg RS256 and no signature": unsigned_as("RS256"),
        "no alg": with_header(alg=None),
        "alg empty": with_header(alg=""),
        "alg in small letters": with_header(alg="rs256"),
        "alg after a space": with_header(alg=" RS256"),
        "alg before U+0000": with_header(alg="RS256\0"),
        "alg a list": with_header(alg=["RS256"]),
        "alg an object": with_header(alg={"RS256": True}),
        "alg a number": with_header(alg=256),
        "alg true": with_header(alg=True),
        "alg of a JWE": with_header(alg="RSA-OAEP"),
        "HS256 with the PEM": hmac_with("PEM"),
        "HS256 with the stripped PEM": hmac_with("PEM without its last line feed"),
        "HS256 with the PKCS1 PEM": hmac_with("PKCS1 PEM"),
        "HS256 with the DER": hmac_with("DER"),
        "HS256 with the JWK": hmac_with("JWK"),
        "HS256 with the modulus": hmac_with("n"),
        "HS256 with a guess": lambda issuer: signed_with(
            OctKey.import_key("x" * 32), {"alg": "HS256", "kid": issuer.kid}, claims(issuer)
        ),
        "HS384 with the PEM": hmac_of(384),
        "HS512 with the PEM": hmac_of(512),
        "RS384 of the right key": by_algorithm("RS384"),
        "RS512 of the right key": by_algorithm("RS512"),
        "PS256 of the right key": by_algorithm("PS256"),
        "PS512 of the right key": by_algorithm("PS512"),
        "ES256 of another key": by_curve,
        "EdDSA of another key": by_edwards,
        "a JWE to the public key": encrypted,
    },
)
