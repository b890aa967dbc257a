"""Runs training.coder."""

from training.coder import CoderSettings, fit_coder
from training.command import run

if __name__ == "__main__":
    run(CoderSettings, fit_coder)
