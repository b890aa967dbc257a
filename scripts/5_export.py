"""Save the complete merged sentence-transformers model: python -m scripts.5_export --output DIR."""

from training.command import run
from training.export import ExportSettings, export

if __name__ == "__main__":
    run(ExportSettings, export)
