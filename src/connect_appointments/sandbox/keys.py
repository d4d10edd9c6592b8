"""The files in the sandbox's data folder: the signing key, the two clients, the issuer's URLs."""

from __future__ import annotations

import fcntl
import json
import os
import re
import secrets
import tempfile
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from joserfc.errors import JoseError, SecurityWarning
from joserfc.jwk import RSAKey

KEY_BITS = 2048
TENANTS = {"alice": "11001", "bob": "11002"}
"""The client_id of each sample tenant, and its owner (the `userId` claim)."""

_SECRET = re.compile(r"[!-~]{16,255}")


class KeysError(Exception):
    """A file of the sandbox's data folder cannot be used."""


@dataclass(frozen=True, slots=True)
class Client:
    """A registered OAuth client.

    owner: the `userId` of its tokens.
    secret: for client_secret_post.
    key: its RSA key pair, for private_key_jwt; the same key as in `key_file` (PEM, PKCS #8).
    kid: the key's RFC 7638 thumbprint.
    """

    id: str
    owner: str
    secret: str = field(repr=False)
    key: RSAKey = field(repr=False)
    key_file: Path
    kid: str


class SandboxKeys:
    """The keys of a data folder.

    signing: the key pair of the issuer; `kid` is its RFC 7638 thumbprint.
    clients: by client_id.
    issuers: all URLs of the issuer so far, latest first.
    """

    def __init__(self, folder: Path, signing: RSAKey, clients: Mapping[str, Client], issuers: tuple[str, ...]) -> None:
        self._folder = folder
        self.signing = signing
        self.kid = signing.thumbprint()
        self.clients = clients
        self.issuers = issuers

    @classmethod
    def open(cls, folder: Path) -> SandboxKeys:
        """Load the keys in `folder`/keys; missing keys are created and written.

        Safe in several processes at once: all get the same keys. Raises KeysError.
        """
        keys = folder / "keys"
        with _clear_errors(keys):
            # An existing folder keeps its mode: it may be any folder of the user.
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            keys.mkdir(mode=0o700, exist_ok=True)
            keys.chmod(0o700)
            with _locked(keys):
                clients = {name: _client(keys, name, owner) for name, owner in TENANTS.items()}
                return cls(keys, _key_pair(keys / "signing.pem"), clients, _issuers(keys))

    def remember_issuer(self, url: str) -> None:
        """Record `url` as the latest issuer URL of this folder. Raises KeysError."""
        with _clear_errors(self._folder), _locked(self._folder):
            before = _issuers(self._folder)
            after = (url, *(other for other in before if other != url))
            if after != before:
                write_private(self._folder / "issuers.json", json.dumps(after).encode())
            self.issuers = after

    def public_jwks(self) -> dict[str, Any]:
        """Return the JSON Web Key Set for verifying tokens. Source: RFC 7517 section 5."""
        return {"keys": [self.signing.as_dict(private=False, use="sig", alg="RS256", kid=self.kid)]}


def _client(keys: Path, name: str, owner: str) -> Client:
    key_file = keys / f"{name}.pem"
    key = _key_pair(key_file)
    return Client(name, owner, _secret(keys / f"{name}.secret"), key, key_file, key.thumbprint())


def _key_pair(path: Path) -> RSAKey:
    pem = _read_or_make(path, lambda: RSAKey.generate_key(KEY_BITS).as_pem(private=True))
    try:
        with warnings.catch_warnings():
            # joserfc only warns about an RSA key that is too short.
            warnings.simplefilter("error", SecurityWarning)
            key = RSAKey.import_key(pem)
    except (JoseError, ValueError, TypeError, SecurityWarning) as error:
        raise _broken(path, f"an RSA private key of at least {KEY_BITS} bits (PEM, no password)") from error
    if not key.is_private:
        raise _broken(path, "a private key: it contains a public key")
    return key


def _secret(path: Path) -> str:
    # No line break in the file, so that `curl --data-urlencode client_secret@FILE` sends only the secret.
    secret = _read_or_make(path, lambda: secrets.token_urlsafe(32).encode()).decode("latin-1").strip()
    if not _SECRET.fullmatch(secret):
        raise _broken(path, "a client secret (16 to 255 printable ASCII characters)")
    return secret


def _issuers(keys: Path) -> tuple[str, ...]:
    path = keys / "issuers.json"
    try:
        found = json.loads(_read_or_make(path, lambda: b"[]"))
    except (ValueError, RecursionError) as error:
        raise _broken(path, "a JSON array of URLs") from error
    if not isinstance(found, list) or not all(isinstance(url, str) for url in found):
        raise _broken(path, "a JSON array of URLs")
    return tuple(found)


def _broken(path: Path, what: str) -> KeysError:
    return KeysError(
        f"{path} is not {what}. Restore a good copy, or delete it and start again: "
        "the sandbox makes a new one, and refuses what was issued with the old one."
    )


def _read_or_make(path: Path, make: Callable[[], bytes]) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        content = make()
        write_private(path, content)
        return content


def write_private(path: Path, content: bytes) -> None:
    """Write a file atomically, readable by its user only."""
    # mkstemp creates the file with mode 0600.
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Lock out other processes; the operating system releases the lock when the process exits."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


@contextmanager
def _clear_errors(keys: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise KeysError(
            f"{error.filename or keys}: {error.strerror}. "
            f"Let this user read and write {keys}, or choose another data folder."
        ) from error
