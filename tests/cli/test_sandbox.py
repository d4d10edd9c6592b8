"""`sandbox`, as a provider's developer uses it."""

from __future__ import annotations

import signal
import stat
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx2

from tests.api_client import CANCEL, CREATE
from tests.cli.conftest import RunningSandbox, Start
from tests.cli.program import run

NAMES = ("SANDBOX_URL", "SANDBOX_TOKEN", "SANDBOX_OTHER_TOKEN", "SANDBOX_ORDER_IDS", "SANDBOX_OTHER_ORDER_IDS")


def sourced(env_file: Path) -> dict[str, str]:
    """What a shell knows after it has sourced the file."""
    script = '. "$0"; for name in "$@"; do eval "printf \'%s\\n\' \\"\\$$name\\""; done'
    done = subprocess.run(
        ["/bin/sh", "-euc", script, str(env_file), *NAMES], capture_output=True, encoding="utf-8", check=True
    )
    return dict(zip(NAMES, done.stdout.splitlines(), strict=True))


def headers(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}", "X-API-VERSION": "7"}


def create(url: str, token: str, order_id: int) -> httpx2.Response:
    day = str(datetime.now(UTC).date() + timedelta(days=2))
    return httpx2.post(url + CREATE, json={"orderId": order_id, "dateFrom": day}, headers=headers(token))


def test_it_starts_with_300_and_keeps_everything_on_another_port(
    start: Start, engine: str, database_url: str, tmp_path: Path
) -> None:
    data, env_file = tmp_path / "data", tmp_path / "sandbox.env"
    command = ["sandbox", "--port", "0", "--data", str(data), "--env-file", str(env_file)]
    if engine == "postgresql":
        command += ["--database", database_url]
    first = start(*command)
    first.line_with("Ctrl-C")
    before = sourced(env_file)
    created = create(before["SANDBOX_URL"], before["SANDBOX_TOKEN"], 1)
    assert created.headers["location"] == f"{before['SANDBOX_URL']}{CREATE}/300"
    assert first.stop(signal.SIGINT) == 0

    second = start(*command)
    second.line_with("Ctrl-C")
    after = sourced(env_file)
    assert after["SANDBOX_URL"] != before["SANDBOX_URL"]
    cancelled = httpx2.post(
        after["SANDBOX_URL"] + CANCEL, json={"appointmentRequestId": 300}, headers=headers(before["SANDBOX_TOKEN"])
    )
    assert cancelled.status_code == 204
    assert create(after["SANDBOX_URL"], after["SANDBOX_TOKEN"], 2).headers["location"].endswith("/301")
    assert second.stop(signal.SIGTERM) == 0


def test_a_shell_can_source_the_env_file_and_use_it(sandbox: RunningSandbox) -> None:
    values = sourced(sandbox.env_file)
    for token, orders in (("SANDBOX_TOKEN", "SANDBOX_ORDER_IDS"), ("SANDBOX_OTHER_TOKEN", "SANDBOX_OTHER_ORDER_IDS")):
        first, last = map(int, values[orders].split("-"))
        assert last - first + 1 == 2000
        answers = {n: create(values["SANDBOX_URL"], values[token], n).status_code for n in (first, last, last + 2001)}
        assert answers == {first: 201, last: 201, last + 2001: 404}


def test_no_owner_sees_the_orders_of_the_other(sandbox: RunningSandbox) -> None:
    values = sourced(sandbox.env_file)
    foreign = int(values["SANDBOX_OTHER_ORDER_IDS"].split("-")[0])
    assert create(values["SANDBOX_URL"], values["SANDBOX_TOKEN"], foreign).status_code == 404


def test_what_is_secret_is_for_its_user_alone(sandbox: RunningSandbox) -> None:
    secret = [sandbox.env_file, *(sandbox.folder / "keys").iterdir()]
    assert len(secret) > 5
    assert {stat.S_IMODE(path.stat().st_mode) for path in secret} == {0o600}
    assert stat.S_IMODE((sandbox.folder / "keys").stat().st_mode) == 0o700
    assert stat.S_IMODE(sandbox.folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in sandbox.folder.glob("sandbox.db*")} <= {0o600}


def test_a_port_in_use_is_said_in_one_line(sandbox: RunningSandbox, tmp_path: Path) -> None:
    port = sandbox.url.rpartition(":")[2]
    done = run("sandbox", "--port", port, "--data", str(tmp_path / "data"))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.count("\n") == 1
    assert f"port {port}" in done.stderr


def test_the_demo_shows_every_exchange_and_is_as_documented() -> None:
    done = run("demo")
    assert (done.returncode, done.stderr) == (0, "")
    for line in ("HTTP/1.1 201 Created", '{"appointmentRequestId":300}', "HTTP/1.1 204 No Content", "HTTP/1.1 422"):
        assert line in done.stdout
