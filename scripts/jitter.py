"""Let LLMs write jittered titles: python -m scripts.jitter."""

from training.command import run
from training.generation import JitterSettings
from training.jitter import jitter

if __name__ == "__main__":
    run(JitterSettings, jitter)
