"""Runs jobtitles.coded_file."""

from jobtitles.coded_file import CodeSettings, code_file
from training.command import run

if __name__ == "__main__":
    run(CodeSettings, code_file)
