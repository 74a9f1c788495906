# Two commands matter on a fresh machine: `make demo` and `make test`. Everything they need is made in .venv.
PYTHON ?= python3
PY = .venv/bin/python

# Where it is set, every child process of ours compiles its modules anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test quick check soak form types order wheel lock clean venv venv-dev format

demo: venv
	@.venv/bin/newsletter demo

test: venv-dev  ## every test; as root on Debian also installs what tests/debian-packages.txt lists
	@.ci/test

quick: venv-dev  ## the tests that need no service, under a minute
	@$(PY) -m pytest -q -n auto -m "not service and not slow"

check: venv-dev  ## form, types, order of imports, docs, and the wheel in an empty environment
	@$(MAKE) --no-print-directory --jobs=2 --output-sync types wheel form order

form:
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .

types:
	$(PY) -m mypy

order:
	$(PY) -m pytest -q tests/test_layers.py tests/test_docs.py

wheel:
	@.ci/wheel

# kill -9, over and over: half an hour on two cores. Writes docs/soak.md, and how to play again what failed.
ROUNDS ?= 500
soak: venv-dev
	@$(PY) -m tests.soak --rounds $(ROUNDS) --report docs/soak.md

format: venv-dev
	$(PY) -m ruff check --fix .
	$(PY) -m ruff format .

# The lock files name no address: where packages come from is the machine's own setting.
LOCK = .venv/bin/uv pip compile -q --universal --python-version 3.11 --generate-hashes --upgrade \
	--no-header --no-annotate --no-emit-index-url --no-emit-find-links
lock: venv-dev
	$(LOCK) --extra ru --extra postgres pyproject.toml -o requirements.txt
	$(LOCK) --extra ru --extra postgres pyproject.toml requirements-dev.in -c requirements.txt -o requirements-dev.txt

venv:
	@PYTHON="$(PYTHON)" .ci/venv .venv requirements.txt requirements-dev.txt

venv-dev:
	@PYTHON="$(PYTHON)" .ci/venv .venv requirements-dev.txt

clean:
	rm -rf .venv .venv-* .cache dist build .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find newsletter tests -name __pycache__ -type d -prune -exec rm -rf {} +
