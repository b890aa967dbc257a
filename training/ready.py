"""Vectors and map coordinates that travel with the model, so that a Space starts without encoding.

They name the model and the titles that they are of, and are taken for no others. Written by
scripts.5_export. In float16, which moves a cosine by less than 0.0001; the index over them is
always built where it is used.
"""

from pathlib import Path

import numpy as np

from jobtitles.cache import keep_arrays
from jobtitles.catalogue import (
    cached_vectors,
    default_titles,
    other_titles,
    read_titles,
    vectors_key,
)
from jobtitles.encoder import NAMES, Encoder, load_encoder
from jobtitles.labelled import labelled_titles
from jobtitles.parts import Parts
from jobtitles.projection import map_key, tsne_map


def write_ready(folder: Path, parts: Parts) -> None:
    """Write every model's vectors of all titles, maps of the default ones, the coder's vectors.

    Args:
        folder: Where they go.
        parts: Dataset and adapters.

    Raises:
        DataError: The dataset is missing.
        SourceError: A model is missing or not the pinned one.
    """
    every = read_titles(parts.dataset)
    titles, others = ([t.text for t in part(every)] for part in (default_titles, other_titles))
    for name in NAMES:
        adapter = None if name == "base" else parts.adapter(name)
        encoder = load_encoder(name, adapter).quickest()
        vectors = _write_vectors(folder, titles, encoder)
        # As the page will read them, so that the map is known by their very bytes.
        keep_arrays(folder, "map", map_key(vectors), {"xy": tsne_map(vectors)})
        _write_vectors(folder, others, encoder)
        if name == "finetuned":
            voting = labelled_titles(parts.dataset, None).texts
            _write_vectors(folder, list(dict.fromkeys(voting)), encoder)


def _write_vectors(folder: Path, texts: list[str], encoder: Encoder) -> np.ndarray:
    print(f"{encoder.name}: {len(texts):,} titles", flush=True)
    vectors = cached_vectors(texts, encoder).astype(np.float16)
    keep_arrays(folder, "vectors", vectors_key(texts, encoder), {"vectors": vectors})
    return cached_vectors(texts, encoder, ready=folder)
