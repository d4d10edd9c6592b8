"""The house rules that a reader counts on: small files, arrows one way, nothing foreign in the tree."""

from __future__ import annotations

import ast
import re
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.pages import ROOT, tracked

SOURCE = ROOT / "src" / "connect_appointments"
PACKAGE = "connect_appointments"
MAX_LINES = 300

LOWER = {
    "core": set(),
    "telemetry": set(),
    "store": {"core", "telemetry"},
    "workforce": {"core", "store"},
    "usecases": {"core", "store", "workforce"},
    "jobs": {"core", "store", "workforce", "usecases", "telemetry"},
    "web": {"core", "store", "usecases", "telemetry"},
    # Their options, which it makes; the test below names them.
    "settings": {"core", "store", "workforce", "usecases", "jobs", "web"},
    "wiring": {"core", "settings", "store", "workforce", "usecases", "jobs", "web", "telemetry"},
    "sandbox": {"core", "store", "workforce", "web", "wiring"},
    "cli": {"core", "settings", "telemetry", "workforce", "usecases", "web", "sandbox", "wiring"},
}
"""What each package may import, beside itself: every package is here."""


def test_every_package_is_in_the_table() -> None:
    packages = {path.name for path in SOURCE.iterdir() if (path / "__init__.py").exists()}
    files = {path.stem for path in SOURCE.glob("*.py")} - {"__init__"}
    assert packages | files == set(LOWER)


def modules(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*.py") if "migrations" not in path.parts)


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


def rooms_imported(path: Path) -> set[str]:
    inside = [name.split(".") for name in imported(path) if name.startswith(f"{PACKAGE}.")]
    outside = [name for name in imported(path) if name == PACKAGE]
    assert not outside, f"{path} imports the package itself"
    return {parts[1] for parts in inside}


@pytest.mark.parametrize("room", LOWER)
def test_arrows_go_one_way(room: str) -> None:
    files = modules(SOURCE / room) if (SOURCE / room).is_dir() else [SOURCE / f"{room}.py"]
    allowed = LOWER[room] | {room}
    wrong = {str(path.relative_to(SOURCE)): rooms_imported(path) - allowed for path in files}
    assert {name: rooms for name, rooms in wrong.items() if rooms} == {}


OPTIONS = {
    "core.windows",
    "jobs.options",
    "store.options",
    "store.urls",
    "usecases.options",
    "web.api.fairness",
    "web.api.tokens.token_rules",
    "web.api.versions",
    "web.server.timeouts",
    "workforce.regions",
}


def test_settings_import_options_alone() -> None:
    names = {name.removeprefix(f"{PACKAGE}.") for name in imported(SOURCE / "settings.py") if name.startswith(PACKAGE)}
    assert names == OPTIONS


def test_the_core_imports_nothing_but_the_standard_library() -> None:
    for path in modules(SOURCE / "core"):
        names = {name.partition(".")[0] for name in imported(path)} - {PACKAGE}
        assert names <= sys.stdlib_module_names, path


def test_serve_never_imports_the_sandbox() -> None:
    seen: set[Path] = set()
    waiting = [SOURCE / "cli" / "serve.py"]
    while waiting:
        path = waiting.pop()
        seen.add(path)
        for name in imported(path):
            found = module_path(name)
            if found is not None and found not in seen:
                waiting.append(found)
    assert not [path for path in seen if path.is_relative_to(SOURCE / "sandbox")]


def module_path(name: str) -> Path | None:
    if not name.startswith(f"{PACKAGE}."):
        return None
    base = SOURCE.joinpath(*name.split(".")[1:])
    return next((path for path in (base.with_suffix(".py"), base / "__init__.py") if path.exists()), None)


def test_no_file_is_too_long_to_read() -> None:
    lines = {name: len((ROOT / name).read_text(encoding="utf-8").splitlines()) for name in tracked(".py")}
    assert {name: count for name, count in lines.items() if count > MAX_LINES} == {}


def test_nine_of_ten_functions_have_fewer_than_20_lines() -> None:
    lengths = [lines for path in SOURCE.rglob("*.py") for lines in function_lengths(path)]
    assert len([lines for lines in lengths if lines < 20]) >= 0.9 * len(lengths)


def function_lengths(path: Path) -> Iterator[int]:
    """The lines of each function of a file, its decorators aside."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            assert node.end_lineno is not None
            yield node.end_lineno - node.lineno + 1


def test_no_folder_of_the_source_has_more_than_20_files_side_by_side() -> None:
    files = [Path(name) for name in tracked() if name.startswith("src/") and not name.endswith("/__init__.py")]
    counts = Counter(str(path.parent) for path in files)
    assert {folder: count for folder, count in counts.items() if count > 20} == {}


def test_no_tracked_file_names_a_registry() -> None:
    hosts = re.compile("|".join(["py" + r"pi\.org", "python" + "hosted", "registry" + r"\.npmjs", "deb" + r"ian\.org"]))
    found = [name for name in tracked() if hosts.search((ROOT / name).read_text(encoding="utf-8", errors="ignore"))]
    assert found == []
