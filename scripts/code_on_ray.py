"""Runs jobtitles.coding_job."""

from jobtitles.coding_job import JobSettings, code_files
from training.command import run

if __name__ == "__main__":
    run(JobSettings, code_files)
