"""The development page names files that exist, and every package of the source."""

from __future__ import annotations

import re

from tests.docs.pages import DEVELOPMENT, ROOT, table_under

SOURCE = ROOT / "src" / "connect_appointments"


def test_the_source_layout_is_that_of_the_source() -> None:
    named = {row[0].strip("`") for row in table_under("Source layout", DEVELOPMENT)}
    packages = {f"{path.parent.name}/" for path in SOURCE.glob("*/__init__.py")}
    files = {path.name for path in SOURCE.glob("*.py")} - {"__init__.py"}
    assert named == packages | files


def test_every_path_on_the_page_exists() -> None:
    paths = re.findall(r"`((?:[\w-]+/)+[\w.-]*|\w+\.py)`", DEVELOPMENT)
    assert len(paths) > 60
    assert [path for path in paths if not (ROOT / path).exists() and not (SOURCE / path).exists()] == []


def test_every_name_in_the_guide_is_defined_in_a_file_of_its_row() -> None:
    for what, files in table_under("Where new code goes", DEVELOPMENT):
        spans = re.findall(r"`([^`]+)`", files)
        text = "".join((SOURCE / span).read_text(encoding="utf-8") for span in spans if (SOURCE / span).is_file())
        names = [span.removesuffix("()") for span in spans if re.fullmatch(r"[A-Za-z_]+(\(\))?", span)]
        assert [name for name in names if not re.search(rf"\b{name}\b", text)] == [], what
