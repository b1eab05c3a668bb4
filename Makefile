# Every target makes what it needs first, the virtual environment included.
PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/.installed

.DEFAULT_GOAL := help
.PHONY: help install demo test bench format clean

help:  ## say what there is
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-8s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

install: $(INSTALLED)  ## install everything into .venv

demo: $(INSTALLED)  ## train a balancer, evaluate it in two simulators, export it, film it
	bash examples/demo.sh

test: $(INSTALLED)  ## lint, formatting, types, tests (PYTEST_ARGS="-k name" picks some)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/pyright
	$(BIN)/pytest $(PYTEST_ARGS)

bench: $(INSTALLED)  ## measure what the README claims
	@set -e; for program in benchmarks/[!_]*.py; do echo "== $$program"; $(BIN)/python "$$program"; done

format: $(INSTALLED)  ## mend what ruff can mend
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

clean:  ## remove the environment, caches and builds; runs/ stays
	rm -rf .venv build dist src/*.egg-info .pytest_cache .ruff_cache
	find src tests examples benchmarks -name __pycache__ -prune -exec rm -rf {} + 2>/dev/null || true

$(INSTALLED): pyproject.toml constraints.txt | $(BIN)/python
	$(BIN)/python -m pip install --quiet --editable '.[dev]' --constraint constraints.txt
	touch $@

$(BIN)/python:
	$(PYTHON) -m venv .venv
