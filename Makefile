# make app, make test: everything a fresh machine needs is set up on the way.
PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python

.PHONY: app test trials dataset train evaluate coder ablation throughput cards export lint

app: $(VENV)/app-ready
	$(RUN) app.py

# Two processes of one thread each: most of a test is Python, which has one thread.
test: $(VENV)/test-ready lint
	OMP_NUM_THREADS=1 $(RUN) -m pytest -n 2

# Longer trials, kept out of the tests.
trials: $(VENV)/test-ready
	$(RUN) -m pytest -m trial

lint: $(VENV)/test-ready
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .

# The pipeline, in order.
dataset: $(VENV)/app-ready
	$(RUN) -m scripts.1_dataset

# RECIPE names a file of training/recipes; ONET a folder of O*NET's text files with the crosswalk.
RECIPE ?= finetuned
WITH_ONET := $(if $(ONET),--onet "$(ONET)")
# What ships stands in model_card; any other recipe's adapter goes to runs.
ADAPTER = $(if $(wildcard model_card/$(RECIPE)),model_card,runs)/$(RECIPE)

train: $(VENV)/app-ready
	$(RUN) -m scripts.2_finetune @training/recipes/$(RECIPE).args --output $(ADAPTER) $(WITH_ONET)
	$(RUN) -m scripts.3_evaluate --adapter $(ADAPTER) $(WITH_ONET)
	$(MAKE) cards

evaluate: $(VENV)/app-ready
	$(RUN) -m scripts.3_evaluate --adapter model_card/finetuned $(WITH_ONET)
	$(RUN) -m scripts.3_evaluate --adapter model_card/triplet $(WITH_ONET)

# Fits the title coder to the shipped model and measures it; O*NET's files are needed.
coder: $(VENV)/app-ready
	$(RUN) -m scripts.coder $(WITH_ONET)
	$(MAKE) cards

# Every recipe of the ablation table that has no result of today's settings and data.
ablation: $(VENV)/app-ready
	set -e; for recipe in training/recipes/ablation/*.args; do \
		$(RUN) -m scripts.ablation --recipe $$recipe $(WITH_ONET); done

# Training speed beside the trainer's defaults.
throughput: $(VENV)/app-ready
	$(RUN) -m scripts.throughput

cards: $(VENV)/app-ready
	$(RUN) -m scripts.4_cards

export: $(VENV)/app-ready
	$(RUN) -m scripts.5_export

$(VENV)/app-ready: requirements.txt
	test -x $(RUN) || $(PYTHON) -m venv $(VENV)
	$(RUN) -m pip install --quiet -r requirements.txt
	touch $@

$(VENV)/test-ready: $(VENV)/app-ready requirements-test.txt
	$(RUN) -m pip install --quiet -r requirements-test.txt
	touch $@
