# make demo and make test do everything on a fresh machine with Python 3.11 to 3.14, make and git.
SHELL  := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
PYTHON ?= $(shell for v in 3.11 3.12 3.13 3.14 3; do command -v python$$v && break; done)
VENV   ?= .venv
BIN    := $(VENV)/bin
OUT    ?= out
DATA   ?= ../shared/data

# The suite starts some hundred processes: where Python is told to keep no compiled modules, each would compile all again.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup demo console test coverage rig fast lint format types imports bench gate kill clean

help:  ## Show this list
	@grep -E '^[a-z]+:.*##' Makefile | sed -E 's/:[^#]*##/\t/' | expand -t 12

setup: $(VENV)/.ready  ## Make the environment in .venv (half a minute to a minute, 1 GB)

$(VENV)/.ready: pyproject.toml scripts/setup.sh
	@scripts/setup.sh "$(PYTHON)" "$(VENV)"
	@touch $@

demo: setup  ## Run the main job on a sample feed and show what was found (under 1 minute after setup)
	@echo "demo: replaying sample_feeds/demo.ts, demo-sound/ and demo-ground/ against configs/demo.yaml into $(OUT)/demo (about 20 s)"
	@$(BIN)/trucewatch demo --out "$(OUT)/demo"
	@command -v trucewatch >/dev/null || echo "To have trucewatch on the path of this shell:  . $(BIN)/activate"

console: setup  ## Open the demo's log in the console, on this machine only (runs the demo first if need be)
	@test -f "$(OUT)/demo/violations.sqlite" || $(MAKE) --no-print-directory demo
	@$(BIN)/trucewatch console "$(OUT)/demo" --config configs/demo.yaml --demo

# Three at a time on two cores: a third of the time goes by in waiting, for senders, time-outs and browsers. One thread
# each: more would wait for one another.
SUITE := OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q -n 3 --dist worksteal -m "not rig and not gate"

test: setup lint types imports  ## Lint, types, import contracts, all tests (under 10 minutes on 2 cores)
	@scripts/browser.sh
	@echo "test: the whole suite (6 to 11 minutes on 2 cores)"
	@$(SUITE)

coverage: setup  ## All tests again, counting which lines they run: 90 % at least (half as long again)
	@scripts/browser.sh
	@$(SUITE) --cov --cov-report=term:skip-covered --cov-fail-under=90

rig: setup  ## The live centre in full: senders, a broker, consoles killed (2 minutes; after changing what is live)
	@$(BIN)/python -m pytest -q -m rig

fast: setup  ## The tests without the slow ones
	@$(BIN)/python -m pytest -q -n 2 --dist worksteal -m "not slow and not rig and not gate"

lint: setup  ## Style: ruff, formatting and lint
	@$(BIN)/ruff format --check . && $(BIN)/ruff check .

format: setup  ## Format the code and mend what lint can mend
	@$(BIN)/ruff format . && $(BIN)/ruff check --fix .

types: setup  ## mypy --strict
	@$(BIN)/mypy

imports: setup  ## Who may import whom (import-linter)
	@$(BIN)/lint-imports

bench: setup  ## All goals beside the measured figures, into docs/detection.md (half an hour; DATA=folder of the shared data)
	@$(BIN)/python benchmarks/goals.py --data "$(DATA)"

gate: setup  ## Whole scenes, accuracy and cost against the recorded baselines, and that it stops what is planted (4 minutes)
	@$(BIN)/python -m pytest -q -m gate tests/benchmarks tests/test_replay_scenes.py
	@$(BIN)/python benchmarks/gate.py

kill: setup  ## 200 random kill -9 during a replay; every log must open and verify (about 10 minutes)
	@$(BIN)/python benchmarks/kill_nine.py --times 200

clean:  ## Remove the environment, caches and output
	rm -rf "$(VENV)" "$(OUT)" .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache .coverage*
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
