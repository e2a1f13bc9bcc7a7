# Two commands set everything up on a fresh machine with Python >= 3.11: `make run` and `make test`.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

.PHONY: mutants run test bench docs host-deps clean

run: $(VENV)/installed        ## attend a night on the embedded observatory
	$(BIN)/statefocus run

test: $(VENV)/installed-test  ## style, types, layers, then every test
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/python -m pytest -n 3 --dist worksteal

# Other programs that tests use, in groups: what shows that a group is there, and its packages in Debian and Ubuntu.
ASTAP_PROGRAMS := astap_cli
ASTAP_PACKAGES := astap-cli
INDI_PROGRAMS  := indiserver
INDI_PACKAGES  := indi-bin
EKOS_PROGRAMS  := kstars Xvfb dbus-daemon dbus-launch xwininfo xdotool
EKOS_PACKAGES  := kstars indi-bin xvfb dbus dbus-x11 x11-utils xdotool

host-deps: host-ASTAP host-INDI host-EKOS  ## other programs that tests use: ASTAP, INDI, Ekos (as root or with sudo)

host-%:
	@missing=; for program in $($*_PROGRAMS); do command -v $$program >/dev/null || missing=$$program; done; \
	[ -z "$$missing" ] || { \
	  become=; [ "$$(id -u)" = 0 ] || become="sudo -n"; \
	  $$become apt-get update -qq && \
	  $$become env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $($*_PACKAGES); \
	} || echo "$* could not be installed; its tests will be skipped."

bench: $(VENV)/installed-bench ## speed and accuracy beside what else there is; see python -m tests.bench --help
	$(BIN)/python -m tests.bench

mutants: $(VENV)/installed-test  ## break rules and machines one thing at a time: what does no test notice? (hours)
	$(BIN)/python -m tests.mutants

docs: $(VENV)/installed-test  ## write the generated pages of docs/ again
	$(BIN)/python -m tests.generate

$(VENV)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "statefocus needs Python 3.11 or newer; try: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 2; }
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/installed: $(VENV)/python pyproject.toml constraints.txt
	$(PIP) --editable '.[plot]'
	@touch $@

$(VENV)/installed-test: $(VENV)/python pyproject.toml constraints.txt
	$(PIP) --editable '.[plot,ekos,nina,test]'
	@touch $@ $(VENV)/installed

$(VENV)/installed-bench: $(VENV)/python pyproject.toml constraints.txt
	$(PIP) --editable '.[plot,ekos,nina,test,bench]'
	@touch $@ $(VENV)/installed $(VENV)/installed-test

clean:
	rm -rf $(VENV) build *.egg-info
