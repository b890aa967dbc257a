"""The benchmark of LLMs for writing jittered titles: the same seeds, one JSON for every document.

Recorded generators and rules are always measured, LLMs where their logs are in --logs; with --live
every model of prices.tsv whose key is in the environment is asked first. What was not logged is
null in the result, never a guess. A killed run goes on where it stood: answers are in the logs, and
every small fine-tuning's figures are kept in a file named by its content.

Run: python -m scripts.llm_benchmark --onet folder [--live true]
"""

import asyncio
import json
import random
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from itertools import combinations
from pathlib import Path

import numpy as np

from jobtitles.catalogue import read_titles
from jobtitles.conversation import Seed
from jobtitles.encoder import Encoder, load_encoder
from jobtitles.errors import InputError
from jobtitles.files import sha256_of, write_json
from jobtitles.metrics import first_ranks, hits_at, reciprocal_ranks
from jobtitles.onet import ALTERNATE_TITLES
from jobtitles.providers import ServiceError, has_key
from jobtitles.records import text_key
from training.budget import priced_models
from training.command import option
from training.gate import WORD, gate
from training.generation import Generation, JitterSettings
from training.generators import Generator, Key, by_log, by_rules, key_of, recorded
from training.groups import training_groups
from training.onet import RealTitles, barred_texts, read_real_titles
from training.validation import ValidationRetrieval
from training.worth import worth

RULES = "rules (the floor)"
PLACES = ("output", "dataset", "corrections", "onet", "llama", "logs")


@dataclass(frozen=True)
class LlmBenchmarkSettings:
    """What is measured, and on how much."""

    output: Path = option(Path("dataset_card/llm_benchmark.json"), "the result")
    dataset: Path = option(Path("dataset_card"), "folder of the dataset, raw answers included")
    corrections: Path = option(Path("training/corrections.tsv"), "reviewed code corrections")
    onet: str = option("", "folder of O*NET's text files: real titles to judge by")
    llama: str = option("", "jittered_titles.csv of the public dataset; empty: without it")
    logs: Path = option(
        Path("runs/llm_benchmark"), "folder of a folder with log.jsonl for each LLM"
    )
    live: bool = option(False, "ask every priced model whose key is in the environment")
    max_cost: float = option(1.0, "live: stop after so many US dollars for each model")
    limit: int = option(0, "so many seeds, evenly from all; 0: all")
    titles_per_seed: int = option(2, "titles of every seed in the small fine-tuning")
    bf16: bool = option(True, "train in bfloat16; slow on CPUs that do not have it")
    trainings: int = option(2, "small fine-tunings of each generator, with other titles drawn")


def benchmark(settings: LlmBenchmarkSettings) -> None:
    """Measure every generator on the same seeds and write the result.

    Raises:
        InputError: No seed is left that all generators wrote for.
        DataError: A file is missing or breaks its format.
    """
    generators = recorded(settings.dataset / "raw", settings.corrections, settings.llama)
    seeds = common_seeds(settings, generators)
    generators[RULES] = by_rules(seeds)
    if settings.live:
        ask(settings, seeds)
    for log in sorted(settings.logs.glob("*/log.jsonl")):
        generators[log.parent.name] = by_log(log)
    titles = read_titles(settings.dataset)
    real = read_real_titles(Path(settings.onet), titles) if settings.onet else None
    accepted, figures = {}, {}
    encoder = load_encoder("base")
    for name, generator in generators.items():
        accepted[name], figures[name] = measured(generator, seeds, encoder)
        print(f"{name}: {figures[name]['titles']:,} titles of {figures[name]['seeds']:,} seeds")
    report = {
        "seeds": len(seeds),
        "settings": {n: v for n, v in asdict(settings).items() if n not in PLACES},
        "data": {"dataset": sha256_of(settings.dataset / "stats.json")},
        "generators": figures,
    }
    if settings.onet:
        report["data"]["onet"] = sha256_of(Path(settings.onet) / ALTERNATE_TITLES)
    if settings.llama:
        report["data"]["llama"] = sha256_of(Path(settings.llama))
    report["worth"] = worths(settings, accepted, seeds, real)
    write_json(settings.output, report)
    print(settings.output)


def common_seeds(settings: LlmBenchmarkSettings, generators: dict[str, Generator]) -> list[Seed]:
    """Seeds of the training split, under one occupation only, that every generator wrote for."""
    groups = training_groups(settings.dataset)
    names = {title.onet_code: title.onet_name for title in read_titles(settings.dataset)}
    written = {(text_key(group.seed), group.code): group.seed for group in groups}
    codes = Counter(text for text, _ in written)
    by_all = set.intersection(*({key_of(row) for row in g.rows} for g in generators.values()))
    seeds = [
        Seed(code, seed, names[code])
        for (text, code), seed in written.items()
        if codes[text] == 1 and (text, code) in by_all
    ]
    if not seeds:
        raise InputError("no seed is left that all generators wrote for: check --llama.")
    if 0 < settings.limit < len(seeds):
        seeds = [seeds[n * len(seeds) // settings.limit] for n in range(settings.limit)]
    return seeds


def ask(settings: LlmBenchmarkSettings, seeds: list[Seed]) -> None:
    """Have every priced model whose key is in the environment write titles for the seeds."""
    models = [(p, m) for p, m in priced_models() if has_key(p)]
    if not models:
        raise InputError("--live needs a key in the environment, such as GROQ_API_KEY.")
    for provider, model in models:
        log = settings.logs / f"{provider}, {model.replace('/', ' ')}" / "log.jsonl"
        request = JitterSettings(provider=provider, model=model, max_cost=settings.max_cost)
        try:
            asyncio.run(Generation(request, seeds, log).run())
        except ServiceError as error:
            print(f"{provider}, {model} is not measured: {error}")


def measured(
    generator: Generator, seeds: list[Seed], encoder: Encoder
) -> tuple[dict[Key, list[str]], dict]:
    """The titles that pass the gate, and the figures of all that were written.

    Args:
        generator: Its titles.
        seeds: The common seeds, s of them.
        encoder: The base model: fidelity and diversity are as it sees them.

    Returns:
        Seed -> accepted titles; and the figures: counts, share that passes the gate, distinct
        share, share of words that are not the seed's, share that contains the seed verbatim, mean
        pairwise cosine distance within a seed, MRR and hit@1 of the own seed among all s.
    """
    row_of = {_key(seed): number for number, seed in enumerate(seeds)}
    rows = [row for row in generator.rows if key_of(row) in row_of]
    accepted: dict[Key, list[str]] = {key_of(row): [] for row in rows}
    kept, _ = gate(rows)
    for row in kept:
        accepted[key_of(row)].append(row["title"])
    counts = {"titles": len(rows), "seeds": len(accepted), "accepted": len(kept)}
    if not rows:
        return accepted, {**counts, "service": generator.service}
    pairs = [(row["title"], row["seed_title"]) for row in rows]
    vectors = encoder.encode([title for title, _ in pairs])
    scores = vectors @ encoder.encode([seed.title for seed in seeds]).T
    own = np.array([row_of[key_of(row)] for row in rows])
    ranks = first_ranks(scores, np.arange(len(seeds)) == own[:, None])
    return accepted, {
        **counts,
        "gate_share": len(kept) / len(rows),
        "distinct_share": len({text_key(title) for title, _ in pairs}) / len(rows),
        "novelty": _mean(_novelty(title, seed) for title, seed in pairs),
        "verbatim_share": _mean(text_key(seed) in text_key(title) for title, seed in pairs),
        "diversity": _diversity(vectors, own),
        "seed_mrr": _mean(reciprocal_ranks(ranks)),
        "seed_hit_1": _mean(hits_at(ranks, 1)),
        "service": generator.service,
    }


def worths(
    settings: LlmBenchmarkSettings,
    accepted: dict[str, dict[Key, list[str]]],
    seeds: list[Seed],
    real: RealTitles | None,
) -> dict:
    """Validation figures after the same small fine-tuning on equally many titles of each.

    A generator that wrote for less than half of the seeds is left out, its worth is null. Titles
    that occur in validation or test are barred.
    """
    per_seed = settings.titles_per_seed
    barred = barred_texts(read_titles(settings.dataset), real)
    usable = {
        name: {
            key: kept
            for key, titles in by_seed.items()
            if len(kept := [t for t in titles if text_key(t) not in barred]) >= per_seed
        }
        for name, by_seed in accepted.items()
    }
    taking_part = [name for name, by_seed in usable.items() if 2 * len(by_seed) >= len(seeds)]
    shared = [s for s in seeds if all(_key(s) in usable[name] for name in taking_part)]
    if not taking_part or not shared:
        raise InputError("no seed has enough titles of every generator: fewer --titles_per_seed.")
    validation = ValidationRetrieval(settings.dataset, real)
    report = {
        "titles": per_seed * len(shared),
        "base": validation.measure(load_encoder("base")),
        "generators": dict.fromkeys(accepted),
    }
    for name in taking_part:
        runs = []
        for number in range(settings.trainings):
            draw = random.Random(number)
            pairs = [
                (title, seed.title, seed.onet_code)
                for seed in shared
                for title in draw.sample(usable[name][_key(seed)], per_seed)
            ]
            runs.append(worth(pairs, validation, settings.bf16, number, settings.logs))
            print(f"{name}, training {number}: {json.dumps(runs[-1])}", flush=True)
        report["generators"][name] = {
            "runs": runs,
            "mean": {figure: _mean(run[figure] for run in runs) for figure in runs[0]},
        }
    return report


def _key(seed: Seed) -> Key:
    return text_key(seed.title), seed.onet_code


def _mean(values: Iterable[float]) -> float:
    return float(np.mean(np.fromiter(values, np.float64)))


def _novelty(title: str, seed: str) -> float:
    """Share of the title's words that the seed does not have; 1 where it has no words at all."""
    words = WORD.findall(title.lower())
    own = set(WORD.findall(seed.lower()))
    return sum(word not in own for word in words) / len(words) if words else 1.0


def _diversity(vectors: np.ndarray, own: np.ndarray) -> float | None:
    """Mean cosine distance between two titles of a seed, mean over seeds that have two or more."""
    distances = []
    for seed in np.unique(own):
        rows = np.flatnonzero(own == seed)
        pairs = [1 - float(vectors[a] @ vectors[b]) for a, b in combinations(rows, 2)]
        if pairs:
            distances.append(np.mean(pairs))
    return _mean(distances) if distances else None
