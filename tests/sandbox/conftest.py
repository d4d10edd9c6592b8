"""One set of real keys for all tests of the issuer, and a new issuer for each."""

from __future__ import annotations

import pytest

from connect_appointments.sandbox.keys import SandboxKeys

from .realm import Realm


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> SandboxKeys:
    return SandboxKeys.open(tmp_path_factory.mktemp("sandbox"))


@pytest.fixture
def realm(keys: SandboxKeys) -> Realm:
    return Realm(keys)
