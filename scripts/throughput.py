"""Time training beside the trainer's defaults: python -m scripts.throughput."""

from training.command import run
from training.throughput import ThroughputSettings, measure_throughput

if __name__ == "__main__":
    run(ThroughputSettings, measure_throughput)
