"""Publish dataset, model or Space to the Hub: python -m scripts.7_publish --part dataset."""

from training.command import run
from training.publish import PublishSettings, publish

if __name__ == "__main__":
    run(PublishSettings, publish)
