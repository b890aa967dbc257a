"""Who wrote titles for the same seeds: recorded generators, and LLMs by their logs.

The public dataset that the benchmark can stand beside is of the project
NehaR50/Fine-Tuning-Build-Project: Llama 4 Scout on Groq by its generation script. Its rows are
read from the reader's own copy and go nowhere.
"""

import csv
import random
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from jobtitles.errors import DataError
from jobtitles.records import NEGATIVE_KINDS, text_key
from training.answer_log import Record, read_log
from training.answers import read_answers
from training.budget import read_price
from training.conversation import Seed
from training.generation import parsed_record
from training.jitter import titles_from
from training.rules import rule_based

Key = tuple[str, str]  # seed's text key, O*NET-SOC code


@dataclass(frozen=True)
class Generator:
    """One generator's titles of the same job.

    Attributes:
        titles: Seed -> (kind, title), the kind empty where none is recorded.
        service: Figures that only logged requests give; None where there is no log.
    """

    titles: dict[Key, list[tuple[str, str]]]
    service: dict[str, float | None] | None = None


def key_of(seed: Seed) -> Key:
    """What a seed is known by in every source."""
    return text_key(seed.title), seed.onet_code


def recorded(raw: Path, corrections: Path, llama: str) -> dict[str, Generator]:
    """The shipped dataset's two rounds, and the public dataset where its file is given.

    Raises:
        DataError: A file is missing or breaks its format.
    """
    rounds: dict[int, dict[Key, list[tuple[str, str]]]] = {1: {}, 2: {}}
    for answer in read_answers(raw, corrections):
        for variant in answer.positives:
            of_seed = rounds[variant.round].setdefault(
                (text_key(answer.seed_title), answer.onet_code), []
            )
            of_seed.append((variant.kind, variant.text))
    found = {f"Claude, round {number}": Generator(titles) for number, titles in rounds.items()}
    if llama:
        found["Llama 4 Scout, public dataset"] = Generator(_public(Path(llama)))
    return found


def by_rules(seeds: list[Seed]) -> Generator:
    """What rules write for the seeds."""
    draw = random.Random(0)
    return Generator(
        {
            key_of(seed): [
                (kind, title)
                for kind, titles in rule_based(seed.title, draw).items()
                for title in titles
            ]
            for seed in seeds
        }
    )


def by_log(path: Path) -> Generator:
    """What an LLM wrote by its log, with the figures of its requests.

    Parse share is that of first requests: a seed that is asked for again has failed once.
    """
    titles: dict[Key, list[tuple[str, str]]] = defaultdict(list)
    for row in titles_from(path)[0]:
        if row["kind"] not in NEGATIVE_KINDS:
            key = text_key(row["seed_title"]), row["onet_code"]
            titles[key].append((row["kind"], row["title"]))
    records = list(read_log(path))
    answered = [record for record in records if "error" not in record]
    return Generator(dict(titles), _service(answered, len(records)) if answered else None)


def _service(answered: list[Record], requests: int) -> dict[str, float | None]:
    first = [record for record in answered if record["attempt"] == 0]
    asked = sum(len(record["seeds"]) for record in first)
    whole = sum(len(parsed_record(record).titles) for record in first)
    prompt = sum(record["prompt_tokens"] for record in answered)
    completion = sum(record["completion_tokens"] for record in answered)
    latency = [record["latency_s"] for record in answered]
    price = read_price(answered[0]["provider"], answered[0]["model"])
    return {
        "requests": requests,
        "parse_share": whole / asked if asked else None,
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "latency_p50_s": float(np.percentile(latency, 50)),
        "latency_p95_s": float(np.percentile(latency, 95)),
        "cost_usd": price.of(prompt, completion) if price else None,
    }


def _public(path: Path) -> dict[Key, list[tuple[str, str]]]:
    if not path.is_file():
        raise DataError(f"{path} is missing: it is the public dataset's jittered_titles.csv.")
    titles: dict[Key, list[tuple[str, str]]] = defaultdict(list)
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            key = text_key(row["seed_title"]), row["onet_code"]
            titles[key].append(("", row["jittered_title"]))
    return dict(titles)
