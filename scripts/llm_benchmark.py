"""Measure generators of jittered titles beside each other: python -m scripts.llm_benchmark."""

from training.command import run
from training.llm_benchmark import LlmBenchmarkSettings, benchmark

if __name__ == "__main__":
    run(LlmBenchmarkSettings, benchmark)
