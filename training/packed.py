"""Encoding a batch without padding, which else is most of the work on titles."""

import torch
from sentence_transformers import SentenceTransformer
from torch.nn.functional import normalize

# Tokens of a line, where no text is longer. Measured on 2 cores: 24 to 48 make no difference.
LINE = 32


class PackedModel(SentenceTransformer):
    """all-MiniLM-L6-v2 for training: the same embeddings for less work.

    A batch of titles holds some of 4 tokens and some of 40. Several texts stand in one line, and
    no token attends to those of another text (Krell et al. 2021, arXiv:2107.02027), so that next
    to nothing is padded, and attention is over few lines of one length.
    """

    def forward(self, features: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """Embed tokenised texts.

        Args:
            features: input_ids and attention_mask, both (n, tokens), padded on the right.

        Returns:
            {"sentence_embedding": (n, 384)} in the order of the input, unit vectors.
        """
        mask = features["attention_mask"].bool()
        lengths = mask.sum(1)
        *where, shape = _placed(lengths.tolist())
        line, start = (torch.tensor(own, device=mask.device) for own in where)
        row, place = mask.nonzero(as_tuple=True)
        at = line[row], start[row] + place
        ids = mask.new_zeros(shape, dtype=torch.long)
        places, owner = torch.zeros_like(ids), torch.full_like(ids, -1)
        ids[at], places[at], owner[at] = features["input_ids"][mask], place, row
        apart = (owner[:, None] != owner[:, :, None])[:, None]
        tokens = (
            self[0]
            .auto_model(
                input_ids=ids,
                position_ids=places,
                attention_mask=apart * torch.finfo(torch.float32).min,
            )
            .last_hidden_state
        )
        sums = tokens.new_zeros(len(mask), tokens.shape[2], dtype=torch.float32)
        means = sums.index_add(0, row, tokens[at].float()) / lengths[:, None]
        return {"sentence_embedding": normalize(means)}


def _placed(lengths: list[int]) -> tuple[list[int], list[int], tuple[int, int]]:
    """Where each text stands, its line and its start there; and how many lines of which length.

    The longest come first, each into the first line that has room.
    """
    size = max(LINE, *lengths)
    room: list[int] = []
    line, start = [0] * len(lengths), [0] * len(lengths)
    for row in sorted(range(len(lengths)), key=lambda row: -lengths[row]):
        found = next((n for n, left in enumerate(room) if left >= lengths[row]), len(room))
        if found == len(room):
            room.append(size)
        line[row], start[row] = found, size - room[found]
        room[found] -= lengths[row]
    return line, start, (len(room), size)
