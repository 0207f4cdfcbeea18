# run: a first try, everything set up by itself.  test: all tests.  check: what CI runs.  help: the rest.
PYTHON ?= python3
BIN := .venv/bin
# The lock files are complete, so nothing is resolved: a release made after the lock cannot change what is installed.
# `pip check` afterwards says so if a package lacks one that it needs.
PIP_INSTALL := $(BIN)/pip install -q --disable-pip-version-check --no-deps
PIP_CHECK := $(BIN)/pip check -q --disable-pip-version-check
NOT_INSTALLED := { echo "not installed: see the message of pip above. Without a network, or with an index that lacks a package," \
  "point pip at one that has them: PIP_INDEX_URL=https://... make" >&2; exit 1; }
RUN := .venv/.installed-run
DEV := .venv/.installed-dev
NODE := tests/e2e/node
SDKS := $(NODE)/node_modules/.installed
# Three things at a time, each one's output in one piece.
SIDE_BY_SIDE := $(MAKE) --no-print-directory --jobs=3 $(if $(filter output-sync,$(.FEATURES)),--output-sync=target)
# What was compiled once is kept, whatever the environment says: the tests start Python some hundreds of times.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: help run test unit e2e fuzz unread bench-overload reloads faults chaos agents check lint types format bench bench-decision bench-beside bench-memory eval-routing proto lock clean
help:
	@printf '  %-16s %s\n' \
	  run "run Envoy, the service and simulated providers" \
	  check "format check, lint, types and all tests, as CI" \
	  test "all tests: unit and e2e, side by side" \
	  unit "tests without Envoy" \
	  e2e "end-to-end tests with Envoy and the SDKs" \
	  format "format the code" \
	  fuzz "100,000 mutated requests and responses" \
	  unread "responses of 100 MiB that no client reads" \
	  reloads "1,000 reloads under load, and reloads with 1,000 providers" \
	  faults "every fault, client and chain through Envoy; writes docs/reliability.md" \
	  chaos "5 minutes of load with faults, reloads and killed workers (CHAOS='--seconds 60 --rate 30' for less, CHAOS='--seconds 600 --rate 50 --hostile' for clients' attacks too)" \
	  agents "real coding agents through Envoy at simulated providers of each format (installs them from npm; AGENTS='--format gemini' for one)" \
	  bench "throughput, latency and CPU time against plain Envoy (requires wrk)" \
	  bench-overload "ten times more load than fits" \
	  bench-decision "the routing decision alone" \
	  bench-beside "latency of short calls beside long ones" \
	  bench-memory "memory of the service and Envoy over 200,000 calls (requires wrk)" \
	  eval-routing "accuracy of the classification of requests" \
	  proto "generate openclaw_extproc/pb" \
	  lock "renew the lock files" \
	  clean "remove .venv and other generated files"

run: $(RUN)
	@$(BIN)/openclaw-extproc up

test:
	@echo "running the tests; each group prints its output when it ends, after some 10 minutes on two cores"
	@$(SIDE_BY_SIDE) e2e unit

unit: $(DEV)
	$(BIN)/python -m pytest --ignore=tests/e2e

# Files side by side: they wait for processes most of the time.
e2e: $(DEV)
	$(BIN)/python -m pytest -n 5 --dist loadfile --no-loadscope-reorder tests/e2e

fuzz: $(DEV)
	FUZZ_CASES=100000 $(BIN)/python -m pytest -q tests/wire/test_mutations.py

unread: $(DEV)
	UNREAD=full $(BIN)/python -m pytest -q tests/e2e/test_unread.py

bench-overload: $(DEV)
	@$(BIN)/python -m bench.overload

reloads: $(DEV)
	RELOADS=1000 PROVIDERS=1000 $(BIN)/python -m pytest -q -s tests/e2e/test_reload_under_load.py tests/e2e/test_many_providers.py

faults: $(DEV)
	@$(BIN)/python -m tests.faults --write docs/reliability.md

chaos: $(DEV)
	@$(BIN)/python -m tests.chaos $(CHAOS)

agents: $(DEV)
	@$(BIN)/python -m tests.agents $(AGENTS)

# The end-to-end tests, which wait a lot, beside all that computes.
check:
	@echo "checking; each group prints its output when it ends, after some 10 minutes on two cores"
	@$(SIDE_BY_SIDE) e2e lint types unit

lint: $(DEV)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: $(DEV)
	$(BIN)/mypy
	$(BIN)/pyright

format: $(DEV)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(DEV)
	$(BIN)/python -m bench
	$(BIN)/python -m bench.multiples

eval-routing: $(DEV)
	@$(BIN)/python -m bench.routing

bench-decision: $(DEV)
	$(BIN)/python -m bench.decision

bench-beside: $(DEV)
	@$(BIN)/python -m bench.beside

bench-memory: $(DEV)
	@$(BIN)/python -m bench.memory

proto: $(DEV)
	$(BIN)/python -m grpc_tools.protoc -Iproto --python_out=openclaw_extproc/pb --pyi_out=openclaw_extproc/pb proto/*.proto

# Every version and hash is pinned: the service alone (the image, with every cloud), with what `run` needs, with everything.
# A lock is closed: it names each package that anything in it needs (tests/test_locks.py), and is installed without resolving.
COMPILE := $(BIN)/pip-compile -q --generate-hashes --allow-unsafe --no-strip-extras --build-deps-for editable \
  --no-emit-index-url --no-emit-trusted-host --no-emit-find-links
lock: $(DEV)
	$(COMPILE) --all-extras -o requirements-dev.lock pyproject.toml
	$(COMPILE) --extra envoy --extra simulator -c requirements-dev.lock -o requirements-run.lock pyproject.toml
	$(COMPILE) --extra aws --extra google --extra speed -c requirements-dev.lock -o requirements.lock pyproject.toml

clean:
	rm -rf .venv $(NODE)/node_modules .pytest_cache .mypy_cache .ruff_cache .hypothesis

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "needs Python 3.11 or later, and $(PYTHON) is older: name another one, as in make run PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -m venv .venv || { rm -rf .venv; echo "needs venv: apt-get install python3-venv"; exit 1; }

$(RUN): requirements-run.lock pyproject.toml | $(BIN)/python
	@echo "installing into .venv, once ..."
	@{ $(PIP_INSTALL) --require-hashes -r requirements-run.lock && $(PIP_INSTALL) --no-build-isolation -e . \
	  && $(PIP_CHECK); } || $(NOT_INSTALLED)
	@touch $@

$(DEV): requirements-dev.lock pyproject.toml | $(BIN)/python $(SDKS)
	@echo "installing into .venv, once ..."
	@{ $(PIP_INSTALL) --require-hashes -r requirements-dev.lock && $(PIP_INSTALL) --no-build-isolation -e . \
	  && $(PIP_CHECK); } || $(NOT_INSTALLED)
	@touch $@ $(RUN)

$(SDKS): $(NODE)/package-lock.json $(NODE)/package.json
	@node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)' 2>/dev/null && npm --version >/dev/null 2>&1 \
	  || { echo "the tests need Node.js 20 or later, with npm: https://nodejs.org"; exit 1; }
	@echo "installing into $(NODE), once ..."
	@npm ci --prefix $(NODE) --silent --no-audit --no-fund
	@touch $@
