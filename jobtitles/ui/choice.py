"""What all tabs work with: a fine-tuned model and a catalogue, chosen once above them."""

import weakref
from dataclasses import dataclass
from typing import TYPE_CHECKING

import gradio as gr

from jobtitles.ui.job import Report
from jobtitles.ui.warmup import Warmup

if TYPE_CHECKING:
    from jobtitles.maps import Maps
    from jobtitles.search import SideBySide

# The fine-tuned models by name; the first is there when the page opens.
TUNED = {"finetuned": "Best on validation", "triplet": "Triplet loss only"}
CATALOGUES = {
    "default": "Clean and test titles",
    "whole": "All (slow at first)",
    "own": "My own",
}
KEPT_SECONDS = 3600
# Own catalogues kept at a time; of 20,000 titles one takes some 130 MB.
MOST_KEPT = 16


@dataclass
class Own:
    """A visitor's own catalogue, kept in memory for the session.

    Attributes:
        engine: Over its titles, once they are encoded; None again where others needed the room.
        tuned: The fine-tuned model that they were encoded with.
        maps: Of both models, once they are drawn.
    """

    engine: "SideBySide | None" = None
    tuned: str = ""
    maps: "Maps | None" = None


class Choice:
    """The two choices above the tabs.

    Attributes:
        warmups: The page's long jobs for every fine-tuned model, by its name.
        tuned: The fine-tuned model.
        catalogue: One of `CATALOGUES`.
        own: The visitor's own catalogue.
        inputs: What a handler takes to ask `engine`.
        tuned_chosen: Listens to a choice of the model, for handlers that wait for it.
        chosen: The same for every choice.
    """

    def __init__(self, warmups: dict[str, Warmup]) -> None:
        """Add the choices to the page being built."""
        self.warmups = warmups
        with gr.Row(elem_id="choice"):
            self.tuned = gr.Radio(
                [(label, name) for name, label in TUNED.items()],
                value=next(iter(TUNED)),
                label="Fine-tuned model",
                elem_id="tuned",
                min_width=330,
            )
            self.catalogue = gr.Radio(
                [(label, name) for name, label in CATALOGUES.items()],
                value="default",
                label="Titles to search",
                elem_id="catalogue",
                min_width=330,
            )
        self.own = gr.State(Own(), time_to_live=KEPT_SECONDS)
        self.inputs = [self.tuned, self.catalogue, self.own]
        # The page asks for one answer to an event after the other. What waits for a model or a
        # catalogue follows on a step that is answered at once: else the tabs that clear themselves
        # do so after the wait, and stop what was asked for meanwhile.
        step = {"fn": None, "js": "() => []", "api_visibility": "private"}
        self.tuned_chosen = self.tuned.input(**step).then
        self.chosen = [self.tuned_chosen, *(change(**step).then for change in self.changes)]
        self._kept: list[weakref.ref[Own]] = []

    @property
    def changes(self) -> list:
        """The events after which a row is another title."""
        return [self.catalogue.change, self.own.change]

    def keep(self, own: Own) -> None:
        """Count a catalogue among those kept; the oldest goes where there are too many."""
        kept = [other for reference in self._kept if (other := reference())]
        for oldest in kept[: len(kept) + 1 - MOST_KEPT]:
            oldest.engine = oldest.maps = None
        self._kept = [weakref.ref(other) for other in (*kept[-(MOST_KEPT - 1) :], own)]

    def engine(
        self, tuned: str, catalogue: str, own: Own, watch: Report | None = None
    ) -> tuple["SideBySide", bool]:
        """The engine over the chosen catalogue, and whether its whole catalogue is meant.

        Raises:
            gr.Error: A job failed, or the own catalogue is not there.
        """
        if catalogue == "own":
            if own.engine is None:
                said = "There is no catalogue of yours, or no longer: bring one to “My catalogue”."
                raise gr.Error(said, print_exception=False)
            if own.tuned != tuned:
                said = "Your titles were encoded with the other model: use them again."
                raise gr.Error(said, print_exception=False)
            return own.engine, False
        whole = catalogue == "whole"
        return self.warmups[tuned].searched(whole, watch), whole
