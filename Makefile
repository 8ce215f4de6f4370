# Every target sets up what it needs; the second time that takes no time.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
PYTEST_FLAGS ?= -n 3

.DEFAULT_GOAL := help
.PHONY: setup demo test test-pythons test-deep check simulate torture soak sdk-names fuzz stubs stubs-check bench fmt coverage help clean

setup: $(READY) ## create the environment in .venv
$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Python 3.11 or newer is needed: make PYTHON=python3.11")'
	@echo 'Making the environment in .venv: a minute or two, the first time only.'
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@

demo: $(READY) ## run the main workflow: stubs, a wrong call, a local bus, a worker and a producer
	@$(BIN)/python examples/demo.py

test: $(READY) ## run all tests
	$(BIN)/python -m pytest $(PYTEST_FLAGS)

# Each Python that the metadata names, where one is found: on the PATH, or among those of pyenv.
PYTHONS := 3.11 3.12 3.13
test-pythons: ## run all tests on each Python version that pyproject.toml names and that is installed
	@for version in $(PYTHONS); do \
	  python=$$(command -v python$$version && python$$version -c '' 2>/dev/null || ls -d $$HOME/.pyenv/versions/$$version.*/bin/python 2>/dev/null | tail -n 1); \
	  python=$$(echo "$$python" | tail -n 1); \
	  if [ -z "$$python" ] || ! "$$python" -c '' 2>/dev/null; then echo "Python $$version: not on this machine, not tested"; continue; fi; \
	  echo "Python $$version: $$python"; \
	  environment=.venv-$$version; \
	  if [ ! -e $$environment/.ready ] || [ pyproject.toml -nt $$environment/.ready ] || [ constraints.txt -nt $$environment/.ready ]; then \
	    "$$python" -m venv $$environment && \
	    $$environment/bin/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]' && \
	    touch $$environment/.ready || exit 1; \
	  fi; \
	  $$environment/bin/python -m pytest $(PYTEST_FLAGS) || exit 1; \
	done

EXAMPLES ?= 10000
test-deep: $(READY) ## run the property-based tests (EXAMPLES=10000 each)
	EXAMPLES=$(EXAMPLES) $(BIN)/python -m pytest $(PYTEST_FLAGS) --hypothesis-profile=deep --timeout=0 -m hypothesis

check: $(READY) ## check format, lint, types, import rules, and that the stubs are up to date
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/pyright
	$(BIN)/lint-imports
	@$(MAKE) --no-print-directory stubs-check

stubs: $(READY) ## regenerate the stubs of the examples
	cd examples/accounts && ../../$(BIN)/boilermaker stubs generate
	cd examples/billing && ../../$(BIN)/boilermaker stubs generate

stubs-check: $(READY) ## fail if the stubs are not up to date
	cd examples/accounts && ../../$(BIN)/boilermaker stubs check
	cd examples/billing && ../../$(BIN)/boilermaker stubs check

bench: $(READY) ## compare speed with its goals, the plain SDK, boilermaker-servicebus and ast.parse (BENCH="--only noop --quick")
	$(BIN)/python -m tests.benchmarks $(BENCH)

simulate: $(READY) ## simulate a million runs of crashing workers in virtual time (SCHEDULES=...)
	PYTHONPATH=tests $(BIN)/python -m simulation --schedules $(or $(SCHEDULES),1000000)

torture: $(READY) ## run 10,000 workflows while workers are killed and connections cut (WORKFLOWS=...)
	PYTHONPATH=tests $(BIN)/python -m torture --workflows $(or $(WORKFLOWS),10000)

sdk-names: $(READY) ## run workers on copies of azure-servicebus that each lack one private name (NAME=... for one)
	PYTHONPATH=tests $(BIN)/python -m sdk_names $(NAME)

soak: $(READY) ## run tasks over AMQP for an hour; memory, asyncio tasks and links must not grow (MINUTES=...)
	PYTHONPATH=tests $(BIN)/python -m soak --minutes $(or $(MINUTES),60)

# The fuzzer is made for few platforms: it is installed when asked for, and by nothing else.
fuzz: $(READY) ## run a coverage-guided fuzzer on everything that workers parse (SECONDS=60)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check 'atheris>=3,<4'
	PYTHONPATH=tests $(BIN)/python -m fuzz -max_total_time=$(or $(SECONDS),60)

coverage: $(READY) ## run the tests with branch coverage
	$(BIN)/python -m coverage run -m pytest -n 0
	$(BIN)/python -m coverage combine --quiet
	$(BIN)/python -m coverage report

fmt: $(READY) ## format, and fix lint errors that can be fixed automatically
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean: ## remove the environment and caches
	rm -rf .venv .venv-3.* .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache .coverage*

help: ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'
