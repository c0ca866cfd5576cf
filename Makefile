# The environment, .venv/, is made when it is missing or older than requirements.lock or pyproject.toml.

PYTHON ?= python3
PARAMS ?= params/quick.yml
STORE  ?= build/store.sqlite

# where the data sets are, and the one of them that is made of a package's file
DATA   ?= $(or $(PERSO_DATA_DIR),data)
WATCH  := $(DATA)/watch/watch-exercises.npz

BIN   := .venv/bin
STAMP := .venv/.installed
LOCK  := build/lock
LOWEST := build/lowest

# Run notebooks in place. Keep the metadata that tests and the book use; drop times and what editors add.
CLEAR   := --ClearMetadataPreprocessor
REFRESH := --to notebook --execute --inplace --ExecutePreprocessor.record_timing=False $(CLEAR).enabled=True \
	$(CLEAR).preserve_cell_metadata_mask="{'tags', 'mystnb'}" \
	$(CLEAR).preserve_nb_metadata_mask="{'kernelspec', ('language_info', 'name')}"

# a file's tests stay in one process; each process takes more than a GB
PARALLEL := -n auto --maxprocesses 4 --dist loadfile
# these processes share the cores: threads within them would wait for each other
test: export OMP_NUM_THREADS := 1

# The user's IPython start-up files could define or change anything, so chapters run without them.
export IPYTHONDIR := $(CURDIR)/build/ipython
unexport PYTHONSTARTUP

.DEFAULT_GOAL := help
.NOTPARALLEL:
.DELETE_ON_ERROR:
.PHONY: help book pdf test test-lowest bench chapters readme lock clean

help:  ## show this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/make \1|\2/p' Makefile | awk -F'|' '{printf "%-17s %s\n", $$1, $$2}'
	@echo "PYTHON=$(PYTHON)  PARAMS=$(PARAMS)  STORE=$(STORE)"

book: $(STAMP) $(WATCH)  ## train what STORE does not have, run the chapters with PARAMS, build the pages
	$(BIN)/python -m perso book "$(PARAMS)" --store "$(STORE)"

pdf: book  ## the book as one PDF, build/book.pdf; needs Chromium
	$(BIN)/python -m perso.report.pdf build/html build/book.pdf

test: $(STAMP) $(WATCH)  ## style, unit tests, a small book in a browser, the chapters' committed outputs
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/python -m pytest $(PARALLEL) --ignore tests/browser
	rm -rf build/test
	$(BIN)/python -m perso book params/smoke.yml --store build/test/store.sqlite --to build/test
	PERSO_BOOK=build/test/html $(BIN)/python -m pytest -n 2 --dist loadgroup tests/browser
	PERSO_STORE="$(CURDIR)/build/test/store.sqlite" $(BIN)/python -m pytest $(PARALLEL) \
		--nbval --nbval-current-env --nbval-sanitize-with tests/sanitize.cfg chapters

# tests of training, statistics, tables and the import
test-lowest:  ## the same packages in the lowest versions that pyproject.toml allows: a minute or two
	$(check_python)
	rm -rf $(LOWEST)
	$(PYTHON) -m venv $(LOWEST)
	$(LOWEST)/bin/python -m pip install --quiet uv
	$(LOWEST)/bin/uv pip install --quiet --python $(LOWEST)/bin/python --resolution lowest-direct \
		--requirements pyproject.toml --all-extras
	$(LOWEST)/bin/python -m pytest -p no:cacheprovider tests/test_settings.py \
		tests/test_cli.py::test_run_table_export_on_other_peoples_digits tests/test_own_sequences.py \
		tests/data/test_importing.py tests/report/test_tables.py tests/stats/test_effect.py \
		tests/stats/test_mixed.py tests/stats/test_permutation.py
	rm -rf $(LOWEST)

bench: $(STAMP)  ## time training against a textbook loop and the machine: 20 minutes on two idle cores
	$(BIN)/python benchmarks/throughput.py

chapters: $(STAMP) $(WATCH)  ## run the chapters at smoke size and keep their outputs, which `make test` compares
	rm -rf build/chapters && mkdir -p build/chapters
	PERSO_STORE="$(CURDIR)/build/chapters/store.sqlite" $(BIN)/python -m nbconvert $(REFRESH) chapters/*.ipynb

readme: $(STAMP)  ## bring the generated parts of README.md up to date
	$(BIN)/python -m perso.report.readme

lock:  ## pin the packages of pyproject.toml; a pin that fits stays, `rm requirements.lock` for the newest
	$(check_python)
	$(PYTHON) -m venv $(LOCK)
	$(LOCK)/bin/python -m pip install --quiet uv
	$(LOCK)/bin/uv pip compile --quiet pyproject.toml --all-extras --universal --fork-strategy fewest \
		--python-version 3.11 --no-emit-index-url --no-annotate \
		--custom-compile-command "make lock" --output-file requirements.lock

clean:  ## remove what was built; keep trained models, data and the environment
	mkdir -p build
	find build -mindepth 1 -maxdepth 1 ! -name '*.sqlite*' ! -name data -exec rm -rf {} +
	rm -rf .hypothesis .pytest_cache .ruff_cache *.egg-info

$(WATCH): | $(STAMP)
	$(BIN)/python -m perso.data.watch "$(DATA)"

$(STAMP): requirements.lock pyproject.toml
	$(check_python)
	@echo "Installing requirements.lock in .venv: a few minutes and, on Linux, about 5 GB (CUDA comes with torch)"
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet -r requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation -e .
	touch $@

# Expands to nothing, or stops with one line.
check_python = $(if $(shell $(PYTHON) -c "import sys; sys.version_info >= (3, 11) and print(1)" 2>/dev/null),,$(error \
	$(PYTHON) is not a Python of 3.11 or later; name one, for example: make $@ PYTHON=python3.12))
