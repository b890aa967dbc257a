"""Runs training.coding_speed."""

from training.coding_speed import SpeedSettings, measure_coding_speed
from training.command import run

if __name__ == "__main__":
    run(SpeedSettings, measure_coding_speed)
