# Workspace of the Osservatorio. `make` alone lists what there is.
.DEFAULT_GOAL := help
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: help report edizione test check lint format dizionario lab spark lock clean

help: ## list the targets
	@awk 'BEGIN {FS = ":.*## "} /^[a-z]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' Makefile

report: $(READY) ## make the environment and the annual report from the published figures
	$(BIN)/analisi esegui annuale
	@echo "Aprire nel browser: reports/annuale-2025/annuale.html"

EDIZIONI := bimestrale trimestrale annuale

edizione: $(READY) data/esempio ## make the three editions from synthetic extracts (EDIZIONI=annuale for one)
	@set -e; for name in $(EDIZIONI); do $(BIN)/analisi edizione $$name; done

data/esempio: | $(READY)
	$(BIN)/analisi esempio

test: $(READY) ## make the environment and run every test (browser tests need Chromium)
	$(BIN)/python -m pytest --numprocesses auto --dist loadfile --no-loadscope-reorder

check: $(READY) lint test ## all that CI runs: lint, then every test

lint: $(READY) ## style and format of code and notebooks; notebooks without outputs
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/nbstripout --keep-id --verify notebooks/*.ipynb

format: $(READY) ## rewrite code and notebooks in the house format, and strip outputs
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/nbstripout --keep-id notebooks/*.ipynb

dizionario: $(READY) ## renew the data dictionary from the declared tables and data files
	$(BIN)/python -m analisi.presentation.dizionario

lab: $(READY) ## open JupyterLab on the workspace, with its own settings
	$(BIN)/analisi esplora

spark: $(READY) ## add Spark to the environment (400 MB; it needs Java 17)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements-spark.lock

COMPILE := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header

lock: ## renew requirements.lock and requirements-spark.lock (needs uv)
	$(COMPILE) --extra dev pyproject.toml --output-file requirements.lock
	echo "pyspark[connect]>=4" | $(COMPILE) --constraint requirements.lock - --output-file requirements-spark.lock

clean: ## remove the environment, the caches and the generated reports
	rm -rf $(VENV) .cache .pytest_cache .ruff_cache .hypothesis
	find reports -mindepth 1 -maxdepth 1 -type d -exec rm -rf {} +

$(READY): requirements.lock pyproject.toml .ci/environment
	sh .ci/environment $(VENV)
	@touch $@
