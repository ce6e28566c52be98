# Every command of this repository. `make` alone prints the list; each line comes from the comment beside its target.
# The first call of a target sets up .venv by itself; stamp files make the later ones quick.

.DEFAULT_GOAL := help
.PHONY: help demo test lint system soak bench format generate lock clean

PYTHONS := python3 python3.14 python3.13 python3.12 python3.11
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet
RUN_STAMP := .venv/run.stamp
DEV_STAMP := .venv/dev.stamp
SOURCES := sync checks tests

# Compiled code is kept in the ignored __pycache__: else every process that a test starts would compile all of it again.
unexport PYTHONDONTWRITEBYTECODE

help: ## Print this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(RUN_STAMP) ## Run the main job against the sandbox, no accounts needed; shows where to look
	@$(BIN)/callsheet demo

test: $(DEV_STAMP) ## Run every check: format, lint, types, floors, sizes, tests, a sample of the slow ones
	@$(BIN)/python -m pytest -q -n 2 --dist worksteal tests

lint: $(DEV_STAMP) ## Run the checks that read the code without running it, and show all they say
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python checks/sizes.py

system: $(DEV_STAMP) ## Run the whole fault matrices and the tests with real processes (many minutes)
	@$(BIN)/python -m pytest -q -n 2 --dist worksteal -m "full or not full" tests/browser tests/contract tests/flow tests/property tests/system

soak: $(DEV_STAMP) ## Live through weeks of a daemon in minutes: kills, outages, edits, changing clocks
	@$(BIN)/python -m pytest -q -s -m full tests/system/test_soak.py

bench: $(DEV_STAMP) ## Measure a large refresh and publish
	@$(BIN)/python -m pytest -q -s -m "full or not full" tests/benchmarks

format: $(DEV_STAMP) ## Put code into the form that the checks ask for
	$(BIN)/ruff format $(SOURCES)
	$(BIN)/ruff check --fix $(SOURCES)

generate: $(DEV_STAMP) ## Write the generated pages and the expected texts again; look at the difference before you commit
	$(BIN)/python checks/generate.py
	UPDATE_SNAPSHOTS=1 $(BIN)/python -m pytest -q tests/unit

lock: .venv/bin/python ## Choose the newest allowed versions again and write the lock files
	$(BIN)/python -m venv .venv/lock
	.venv/lock/bin/python -m pip --disable-pip-version-check install --quiet --upgrade uv
	.venv/lock/bin/uv $(LOCK) --group build -o requirements.lock pyproject.toml
	.venv/lock/bin/uv $(LOCK) --group build --group dev -o requirements-dev.lock pyproject.toml
	@# What the extra for PostgreSQL adds, as it is locked for development
	awk '/^[a-z]/ {wanted = /^psycopg(-binary)?==/} wanted' requirements-dev.lock > requirements-postgresql.lock

# No index addresses in a lock file: everyone installs from the index that their own machine is set up for.
LOCK := pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
	--no-emit-index-url --no-emit-find-links

clean: ## Remove .venv, caches and the demo's folder
	rm -rf .venv .demo .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache

# Each candidate is started, not only looked up: version managers leave names on PATH that answer "not found".
.venv/bin/python:
	@for name in $(PYTHONS); do \
		if $$name -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then \
			echo "Setting up .venv with $$name ($$($$name -c 'import platform; print(platform.python_version())'))"; \
			exec $$name -m venv --clear .venv; \
		fi; \
	done; \
	echo "No Python 3.11 or newer with its venv module was found; tried: $(PYTHONS)." >&2; \
	echo "Install one (Debian and Ubuntu: the package python3-venv belongs to it) and see that it is on PATH." >&2; \
	exit 1

$(RUN_STAMP): requirements.lock pyproject.toml | .venv/bin/python
	@echo "Installing what the program needs"
	@$(PIP) --require-hashes --no-deps -r requirements.lock
	@$(PIP) --no-deps --no-build-isolation --no-index --editable .
	@touch $@

$(DEV_STAMP): requirements-dev.lock pyproject.toml | .venv/bin/python
	@echo "Installing what the program and its checks need"
	@$(PIP) --require-hashes --no-deps -r requirements-dev.lock
	@$(PIP) --no-deps --no-build-isolation --no-index --editable .
	@touch $@
