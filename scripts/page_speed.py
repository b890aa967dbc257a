"""Runs training.page_speed."""

from training.command import run
from training.page_speed import PageSpeedSettings, measure_page_speed

if __name__ == "__main__":
    run(PageSpeedSettings, measure_page_speed)
