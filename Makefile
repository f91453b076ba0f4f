# Every target sets up what it needs: a fresh clone wants only Python 3.11 (or PYTHON=python3.12) and make.
PYTHON ?= python3.11
TASK =
RUN := .venv/bin/python -m
INSTALLED := .venv/installed.stamp
COMPILE := .venv/bin/uv pip compile --quiet

.DEFAULT_GOAL := help
.PHONY: help install demo test test-slow lint lock golden clean

help: ## show these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "%-10s %s\n", $$1, $$2}' Makefile

install: $(INSTALLED) ## set up .venv from the hashed lock, with the project in it

demo: $(INSTALLED) ## compile the pipeline and run that very YAML on scikit-learn's digits (TASK=tabular: on a table)
	@$(RUN) graduate.pipelines.demo $(TASK)

# A file to a process, as what its tests share takes long to make.
test: $(INSTALLED) ## pass the tests
	@$(RUN) pytest -m "not slow" --numprocesses 2 --dist loadfile

test-slow: $(INSTALLED) ## pass the tests that take minutes
	@$(RUN) pytest -m slow

lint: $(INSTALLED) ## check style and types
	$(RUN) ruff check
	$(RUN) ruff format --check
	$(RUN) basedpyright

golden: $(INSTALLED) ## accept the compiled specs of today as the golden ones, and print them
	@$(RUN) tests.golden.accept

lock: $(INSTALLED) ## bring every lock in line with pyproject.toml and containers/*/requirements.in
	$(COMPILE) --no-config --universal --python-version 3.11 --generate-hashes --no-annotate --custom-compile-command "make lock" \
		--extra local --extra dev --output-file containers/local/requirements.lock pyproject.toml
	for input in containers/tools.in containers/*/requirements.in; do \
		$(COMPILE) --config-file containers/uv.toml --output-file $${input%.in}.lock $$input || exit; \
	done

clean: ## remove everything that make made
	rm -rf .venv .pytest_cache .ruff_cache build dist *.egg-info

# pip and not uv, which is six times faster but reads neither the index nor the certificates of a machine's pip.conf.
.venv/locked.stamp: containers/local/requirements.lock
	@echo "Setting up .venv: downloads about 0.8 GB, takes a minute or two ..."
	$(PYTHON) -m venv --clear .venv
	$(RUN) pip install --quiet --disable-pip-version-check --require-hashes --requirement $<
	touch $@

$(INSTALLED): .venv/locked.stamp pyproject.toml
	$(RUN) pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@
