# Each target sets up .venv by itself, from pinned constraints.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: setup demo test lint bench clean
.DELETE_ON_ERROR:

setup: $(READY)

# torch first and on its own: a plain pin that pip resolves, so that a CPU build already at hand is taken.
$(READY): pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; make PYTHON=/path/to/python3.11 …"; exit 2; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt torch
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev,bench]'
	touch $@

demo: setup
	$(BIN)/chronolect demo --out runs/demo

test: setup lint
	bash tests/browser.sh
	$(BIN)/python -m pytest -n 2 --dist loadfile

lint: setup
	$(BIN)/ruff check src tests benchmarks
	$(BIN)/ruff format --check src tests benchmarks
	$(BIN)/mypy

bench: setup
	$(BIN)/python benchmarks/training_speed.py
	$(BIN)/python benchmarks/packing_speed.py
	$(BIN)/python benchmarks/scoring_speed.py

clean:
	rm -rf $(VENV) runs
