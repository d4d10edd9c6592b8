"""Each judge finds what is planted for it: a judge that never finds anything proves nothing."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.judges import bandit, fuzzing, gitleaks, ibm, redocly, semgrep, spectral
from tests.judges.judge import DOCUMENTS, ROOT, Verdict


@pytest.fixture
def document(tmp_path: Path) -> Callable[[Callable[[dict[str, Any]], None]], Path]:
    """The newest document with a defect."""

    def damaged(damage: Callable[[dict[str, Any]], None]) -> Path:
        found = json.loads(DOCUMENTS[-1].read_text("utf-8"))
        damage(found)
        path = tmp_path / "v7.json"
        path.write_text(json.dumps(found, indent=2), encoding="utf-8")
        return path

    return damaged


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A copy of the product, in a project of its own."""
    shutil.copytree(ROOT / "src", tmp_path / "src", ignore=shutil.ignore_patterns("__pycache__"))
    subprocess.run(["git", "init", "--quiet", tmp_path], check=True)
    return tmp_path / "src"


def all_of(verdicts: list[Verdict]) -> str:
    return "\n".join(finding for verdict in verdicts for finding in verdict.findings)


def no_limit(found: dict[str, Any]) -> None:
    del found["components"]["schemas"]["SlotMessage"]["properties"]["id"]["maxLength"]


def a_default(found: dict[str, Any]) -> None:
    responses = next(iter(found["paths"].values()))["post"]["responses"]
    responses["default"] = responses["500"]


def a_range(found: dict[str, Any]) -> None:
    responses = next(iter(found["paths"].values()))["post"]["responses"]
    responses["4XX"] = responses.pop("422")


def an_unknown_schema(found: dict[str, Any]) -> None:
    del found["components"]["schemas"]["SlotMessage"]


def another_spelling(found: dict[str, Any]) -> None:
    properties = found["components"]["schemas"]["SlotMessage"]["properties"]
    properties["slot_type"] = properties.pop("slotType")


@pytest.mark.parametrize(
    ("damage", "rule"),
    [(no_limit, "api4:2023-string-limit"), (a_default, "exact-statuses"), (a_range, "exact-statuses")],
)
def test_spectral_finds(document: Any, damage: Any, rule: str) -> None:
    assert rule in all_of(spectral.judge([document(damage)]))


def test_redocly_finds_a_reference_that_leads_nowhere(document: Any) -> None:
    assert "no-unresolved-refs" in all_of(redocly.judge([document(an_unknown_schema)]))


def test_the_ibm_validator_finds_a_property_in_another_spelling(document: Any) -> None:
    assert "ibm-property-casing-convention" in all_of(ibm.judge([document(another_spelling)]))


def test_bandit_finds_an_eval(source: Path) -> None:
    (source / "connect_appointments" / "planted.py").write_text("print(eval(input()))\n", encoding="utf-8")
    (found,) = bandit.judge(source)[0].findings
    assert "B307" in found


def test_bandit_tells_of_an_exception_that_is_none_any_more(source: Path) -> None:
    (source / "connect_appointments" / "jobs" / "worker.py").write_text("", encoding="utf-8")
    assert "B311 is excepted in jobs/worker.py and not found there" in all_of(bandit.judge(source))


def test_semgrep_finds_a_query_that_asks_no_owner(source: Path) -> None:
    plant(source / "connect_appointments" / "store" / "queries" / "bookings.py", ", visible(bookings, scope)", "")
    plant(source / "connect_appointments" / "store" / "queries" / "events.py", ", visible(events, scope)", "")
    found = all_of([semgrep.judge_files([source])])
    assert {*re.findall(r"store/queries/(\w+)\.py.*\(tenant_scope\)", found)} == {"bookings", "events"}


def test_gitleaks_finds_a_key_that_was_committed_and_removed(tmp_path: Path) -> None:
    key = tmp_path / "service.pem"
    key.write_bytes(private_key())
    git = ["git", "-C", str(tmp_path), "-c", "user.name=t", "-c", "user.email=t@localhost"]
    subprocess.run(["git", "init", "--quiet", tmp_path], check=True)
    subprocess.run([*git, "add", "service.pem"], check=True)
    subprocess.run([*git, "commit", "--quiet", "-m", "a key"], check=True)
    subprocess.run([*git, "rm", "--quiet", "service.pem"], check=True)
    subprocess.run([*git, "commit", "--quiet", "-m", "no key"], check=True)
    history, files = gitleaks.judge(tmp_path)
    assert (len(history.findings), len(files.findings)) == (1, 0)


def test_gitleaks_finds_a_key_that_nobody_has_committed_yet(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "--quiet", tmp_path], check=True)
    (tmp_path / "service.pem").write_bytes(private_key())
    assert "private-key" in all_of([gitleaks.judge_files(tmp_path)])


def private_key() -> bytes:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def test_schemathesis_finds_an_answer_its_document_denies_and_a_query_that_asks_no_owner(source: Path) -> None:
    values = source / "connect_appointments" / "web" / "api" / "values.py"
    requests = source / "connect_appointments" / "store" / "queries" / "requests.py"
    plant(values, "MAX_SLOTS = 120", "MAX_SLOTS = 1")
    plant(requests, ", requests.c.owner == _read.c.owner)", ")")
    fuzzing.LOGS.mkdir(parents=True, exist_ok=True)
    found = "\n".join(fuzzing.fuzz(7, requests=50, source=source).findings)
    assert "violates schema" in found
    assert "what_one_owner_may_another_may_not" in found


def plant(path: Path, right: str, wrong: str) -> None:
    text = path.read_text("utf-8")
    assert right in text
    path.write_text(text.replace(right, wrong), encoding="utf-8")
