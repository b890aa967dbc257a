"""Runs training.database_speed."""

from training.command import run
from training.database_speed import DatabaseSpeedSettings, measure_database_speed

if __name__ == "__main__":
    run(DatabaseSpeedSettings, measure_database_speed)
