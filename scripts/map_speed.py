"""Runs training.map_speed."""

from training.command import run
from training.map_speed import MapSpeedSettings, measure_map_speed

if __name__ == "__main__":
    run(MapSpeedSettings, measure_map_speed)
