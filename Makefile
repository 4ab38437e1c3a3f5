# make demo: see it work.  make test: lint, types, tests, and the built wheel in an empty environment.
PYTHON ?= python3
VENV := .venv
PEERS := .venv-bench
BIN := $(VENV)/bin
REPLAY := $(BIN)/replay

.PHONY: help demo test lint types check unit wheel dist format schemas docs fixtures bench bench-quick bench-rest-quick laws fuzz clean

help:
	@echo "make demo     set up, then audit a clean and a damaged recording"
	@echo "make test     lint, types, tests, and the wheel installed into an empty environment"
	@echo "make check    hold the fixtures to replay.toml: replay check"
	@echo "make format   put the code into the house's layout"
	@echo "make dist     build sdist and wheel of the last commit twice, compare and check them, into dist/"
	@echo "make schemas  write schemas/report and schemas/findings anew from their models"
	@echo "make docs     write docs/rules.md and the sessions in the documents anew"
	@echo "make fixtures write fixtures/rules and fixtures/damaged anew"
	@echo "make bench    measure start-up, speed and emit beside other tools, the bounds on memory and time"
	@echo "make bench-quick  start-up and the speed of validate on 40 MB; 2 minutes"
	@echo "make bench-rest-quick  emit, tail and check on small logs; 3 minutes"
	@echo "make laws     hold the prover against the reference on two million broken logs; over an hour"
	@echo "make fuzz     a million broken logs, seeded; about an hour"
	@echo "make clean    remove what these made"

$(VENV)/installed: pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "replay needs Python 3.11 or later")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	touch $@

$(VENV)/developing: $(VENV)/installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	touch $@

demo: $(VENV)/installed
	@sh fixtures/demo.sh $(REPLAY)

test: lint types check unit wheel

lint: $(VENV)/developing
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/developing
	$(BIN)/mypy

check: $(VENV)/installed
	$(REPLAY) check

# One process more than there are cores: many tests wait for a clock or for another process.
unit: $(VENV)/developing
	$(BIN)/python -m pytest --dist worksteal -n $$($(BIN)/python -c 'import os; print((os.cpu_count() or 1) + 1)')

wheel: $(VENV)/developing
	$(BIN)/python tests/check_wheel.py

dist: $(VENV)/developing
	$(BIN)/python tests/check_dist.py

format: $(VENV)/developing
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

schemas: $(VENV)/installed
	$(BIN)/python -m replay_cli.schemas_made schemas

docs: $(VENV)/developing
	$(BIN)/python -m replay_cli.docs_made > docs/rules.md
	$(BIN)/python tests/test_docs.py

fixtures: $(VENV)/installed
	$(BIN)/python fixtures/make.py

$(PEERS)/installed: bench/requirements.txt
	$(PYTHON) -m venv $(PEERS)
	$(PEERS)/bin/python -m pip install --quiet --disable-pip-version-check --requirement bench/requirements.txt
	touch $@

# LARGE=--large adds what is measured over 4 GB.
bench: $(VENV)/developing $(PEERS)/installed
	$(BIN)/python bench/startup.py
	$(BIN)/python -m bench.speed $(LARGE) --command "make bench$(if $(LARGE), LARGE=$(LARGE))" --json bench/speed.json
	$(BIN)/python -m bench.emit --command "make bench" --json bench/emit.json
	$(BIN)/python -m bench.tail --command "make bench" --json bench/tail.json
	$(BIN)/python -m bench.check
	$(BIN)/python bench/bounds.py

bench-quick: $(VENV)/developing $(PEERS)/installed
	$(BIN)/python bench/startup.py --runs 9
	$(BIN)/python -m bench.speed --quick --command "make bench-quick" --json bench/speed-quick.json

# What else is measured, on small logs.
bench-rest-quick: $(VENV)/developing $(PEERS)/installed
	$(BIN)/python -m bench.emit --quick --command "make bench-rest-quick" --json bench/emit-quick.json
	$(BIN)/python -m bench.tail --quick --rounds 1 --command "make bench-rest-quick" --json bench/tail-quick.json
	$(BIN)/python -m bench.check --quick

laws: $(VENV)/developing
	$(BIN)/python -m tests.proving

fuzz: $(VENV)/developing
	$(BIN)/python bench/fuzz.py

clean:
	rm -rf $(VENV) $(PEERS) bench/made build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
