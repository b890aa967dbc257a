"""The losses that a recipe can name."""

import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer import losses
from torch.nn.functional import cross_entropy, normalize

from training.bucketed import BucketedModel

LOSSES = ("triplet", "mnrl", "masked_ranking")


def make_loss(
    name: str, model: SentenceTransformer, margin: float, scale: float, overlap: torch.Tensor
) -> torch.nn.Module:
    """Build a loss over the columns anchor, positive, negative.

    Args:
        name: One of `LOSSES`. "triplet": TripletLoss on cosine distance (Schroff et al. 2015);
            "mnrl": MultipleNegativesRankingLoss (Henderson et al. 2017, arXiv:1705.00652);
            "masked_ranking": `MaskedRankingLoss`.
        model: The model under training.
        margin: Of "triplet".
        scale: Inverse temperature of the other two.
        overlap: For "masked_ranking": whether two labels share an occupation, bool, (l, l).
    """
    bucketed = BucketedModel(model)
    if name == "triplet":
        metric = losses.TripletDistanceMetric.COSINE
        return losses.TripletLoss(bucketed, metric, triplet_margin=margin)
    if name == "mnrl":
        return losses.MultipleNegativesRankingLoss(bucketed, scale=scale)
    return MaskedRankingLoss(bucketed, scale, overlap)


class MaskedRankingLoss(torch.nn.Module):
    """In-batch negatives in both directions, less those that are no negatives.

    In a large batch many titles share an occupation. As negatives of each other they would push
    right answers apart, so pairs whose labels share an occupation are taken out (supervised
    counterpart of the guide in GISTEmbed, Solatorio 2024, arXiv:2402.16829). The column
    "negative", where there is one, gives every anchor further candidates.
    """

    def __init__(self, model: torch.nn.Module, scale: float, overlap: torch.Tensor) -> None:
        super().__init__()
        self.model = model
        self.scale = scale
        self.register_buffer("overlap", overlap, persistent=False)

    def forward(
        self, features: list[dict[str, torch.Tensor]], labels: torch.Tensor
    ) -> torch.Tensor:
        """Mean cross-entropy of finding the own counterpart in the batch.

        Args:
            features: Tokenised anchors, positives and perhaps negatives, b of each.
            labels: Row of `overlap` of every anchor, shape (b,).
        """
        vectors = [normalize(self.model(f)["sentence_embedding"].float()) for f in features]
        anchors, positives, negatives = vectors[0], vectors[1], vectors[2:]
        same = self.overlap[labels][:, labels]
        same.fill_diagonal_(False)
        own = torch.arange(len(labels), device=labels.device)
        to_positives = (anchors @ positives.T * self.scale).masked_fill(same, -torch.inf)
        to_negatives = [anchors @ n.T * self.scale for n in negatives]
        forward = cross_entropy(torch.cat([to_positives, *to_negatives], dim=1), own)
        return (forward + cross_entropy(to_positives.T, own)) / 2
