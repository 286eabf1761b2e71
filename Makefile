# `make report` and `make test` set up what they need by themselves; `make help` lists the rest.

# The first Python on the path that runs, is new enough and can make environments.
FITS := import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(shell for name in python3 python python3.14 python3.13 python3.12 python3.11; do \
	"$$name" -c '$(FITS)' >/dev/null 2>&1 && echo "$$name" && break; done)
VENV := .venv
BIN := $(VENV)/bin
STUDY ?= data/couples_demo/study.yaml
export PYTHONDONTWRITEBYTECODE :=

.PHONY: help report serve test bench lint types notebooks lab schema clean browser postgres

help: ## list what can be made
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/'

$(VENV)/bin/python:
	@[ -n "$(PYTHON)" ] || { echo "Python 3.11 or newer with the module venv is needed. Install it (on Debian and" \
	  "Ubuntu: apt install python3 python3-venv), or name it: make PYTHON=/path/to/python3.11 report" >&2; exit 2; }
	@"$(PYTHON)" -m venv $(VENV) || { rm -rf $(VENV); exit 2; }

$(VENV)/.report-ready: pyproject.toml | $(VENV)/bin/python
	@echo "Setting up the environment (once)..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@$(BIN)/python -m compileall -q $(VENV)/lib >/dev/null 2>&1 || true
	@touch $@

$(VENV)/.dev-ready: pyproject.toml $(VENV)/.report-ready
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[dev]"
	@touch $@

report: $(VENV)/.report-ready ## make the sample study's report (STUDY=... for another) and print its path
	@$(BIN)/toolkit report "$(STUDY)"

$(VENV)/.serve-ready: pyproject.toml $(VENV)/.report-ready
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[serve]"
	@touch $@

serve: STUDY = data/questionnaire_demo/study.yaml
serve: $(VENV)/.serve-ready ## serve the sample questionnaire (STUDY=... for another) until Ctrl-C
	@$(BIN)/toolkit serve "$(STUDY)"

test: $(VENV)/.dev-ready browser postgres ## run all tests
	$(BIN)/python -m pytest -n auto --dist worksteal

browser: ## make sure that there is a Chromium for the tests of pages, where that is possible
	@command -v chromium chromium-browser google-chrome >/dev/null 2>&1 \
	  || { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && apt-get update -qq >/dev/null \
	       && apt-get install -y -qq --no-install-recommends chromium >/dev/null; } \
	  || echo "No Chromium: the tests of pages in a browser will be skipped (install chromium to run them)." >&2

postgres: ## make sure that there is a PostgreSQL for the tests of stores, where that is possible
	@command -v initdb >/dev/null 2>&1 || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 \
	  || { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && apt-get update -qq >/dev/null \
	       && apt-get install -y -qq --no-install-recommends postgresql >/dev/null; } \
	  || echo "No PostgreSQL: the tests of stores in PostgreSQL will be skipped (install postgresql to run them)." >&2

bench: $(VENV)/.dev-ready ## time the goals side by side, as ratios
	$(BIN)/python -m tests.benchmarks

lint: $(VENV)/.dev-ready ## ruff on code and notebooks
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.dev-ready ## mypy --strict on src/
	$(BIN)/mypy

notebooks: $(VENV)/.dev-ready ## notebooks hold no outputs
	$(BIN)/nbstripout --verify --extra-keys "metadata.papermill cell.metadata.papermill" notebooks/*.ipynb

lab: $(VENV)/.report-ready ## open JupyterLab
	$(BIN)/jupyter lab notebooks

schema: $(VENV)/.report-ready ## print the JSON Schema of instrument files
	@$(BIN)/toolkit instruments schema

clean: ## remove the environment and all reports
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find reports -mindepth 1 -not -name README.md -delete
