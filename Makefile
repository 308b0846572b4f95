# The commands people type are the commands CI runs.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
SHARED := $(wildcard ../shared/data)
ifndef LINNET_TEST_DATA
ifneq ($(SHARED),)
export LINNET_TEST_DATA := $(abspath $(SHARED))
endif
endif
HOME_DIR ?= demo-home

# Java services that tests start; kept outside the tree, fetched once.
export LINNET_SERVICES ?= $(HOME)/.cache/linnet/services

.PHONY: setup demo serve services check test torture bench bench-full bench-quick bench-filters bench-backtest bench-live soak mutants profile clean

setup: $(VENV)/.ready  ## make .venv, install, compile

$(VENV)/.ready: pyproject.toml client/pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet -e ".[dev]" -e client
	$(BIN)/linnet warmup
	touch $@

demo: setup  ## real ZTF and Rubin packets through the whole corridor
	$(BIN)/linnet demo --home $(HOME_DIR)

serve: setup  ## look at the demo in a browser
	$(BIN)/linnet serve --home $(HOME_DIR)

services:  ## fetch the real services (Kafka) that tests start, once; installs Java and Maven where they are missing
	$(PYTHON) scripts/services.py

check: setup  ## format, lint, types, import arrows, spelling, docstrings
	$(BIN)/ruff format --check src client tests scripts
	$(BIN)/ruff check src client tests scripts
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/codespell src client tests samples/README.md README.md ARCHITECTURE.md CONTRIBUTING.md CHANGELOG.md
	$(BIN)/interrogate -c pyproject.toml --quiet src client/src

test: setup  ## every test; those that need the shared data or a service skip loudly without it
	$(BIN)/pytest -n 2 --dist loadfile

torture: setup  ## kill the live broker on a real Kafka hundreds of times; bench/torture.json
	PYTHONPATH=scripts:tests $(BIN)/python -m torture

bench: setup  ## every figure beside a yardstick of the same run; bench/latest.json and docs/performance.md
	PYTHONPATH=scripts $(BIN)/python -m bench

bench-full: setup  ## the same with a million and ten million stored, longer runs, and 20 minutes of even load
	PYTHONPATH=scripts $(BIN)/python -m bench full

bench-quick: setup  ## two minutes; fails where a ratio to its yardstick fell by half
	PYTHONPATH=scripts $(BIN)/python -m bench quick

bench-live: setup  ## delays through the live broker on a real Kafka, a quarter of an hour; bench/live.json
	PYTHONPATH=scripts:tests $(BIN)/python -m bench_live

soak: setup  ## half an hour of even load on a real Kafka that deletes: memory, lag, account; bench/soak.json
	PYTHONPATH=scripts:tests $(BIN)/python -m soak

mutants: setup  ## 100,100 messages, every hundredth damaged, each judged by a strict reader; bench/mutants.json
	PYTHONPATH=scripts:tests $(BIN)/python scripts/mutants.py $(LINNET_TEST_DATA)

profile: setup  ## a flame graph of the corridor, bench/profile.svg
	PYTHONPATH=scripts $(BIN)/python -m bench.profiling

bench-filters: setup  ## a thousand filters, together and each alone; bench/filters.json
	PYTHONPATH=scripts $(BIN)/python -m bench --parts filters
	PYTHONPATH=scripts $(BIN)/python -m bench.filter_costs

bench-backtest: setup  ## filters on a recorded past: columns alone, and packets read again
	PYTHONPATH=scripts $(BIN)/python scripts/bench_backtest.py

clean:
	rm -rf $(VENV) $(HOME_DIR)
