# What people type. Each target sets up what it needs; nothing here needs root.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.set-up
WORKERS ?= 3
# Each process would compile everything anew.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help

help: ## show this list
	@grep -E '^[a-z-]+:.*## ' Makefile | sed -E 's/:.*## /\t/' | expand -t 16

setup: $(STAMP) ## install what Andon needs to run, into .venv

$(STAMP): requirements.lock pyproject.toml
	@tools/setup "$(PYTHON)" "$(VENV)" requirements.lock
	@touch $@

$(VENV)/.set-up-dev: $(STAMP) requirements-dev.lock
	@tools/setup "$(PYTHON)" "$(VENV)" requirements-dev.lock
	@touch $@

demo: setup ## run the main job end to end; KEEP=1 leaves it running
	@$(BIN)/python -m examples.demo $(if $(KEEP),--keep)

demo-index: setup ## the same with another fault: a superseded policy in the search index
	@$(BIN)/python -m examples.demo --fault index --folder .andon/demo-index $(if $(KEEP),--keep)

test: $(VENV)/.set-up-dev ## run the tests
	@$(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup -m "not long and not stack and not browser"

e2e: $(VENV)/.set-up-dev ## run pages in a browser, and the whole stack as the people who use it do
	@$(BIN)/python -m pytest -n 2 --dist loadgroup -m "not long and (stack or browser)" --ignore tests/chaos

long: $(VENV)/.set-up-dev ## run what takes its time: every course and all of each table, races, kills, slow outages
	@$(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup -m "long and not browser"

test-external: $(VENV)/.set-up-dev ## run levers and sources on a vendor's real server: NAME=mlflow, litellm or phoenix; 0.9 GB each
	@tools/external $(NAME)

chaos: $(VENV)/.set-up-dev ## kill each part in each stage of an incident, and count what is lost or doubled
	@$(BIN)/python -m pytest -m "not long" tests/chaos

storm: $(VENV)/.set-up-dev ## send storms and kill parts meanwhile, and hold the register against what was acknowledged
	@$(BIN)/python -m tests.storm

screenshots: $(VENV)/.set-up-dev ## play the demo and keep a picture of every page, and hold each against the rules; ARGS=--publish renews docs/pictures
	@$(BIN)/python -m tests.screens $(ARGS)

check: $(VENV)/.set-up-dev ## lint, types, import contracts, generated documents
	@tools/check "$(BIN)"

bench: $(VENV)/.set-up-dev ## measure speed beside its floor, in one run
	@$(BIN)/python -m tests.bench
	@$(BIN)/python -m tests.bench.intake
	@$(BIN)/python -m tests.bench.levers
	@$(BIN)/python -m tests.bench.open_pages
	@$(BIN)/python -m tests.bench.pages
	@$(BIN)/python -m tests.bench.redaction
	@$(BIN)/python -m tests.bench.relapse
	@$(BIN)/python -m tests.bench.slider
	@$(BIN)/python -m tests.bench.snapshot
	@$(BIN)/python -m tests.bench.verify

clean: ## remove the environment and what runs left behind
	rm -rf $(VENV) .venvs .andon .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache dist

.PHONY: help setup demo demo-index test e2e long test-external chaos storm screenshots check bench clean
