"""Titles to unit vectors, with the base model or the fine-tuned one.

from jobtitles.encoder import load_encoder
load_encoder("finetuned").encode(["SWE II - Payments (Go) | hybrid"])  # (1, 384)
"""

import copy
import json
import time
from collections.abc import Callable
from functools import cache

import numpy as np
import torch
from peft import PeftModel
from transformers import AutoModel, AutoTokenizer, PreTrainedModel, PreTrainedTokenizerBase

from jobtitles.encoding_thread import ENCODING_THREAD, EncodingThread, Tokens
from jobtitles.errors import InputError
from jobtitles.records import whole_text
from jobtitles.sources import ADAPTERS, Source, base_model, shipped_adapter

DIMENSION = 384
# Titles are sorted by length and cut into batches of this many tokens, padding included: larger
# batches fall out of the CPU's cache and are slower.
BATCH_TOKENS = 1024
NAMES = ("base", *ADAPTERS)
# bfloat16 is taken where it is so much faster, and its vectors are so near to float32's on average.
QUICKER = 1.2
NEAR = 0.995

Progress = Callable[[int, int], None]


class Encoder:
    """A sentence encoder: BERT, mean pooling over tokens, L2 normalisation.

    Attributes:
        name: One of `NAMES`.
        digest: Names the weights.
        origin: Where the weights came from, a sentence for the page.
        precision: "float32" or "bfloat16"; with the digest it decides the vectors.
    """

    def __init__(
        self,
        name: str,
        model: PreTrainedModel,
        tokenizer: PreTrainedTokenizerBase,
        max_tokens: int,
        digest: str,
        origin: str,
        precision: str = "float32",
        thread: EncodingThread | None = None,
    ) -> None:
        self.name = name
        self.precision = precision
        self.digest = digest
        self.origin = origin
        self._model = model
        self._tokenizer = tokenizer
        self._max_tokens = max_tokens
        self._thread = thread

    def encode(self, titles: list[str], progress: Progress | None = None) -> np.ndarray:
        """Encode titles.

        Args:
            titles: Any number of titles; what exceeds the model's 256 tokens is cut off.
            progress: Called with (titles done, titles in all) after every batch.

        Returns:
            Unit vectors in the order of `titles`, float32, shape (len(titles), 384).

        Raises:
            InputError: `titles` is one string rather than a list of them.
        """
        if isinstance(titles, str):
            raise InputError("encode() takes a list of titles; for one title pass [title].")
        vectors = np.empty((len(titles), DIMENSION), np.float32)
        if not len(titles):
            return vectors
        texts = [whole_text(title) for title in titles]
        ids = self._tokenizer(texts, truncation=True, max_length=self._max_tokens)["input_ids"]
        order = np.argsort([len(i) for i in ids], kind="stable")[::-1]
        training = self._model.training  # a model under training is encoded with on validation
        self._model.eval()
        start = 0
        while start < len(order):
            length = len(ids[order[start]])  # the longest of its batch: the order is descending
            rows = order[start : start + max(1, BATCH_TOKENS // length)]
            batch = [ids[row] for row in rows]
            if self._thread:
                vectors[rows] = self._thread.vectors(self._forward, batch)
            else:
                vectors[rows] = self._forward(batch)
            start += len(rows)
            if progress:
                progress(start, len(order))
        self._model.train(training)
        return vectors

    def quickest(self) -> "Encoder":
        """The same model in bfloat16 where this machine is faster at it, else this one.

        On CPUs without the instructions bfloat16 is several times slower: both are timed in turns.
        """
        half = self.in_precision("bfloat16")
        titles = [f"Sr. Maintenance Technician {n} - 2nd shift, $24/hr" for n in range(128)]
        vectors, seconds = {}, {}
        for encoder in (self, half) * 3:
            started = time.perf_counter()
            vectors[encoder] = encoder.encode(titles)
            took = time.perf_counter() - started
            seconds[encoder] = min(seconds.get(encoder, took), took)
        cosine = float((vectors[self] * vectors[half]).sum(axis=1).mean())
        faster = seconds[self] / seconds[half] >= QUICKER
        return half if faster and cosine >= NEAR else self

    def in_precision(self, precision: str) -> "Encoder":
        """The same model in "float32" or "bfloat16", quicker here or not."""
        if precision == self.precision:
            return self
        return self._with(copy.deepcopy(self._model).to(getattr(torch, precision)), precision)

    def on(self, device: str) -> "Encoder":
        """The same model on another device, such as "cuda"."""
        return self._with(copy.deepcopy(self._model).to(device), self.precision)

    def computed_in(self, thread: EncodingThread) -> "Encoder":
        """The same model, whose batches are computed in that thread."""
        return self._with(self._model, self.precision, thread)

    def _with(
        self, model: PreTrainedModel, precision: str, thread: EncodingThread | None = None
    ) -> "Encoder":
        return Encoder(
            self.name,
            model,
            self._tokenizer,
            self._max_tokens,
            self.digest,
            self.origin,
            precision,
            thread,
        )

    @torch.inference_mode()
    def _forward(self, batch: Tokens) -> np.ndarray:
        length = max(map(len, batch))
        # Rows are filled up to a power of two: oneDNN keeps memory for every size that it has
        # seen, 250 MiB after 1,600 batches of up to 20 titles, 107 with these sizes alone. The mask
        # of what fills is 1: a row of none would have no mean.
        full = max(len(batch), BATCH_TOKENS // length)
        rows = min(full, 1 << (len(batch) - 1).bit_length())
        tokens = torch.full((rows, length), self._tokenizer.pad_token_id)
        mask = torch.ones((rows, length))
        mask[: len(batch)] = 0
        for row, ids in enumerate(batch):
            tokens[row, : len(ids)] = torch.tensor(ids)
            mask[row, : len(ids)] = 1
        tokens, mask = tokens.to(self._model.device), mask.to(self._model.device)
        hidden = self._model(input_ids=tokens, attention_mask=mask).last_hidden_state  # (B, T, D)
        hidden = hidden.float()
        pooled = (hidden * mask[:, :, None]).sum(1) / mask.sum(1, keepdim=True)
        return torch.nn.functional.normalize(pooled)[: len(batch)].cpu().numpy()


def load_encoder(name: str, adapter: Source | None = None) -> Encoder:
    """Load the base model, or the base model with one of the shipped adapters.

    Args:
        name: "base", "finetuned" (the best by validation) or "triplet" (the best that was trained
            with nothing but triplet loss).
        adapter: Another adapter than the shipped one of that name.

    Raises:
        InputError: Another name.
        SourceError: Weights are missing, or are not the pinned ones.
    """
    if name not in NAMES:
        raise InputError(f"no encoder {name!r}: choose one of {', '.join(NAMES)}.")
    base = base_model()
    model = AutoModel.from_pretrained(base.path, use_safetensors=True)
    digest, origin = base.digest, base.origin
    if name != "base":
        source = adapter or shipped_adapter(name)
        model = PeftModel.from_pretrained(model, source.path).merge_and_unload()
        digest, origin = f"{digest}+{source.digest}", f"{source.origin}, on {origin}"
    config = json.loads((base.path / "sentence_bert_config.json").read_text(encoding="utf-8"))
    tokenizer = AutoTokenizer.from_pretrained(base.path)
    return Encoder(name, model, tokenizer, config["max_seq_length"], digest, origin)


def shared_encoder(name: str, adapter: Source | None = None, precision: str = "") -> Encoder:
    """An encoder for a process in which many threads encode.

    It is loaded, timed and used in the one thread that all of them share. A model is loaded once,
    in the quickest precision, and once more in each that is asked for by name.

    Args:
        name: As for `load_encoder`.
        adapter: As for `load_encoder`.
        precision: "float32" or "bfloat16" where it must be that one; empty: the quickest.

    Raises:
        InputError: Another name.
        SourceError: Weights are missing, or are not the pinned ones.
    """
    loaded = ENCODING_THREAD.run(lambda: _loaded(name, adapter, precision))
    return loaded.computed_in(ENCODING_THREAD)


@cache
def _loaded(name: str, adapter: Source | None, precision: str) -> Encoder:
    encoder = load_encoder(name, adapter)
    return encoder.in_precision(precision) if precision else encoder.quickest()
