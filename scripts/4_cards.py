"""Render the figures of the documents from the result files: python -m scripts.4_cards."""

from training.cards import CardSettings, write_cards
from training.command import run

if __name__ == "__main__":
    run(CardSettings, write_cards)
