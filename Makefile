# `make quickstart` and `make test` do all their set-up themselves.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: quickstart test lint docs clean

quickstart: $(VENV)/.quickstart
	$(BIN)/scale run sweeps/quickstart.yaml
	$(BIN)/scale accuracy results/quickstart --plot
	$(BIN)/scale frontier results/quickstart
	@echo "figures are in plots/quickstart"

test: $(VENV)/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest

docs: $(VENV)/.test
	$(BIN)/python docs/regenerate.py

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip

$(VENV)/.quickstart: $(VENV)/bin/python pyproject.toml constraints.txt
	@echo "installing scale and llama.cpp (about a minute)"
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[llamacpp,tasks]'
	@touch $@

$(VENV)/.test: $(VENV)/bin/python pyproject.toml constraints.txt
	@echo "installing scale and its checks (about two minutes)"
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[llamacpp,tasks,datasets,test]'
	@touch $@

clean:
	rm -rf $(VENV) .venv-vllm results/quickstart plots/quickstart
