"""Measure models on a public ranking set: python -m scripts.6_public_sets."""

from training.command import run
from training.public_sets import PublicSetSettings, measure_public_set

if __name__ == "__main__":
    run(PublicSetSettings, measure_public_set)
