"""Who wrote titles for the same seeds: recorded generators, and LLMs by their logs.

The public dataset that the benchmark can stand beside is of the project
NehaR50/Fine-Tuning-Build-Project: Llama 4 Scout on Groq by its generation script. Its rows are
read from the reader's own copy and go nowhere.
"""

import csv
import random
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from jobtitles.conversation import Seed
from jobtitles.errors import DataError
from jobtitles.records import NEGATIVE_KINDS, text_key
from training.answer_log import Record, read_log
from training.answers import read_answers
from training.budget import read_price
from training.gate import gate
from training.generation import parsed_record
from training.jitter import titles_from
from training.rules import rule_based

Row = dict[str, str]  # title, kind, seed_title, onet_code, generator: what the gate reads
Key = tuple[str, str]  # seed's text key, O*NET-SOC code
LLAMA = "Llama 4 Scout, public dataset"


@dataclass(frozen=True)
class Generator:
    """One generator's titles of the same job.

    Attributes:
        rows: Its titles, the kind empty where none is recorded.
        service: Figures that only logged requests give; None where there is no log.
    """

    rows: list[Row]
    service: dict[str, float | None] | None = None


def key_of(row: Row) -> Key:
    """What the seed of a title is known by in every source."""
    return text_key(row["seed_title"]), row["onet_code"]


def recorded(raw: Path, corrections: Path, llama: str) -> dict[str, Generator]:
    """The shipped dataset's two rounds, and the public dataset where its file is given.

    Raises:
        DataError: A file is missing or breaks its format.
    """
    rounds: dict[int, list[Row]] = {1: [], 2: []}
    for answer in read_answers(raw, corrections):
        for variant in answer.positives:
            name = f"Claude, round {variant.round}"
            row = _row(variant.text, variant.kind, answer.seed_title, answer.onet_code, name)
            rounds[variant.round].append(row)
    found = {f"Claude, round {number}": Generator(rows) for number, rows in rounds.items()}
    if llama:
        found[LLAMA] = Generator(_public(Path(llama)))
    return found


def by_rules(seeds: list[Seed]) -> Generator:
    """What rules write for the seeds."""
    draw = random.Random(0)
    return Generator(
        [
            _row(title, kind, seed.title, seed.onet_code, "rules")
            for seed in seeds
            for kind, titles in rule_based(seed.title, draw).items()
            for title in titles
        ]
    )


def by_log(path: Path) -> Generator:
    """What an LLM wrote by its log, with the figures of its requests.

    Parse share is that of first requests: a seed that is asked for again has failed once. The
    price is for all that was accepted, of seeds that are not measured and of negatives as well.
    """
    rows, _ = titles_from(path)
    records = list(read_log(path))
    answered = [record for record in records if "error" not in record]
    service = _service(answered, len(records), len(gate(rows)[0])) if answered else None
    return Generator([row for row in rows if row["kind"] not in NEGATIVE_KINDS], service)


def _service(answered: list[Record], requests: int, accepted: int) -> dict[str, float | None]:
    first = [record for record in answered if record["attempt"] == 0]
    asked = sum(len(record["seeds"]) for record in first)
    whole = sum(len(parsed_record(record).titles) for record in first)
    prompt = sum(record["prompt_tokens"] for record in answered)
    completion = sum(record["completion_tokens"] for record in answered)
    latency = [record["latency_s"] for record in answered]
    price = read_price(answered[0]["provider"], answered[0]["model"])
    cost = price.of(prompt, completion) if price else None
    return {
        "requests": requests,
        "parse_share": whole / asked if asked else None,
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "latency_p50_s": float(np.percentile(latency, 50)),
        "latency_p95_s": float(np.percentile(latency, 95)),
        "cost_usd": cost,
        "usd_per_1000_accepted": 1000 * cost / accepted if price and accepted else None,
    }


def _public(path: Path) -> list[Row]:
    if not path.is_file():
        raise DataError(f"{path} is missing: it is the public dataset's jittered_titles.csv.")
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    missing = {"jittered_title", "seed_title", "onet_code"} - set(rows[0] if rows else ())
    if missing:
        raise DataError(f"{path}: no column {', '.join(sorted(missing))}.")
    return [
        _row(row["jittered_title"], "", row["seed_title"], row["onet_code"], LLAMA) for row in rows
    ]


def _row(*values: str) -> Row:
    columns = ("title", "kind", "seed_title", "onet_code", "generator")
    return dict(zip(columns, values, strict=True))
