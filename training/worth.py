"""What a generator's titles are worth: the same small fine-tuning on equally many of each."""

import json
import tempfile
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import torch
from datasets import Dataset
from sentence_transformers import SentenceTransformerTrainer

from jobtitles.files import write_json
from training.finetune import start_model, training_arguments
from training.losses import make_loss
from training.recipe import FinetuneSettings, recipe_of
from training.validation import ValidationRetrieval, encoder_of

SMALL = FinetuneSettings(
    loss="masked_ranking",
    hard_negatives=False,
    scale=20,
    batch_size=128,
    learning_rate=2e-4,
    dropout=0,
    passes=4,
    eval_every=0,
)


def worth(
    pairs: list[tuple[str, str, str]],
    validation: ValidationRetrieval,
    bf16: bool,
    seed: int,
    kept: Path,
) -> dict[str, float]:
    """Validation MRRs of the base model after a fine-tuning on the pairs alone.

    Args:
        pairs: (title, seed, O*NET-SOC code), one seed under one code.
        validation: The shipped split and held-out real titles, the same for every generator.
        bf16: Train under bfloat16 autocast.
        seed: Of the order of the pairs.
        kept: Folder in which the figures are kept, in a file named by the digest of pairs, recipe,
            validation texts and precision.
    """
    settings = replace(SMALL, seed=seed)
    decides = [pairs, recipe_of(settings), sorted(validation.texts), bf16]
    digest = sha256(json.dumps(decides, ensure_ascii=False).encode()).hexdigest()
    path = kept / f"worth-{digest[:16]}.json"
    if path.is_file():
        return json.loads(path.read_text(encoding="utf-8"))
    codes = sorted({code for _, _, code in pairs})
    label = {code: row for row, code in enumerate(codes)}
    none = len(codes)  # the negative's label, of no occupation
    columns = {
        "anchor": [title for title, _, _ in pairs] * settings.passes,
        "positive": [positive for _, positive, _ in pairs] * settings.passes,
        "label": [[label[code], none] for _, _, code in pairs] * settings.passes,
    }
    overlap = torch.eye(len(codes) + 1, dtype=torch.bool)
    overlap[none, none] = False
    torch.manual_seed(seed)
    model = start_model(settings)
    with tempfile.TemporaryDirectory() as folder:
        trainer = SentenceTransformerTrainer(
            model=model,
            args=training_arguments(settings, Path(folder), seed, bf16, model.device.type),
            train_dataset=Dataset.from_dict(columns),
            loss=make_loss(settings, model, None, overlap),
        )
        trainer.train()
    figures = validation.measure(encoder_of(model))
    write_json(path, figures)
    return figures
