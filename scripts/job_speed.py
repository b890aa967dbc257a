"""Runs training.job_speed."""

from training.command import run
from training.job_speed import JobSpeedSettings, measure_job_speed

if __name__ == "__main__":
    run(JobSpeedSettings, measure_job_speed)
