"""`token`: tokens of a sandbox for any owner."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import httpx2
import pytest

from connect_appointments.cli.failing import CommandFailed
from tests.api_client import CREATE
from tests.cli.conftest import RunningSandbox
from tests.cli.program import invoke, run

UNKNOWN = "/999999999"


def claims(token: str) -> dict[str, object]:
    found: dict[str, object] = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
    return found


def test_it_prints_a_token_that_the_sandbox_accepts(sandbox: RunningSandbox) -> None:
    done = run("token", "--data", str(sandbox.folder), "--owner", "somebody else", "--lifetime", "60")
    assert (done.returncode, done.stderr) == (0, "")
    token = done.stdout.strip()
    found = claims(token)
    assert found["userId"] == "somebody else"
    assert int(str(found["exp"])) - int(str(found["iat"])) == 60
    headers = {"Authorization": f"Bearer {token}", "X-API-VERSION": "7"}
    assert httpx2.get(sandbox.url + CREATE + UNKNOWN, headers=headers).status_code == 404


def test_as_json_it_is_the_answer_of_a_token_endpoint(sandbox: RunningSandbox) -> None:
    done = invoke("token", "--data", str(sandbox.folder), "--json")
    found = json.loads(done.stdout)
    assert claims(found.pop("access_token"))["userId"] == "11001"
    assert found == {"token_type": "Bearer", "expires_in": 86400}


def test_a_folder_without_a_sandbox_is_named(tmp_path: Path) -> None:
    done = invoke("token", "--data", str(tmp_path))
    assert isinstance(done.exception, CommandFailed)
    assert str(tmp_path) in str(done.exception)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("wrong", [["--owner", ""], ["--owner", "a\nb"], ["--owner", "a" * 256], ["--lifetime", "0"]])
def test_a_token_that_could_not_be_used_is_a_wrong_call(sandbox: RunningSandbox, wrong: list[str]) -> None:
    done = invoke("token", "--data", str(sandbox.folder), *wrong)
    assert (done.exit_code, done.stdout) == (2, "")
