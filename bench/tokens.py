"""Access tokens of the documentation's shape, signed with a key made for this run."""

from __future__ import annotations

import json
import time
import uuid
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from joserfc import jws
from joserfc.jwk import RSAKey

OWNER = "11001"
ISSUER = "https://issuer.test/auth/realms/connect"
KID = "bench-key"
LIFETIME_SECONDS = 7200
CALLERS = 100
"""How many tokens are in use at once, unless a measure is about that."""

TOKENS_A_JOB = 500


class Tokens:
    """The issuer of one run: its JWKS in a file, and tokens in files, one a line."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key = RSAKey.generate_key(2048, {"kid": KID, "use": "sig", "alg": "RS256"}, private=True)
        self._pem = self._key.as_pem(private=True)
        self.jwks_file = folder / "jwks.json"
        self.jwks_file.write_text(json.dumps({"keys": [self._key.as_dict(private=False)]}), "utf-8")
        self.one = sign(self._pem, 1)[0]
        self.callers = self._write("callers.txt", sign(self._pem, CALLERS))

    def public_key(self) -> RSAKey:
        """The key that checks the tokens."""
        return RSAKey.import_key(self._key.as_dict(private=False))

    def distinct(self, count: int) -> Path:
        """The file of so many tokens, all different; made once."""
        path = self._folder / f"distinct-{count}.txt"
        if path.exists():
            return path
        jobs = [TOKENS_A_JOB] * -(-count // TOKENS_A_JOB)
        with ProcessPoolExecutor(max_workers=2) as pool:
            found = [token for part in pool.map(sign, [self._pem] * len(jobs), jobs) for token in part]
        return self._write(path.name, found[:count])

    def _write(self, name: str, found: list[str]) -> Path:
        path = self._folder / name
        path.write_text("\n".join(found) + "\n", "ascii")
        return path


def sign(pem: bytes, count: int) -> list[str]:
    """So many tokens that differ in their `jti`."""
    key = RSAKey.import_key(pem)
    header = {"alg": "RS256", "typ": "JWT", "kid": KID}
    return [jws.serialize_compact(header, json.dumps(_claims()).encode(), key) for _ in range(count)]


def _claims() -> dict[str, object]:
    now = int(time.time())
    return {
        "sub": "ca0ce66a-408c-4b3a-aa73-119b492346bc",
        "clientId": "portal-api",
        "clientHost": "localhost",
        "iss": ISSUER,
        "typ": "Bearer",
        "userId": OWNER,
        "clientAddress": "127.0.0.1",
        "azp": "portal-api",
        "exp": now + LIFETIME_SECONDS,
        "iat": now,
        "jti": str(uuid.uuid4()),
        "apps": "portal-api",
    }
