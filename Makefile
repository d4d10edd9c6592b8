# Every target sets up what it needs. Plain `make` lists them.
PYTHON ?= python3
BIN := .venv/bin
SANDBOX ?=
TESTS ?= tests
BENCH ?=
FAULTS ?=
FAULTS_HA ?=
ATTACKS ?=
JUDGES ?=

.DEFAULT_GOAL := help
.PHONY: help setup demo sandbox pg test test-outside faults faults-ha model attacks judges bench lint openapi lock check clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: .venv/ready ## Make .venv from requirements.lock; quick when nothing changed

demo: .venv/ready ## See an appointment-request created, its slots found, and cancelled
	@$(BIN)/connect-appointments demo

sandbox: .venv/ready ## Run a sandbox on http://127.0.0.1:8080; options in SANDBOX="--port 9000"
	@$(BIN)/connect-appointments sandbox $(SANDBOX)

pg: .venv/test-ready ## Run a sandbox on a throwaway PostgreSQL
	@$(BIN)/python -m tests.throwaway_postgres $(BIN)/connect-appointments sandbox --data .sandbox-pg --database {url} $(SANDBOX)

test: .venv/test-ready ## Run the tests, on SQLite and on a real PostgreSQL brought up for them
	@$(BIN)/python -m pytest -n 2 $(TESTS)

test-outside: .venv/test-ready ## Run the tests against software from elsewhere: an OpenID provider (Node), a browser
	@command -v node >/dev/null || { echo "make test-outside needs Node.js 20 or newer: there is no node on PATH" >&2; exit 1; }
	@command -v chromium >/dev/null || { echo "make test-outside needs Chromium: there is no chromium on PATH" >&2; exit 1; }
	@$(BIN)/python -m pytest tests/outside --ignore=tests/outside/browser
	@$(BIN)/python -m pytest tests/outside/browser

faults: .venv/test-ready ## Kill it, race it, starve it, and check the history; FAULTS=--quick for five minutes
	@$(BIN)/python -m tests.faults $(FAULTS)

faults-ha: .venv/test-ready ## The leader of a PostgreSQL cluster fails, in five ways; FAULTS_HA=--quick for one of each
	@$(BIN)/python -m tests.faults.ha $(FAULTS_HA)

model: .venv/test-ready ## Search every state of the models of tests/model with SPIN, and of their mutants
	@command -v spin >/dev/null || { echo "make model needs SPIN, the Debian package spin: there is no spin on PATH" >&2; exit 1; }
	@command -v gcc >/dev/null || { echo "make model needs gcc: there is no gcc on PATH" >&2; exit 1; }
	@$(BIN)/python -m tests.model

judges: .venv/test-ready .venv-judges/ready ## Ask judges nobody here wrote (fuzzer, linters, scanners); JUDGES=--quick for two minutes
	@command -v node >/dev/null || { echo "make judges needs Node.js 20 or newer: there is no node on PATH" >&2; exit 1; }
	@$(BIN)/python -m pytest -q tests/judges
	@$(BIN)/python -m tests.judges $(JUDGES)

attacks: .venv/test-ready ## Measure that the clock tells no foreign id from an unknown one; ATTACKS="--samples 1000"
	@$(BIN)/python -m tests.attacks.timing $(ATTACKS)

bench: .venv/bench-ready ## Measure it beside the limits and the default stack; BENCH=--quick for two minutes
	@$(BIN)/python -m bench $(BENCH)

lint: .venv/test-ready .venv/bench-ready ## Check style and types
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy

openapi: .venv/ready ## Write docs/openapi from the tables
	@$(BIN)/python -m tools.openapi

lock: .venv/test-ready ## Write the lock files from pyproject.toml
	@$(BIN)/python -m tools.lock

check: .venv/test-ready ## Check that docs/openapi and the lock files are current
	@$(BIN)/python -m tools.openapi --check
	@$(BIN)/python -m tools.lock --check

clean: ## Remove the environments
	@rm -rf .venv .venv-judges

.venv/ready: requirements.lock pyproject.toml
	@$(PYTHON) -m tools.setup requirements.lock $@

.venv/test-ready: requirements-test.lock pyproject.toml
	@$(PYTHON) -m tools.setup requirements-test.lock $@

.venv-judges/ready: requirements-judges.lock
	@$(PYTHON) -m tools.setup requirements-judges.lock $@

.venv/bench-ready: requirements-bench.lock pyproject.toml
	@$(PYTHON) -m tools.setup requirements-bench.lock $@
