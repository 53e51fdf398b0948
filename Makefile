# Every target sets up .venv by itself, and does not touch it when nothing changed.
# ARGS goes to the tool: make scenarios ARGS="-k overflow -x". PYTEST_ARGS goes to pytest wherever it runs.

PYTHONS := python3.14 python3.13 python3.12 python3.11 python3
BIN     := .venv/bin
READY   := .venv/ready

# As many as there are cores; none for what is looked at alone: make test ARGS="-n 0 -k overflow".
WORKERS := -n auto --dist worksteal

# Major versions of openai. The newest is at home in .venv, each of the others in an environment of its own beside it.
GENERATIONS := 1 2 3
NEWEST      := 3

# Programs in other languages that ask the served fakes.
LANGUAGES := tests/other_languages

.PHONY: help scenarios streaming test hunt docs-test conformance observe languages pythons lint types reference bench
.DELETE_ON_ERROR:

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1@/p' Makefile | awk -F@ '{ printf "make %-11s %s\n", $$1, $$2 }'

scenarios: $(READY) ## the YAML scenarios: when the fallback fires, and when it does not
	@$(BIN)/pytest scenarios/ $(PYTEST_ARGS) $(ARGS)

streaming: $(READY) ## the same scenarios, with every answer asked for as a stream
	@$(BIN)/pytest -o faultlab_overlay=tests/overlays/streaming.yaml scenarios/ $(PYTEST_ARGS) $(ARGS)

test: $(READY) ## the tests of the code itself, those apart that have a target of their own
	@$(BIN)/pytest $(WORKERS) --ignore=$(CONFORMANCE) $(PYTEST_ARGS) $(ARGS)

docs-test: environment-docs ## what the pages on frameworks show, run with those frameworks
	@.venv-docs/bin/pytest -o cache_dir=.venv-docs/pytest_cache $(WORKERS) $(DOCUMENTATION) $(PYTEST_ARGS) $(ARGS)

hunt: $(READY) ## each wrong agent, caught by the passes of a campaign, without a scenario
	@$(BIN)/pytest $(WORKERS) tests/mutants/every_wrong_agent.py $(PYTEST_ARGS) $(ARGS)

conformance: $(READY) ## the catalogue through openai 1, 2 and 3, two of them at a time: each shows what is recorded
	@$(MAKE) $(BESIDE_EACH_OTHER) $(GENERATIONS:%=conformance-%)

observe: $(READY) ## what the newest openai 1, 2 and 3 show of the catalogue, recorded anew
	@$(MAKE) $(BESIDE_EACH_OTHER) $(GENERATIONS:%=observe-%)

languages: $(READY) ## the served fakes, asked by Node and others; skipped, with the reason, where there is none
	@cd $(LANGUAGES); if command -v npm >/dev/null && ! test node_modules/.package-lock.json -nt package-lock.json; then \
		npm ci --ignore-scripts --no-audit --no-fund --silent; \
	fi
	@$(BIN)/pytest -rs $(LANGUAGES) $(PYTEST_ARGS) $(ARGS)

pythons: $(READY) ## the same bytes on every Python that is at hand, each in an environment of its own
	@for python in $(PYTHONS) $(wildcard $(HOME)/.pyenv/versions/3.*/bin/python3); do \
		version=$$("$$python" -c '$(ITS_VERSION)' 2>/dev/null) || continue; \
		home=.venv-python$$version; \
		test $$home/ready -nt pyproject.toml && continue; \
		rm -rf $$home && "$$python" -m venv $$home && $$home/$(PIP) --editable . $(SAME_OPENAI) && touch $$home/ready || exit 1; \
	done
	@$(BIN)/pytest -rs tests/determinism $(PYTEST_ARGS) $(ARGS)

lint: $(READY) ## ruff: rules and format
	@$(BIN)/ruff check $(ARGS) .
	@$(BIN)/ruff format --check $(ARGS) .

types: $(READY) ## mypy, strict; the door as whoever imports it sees it
	@$(BIN)/mypy --strict $(ARGS)
	@$(BIN)/mypy --strict $(ARGS) tests/typing/door.py

reference: $(READY) ## whatever of the documentation is made from the code
	@$(BIN)/python -m docs.generator

bench: $(READY) .venv-rivals ## the figures, each beside its floor
	@status=0; for bench in benchmarks/[a-z]*.py; do $(BIN)/python "$$bench" $(ARGS) || status=1; done; exit $$status

# A .venv is whole if its Python runs and finds what was installed, this folder included. One that is not (its Python
# is gone, the folder was moved, an installation broke off) is made anew; a whole one is brought up to date when
# pyproject.toml changed, and else left alone.
IS_WHOLE = import sys; from importlib.util import find_spec as spec; from os.path import samefile; \
	sys.exit(not (all(map(spec, ["pip", "pytest", "openai", "hypothesis", *sys.argv[1:]])) \
	and samefile(spec("faultlab").origin, "faultlab/__init__.py")))
IS_SUITABLE = import ensurepip, os, sys, venv; \
	sys.version_info < (3, 11) and sys.exit(1); print(os.path.realpath(sys.executable))

ITS_VERSION = import ensurepip, sys, venv; sys.version_info < (3, 11) and sys.exit(1); print("%d.%d" % sys.version_info[:2])
SAME_OPENAI = "openai==$$($(BIN)/python -c 'from importlib.metadata import version; print(version("openai"))')"

ifneq ($(shell test -f $(READY) && $(BIN)/python -Ic '$(IS_WHOLE)' ruff mypy 2>/dev/null && echo True),True)
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
	@.venv/$(PIP) --editable '.[dev]'
	@touch $@

# What is done for one generation of openai, in an environment that has what this needs; it is made anew when it is not
# whole, or older than pyproject.toml. What runs beside something else prints when it is done, if this make can do that.
BESIDE_EACH_OTHER := --no-print-directory -j2 $(if $(filter output-sync,$(.FEATURES)),--output-sync)
CONFORMANCE       := tests/conformance
FAILURES          := tests/hermes_agent/test_failures.py
NEEDED            := 'httpx>=0.28' 'hypothesis>=6.100' 'pytest-xdist>=3.6' 'trustme>=1.1'
ITS_OPENAI         = "openai>=$*,<$$(($* + 1))"
PIP                = bin/python -m pip install -qq --disable-pip-version-check

conformance-%: environment-%
	@.venv-openai$*/bin/pytest -o cache_dir=.venv-openai$*/pytest_cache $(CONFORMANCE) $(FAILURES) $(PYTEST_ARGS) $(ARGS)

observe-%: environment-%
	@.venv-openai$*/$(PIP) --upgrade $(ITS_OPENAI)
	@.venv-openai$*/bin/python tests/conformance/observe.py

environment-%: $(READY)
	@home=.venv-openai$*; \
	if ! test $$home/ready -nt pyproject.toml || ! $$home/bin/python -Ic '$(IS_WHOLE)' trustme 2>/dev/null; then \
		rm -rf $$home && $(BIN)/python -m venv $$home \
		&& $$home/$(PIP) --editable . $(ITS_OPENAI) $(NEEDED) && touch $$home/ready; \
	fi

# What others mock the client with, for the benchmark that measures beside them.
.venv-rivals: benchmarks/requirements.txt $(READY)
	@rm -rf $@ && .venv/$(PIP) --no-deps --target $@ --requirement $< && touch $@

DOCUMENTATION := tests/documentation

environment-docs: $(READY)
	@home=.venv-docs; \
	if ! test $$home/ready -nt pyproject.toml || ! test $$home/ready -nt docs/requirements.txt \
	|| ! $$home/bin/python -Ic '$(IS_WHOLE)' litellm 2>/dev/null; then \
		rm -rf $$home && $(BIN)/python -m venv $$home \
		&& $$home/$(PIP) --editable . --requirement docs/requirements.txt $(NEEDED) && touch $$home/ready; \
	fi

environment-$(NEWEST): $(READY)
	@test -e .venv-openai$(NEWEST) || ln -s .venv .venv-openai$(NEWEST)
