# Every target sets up .venv by itself, and does not touch it when nothing changed.
# ARGS goes to the tool: make scenarios ARGS="-k overflow -x". PYTEST_ARGS goes to pytest wherever it runs.

PYTHONS := python3.14 python3.13 python3.12 python3.11 python3
BIN     := .venv/bin
READY   := .venv/ready

.PHONY: help scenarios streaming test lint types bench
.DELETE_ON_ERROR:

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## /\1@/p' Makefile | awk -F@ '{ printf "make %-10s %s\n", $$1, $$2 }'

scenarios: $(READY) ## the YAML scenarios: when the fallback fires, and when it does not
	@$(BIN)/pytest scenarios/ $(PYTEST_ARGS) $(ARGS)

streaming: $(READY) ## the same scenarios, with every answer asked for as a stream
	@$(BIN)/pytest -o faultlab_overlay=tests/overlays/streaming.yaml scenarios/ $(PYTEST_ARGS) $(ARGS)

test: $(READY) ## the tests of the code itself
	@$(BIN)/pytest $(PYTEST_ARGS) $(ARGS)

lint: $(READY) ## ruff: rules and format
	@$(BIN)/ruff check $(ARGS) .
	@$(BIN)/ruff format --check $(ARGS) .

types: $(READY) ## mypy, strict
	@$(BIN)/mypy --strict $(ARGS)

bench: $(READY) ## the figures, each beside its floor
	@status=0; for bench in benchmarks/*.py; do $(BIN)/python "$$bench" $(ARGS) || status=1; done; exit $$status

# A .venv is whole if its Python runs and finds what was installed, this folder included. One that is not (its Python
# is gone, the folder was moved, an installation broke off) is made anew; a whole one is brought up to date when
# pyproject.toml changed, and else left alone.
IS_WHOLE = from importlib.util import find_spec as spec; from os.path import samefile; \
	all(map(spec, ["pip", "pytest", "openai", "hypothesis", "ruff", "mypy"])) \
	and print(samefile(spec("faultlab").origin, "faultlab/__init__.py"))
IS_SUITABLE = import ensurepip, os, sys, venv; \
	sys.version_info < (3, 11) and sys.exit(1); print(os.path.realpath(sys.executable))

ifneq ($(shell test -f $(READY) && $(BIN)/python -Ic '$(IS_WHOLE)' 2>/dev/null),True)
BROKEN := true
.PHONY: $(READY)
endif

$(READY): pyproject.toml
ifdef BROKEN
	@rm -rf .venv; \
	for name in $(PYTHONS); do \
		python=$$("$$name" -c '$(IS_SUITABLE)' 2>/dev/null) && exec "$$python" -m venv .venv; \
	done; \
	echo "Python 3.11 or newer, with venv, is needed; none of these on the PATH is: $(PYTHONS)" >&2; exit 1
endif
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --editable '.[dev]'
	@touch $@
