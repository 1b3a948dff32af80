# Each target sets up what it needs: the environment is built once and again only when its requirements change.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed

# QUICK=1 runs as little of a target as shows that it works, writes to runs/quick/ only, and installs no simulators.
RUNS       := $(if $(QUICK),runs/quick,runs)
QUICK_FORM := $(if $(QUICK),--quick)

# Warnings are errors; what was read is kept, so that a second build is quick.
SITE := --quiet --fail-on-warning --keep-going --doctree-dir $(RUNS)/docs/doctrees

# One thread per process: on small machines OpenMP's barriers cost more than they bring.
export OMP_NUM_THREADS ?= 1

# What pins libraries that others forbid lives in an environment of its own. The first ones install quickly.
QUICK_LIBRARIES := tianshou skrl torchrl
LIBRARIES       := $(QUICK_LIBRARIES) rllib benchmarl agilerl

.DEFAULT_GOAL := help
.PHONY: help demo test long browser noise soak floors lint docs bench results mutation interop
.PHONY: links mutation-full interop-sb3 interop-single-file interop-ray $(LIBRARIES:%=interop-%)

help:
	@echo "make demo     train a small policy, compare it with rules and MSRC, write runs/demo/"
	@echo "make test     the default tests"
	@echo "make long     the tests that take minutes, among them the quick forms below"
	@echo "make browser  the tests of the replay page in a browser; installs Chromium where it is missing and we may"
	@echo "make noise    whole episodes with noise in the last digits of all that controllers are told"
	@echo "make soak     a million physics steps of all worlds under random and hostile actions, for docs/soak.md"
	@echo "make floors   the default tests with the lowest versions that pyproject.toml allows, and with the newest Python here"
	@echo "make lint     style, formatting and types"
	@echo "make docs     the documentation as a site, runs/docs/html/index.html; every warning is an error"
	@echo "make links    whether what the documentation links to elsewhere is still there; needs the net"
	@echo "make bench    the benchmarks of docs/performance.md"
	@echo "make results  the experiments behind docs/results.md"
	@echo "make mutation how many small mistakes in the physics and the outage the tests notice, of 400; mutation-full: of all"
	@echo "make interop  the tests of learning libraries that install quickly: $(QUICK_LIBRARIES)"
	@echo "make interop-LIBRARY  train and evaluate with one of sb3 single-file $(LIBRARIES)"
	@echo "make interop-ray  the tests of playing on Ray, on a cluster inside this machine"
	@echo "QUICK=1       with demo, noise, soak, floors, bench, results, mutation or interop-LIBRARY: in minutes, to see that it works; writes runs/quick/ only"

demo: $(STAMP)
	$(BIN)/voltran demo --out $(RUNS)/demo $(QUICK_FORM)

# A file of tests stays in one process, whose fixtures its tests share.
test: $(STAMP)
	$(BIN)/python -m pytest -q --numprocesses auto --dist loadfile

long: $(STAMP)
	$(BIN)/python -m pytest -q -m slow --numprocesses auto --dist loadfile

browser: $(VENV)/.browser
	$(BIN)/python -m pytest -q -m browser

# Where packages cannot be fetched, it is known soon.
$(VENV)/.browser: SOON := -qq -o Acquire::http::Timeout=20 -o Acquire::Retries=1
$(VENV)/.browser: $(STAMP)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable ".[browser]"
	$(BIN)/python -c 'from voltran.cli.browser import browser_path; raise SystemExit(not browser_path())' || \
		{ test "$$(id -u)" = 0 && command -v apt-get > /dev/null && apt-get $(SOON) update && apt-get $(SOON) install -y chromium; } || \
		echo "No browser, and none can be installed here: the tests of the replay page will be skipped."
	touch $@

noise: $(STAMP)
	$(BIN)/python -m tests.baselines.noise $(if $(QUICK),--quick)

# QUICK=1 steps a hundredth of it, and leaves the page as it is.
soak: $(STAMP)
	$(BIN)/python -m tests.soak $(if $(QUICK),--quick,--page docs/soak.md)

# Each in an environment of its own; QUICK=1 installs no extras, and sees only whether every world can be built.
floors:
	$(PYTHON) -m tests.floors $(QUICK_FORM)

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# Links within the site are checked while it is built; those that lead out of it only when asked.
docs: $(STAMP)
	$(BIN)/python -m sphinx --builder html $(SITE) docs $(RUNS)/docs/html

links: $(STAMP)
	$(BIN)/python -m sphinx --builder linkcheck $(SITE) docs $(RUNS)/docs/links

# The simulators compared with live in an environment of their own; without them their rows say so.
bench: $(STAMP)
	$(if $(QUICK),,-$(MAKE) .venv-bench/.installed)
	$(BIN)/python -m benchmarks $(if $(QUICK),--quick --folder $(RUNS))

.venv-bench/.installed: benchmarks/constraints.txt
	$(PYTHON) -m venv .venv-bench
	.venv-bench/bin/python -m pip install --quiet --disable-pip-version-check --constraint $< mobile-env vmas
	touch $@

# The experiments share finished episodes; running it again continues. Those of MSRC take hours.
# EXPERIMENTS="NAME NAME" plays some of them.
results: $(STAMP)
	for name in $${EXPERIMENTS:-$$($(BIN)/voltran experiment --list)}; do \
		$(BIN)/voltran experiment $$name --out $(RUNS)/$$name --store $(RUNS)/episodes --resume \
			$(if $(QUICK),--quick,--publish .) || exit; \
	done

# Running it again tries only what has changed. What makes the mistakes lives in an environment of its own.
mutation: $(STAMP) .venv-mutation/.installed
	.venv-mutation/bin/python -m tests.mutation --python $(BIN)/python --out $(RUNS)/mutation \
		$(if $(QUICK),--quick,--publish tests/mutation/measured.json)

mutation-full: $(STAMP) .venv-mutation/.installed
	.venv-mutation/bin/python -m tests.mutation --python $(BIN)/python --out $(RUNS)/mutation-full --all

.venv-mutation/.installed: tests/mutation/constraints.txt
	$(PYTHON) -m venv .venv-mutation
	.venv-mutation/bin/python -m pip install --quiet --disable-pip-version-check --constraint $< cosmic-ray typer
	touch $@

# Other tests may import what these environments lack.
interop: $(QUICK_LIBRARIES:%=.venv-%/.installed)
	for library in $(QUICK_LIBRARIES); do \
		.venv-$$library/bin/python -m pytest -q -m interop $$(ls tests/interop/test_examples.py tests/interop/test_$$library.py \
			2> /dev/null) || exit; \
	done

interop-ray: .venv-ray/.installed
	.venv-ray/bin/python -m pytest -q -m interop tests/evaluation/test_ray_pool.py

# ARGUMENTS="--scenario urban19-medium --decisions 1000000 --seeds 50" says what to train on, how long, and how to evaluate.
program = examples.libraries.$(basename $(notdir $(wildcard examples/libraries/$(subst -,_,$(1))_*.py)))

interop-sb3 interop-single-file: interop-%: $(STAMP)
	$(BIN)/python -m $(call program,$*) $(QUICK_FORM) $(ARGUMENTS)

$(LIBRARIES:%=interop-%): interop-%: .venv-%/.installed
	.venv-$*/bin/python -m $(call program,$*) $(QUICK_FORM) $(ARGUMENTS)

$(LIBRARIES:%=.venv-%/.installed) .venv-ray/.installed: .venv-%/.installed: examples/constraints/%.txt pyproject.toml
	$(PYTHON) -m venv .venv-$*
	.venv-$*/bin/python -m pip install --quiet --disable-pip-version-check --requirement $< --editable .
	touch $@

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit(f"VoltRAN needs Python 3.11 or newer, found {sys.version.split()[0]}: choose one with make PYTHON=python3.11 ...")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable ".[dev]"
	touch $@
