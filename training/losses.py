"""The losses that a recipe can name."""

import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.base.losses.merged_forward import embed_columns
from sentence_transformers.sentence_transformer import losses
from torch.nn.functional import cross_entropy, log_softmax, normalize, pad

from training.recipe import FinetuneSettings

DIMENSIONS = (384, 256, 128, 64)
# Texts that the cached losses embed at a time.
MINI_BATCH = 32


def make_loss(
    settings: FinetuneSettings,
    model: SentenceTransformer,
    guide: SentenceTransformer | None,
    overlap: torch.Tensor,
) -> torch.nn.Module:
    """Build a recipe's loss over the columns anchor, positive and perhaps negative.

    "triplet" is TripletLoss on cosine distance (Schroff et al. 2015, arXiv:1503.03832); "mnrl"
    MultipleNegativesRankingLoss (Henderson et al. 2017, arXiv:1705.00652) in both directions;
    "gist" GISTEmbedLoss (Solatorio 2024, arXiv:2402.16829); "cached_..." the same with gradient
    caching (Gao et al. 2021, arXiv:2101.06983); the others are `OccupationRankingLoss`.

    Args:
        settings: The recipe: loss, margin, scale, matryoshka.
        model: The model under training.
        guide: Of the "gist" losses: its vectors tell which in-batch negatives are none.
        overlap: Whether two labels share an occupation, bool, (l, l).
    """
    both = ("query_to_doc", "doc_to_query")
    if settings.loss == "triplet":
        metric = losses.TripletDistanceMetric.COSINE
        loss = losses.TripletLoss(model, metric, triplet_margin=settings.margin)
    elif settings.loss == "mnrl":
        loss = losses.MultipleNegativesRankingLoss(model, scale=settings.scale, directions=both)
    elif settings.loss == "cached_mnrl":
        loss = losses.CachedMultipleNegativesRankingLoss(
            model, scale=settings.scale, directions=both, mini_batch_size=MINI_BATCH
        )
    elif settings.loss == "gist":
        loss = losses.GISTEmbedLoss(model, guide, temperature=1 / settings.scale)
    elif settings.loss == "cached_gist":
        loss = losses.CachedGISTEmbedLoss(
            model, guide, temperature=1 / settings.scale, mini_batch_size=MINI_BATCH
        )
    else:
        loss = OccupationRankingLoss(model, settings.scale, overlap, settings.loss == "supcon")
    return losses.MatryoshkaLoss(loss.model, loss, DIMENSIONS) if settings.matryoshka else loss


class OccupationRankingLoss(torch.nn.Module):
    """In-batch negatives in both directions, less those that are no negatives.

    In a large batch many titles share an occupation. As negatives of each other they would push
    right answers apart, so pairs whose labels share an occupation are taken out (a supervised
    counterpart of the guide in GISTEmbed), or count as further positives (SupCon, Khosla et al.
    2020, arXiv:2004.11362). The column "negative", where there is one, gives every anchor further
    candidates: its own negative and those of the other rows, less those of its occupation.
    """

    def __init__(
        self, model: torch.nn.Module, scale: float, overlap: torch.Tensor, supcon: bool = False
    ) -> None:
        super().__init__()
        self.model = model
        self.scale = scale
        self.supcon = supcon
        self.register_buffer("overlap", overlap, persistent=False)

    def forward(
        self, features: list[dict[str, torch.Tensor]], labels: torch.Tensor
    ) -> torch.Tensor:
        """Mean cross-entropy of finding the own counterpart in the batch.

        Args:
            features: Tokenised anchors, positives and perhaps negatives, b of each.
            labels: Rows of `overlap` of every anchor and of its negative, shape (b, 2).
        """
        columns = embed_columns(self.model, features, separate_first=False)
        anchors, positives, *negatives = (normalize(own.float()) for own in columns)
        own, of_negative = labels.unbind(1)
        same = self.overlap[own][:, own]
        same.fill_diagonal_(True)
        to_positives = anchors @ positives.T * self.scale
        false = self.overlap[own][:, of_negative]
        to_negatives = [
            (anchors @ n.T * self.scale).masked_fill(false, -torch.inf) for n in negatives
        ]
        forward = self._cross_entropy(torch.cat([to_positives, *to_negatives], dim=1), same)
        return (forward + self._cross_entropy(to_positives.T, same)) / 2

    def _cross_entropy(self, logits: torch.Tensor, same: torch.Tensor) -> torch.Tensor:
        """Over rows of logits, shape (b, candidates), the first b of which `same` speaks of."""
        if self.supcon:
            chances = log_softmax(logits, dim=1)[:, : len(same)]
            return -(chances * same).sum(1).div(same.sum(1)).mean()
        own = torch.arange(len(same), device=same.device)
        others = same.clone().fill_diagonal_(False)
        masked = pad(others, (0, logits.shape[1] - len(same)))
        return cross_entropy(logits.masked_fill(masked, -torch.inf), own)
