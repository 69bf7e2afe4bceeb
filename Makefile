# Lookahead Lab. `make app` and `make test` are all that anyone has to remember; `make help` lists the rest.

PYTHON ?= python3
PORT ?= 8501
TORCH_INDEX ?= https://download.pytorch.org/whl/cpu

VENV := .venv
PY := $(VENV)/bin/python
# NumPy's threads of several workers wait for one another: one is quicker.
PYTEST := OPENBLAS_NUM_THREADS=1 $(PY) -m pytest -n 2 --dist loadscope --no-loadscope-reorder --durations=10

.DEFAULT_GOAL := help
.PHONY: help app test test-fast test-wide test-all lint lint-player format audit bench studies shipped gallery api docker clean

help: ## list the commands
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1|/' | column -t -s '|'
	@echo "Variables: PYTHON=$(PYTHON) PORT=$(PORT) TORCH_INDEX=$(TORCH_INDEX)"

app: $(VENV)/.app ## start the app (PORT=8501) and print its address
	@exec $(PY) -m app.cli app --port $(PORT)

test: $(VENV)/.dev ## the tests of everyday work, under six minutes
	$(PYTEST) -m "not slow and not wide"

test-wide: $(VENV)/.dev ## the rest of what has to pass before a change lands: more of the pages in a browser
	$(PYTEST) -m "wide and not slow"

test-fast: $(VENV)/.dev ## under a minute: no browser, no page, no process
	$(PYTEST) -m "not slow and not browser and not integration"

test-all: $(VENV)/.dev ## every test
	$(PYTEST)

lint: $(VENV)/.dev ## format, style, types and import rules
	$(PY) -m ruff format --check .
	$(PY) -m ruff check .
	$(PY) -m mypy
	$(VENV)/bin/lint-imports
	@if command -v npm >/dev/null; then $(MAKE) --no-print-directory lint-player; \
	elif [ "$${CI:-}" = true ]; then echo "npm is needed to check app/player/browser" >&2; exit 1; \
	else echo "Skipped: app/player/browser is checked where Node 18 or newer and npm are installed"; fi

lint-player: node_modules/.installed ## style and types of the player's ES modules (needs Node 18 or newer)
	npm run --silent lint

format: $(VENV)/.dev ## put the code into the one format
	$(PY) -m ruff format .
	$(PY) -m ruff check --fix .
	@if [ -d node_modules ]; then npm run --silent format; fi

audit: $(VENV)/.app ## known weaknesses and licences of the dependencies
	@$(PYTHON) -m venv build/audit
	@build/audit/bin/python -m pip install --quiet --disable-pip-version-check pip-audit pip-licenses
	@build/audit/bin/pip-audit --requirement requirements.txt --disable-pip --no-deps --progress-spinner off
	@build/audit/bin/pip-licenses --python $(PY) --order license

bench: $(VENV)/.dev ## every benchmark of speed, one after the other
	@for script in $(filter-out %_study.py,$(wildcard benchmarks/[a-z]*.py)); do \
	  echo "== $$script"; $(PY) -m benchmarks.$$(basename $$script .py) || exit 1; done

studies: $(VENV)/.dev ## the tables of docs/networks.md and docs/study.md
	$(PY) -m benchmarks.network_study
	$(PY) -m benchmarks.gan_study
	$(PY) -m benchmarks.depth_study
	$(PY) docs/study.py

shipped: $(VENV)/.app ## compute the finished runs that Networks and GANs open on
	$(PY) -m app.runs.shipped

gallery: $(VENV)/.app ## render docs/gallery from the command line tool
	$(PY) -m app.cli gallery docs/gallery

api: $(VENV)/.dev ## pages of the library's API, from its docstrings, in build/api
	@$(PY) -m pip install --quiet --disable-pip-version-check --target build/pdoc --upgrade pdoc==16.0.0
	PYTHONPATH=build/pdoc:. $(PY) docs/api.py build/api

docker: ## build the image; `docker compose up` starts it
	docker build --build-arg TORCH_INDEX=$(TORCH_INDEX) --tag lookahead-lab .

clean: ## remove caches and build outputs (.venv stays)
	rm -rf build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache test-results
	find . -name $(VENV) -prune -o -name __pycache__ -type d -exec rm -rf {} +

# Each stamp is as new as the requirements it was installed from, so a second start installs nothing.
$(VENV)/.app: requirements.txt pyproject.toml | $(PY)
	$(call install,requirements.txt)

$(VENV)/.dev: requirements-dev.txt requirements.txt pyproject.toml | $(PY)
	$(call install,requirements-dev.txt)
	@touch $(VENV)/.app

node_modules/.installed: package.json package-lock.json
	npm ci --silent
	@touch $@

$(PY):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "Python 3.11 or newer is needed; PYTHON=$(PYTHON) gives: $$($(PYTHON) --version 2>&1 | head -n 1)." \
	       "Name another one, such as: make app PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); exit 1; }

# PyTorch's CPU index spares Linux the gigabytes of CUDA. pip retries an unreachable index for minutes, package by
# package, so it is asked for torch first and left out when it does not answer. "compat" puts the tree itself on the path:
# the application is found from anywhere, though it is no part of the wheel.
define install
@echo "Installing $(1) into $(VENV): minutes the first time, seconds afterwards"
@index=; if [ -z "$(TORCH_INDEX)" ]; then :; \
  elif $(PY) -c 'import sys, urllib.request as u; u.urlopen(sys.argv[1], timeout=5)' $(TORCH_INDEX)/torch/ 2>/dev/null; \
  then index="--extra-index-url $(TORCH_INDEX)"; \
  else echo "$(TORCH_INDEX) does not answer: going on with pip's own index alone"; fi; \
  $(PY) -m pip install --disable-pip-version-check $$index --config-settings editable_mode=compat -r $(1) -e .
@touch $@
endef
