"""The page of the model lists the runs and mutants of `make model`."""

from __future__ import annotations

import re

from tests.docs.pages import ROOT
from tests.model.runs import MUTANTS, RUNS, SPARE

PAGE = (ROOT / "docs" / "understand" / "model.md").read_text(encoding="utf-8")
ROWS = [[cell.strip() for cell in line.strip("|").split("|")] for line in PAGE.splitlines() if line.startswith("|")]


def test_the_page_lists_every_run_in_its_order() -> None:
    named = [row[:3] for row in ROWS if len(row) == 4 and re.fullmatch(r"[\d,]+", row[3])]
    assert named == [[run.name, f"`{run.model}.pml`", run.meaning] for run in RUNS]


def test_the_page_lists_every_mutant_in_its_order() -> None:
    named = [row for row in ROWS if row[0] in {run.name for run in RUNS} and re.fullmatch(r"`[A-Z_+]+`", row[1])]
    assert named == [[mutant.run.name, f"`{mutant.name}`", mutant.meaning] for mutant in (*MUTANTS, *SPARE)]


def test_every_definition_that_the_page_names_is_in_its_model() -> None:
    for model, name in re.findall(r"`(\w+\.pml)`, `(\w+)`", PAGE):
        text = (ROOT / "tests" / "model" / model).read_text(encoding="utf-8")
        assert re.search(rf"^(#define|proctype) {name}\b", text, re.MULTILINE), name
