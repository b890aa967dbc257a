"""Train one recipe of the ablation table: python -m scripts.ablation."""

from training.ablation import AblationSettings, ablate
from training.command import run

if __name__ == "__main__":
    run(AblationSettings, ablate)
