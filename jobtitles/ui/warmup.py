"""What the page needs and takes long to make: search engine, whole catalogue, maps, coder.

torch and transformers take seconds to import. Only the jobs' threads import them, so that the
page is up before they are.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from jobtitles.parts import SHIPPED, Parts
from jobtitles.sources import ADAPTERS
from jobtitles.ui.job import Job, Report

if TYPE_CHECKING:
    from jobtitles.coder import Coder
    from jobtitles.maps import Maps
    from jobtitles.search import SideBySide


# One thread encodes; what else a search does may overlap.
ENCODING = {"concurrency_id": "encode", "concurrency_limit": 8}


class Warmup:
    """The page's long jobs for one of the fine-tuned models.

    Attributes:
        tuned: Name of the fine-tuned model, one of `jobtitles.sources.ADAPTERS`.
        parts: What it runs on; pulled from the Hub first, where that was asked for.
        engine: Makes the `SideBySide`; that of the first model is started with the page.
        whole: Adds the whole catalogue to it.
        maps: Draws both models' maps of the default catalogue.
        whole_maps: Draws those of the whole catalogue.
        coder: Makes the title coder, which is calibrated for the model "finetuned" only.
    """

    def __init__(self, tuned: str, parts: Job[Parts]) -> None:
        self.tuned = tuned
        self.parts = parts
        self.engine: Job[SideBySide] = Job("Loading the models", self._load)
        self.whole: Job[SideBySide] = Job("Adding the whole catalogue", self._add_whole)
        self.maps: Job[Maps] = Job("Drawing the maps", self._draw)
        self.whole_maps: Job[Maps] = Job("Drawing maps of all titles", self._draw_whole)
        self.coder: Job[Coder] = Job("Making the coder ready", self._make_coder)

    def searched(self, whole: bool, watch: Report | None = None) -> "SideBySide":
        """The engine, ready to search the default catalogue or the whole one.

        Raises:
            gr.Error: A job failed.
        """
        engine = self.engine.result(watch)
        return self.whole.result(watch) if whole else engine

    def _add_whole(self, report: Report) -> "SideBySide":
        engine = self.engine.result(report)
        engine.load_whole(report)
        return engine

    def _make_coder(self, report: Report) -> "Coder":
        from jobtitles.coder import load_coder

        def progress(done: int, total: int) -> None:
            report(done / total, f"Encoding {total:,} titles that vote, once")

        parts = self.parts.result(report)
        report(0.0, "Reading the titles that vote")
        return load_coder(parts, progress=progress)

    def _draw(self, report: Report) -> "Maps":
        engine = self.engine.result(report)
        from jobtitles.maps import draw_maps

        return draw_maps(engine, report, self.parts.result().ready)

    def _draw_whole(self, report: Report) -> "Maps":
        engine = self.whole.result(report)
        from jobtitles.maps import draw_maps

        return draw_maps(engine, report, whole=True)

    def _load(self, report: Report) -> "SideBySide":
        parts = self.parts.result(report)
        report(0.0, "Importing PyTorch")
        from jobtitles.search import SideBySide

        return SideBySide.load(report, self.tuned, parts)


def warmups(choose: Callable[[], Parts] = lambda: SHIPPED) -> dict[str, Warmup]:
    """The long jobs of every fine-tuned model by its name; none is started.

    Args:
        choose: Gives what they run on; asked once, when a job first needs it.
    """

    def pull(report: Report) -> Parts:
        report(0.0, "Looking for model and dataset")
        return choose()

    parts = Job("Pulling model and dataset", pull)
    return {tuned: Warmup(tuned, parts) for tuned in ADAPTERS}
