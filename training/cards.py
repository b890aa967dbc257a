"""Figures in README.md and the cards, rendered from the result files between markers.

A block stands between `<!-- figures: NAME -->` and `<!-- /figures -->`, in YAML between
`# figures: NAME` and `# /figures`; the text around it is written by hand.

Run: python -m scripts.4_cards
"""

import json
import re
from dataclasses import dataclass, field
from pathlib import Path

from jobtitles.errors import DataError
from jobtitles.files import write_atomically
from training import coder_tables, dataset_tables, model_tables, scale_tables

DOCUMENTS = (
    Path("README.md"),
    Path("dataset_card/README.md"),
    Path("model_card/README.md"),
    Path("training/ablation/README.md"),
    Path("docs/scale.md"),
)
# Result files, and folders of them.
RESULTS = {
    "stats": "dataset_card/stats.json",
    "gate": "dataset_card/gate.json",
    "llm_benchmark": "dataset_card/llm_benchmark.json",
    "metrics": "model_card/finetuned/metrics.json",
    "reproduced": "model_card/reproduced.json",
    "triplet": "model_card/triplet/metrics.json",
    "coding_speed": "model_card/coding_speed.json",
    "encoding_speed": "model_card/encoding_speed.json",
    "page_speed": "model_card/page_speed.json",
    "map_speed": "model_card/map_speed.json",
    "coder": "model_card/coder_metrics.json",
    "throughput": "model_card/throughput.json",
    "assumptions": "docs/assumptions.json",
    "scale": "docs/scale",
    "public": "model_card/public",
    "public_first": "model_card/public/first",
    "ablation": "training/ablation",
    "full_length": "training/full_length",
}
BLOCKS = model_tables.BLOCKS | dataset_tables.BLOCKS | coder_tables.BLOCKS | scale_tables.BLOCKS
BLOCK = re.compile(
    r"(<!-- figures: (?P<markdown>\w+) -->\n|# figures: (?P<yaml>\w+)\n)"
    r".*?(<!-- /figures -->|# /figures)",
    re.DOTALL,
)


@dataclass(frozen=True)
class CardSettings:
    """Where the result files and the documents are."""

    root: Path = field(default=Path(), metadata={"help": "root of the repository"})


def write_cards(settings: CardSettings) -> None:
    """Render every block of every document anew.

    Raises:
        DataError: A result file is missing, or a document names a block that does not exist.
    """
    for document in DOCUMENTS:
        path = settings.root / document
        text = rendered(path.read_text(encoding="utf-8"), settings.root)
        write_atomically(path, lambda temporary, text=text: temporary.write_text(text, "utf-8"))
        print(path)


def rendered(document: str, root: Path) -> str:
    """The document with its blocks rendered from the result files under `root`."""
    results = _Results(root)

    def block(match: re.Match) -> str:
        name = match["markdown"] or match["yaml"]
        if name not in BLOCKS:
            raise DataError(f"no figures {name!r}: choose one of {', '.join(BLOCKS)}.")
        space = "\n" if match["markdown"] else ""
        return f"{match[1]}{space}{BLOCKS[name](results)}\n{space}{match[4]}"

    return BLOCK.sub(block, document)


class _Results(dict):
    """The result files by name, each read when a block first asks for it."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def __missing__(self, name: str) -> dict:
        path = self._root / RESULTS[name]
        if path.suffix:
            found = _read(path)
        else:
            found = {file.stem: _read(file) for file in sorted(path.glob("*.json"))}
        self[name] = found
        return found


def _read(path: Path) -> dict:
    if not path.is_file():
        raise DataError(f"{path} is missing: run the stage that writes it.")
    return json.loads(path.read_text(encoding="utf-8"))
