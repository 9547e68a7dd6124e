# Levada: `make help` lists the targets.
PYTHON ?= python3
VENV ?= .venv
ARGS ?=
SECONDS ?= 300
RUNS ?= 5000
RECORDS ?= 100000
KILLS ?= 25
DIR ?= tests/sandbox/escapes
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
EDITABLES := sdk runtime connectors/acme connectors/stripe connectors/aws .
PROJECTS := $(addsuffix /pyproject.toml,$(EDITABLES))

.DEFAULT_GOAL := help
.PHONY: help install demo serve test lint types imports check bench leaks fuzz storm chaos swarm escapes docs lock clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: $(STAMP) ## set up the virtual environment: locked libraries, then the workspace as editables

# Two steps, because pip's hash mode refuses local editables; the build backend is in the lock.
$(STAMP): requirements/lock.txt $(PROJECTS)
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements/lock.txt
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation $(foreach place,$(EDITABLES),-e ./$(place))
	@touch $@

demo: install ## run the main job end to end and show it (ARGS="--once --data-dir D")
	$(BIN)/runtime demo $(ARGS)

serve: install ## run the daemon (ARGS="--port 7700")
	$(BIN)/runtime serve $(ARGS)

# One process more than cores: those of the journeys wait for daemons half of their time.
test: install ## run the tests, three at a time (ARGS="-k ingest")
	$(BIN)/python -m pytest -n 3 --dist worksteal $(ARGS)
	$(if $(ARGS),,$(BIN)/python -m pytest -n 2 --dist worksteal --levada-sandbox -k "not TestStripe and not TestAws and not whatever_happens" connectors)

lint: install ## ruff: rules and format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: install ## mypy, strict
	$(BIN)/mypy

imports: install ## the floors, held by import-linter
	$(BIN)/lint-imports

docs: install ## build the documentation, strictly
	$(BIN)/mkdocs build --strict --quiet --site-dir build/site

check: lint types imports docs test ## everything CI runs

bench: install ## measure and print what is compared (ARGS="graph", "ingest", "peers", "scale", "schedule", "snapshot", "wall", "webhooks")
	$(BIN)/python -m benchmarks $(ARGS)

leaks: install ## many runs of every ending through one zygote, with the figures before and after (RUNS=5000)
	LEVADA_LEAK_RUNS=$(RUNS) $(BIN)/python -m pytest -q tests/sandbox/test_leaks.py

fuzz: install ## ask a running daemon whatever its API document allows, and more (SECONDS=300)
	$(BIN)/python tests/fuzz/fuzz.py $(SECONDS)

storm: install ## kill -9 of workers and daemons at any instant of a large run, on each database (RECORDS=100000 KILLS=25)
	LEVADA_STORM_RECORDS=$(RECORDS) LEVADA_STORM_KILLS=$(KILLS) $(BIN)/python -m pytest -q tests/journeys/test_storm.py $(ARGS)

chaos: KILLS = 200
chaos: install ## kill -9 of everything over polls, backfills and webhooks, on each database, and full disks (KILLS=200)
	LEVADA_CHAOS_KILLS=$(KILLS) $(BIN)/python -m pytest -q tests/journeys/chaos $(ARGS)

swarm: SECONDS = 60
swarm: install ## eight callers sync four connectors at once while the daemon is killed, on each database (SECONDS=60)
	LEVADA_SWARM_SECONDS=$(SECONDS) $(BIN)/python -m pytest -q -s tests/journeys/test_swarm.py $(ARGS)

escapes: install ## try the attacks on the sandbox in a folder, at every level (DIR=tests/sandbox/escapes ARGS="--as-user")
	$(BIN)/python -m tests.sandbox.harness $(DIR) $(ARGS)

lock: ## resolve requirements/lock.txt anew (needs uv)
	uv pip compile requirements/dev.in --universal --python-version 3.11 --generate-hashes --upgrade \
	  --no-emit-index-url --no-emit-find-links --no-header --no-annotate --quiet \
	  --no-emit-package levada-sdk --no-emit-package levada-runtime --no-emit-package levada-acme \
	  --no-emit-package levada-stripe --no-emit-package levada-aws \
	  --output-file requirements/lock.txt

clean: ## remove what was built
	rm -rf $(VENV) build site .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
