# One word for each thing to do; `make` alone lists them. Each sets up first what it needs.

PYTHON := .venv/bin/python
READY := .venv/.ready
CHECKED := $(sort $(dir $(wildcard $(addsuffix /*.py, conditions stimuli hardware experiment tests benchmarks scripts))))

# Compiled once, not by each of some hundred programs that the tests start: that takes 4 s of the 6
# that the imports take, where a machine forbids it by this.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: help setup demo test figures lint bench portraits screenshots lock clean

help:
	@sed -n 's/^\([a-z]*\):.*## /make \1\t/p' Makefile | expand -t 18

setup: $(READY) ## everything a fresh machine needs: .venv and, on Debian as root, system packages

$(READY): requirements.txt pyproject.toml scripts/setup.sh
	sh scripts/setup.sh

demo: setup ## watch a short session of the real experiment with emulated devices
	.venv/bin/trustpain demo

# A file's tests share a worker, and so what is made once a file. (xdist's groups don't hold with
# this pytest: tried.) More workers than cores, since many tests wait for real time.
test: setup ## the tests, a few minutes
	$(PYTHON) -m pytest -n 3 --dist loadfile

# Some hours in all; what was done already is kept, so that it goes on where it was stopped.
figures: setup ## measure the figures that README, docs and notes state
	$(PYTHON) -m pytest -m figures -rA --timeout 1800
	$(PYTHON) -m benchmarks.kill_test
	$(PYTHON) -m benchmarks.stop_latency
	$(PYTHON) -m benchmarks.calibration_validity
	for scenario in null null_steep effect summary; do $(PYTHON) -m benchmarks.group_validity $$scenario || exit; done

bench: setup ## timing, side by side with what a laboratory would do otherwise
	$(PYTHON) -m benchmarks

portraits: setup ## render the clinicians anew
	.venv/bin/trustpain portraits build

screenshots: setup ## the pictures of the real screens that README and docs show
	$(PYTHON) scripts/screenshots.py

lint: setup ## style, types, and nothing of this machine in the files
	$(PYTHON) -m ruff check
	$(PYTHON) -m ruff format --check
	$(PYTHON) -m mypy $(CHECKED)
	sh scripts/check_tracked.sh

lock: ## requirements.txt anew from pyproject.toml; UPGRADE=1 takes newer releases
	sh scripts/setup.sh lock

clean: ## remove what make made, but never what lies in data/
	rm -rf .venv .venv-* build *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis .coverage htmlcov
	find conditions stimuli hardware experiment tests -name __pycache__ -type d -prune -exec rm -rf {} +
