"""Validation during training: what early stopping and the choice of a recipe go by."""

from pathlib import Path

import numpy as np
from sentence_transformers import SentenceTransformer
from sentence_transformers.base.evaluation import BaseEvaluator

from jobtitles.catalogue import read_titles
from jobtitles.encoder import Encoder
from training.onet import RealTitles
from training.retrieval import Encoded, RealTitleRetrieval, SeedRetrieval, TitleSimilarity


class ValidationRetrieval(BaseEvaluator):
    """MRR on the validation split; where O*NET's files are, MRR and MAP of held-out real titles.

    "select" is the mean of all the others: of seen and unseen occupations, of written and real
    titles alike, so that a recipe cannot win on one by losing on another. The MAP is of finding
    all titles of an unseen occupation by one of them: what a title's neighbourhood is worth, where
    the MRRs speak of the nearest title only.
    """

    def __init__(self, dataset: Path, real: RealTitles | None) -> None:
        super().__init__()
        self.primary_metric = "select"
        self._seeds = SeedRetrieval.from_dataset(dataset, "validation")
        titles = read_titles(dataset)
        trained = {title.onet_code for title in titles if title.split == "train"}
        self._seen = np.array([query.onet_code in trained for query in self._seeds.queries])
        self._real: dict[str, RealTitleRetrieval] = {}
        self._alike: dict[str, TitleSimilarity] = {}
        if real:
            held_out, unseen = real.held_out["validation"], real.unseen["validation"]
            self._real["real_held_out"] = RealTitleRetrieval.from_titles(held_out, titles)
            self._real["real_unseen"] = RealTitleRetrieval.from_titles(unseen, titles)
            self._alike["alike_unseen"] = TitleSimilarity.from_titles(unseen, held_out)
        tasks = [self._seeds, *self._real.values(), *self._alike.values()]
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
        """The figures by name; `select` is their mean."""
        encoded = Encoded.by(encoder, self.texts)
        reciprocal = 1 / self._seeds.seed_ranks(self._seeds.scores(encoded))
        figures = {
            "seed_seen": float(reciprocal[self._seen].mean()),
            "seed_unseen": float(reciprocal[~self._seen].mean()),
        }
        for name, task in self._real.items():
            figures[name] = float((1 / task.occupation_ranks(encoded)).mean())
        for name, similarity in self._alike.items():
            figures[name] = float(similarity.precisions(encoded).mean())
        return {"select": float(np.mean(list(figures.values()))), **figures}


def encoder_of(model: SentenceTransformer) -> Encoder:
    """The model under training as the project's own encoder."""
    return Encoder("finetuned", model[0].auto_model, model.tokenizer, model.max_seq_length, "", "")
