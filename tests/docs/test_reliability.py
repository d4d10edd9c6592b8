"""The reliability pages have the text of the programs that write them."""

from __future__ import annotations

import re

import pytest

from tests.docs.pages import ROOT
from tests.faults import report
from tests.faults.ha import table
from tests.faults.ha.faults import FAULTS
from tests.faults.kinds.table import KINDS

PAGES = {"reliability.md": report.PAGE, "reliability-ha.md": table.PAGE}


@pytest.mark.parametrize("name", PAGES)
def test_a_page_has_the_text_around_its_figures(name: str) -> None:
    page = (ROOT / "docs" / name).read_text(encoding="utf-8")
    parts = (re.escape(part) for part in re.split(r"\{\w+\}", PAGES[name]))
    assert re.fullmatch(".*".join(parts), page, flags=re.DOTALL)


def test_the_pages_say_what_each_kind_of_fault_does() -> None:
    page = (ROOT / "docs" / "reliability.md").read_text(encoding="utf-8")
    meanings = [f"- **{kind.name}**: {' '.join((kind.run.__doc__ or '').split())}" for kind in KINDS]
    assert re.findall(r"^- .+$", page, re.MULTILINE) == meanings
    page = (ROOT / "docs" / "reliability-ha.md").read_text(encoding="utf-8")
    meanings = [f"- **{fault.name}**: {' '.join((fault.do.__doc__ or '').split())}" for fault in FAULTS]
    assert re.findall(r"^- .+$", page, re.MULTILINE) == meanings
