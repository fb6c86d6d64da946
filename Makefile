# The workshop.  `make` alone says what there is; docs/development.md says more.

PYTHON := .venv/bin/python
TESTS ?= tests

.DEFAULT_GOAL := help
.PHONY: help setup serve demo test test-quick lint format bench bench-quick kill9 constraints libvirt-up libvirt-down clean

help: ## what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## install what is missing: Debian packages, then .venv with pinned versions
	@scripts/setup

serve: setup libvirt-up ## a micronova to play with, on port 8774; its state stays in .cache/serve
	@scripts/serve

demo: ## a real guest by the real openstack client, from nothing, cleaned up again
	@scripts/demo

test: setup libvirt-up ## all tests but the longest (TESTS=path or PYTEST_ADDOPTS for a choice)
	@scripts/test $(TESTS)

test-quick: setup ## the tests that need neither libvirt nor PostgreSQL
	@$(PYTHON) -m pytest -q -m 'not system and not postgresql and not slow' $(TESTS)

lint: setup ## ruff, mypy --strict, the import rules
	@scripts/lint

format: setup ## let ruff decide the layout
	@.venv/bin/ruff check -q --fix-only . ; .venv/bin/ruff format -q .

bench: setup libvirt-up ## measure against the bare floor; writes docs/benchmarks.md
	@$(PYTHON) -m benchmarks

kill9: setup libvirt-up ## kill -9 at every step on real guests; writes docs/kill9.md
	@scripts/kill9-table

constraints: setup ## pin what .venv holds now
	@scripts/constraints

libvirt-up: setup ## start libvirt where it does not run
	@scripts/libvirt-up

libvirt-down: ## stop the libvirt daemons that libvirt-up started
	@scripts/libvirt-down

clean: ## remove caches and .venv (not a running libvirt)
	@rm -rf .venv .cache/guest.qcow2 .cache/mkguest .mypy_cache .ruff_cache .pytest_cache .hypothesis build dist *.egg-info
