"""Both models' maps of one catalogue, with what the two spaces differ in."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from jobtitles.neighbourhoods import Neighbourhoods
from jobtitles.projection import aligned, drawn_map, purity, tsne_map
from jobtitles.records import Hit
from jobtitles.search import WRITTEN, Report, SideBySide

CHANGED = 12


@dataclass(frozen=True)
class Maps:
    """Maps of n titles.

    Attributes:
        xy: Model -> coordinates, float32, shape (n, 2), in the same orientation.
        purity: Model -> share of a title's neighbours in the map of its own major group; empty
            for titles without a code.
        changed: Rows of the titles whose neighbourhoods changed most, those first.
        near: The neighbourhoods under both models.
    """

    xy: dict[str, np.ndarray]
    purity: dict[str, float]
    changed: list[int]
    near: Neighbourhoods

    @property
    def count(self) -> int:
        """How many titles are drawn."""
        return len(self.near.base)

    def place(self, name: str, hits: list[Hit]) -> np.ndarray:
        """Where a new title goes in a map: the median of its nearest titles' places, shape (2,).

        That is how openTSNE starts a new point before it refines it (Poličar et al. 2019).
        """
        return np.median(self.xy[name][[hit.row for hit in hits]], axis=0)


def draw_maps(
    engine: SideBySide,
    report: Report,
    ready: Path | None = None,
    kept: bool = True,
    whole: bool = False,
) -> Maps:
    """Draw the maps of an engine's default catalogue, or of its whole one.

    Args:
        engine: The models over the titles.
        report: Told of the progress.
        ready: Folder of maps made beforehand, see `tsne_map`.
        kept: Whether the maps go to the user's cache.
        whole: Draw the whole catalogue.
    """
    xy = {}
    for turn, (name, written) in enumerate(WRITTEN.items()):

        def progress(done: int, total: int, turn: int = turn, written: str = written) -> None:
            doing = f"Map of the {written}: {done} of {total} iterations"
            report((turn + done / total) / len(WRITTEN), doing)

        vectors = engine.vectors(name, whole=whole)
        xy[name] = tsne_map(vectors, progress, ready) if kept else drawn_map(vectors, progress)
    xy["finetuned"] = aligned(xy["finetuned"], xy["base"])
    report(1.0, "Comparing the neighbourhoods")
    titles = engine.titles[: engine.count(whole)]
    codes = [title.onet_code for title in titles]
    groups = [code[:2] for code in codes]
    near = engine.neighbourhoods(whole)
    # Of those that kept equally few, first where the occupation came together or fell apart most.
    order = np.lexsort((-np.abs(near.gained(codes)), near.kept))
    return Maps(
        xy,
        {name: purity(xy[name], groups) for name in xy} if any(groups) else {},
        order[:CHANGED].tolist(),
        near,
    )
