"""Validation during training: what early stopping and the choice of a recipe go by."""

from pathlib import Path

import numpy as np
from sentence_transformers import SentenceTransformer
from sentence_transformers.base.evaluation import BaseEvaluator

from jobtitles.catalogue import read_titles
from jobtitles.encoder import Encoder
from training.onet import RealTitles
from training.retrieval import Encoded, RealTitleRetrieval, SeedRetrieval


class ValidationRetrieval(BaseEvaluator):
    """MRR on the validation split, and on held-out real titles where O*NET's files are there.

    "select" is the mean of all the others: of seen and unseen occupations, of written and real
    titles alike, so that a recipe cannot win on one by losing on another.
    """

    def __init__(self, dataset: Path, real: RealTitles | None) -> None:
        super().__init__()
        self.primary_metric = "select"
        self._seeds = SeedRetrieval.from_dataset(dataset, "validation")
        titles = read_titles(dataset)
        trained = {title.onet_code for title in titles if title.split == "train"}
        self._seen = np.array([query.onet_code in trained for query in self._seeds.queries])
        self._real: dict[str, RealTitleRetrieval] = {}
        if real:
            task = RealTitleRetrieval.from_titles
            self._real["real_held_out"] = task(real.held_out["validation"], titles)
            self._real["real_unseen"] = task(real.unseen["validation"], titles)
        tasks = [self._seeds, *self._real.values()]
        self.texts = {text for task in tasks for text in task.texts}

    def __call__(
        self,
        model: SentenceTransformer,
        output_path: str | None = None,
        epoch: int = -1,
        steps: int = -1,
    ) -> dict[str, float]:
        """`measure` for the trainer."""
        return self.measure(encoder_of(model))

    def measure(self, encoder: Encoder) -> dict[str, float]:
        """The MRRs by name; `select` is their mean."""
        encoded = Encoded.by(encoder, self.texts)
        reciprocal = 1 / self._seeds.seed_ranks(self._seeds.scores(encoded))
        figures = {
            "seed_seen": float(reciprocal[self._seen].mean()),
            "seed_unseen": float(reciprocal[~self._seen].mean()),
        }
        for name, task in self._real.items():
            figures[name] = float((1 / task.occupation_ranks(encoded)).mean())
        return {"select": float(np.mean(list(figures.values()))), **figures}


def encoder_of(model: SentenceTransformer) -> Encoder:
    """The model under training as the project's own encoder."""
    return Encoder("finetuned", model[0].auto_model, model.tokenizer, model.max_seq_length, "", "")
