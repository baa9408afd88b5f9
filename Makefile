SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

.PHONY: help
help: ## Show the targets
	@awk -F ':.*## ' '/^[a-z.-]+:.*## / {printf "%-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: .venv
.venv: .venv/requirements.txt ## Make or update the Python environment (pinned by requirements/dev.txt)

.venv/requirements.txt: requirements/dev.txt
	@tools/make_venv

.PHONY: lock
lock: .venv ## Compile requirements/*.in again
	cd requirements && ../.venv/bin/uv pip compile --quiet --universal --python-version 3.12 --generate-hashes --no-emit-index-url \
	  --custom-compile-command 'make lock' dev.in --output-file dev.txt
