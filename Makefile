# Everything a person does here. Needs Python >= 3.11, make and pip, nothing else.
PYTHON ?= python3
VENV ?= .venv
# What else is installed: EXTRAS=dev,browser for the browser tests.
EXTRAS ?= dev
BIN := $(VENV)/bin
READY := $(VENV)/.installed
TURBOMODE_HOME ?= .turbomode
export TURBOMODE_HOME

.PHONY: run up test test-slow reliability check format audit bench lock clean

run: $(READY)
	$(BIN)/turbomode run $(ARGS)

up: $(READY)
	$(BIN)/turbomode up $(ARGS)

test: $(READY)
	$(BIN)/pytest -n 2 --dist loadgroup -m "not slow" $(ARGS)

test-slow: $(READY)
	$(BIN)/pytest -n 2 --dist loadgroup -m slow $(ARGS)

# Every figure of docs/reliability.md: hours of one core, mostly for the years lived.
RELIABILITY := build/reliability
reliability: $(READY)
	rm -rf $(RELIABILITY)
	$(BIN)/turbomode run --home $(RELIABILITY)/home --symbols 16 --edge 8 \
		--from 2021-05-03 --live-from 2024-01-02 --to 2024-03-08
	$(BIN)/python -m turbomode_assets_tests.fuzzing
	$(BIN)/python -m turbomode_assets_tests.crashes.report --home $(RELIABILITY)/home
	$(BIN)/python -m turbomode_assets_tests.soak $(RELIABILITY)/soak

check: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --config setup.cfg

format: $(READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# What is installed to run, under which license, and what is known against it; needs a
# way to the advisory database, and EXTRAS=dev,audit.
audit: $(READY)
	$(BIN)/python deploy/licenses.py
	$(BIN)/pip-audit --requirement constraints.txt --no-deps --disable-pip

bench: $(READY)
	@for file in benchmarks/*.py; do echo "== $$file"; $(BIN)/python $$file || exit 1; done

# The full lock; needs uv (https://docs.astral.sh/uv).
lock:
	uv pip compile pyproject.toml --all-extras --universal --fork-strategy fewest --python-version 3.11 \
		--no-header --no-annotate --upgrade --output-file constraints.txt

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache build

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(v < (3, 11) and "Python >= 3.11 is needed, found %d.%d; try make PYTHON=python3.12" % v[:2])'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[$(EXTRAS)]'
	touch $(READY)
