"""What the search prints is read rightly, and the table of mutants has every guard of the models."""

from __future__ import annotations

import re

import pytest

from tests.model.__main__ import joined, never_executed
from tests.model.runs import MUTANTS, REQUEST, RUNS, SPARE
from tests.model.spin import MODELS, Search, SpinError, read

HOLDS = """
State-vector 116 byte, depth reached 113, errors: 0
  2865954 states, stored
  8228678 transitions (= stored+matched)
unreached in proctype worker
\trequest.pml:66, state 197, "job_about = 0"
\trequest.pml:223, state 268, "-end-"
\t(2 of 268 states)
unreached in proctype checks
\trequest.pml:240, state 8, "assert(0)"
\t(1 of 24 states)
unreached in init
\t(0 of 21 states)
"""
BREAKS = """
pan:1: assertion violated 0 (at depth 46)
Warning: Search not completed
State-vector 116 byte, depth reached 75, errors: 1
    74757 states, stored
"""
SOURCES = "".join(path.read_text(encoding="utf-8") for path in sorted(MODELS.glob("*.pml")))


def test_a_search_that_finds_nothing_is_complete() -> None:
    found = read(HOLDS)
    assert (found.states, found.errors, found.complete) == (2865954, 0, True)


def test_statements_that_no_run_executes_are_named_without_ends_and_assertions() -> None:
    assert read(HOLDS).unreached == {("worker", 'request.pml:66, state 197, "job_about = 0"')}


def test_a_broken_property_is_an_error_and_the_search_is_not_complete() -> None:
    found = read(BREAKS)
    assert (found.states, found.errors, found.complete) == (74757, 1, False)


@pytest.mark.parametrize(
    "line", ["error: max search depth too small\n", "pan: reached -DMEMLIM bound\npan: out of memory\n"]
)
def test_a_search_that_left_states_out_is_not_complete(line: str) -> None:
    assert not read(line + HOLDS).complete


@pytest.mark.parametrize("output", ["", "sh: pan: not found"])
def test_output_without_a_result_is_an_error(output: str) -> None:
    with pytest.raises(SpinError):
        read(output)


def test_a_statement_is_never_executed_only_if_no_run_of_its_model_executes_it() -> None:
    first = Search(1, 0, True, frozenset({("worker", "a"), ("worker", "b")}))  # noqa: FBT003 - a field
    second = first._replace(unreached=frozenset({("worker", "b"), ("reader", "c")}))
    assert never_executed("request", [(REQUEST, first), (REQUEST, second)]).wrong == "  worker: b"
    assert (
        never_executed("request", [(REQUEST, first), (REQUEST, second._replace(unreached=frozenset()))]).wrong is None
    )


def test_the_second_value_of_a_macro_wins() -> None:
    assert joined(("LOSSES=2", "GUARD"), ("LOSSES=1", "CRASHES=0")) == ("LOSSES=1", "GUARD", "CRASHES=0")


def test_every_guard_of_the_models_has_a_mutant_and_every_size_is_one_of_theirs() -> None:
    guards = set(re.findall(r"^#ifdef (\w+)", SOURCES, re.MULTILINE))
    assert {macro for mutant in (*MUTANTS, *SPARE) for macro in mutant.macros} == guards
    sizes = set(re.findall(r"^#ifndef (\w+)", SOURCES, re.MULTILINE)) - guards
    assert {macro.partition("=")[0] for run in RUNS for macro in run.macros} <= sizes
