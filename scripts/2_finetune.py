"""Fine-tune the base model on the dataset's triplets: python -m scripts.2_finetune."""

from training.command import run
from training.finetune import FinetuneSettings, finetune

if __name__ == "__main__":
    run(FinetuneSettings, finetune)
