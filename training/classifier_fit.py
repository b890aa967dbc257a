"""Fit the coder's classifiers on labelled titles."""

import numpy as np
import torch
from torch.nn import EmbeddingBag, Linear
from torch.nn.functional import cross_entropy

from jobtitles.classifiers import HASHED, SCALE, Classifiers, spelling
from jobtitles.labelled import Labelled

BATCH = 512
SMOOTHING = 0.05
RUN_DIMENSIONS = 128
VECTOR_EPOCHS, VECTOR_RATE = 6, 6e-3
SPELLING_EPOCHS, SPELLING_RATE = 4, 2e-2


def fit_classifiers(vectors: np.ndarray, labelled: Labelled, seed: int = 0) -> Classifiers:
    """Fit both with cross-entropy, labels smoothed.

    Args:
        vectors: Of the labelled titles, float32, shape (n, d).
        labelled: n titles under o occupations.
        seed: Of order and initial weights.
    """
    size = len(labelled.names)
    labels = torch.from_numpy(labelled.numbers)
    torch.manual_seed(seed)
    of_vector = Linear(vectors.shape[1], size)
    scaled = torch.from_numpy(vectors) * SCALE
    adam = torch.optim.AdamW(of_vector.parameters(), VECTOR_RATE)
    batches = VECTOR_EPOCHS * -(-len(labels) // BATCH)
    slower = torch.optim.lr_scheduler.LinearLR(adam, 1.0, 0.05, batches)
    for rows in _batches(len(labels), VECTOR_EPOCHS, seed):
        _step(
            [adam], cross_entropy(of_vector(scaled[rows]), labels[rows], label_smoothing=SMOOTHING)
        )
        slower.step()

    runs = EmbeddingBag(HASHED, RUN_DIMENSIONS, mode="mean", sparse=True)
    torch.nn.init.normal_(runs.weight, std=0.05)
    of_spelling = Linear(RUN_DIMENSIONS, size)
    optimizers = [
        torch.optim.SparseAdam(list(runs.parameters()), SPELLING_RATE),
        torch.optim.AdamW(of_spelling.parameters(), SPELLING_RATE),
    ]
    hashed = spelling(labelled.texts)
    for rows in _batches(len(labels), SPELLING_EPOCHS, seed):
        batch = hashed[rows.numpy()]
        means = runs(
            torch.from_numpy(batch.indices).long(), torch.from_numpy(batch.indptr[:-1]).long()
        )
        loss = cross_entropy(of_spelling(means), labels[rows], label_smoothing=SMOOTHING)
        _step(optimizers, loss)
    codes = sorted(labelled.names)
    return Classifiers(
        codes, _weights(of_vector), runs.weight.detach().numpy(), _weights(of_spelling)
    )


def _batches(titles: int, epochs: int, seed: int):  # noqa: ANN202
    draw = np.random.default_rng(seed)
    for _ in range(epochs):
        order = torch.from_numpy(draw.permutation(titles))
        yield from order.split(BATCH)


def _step(optimizers: list[torch.optim.Optimizer], loss: torch.Tensor) -> None:
    for optimizer in optimizers:
        optimizer.zero_grad()
    loss.backward()
    for optimizer in optimizers:
        optimizer.step()


def _weights(layer: Linear) -> np.ndarray:
    return np.vstack([layer.weight.detach().numpy().T, layer.bias.detach().numpy()])
