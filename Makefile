PYTHON ?= python3
BIN := .venv/bin
LOCK := uv pip compile pyproject.toml --extra dev --extra web --universal --python-version 3.11 \
	--generate-hashes --no-annotate --quiet

.PHONY: demo serve docs test slow lint format lock clean

demo: .venv/ready
	$(BIN)/python experiments/demo.py --workdir=runs/demo

serve: .venv/ready
	$(BIN)/cic-jax serve

# The site, with its notebooks run: runs/site/index.html. Fetches nothing.
docs: .venv/ready
	$(BIN)/python -c 'import furo, ipykernel, latex2mathml, myst_nb' 2>/dev/null || \
		{ echo "first: $(BIN)/pip install -e '.[docs]'"; exit 1; }
	$(BIN)/python -m sphinx --fail-on-warning --keep-going --jobs=auto -q -c docs/site . runs/site
	@echo runs/site/index.html

test: .venv/ready lint
	$(BIN)/python -m pytest -m "not slow"

# Whole commands from end to end, several devices, a browser: .ci/run has them, too.
slow: .venv/ready
	$(BIN)/python -m pytest -m slow

lint: .venv/ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

format: .venv/ready
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# Pins every package the project installs, with hashes, for each platform and Python version.
lock:
	$(LOCK) --output-file=requirements.lock

.venv/ready: requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or later is needed, this is %d.%d: run `make PYTHON=python3.11`" % sys.version_info[:2] if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch .venv/ready

clean:
	rm -rf .venv runs
