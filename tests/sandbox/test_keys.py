"""The data folder of a sandbox: made once, the same ever after, and clear about what is broken."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from joserfc.jwk import ECKey, RSAKey

from connect_appointments.sandbox.keys import KeysError, SandboxKeys

OPEN_AND_TELL = """
import json, sys
from pathlib import Path
from connect_appointments.sandbox.keys import SandboxKeys

print("ready", flush=True)
sys.stdin.readline()
keys = SandboxKeys.open(Path(sys.argv[1]))
print(json.dumps([keys.kid, *([client.secret, client.kid] for client in keys.clients.values())]))
"""

REMEMBER = """
import sys
from pathlib import Path
from connect_appointments.sandbox.keys import SandboxKeys

keys = SandboxKeys.open(Path(sys.argv[1]))
print("ready", flush=True)
sys.stdin.readline()
for number in range(20):
    keys.remember_issuer(f"http://{sys.argv[2]}/{number}")
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One data folder with all its keys, because RSA keys are slow to make. Tests that break it copy it."""
    folder = tmp_path_factory.mktemp("made") / "data"
    SandboxKeys.open(folder)
    return folder


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    (tmp_path / "keys").mkdir()
    for file in (made / "keys").iterdir():
        (tmp_path / "keys" / file.name).write_bytes(file.read_bytes())
    return tmp_path


def everything(keys: SandboxKeys) -> object:
    return (keys.kid, keys.public_jwks(), [(c.id, c.owner, c.secret, c.kid) for c in keys.clients.values()])


def together(code: str, *arguments: list[str]) -> list[str]:
    """Run the code in one process for each list of arguments, let them go at one moment, return what they print."""
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", code, *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for words in arguments
    ]
    try:
        for process in processes:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        for process in processes:
            assert process.stdin is not None
            process.stdin.write("\n")
            process.stdin.flush()
        told = [process.communicate(timeout=60) for process in processes]
    finally:
        for process in processes:
            process.kill()
            process.wait()
    assert [(process.returncode, errors) for process, (_, errors) in zip(processes, told, strict=True)] == [
        (0, "") for _ in processes
    ]
    return [said for said, _ in told]


def test_the_folder_can_be_opened_twice_with_the_same_keys(made: Path) -> None:
    assert everything(SandboxKeys.open(made)) == everything(SandboxKeys.open(made))


def test_two_folders_have_nothing_in_common(made: Path, tmp_path: Path) -> None:
    one, other = SandboxKeys.open(made), SandboxKeys.open(tmp_path)
    assert one.kid != other.kid
    for name in one.clients:
        assert one.clients[name].secret != other.clients[name].secret
        assert one.clients[name].kid != other.clients[name].kid


def test_processes_that_open_a_new_folder_at_once_get_the_same_keys(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    told = together(OPEN_AND_TELL, [str(folder)], [str(folder)], [str(folder)])
    assert len(set(told)) == 1
    keys = SandboxKeys.open(folder)
    assert json.loads(told[0]) == [keys.kid, *([client.secret, client.kid] for client in keys.clients.values())]


def test_the_tenants_are_alice_and_bob(made: Path) -> None:
    clients = SandboxKeys.open(made).clients
    assert {name: (client.id, client.owner) for name, client in clients.items()} == {
        "alice": ("alice", "11001"),
        "bob": ("bob", "11002"),
    }


def test_only_its_user_can_read_what_is_written(made: Path) -> None:
    assert (made / "keys").stat().st_mode & 0o777 == 0o700
    modes = {file.name: file.stat().st_mode & 0o777 for file in (made / "keys").iterdir()}
    assert modes == dict.fromkeys(
        ["signing.pem", "alice.pem", "alice.secret", "bob.pem", "bob.secret", "issuers.json"], 0o600
    )


def test_a_folder_that_others_could_enter_is_closed(folder: Path) -> None:
    (folder / "keys").chmod(0o755)
    SandboxKeys.open(folder)
    assert (folder / "keys").stat().st_mode & 0o777 == 0o700


def test_the_key_file_of_a_client_holds_its_private_key(made: Path) -> None:
    for client in SandboxKeys.open(made).clients.values():
        assert client.key_file == made / "keys" / f"{client.id}.pem"
        assert client.key_file.read_text().startswith("-----BEGIN PRIVATE KEY-----")
        assert RSAKey.import_key(client.key_file.read_bytes()).thumbprint() == client.kid


def test_no_secret_is_shown_by_accident(made: Path) -> None:
    client = SandboxKeys.open(made).clients["alice"]
    assert client.secret not in repr(client)
    assert "RSAKey" not in repr(client)


def test_the_key_set_holds_the_public_half_alone(made: Path) -> None:
    keys = SandboxKeys.open(made)
    [key] = keys.public_jwks()["keys"]
    assert set(key) == {"kty", "n", "e", "use", "alg", "kid"}
    assert (key["kty"], key["use"], key["alg"]) == ("RSA", "sig", "RS256")
    assert key["kid"] == keys.kid == RSAKey.import_key({"kty": "RSA", "n": key["n"], "e": key["e"]}).thumbprint()
    assert RSAKey.import_key(key).public_key.key_size == 2048


def test_a_new_folder_has_had_no_issuer(made: Path) -> None:
    assert SandboxKeys.open(made).issuers == ()


def test_the_latest_issuer_comes_first_and_none_is_forgotten(folder: Path) -> None:
    keys = SandboxKeys.open(folder)
    for url in ("http://a", "http://b", "http://c", "http://a"):
        keys.remember_issuer(url)
    assert keys.issuers == ("http://a", "http://c", "http://b")
    assert SandboxKeys.open(folder).issuers == keys.issuers


def test_processes_that_remember_issuers_at_once_lose_none(folder: Path) -> None:
    together(REMEMBER, [str(folder), "one"], [str(folder), "other"])
    assert sorted(SandboxKeys.open(folder).issuers) == sorted(
        f"http://{name}/{number}" for name in ("one", "other") for number in range(20)
    )


@contextmanager
def files_no_longer_than(size_bytes: int) -> Iterator[None]:
    """A full disk, in small."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def broken_keys() -> dict[str, bytes]:
    good = RSAKey.generate_key(2048)
    name = "alice"
    return {
        "empty": b"",
        "cut short": good.as_pem(private=True)[:600],
        "binary": b"\x00\xff" * 100,
        "public": good.as_pem(private=False),
        "with a password": good.as_pem(private=True, password=name),
        "of another kind": ECKey.generate_key("P-256").as_pem(private=True),
    }


def test_a_broken_key_file_is_one_clear_error(folder: Path) -> None:
    for name in ("signing.pem", "alice.pem", "bob.pem"):
        path = folder / "keys" / name
        good = path.read_bytes()
        for content in broken_keys().values():
            path.write_bytes(content)
            with pytest.raises(KeysError) as found:
                SandboxKeys.open(folder)
            assert str(path) in str(found.value)
            assert "delete it and start again" in str(found.value)
            assert path.read_bytes() == content
        path.write_bytes(good)


def test_a_key_that_is_too_short_is_refused(folder: Path) -> None:
    with pytest.warns(match="2048 bits"):
        short = RSAKey.generate_key(1024).as_pem(private=True)
    (folder / "keys" / "alice.pem").write_bytes(short)
    with pytest.raises(KeysError, match=r"alice\.pem is not an RSA private key of at least 2048 bits"):
        SandboxKeys.open(folder)


@pytest.mark.parametrize("secret", [b"", b"short", b"sixteen or more, but with spaces", b"\xff" * 40, b"a" * 256])
def test_a_secret_that_protects_nothing_is_refused(folder: Path, secret: bytes) -> None:
    (folder / "keys" / "bob.secret").write_bytes(secret)
    with pytest.raises(KeysError, match=r"bob\.secret is not a client secret"):
        SandboxKeys.open(folder)


def test_a_secret_of_ones_own_may_end_with_a_line_end(folder: Path) -> None:
    chosen = "my-own-long-choice"
    (folder / "keys" / "bob.secret").write_text(f"{chosen}\n")
    assert SandboxKeys.open(folder).clients["bob"].secret == chosen


@pytest.mark.parametrize("content", ["", "{}", "[1]", '["http://a"', '"http://a"', "[" * 100_000])
def test_a_broken_list_of_issuers_is_one_clear_error(folder: Path, content: str) -> None:
    (folder / "keys" / "issuers.json").write_text(content)
    with pytest.raises(KeysError, match=r"issuers\.json is not a JSON array of URLs"):
        SandboxKeys.open(folder)


def test_a_deleted_key_is_made_anew_and_the_others_stay(folder: Path) -> None:
    before = SandboxKeys.open(folder)
    (folder / "keys" / "alice.pem").unlink()
    after = SandboxKeys.open(folder)
    assert after.clients["alice"].kid != before.clients["alice"].kid
    assert after.clients["alice"].secret == before.clients["alice"].secret
    assert (after.kid, after.clients["bob"].kid) == (before.kid, before.clients["bob"].kid)


def test_a_folder_that_cannot_be_used_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file, not a folder")
    with pytest.raises(KeysError, match="choose another data folder"):
        SandboxKeys.open(tmp_path / "data")


def test_a_write_that_fails_leaves_everything_as_it_was(folder: Path) -> None:
    keys = SandboxKeys.open(folder)
    keys.remember_issuer("http://a")
    before = {file.name: file.read_bytes() for file in (folder / "keys").iterdir()}
    with files_no_longer_than(20), pytest.raises(KeysError, match="File too large"):
        keys.remember_issuer("http://one-that-is-longer")
    assert {file.name: file.read_bytes() for file in (folder / "keys").iterdir()} == before
    assert keys.issuers == ("http://a",)
