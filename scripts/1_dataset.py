"""Build dataset_card/data and stats.json from the recorded answers: python -m scripts.1_dataset."""

from training.command import run
from training.dataset import DatasetSettings, build_dataset

if __name__ == "__main__":
    run(DatasetSettings, build_dataset)
