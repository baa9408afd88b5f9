SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.NOTPARALLEL:
.ONESHELL:

export PATH := $(CURDIR)/.venv/bin:$(PATH)
# Without compiled files, each run of a playbook compiles Ansible and the Kubernetes client again: 2 s of CPU time, and as much for each module.
unexport PYTHONDONTWRITEBYTECODE

PLUGINS := .ansible/collections/ansible_collections/jewelry_shop/platform/plugins
LOCK := uv pip compile --quiet --system-certs --universal --generate-hashes --no-emit-index-url --custom-compile-command 'make lock'
IMPORTER := .cache/galaxy-importer
OLDEST := .cache/oldest
# The oldest Python on the control node that the oldest ansible-core of meta/runtime.yml supports.
OLDEST_PYTHON := 3.10
OLDEST_KUBERNETES = $(shell python3 -c "from local_cluster.config import KUBERNETES_MODULES as known; print(list(known)[-1])")
DOCS := .cache/docs
ARTIFACT := build/jewelry_shop-platform-$(shell sed -n "s/^version: //p" galaxy.yml).tar.gz

.PHONY: help
help: ## Show the targets
	@awk -F ':.*## ' '/^[a-z.-]+:.*## / {printf "%-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

##### The platform on this machine

.PHONY: demo
demo: cluster ## Bring up the local cluster with the platform running in it
	ansible-playbook site.yml

.PHONY: cluster
cluster: .venv ## Bring up the local cluster and its images, without the platform
	python -m local_cluster up
	python -m local_cluster images

.PHONY: clean-cluster
clean-cluster: .venv ## Remove the local cluster; what was built for it is kept
	python -m local_cluster down

##### Checks

# The scenarios take longest, and wait for much of their time. The checks without a cluster run in that time: nice keeps them from slowing
# the scenarios. What ends first is shown first, and what fails ends the other.
.PHONY: test
test: .venv ## Run everything that CI runs
	set -m
	trap 'kill -- $$(jobs -p | sed s/^/-/) 2>/dev/null || true' EXIT
	{ nice -n 19 $(MAKE) --no-print-directory lint sanity docs unit &>.cache/without-cluster.log && status=0 || status=$$?; cat .cache/without-cluster.log; exit $$status; } & checks=$$!
	$(MAKE) --no-print-directory molecule & scenarios=$$!
	set +m
	wait -n -p ended $$checks $$scenarios
	if [ "$$ended" = $$checks ]; then wait $$scenarios; else wait $$checks; fi

.PHONY: lint
lint: .venv ## Check style, types and rules without running anything
	python tools/awx_collection.py
	ruff check .
	ruff format --check .
	mypy $(PLUGINS) local_cluster tools tests molecule
	yamllint --strict .
	antsibull-changelog lint
	python -m tools.role_files --check
	python -m tools.filter_docs --check
	python tools/deployer_yaml.py --check
	ansible-lint

.PHONY: unit
unit: .venv $(OLDEST)/requirements.txt ## Run the tests that need no cluster, those of the demo shop too
	python -m tools.manifest_checkers
	python -m tools.debian_programs
	python tools/awx_collection.py
	pytest --numprocesses=auto --durations=25 --durations-min=5
	pytest demo/shop

# With the ansible-core of the first `python` on PATH.
define PREPARE_ANSIBLE_TEST
python tools/ansible_test_pip.py
export ANSIBLE_COLLECTIONS_PATH=$(CURDIR)/.cache/sanity
export ANSIBLE_TEST_CONTENT_ROOT=$$(python tools/collection_tree.py .cache/sanity --with-test-settings)
cd "$$ANSIBLE_TEST_CONTENT_ROOT"
endef

.PHONY: sanity
sanity: .venv $(IMPORTER)/requirements.txt build ## Run ansible-test sanity, and check documentation and artifact
	$(PREPARE_ANSIBLE_TEST)
	antsibull-docs lint-collection-docs --plugin-docs --validate-collection-refs dependent .
	$(CURDIR)/tools/import_artifact $(IMPORTER) $(ARTIFACT)
	ansible-test sanity --python $$(python -c 'import sys; print(*sys.version_info[:2], sep=".")')

.PHONY: sanity-oldest
sanity-oldest: .venv $(OLDEST)/requirements.txt ## Run ansible-test sanity with the oldest ansible-core, before a release
	export PATH=$(CURDIR)/$(OLDEST)/bin:$$PATH
	$(PREPARE_ANSIBLE_TEST)
	ansible-test sanity --python $(OLDEST_PYTHON)

.PHONY: molecule
molecule: .venv ## Run the scenarios on a cluster of their own
	molecule destroy
	molecule test --scenario-name site --destroy never
	molecule test --scenario-name failures

# In an order in which each finds what it needs.
DRILLS := site failures lifecycle release takeover production network keda operators installed single_node oldest_kubernetes

.PHONY: drills
drills: .venv ## Run what takes many minutes, before a release; DRILLS="site release" runs a part
	molecule destroy
	molecule create
	for scenario in $(DRILLS); do
		case $$scenario in
			site | failures) PYTEST_MARKS=drill molecule test --scenario-name $$scenario --destroy never ;;
			lifecycle | release | takeover) molecule test --scenario-name $$scenario --destroy never ;;
			single_node) molecule destroy; molecule test --scenario-name $$scenario ;;
			oldest_kubernetes)
				molecule destroy
				LOCAL_CLUSTER_KUBERNETES=$(OLDEST_KUBERNETES) molecule test --scenario-name site --destroy never ;;
			*)
				molecule cleanup --scenario-name $$scenario
				# The scenarios share a state, which says that the cluster is prepared: by site.
				molecule prepare --force --scenario-name $$scenario
				molecule test --scenario-name $$scenario --destroy never ;;
		esac
	done
	molecule destroy

.PHONY: docs
docs: .venv $(DOCS)/requirements.txt ## Build the documentation site into build/docs; a warning is an error
	python -m tools.docs_site .cache/site
	$(DOCS)/bin/sphinx-build --quiet --fail-on-warning --keep-going --jobs auto -d .cache/site/doctrees .cache/site/source build/docs

##### Releases

.PHONY: build
build: .venv ## Build the collection's artifact into build/
	ansible-galaxy collection build --force --output-path build "$$(python tools/collection_tree.py .cache/build)"

.PHONY: readmes
readmes: .venv ## Write what is generated: the roles' defaults and tables of variables, the documentation of filters, docs/deployer.yaml
	python -m tools.role_files
	python -m tools.filter_docs
	python tools/deployer_yaml.py

.PHONY: snapshots
snapshots: .venv ## Write what the inventories are rendered to, which the unit tests compare; read the diff
	WRITE_SNAPSHOTS=1 pytest -q tests/unit/manifests/test_snapshots.py

.PHONY: lock
lock: .venv ## Compile requirements/*.in; LOCK_FLAGS=--upgrade takes the newest versions
	cd requirements
	for name in uv oldest; do $(LOCK) --python-version $(OLDEST_PYTHON) $(LOCK_FLAGS) $$name.in --output-file $$name.txt; done
	for name in dev galaxy-importer docs; do $(LOCK) --python-version 3.12 $(LOCK_FLAGS) $$name.in --output-file $$name.txt; done
	$(LOCK) --no-deps --python-version 3.12 $(LOCK_FLAGS) awx.in --output-file awx.txt

.PHONY: .venv
.venv: .venv/requirements.txt ## Make or update the Python environment

.venv/requirements.txt: requirements/dev.txt requirements/uv.txt
	@tools/make_venv .venv $<

$(IMPORTER)/requirements.txt: requirements/galaxy-importer.txt requirements/uv.txt
	@tools/make_venv $(IMPORTER) $<

$(DOCS)/requirements.txt: requirements/docs.txt requirements/uv.txt
	@tools/make_venv $(DOCS) $<

# The Makefile has its Python.
$(OLDEST)/requirements.txt: requirements/oldest.txt requirements/uv.txt Makefile
	@tools/make_venv $(OLDEST) $< $(OLDEST_PYTHON)
