"""The gate's report on written titles, and the titles to look at: python -m scripts.review."""

from training.command import run
from training.review import ReviewSettings, review

if __name__ == "__main__":
    run(ReviewSettings, review)
