# One command for each thing people do here. Everything is set up on first use, in $(VENV).

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
# Extra arguments for pip, such as an index that holds CPU builds of torch (see README).
PIP_ARGS ?=
# One file of tests goes to one process: what is slow to start (the model, a database) starts once each.
PYTEST := -m pytest -n auto --dist loadfile
ARGS ?=

.PHONY: demo test check format lint types layers docs bench soak train clean help

help: ## This list
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/'

$(VENV)/.installed: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(0 if (3, 11) <= sys.version_info < (3, 14) else "Keepsake needs Python 3.11, 3.12 or 3.13; say which with: make PYTHON=python3.12 ...")'
	@$(PYTHON) -m venv $(VENV) || { echo "python venv is missing: on Debian or Ubuntu, apt install python3-venv"; exit 1; }
	$(BIN)/python -m pip install -q --disable-pip-version-check $(PIP_ARGS) -c constraints.txt -e .
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	$(BIN)/python -m pip install -q --disable-pip-version-check $(PIP_ARGS) -c constraints.txt -e '.[dev]'
	@touch $@

demo: $(VENV)/.installed ## Set up everything and show it working, live, until stopped
	@$(BIN)/keepsake demo $(ARGS)

test: $(VENV)/.installed-dev ## Run the whole suite
	$(BIN)/python $(PYTEST) $(ARGS)

check: format lint types layers docs test ## Everything CI checks

format: $(VENV)/.installed-dev
	$(BIN)/ruff format --check .

lint: $(VENV)/.installed-dev
	$(BIN)/ruff check .

types: $(VENV)/.installed-dev
	$(BIN)/mypy

layers: $(VENV)/.installed-dev
	$(BIN)/lint-imports

docs: $(VENV)/.installed-dev
	$(BIN)/python -m pytest -q tests/docs

bench: $(VENV)/.installed-dev ## Measure what the README promises, as ratios in one run
	$(BIN)/python tests/bench/run.py $(ARGS)

soak: $(VENV)/.installed-dev ## The kill test, longer
	$(BIN)/python -m pytest -m soak tests/faults $(ARGS)

train: $(VENV)/.installed-dev ## Train the reader anew (needs the data sets, see docs/model.md)
	$(BIN)/python -m pip install -q --disable-pip-version-check $(PIP_ARGS) -c constraints.txt -e '.[train]'
	$(BIN)/python -m enrichment.training $(ARGS)

clean: ## Remove the virtual environment, caches and local data
	rm -rf $(VENV) var build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
