# Shortcuts. `make check` is exactly what CI runs.
COMPILE = python3 bootstrap.py uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
          --no-header --no-emit-index-url --no-annotate

.PHONY: up test check format lock

up:
	python3 manage.py up

test:
	python3 manage.py test

check:
	.ci/run

format:
	python3 bootstrap.py dev
	.venv/bin/ruff check --fix .
	.venv/bin/ruff format .

# After changing dependencies in pyproject.toml: docs/adr/0002-hash-locked-requirements.md. UPGRADE=--upgrade takes newer versions.
lock:
	$(COMPILE) $(UPGRADE) requirements-tools.in -o requirements-tools.lock
	$(COMPILE) $(UPGRADE) pyproject.toml -o requirements.lock
	$(COMPILE) $(UPGRADE) pyproject.toml --group dev -o requirements-dev.lock
