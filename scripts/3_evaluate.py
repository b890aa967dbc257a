"""Measure base against fine-tuned, metrics.json beside it: python -m scripts.3_evaluate."""

from training.command import run
from training.evaluate import EvaluateSettings, evaluate

if __name__ == "__main__":
    run(EvaluateSettings, evaluate)
