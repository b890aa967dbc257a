"""What a model makes of written titles: a list for human review, and the gate's report.

Nothing is left out by it. A model that is to be improved by these titles is no judge of them: a
"reworded" title far from its seed is what the dataset is for, and a mistake now and then.

Run: python -m scripts.review                          (the shipped titles)
     python -m scripts.review --titles runs/jitter/titles.parquet

Titles of a generation have passed the hard rules already: its report.json lists what did not.
"""

import csv
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import astuple, dataclass
from pathlib import Path

import numpy as np

from jobtitles.conversation import KINDS
from jobtitles.encoder import load_encoder
from jobtitles.files import sha256_of, write_atomically, write_json
from jobtitles.records import NEGATIVE_KINDS
from training.answers import read_answers
from training.command import option
from training.dataset import GENERATOR
from training.gate import gate
from training.jitter import read_generated
from training.seeds import SHIPPED

# A positive is listed where a seed of another occupation is nearer than its own by this cosine.
MARGIN = 0.2
NEAR_DUPLICATE = 0.97
FINDINGS = ("nearer to another occupation", "negative nearer than all positives", "near duplicate")


@dataclass(frozen=True)
class ReviewSettings:
    """Whose titles, and where the list goes."""

    titles: str = option(SHIPPED, "shipped, or titles.parquet of a generation")
    dataset: Path = option(Path("dataset_card"), "folder of the dataset, raw answers included")
    corrections: Path = option(Path("training/corrections.tsv"), "reviewed code corrections")
    output: str = option("", "folder of gate.json, counts; empty: beside the titles")
    listing: Path = option(Path("runs/review.tsv"), "receives the titles to look at")


@dataclass(frozen=True, slots=True)
class Finding:
    """One title to look at.

    Attributes:
        finding: One of `FINDINGS`.
        title: The title.
        kind: Its kind.
        seed_title: Its seed.
        onet_code: The seed's occupation.
        other: What it was found too near to.
        cosine: To that.
        own: To its seed.
    """

    finding: str
    title: str
    kind: str
    seed_title: str
    onet_code: str
    other: str
    cosine: float
    own: float


def review(settings: ReviewSettings) -> None:
    """Write the gate's report on titles, and the list of those that a person should look at.

    Raises:
        DataError: The titles are missing.
    """
    rows = read_rows(settings)
    beside = settings.dataset if settings.titles == SHIPPED else Path(settings.titles).parent
    kept, report = gate(rows)
    encoder = load_encoder("base")
    texts = sorted({text for row in kept for text in (row["title"], row["seed_title"])})
    vectors = dict(zip(texts, encoder.encode(texts), strict=True))
    findings = found(kept, vectors)
    counts: dict[str, Counter[str]] = {name: Counter() for name in FINDINGS}
    for finding in findings:
        counts[finding.finding][finding.kind] += 1
    by_kind = Counter(row["kind"] for row in rows)
    write_json(
        Path(settings.output or beside) / "gate.json",
        {
            "titles": {kind: by_kind[kind] for kind in KINDS},
            "kept": report["kept"],
            "broken": report["broken"],
            "review": {n: {k: c[k] for k in KINDS if c[k]} for n, c in counts.items()},
            "thresholds": {"margin": MARGIN, "near_duplicate": NEAR_DUPLICATE},
            "model": encoder.digest,
            "source": SHIPPED if settings.titles == SHIPPED else sha256_of(Path(settings.titles)),
        },
    )
    write_atomically(settings.listing, lambda path: _write(path, report["left_out"], findings))
    print(f"{settings.listing}: {len(report['left_out']) + len(findings):,} titles to look at")


def found(rows: list[dict[str, str]], vectors: dict[str, np.ndarray]) -> list[Finding]:
    """The titles that a person should look at, seed by seed.

    Args:
        rows: Titles with title, kind, seed_title, onet_code.
        vectors: Title or seed -> unit vector (d,).
    """
    codes_of: dict[str, set[str]] = defaultdict(set)
    by_seed: dict[tuple[str, str], list[dict[str, str]]] = defaultdict(list)
    for row in rows:
        codes_of[row["seed_title"]].add(row["onet_code"])
        by_seed[row["onet_code"], row["seed_title"]].append(row)
    seeds = sorted(codes_of)
    of_seeds = np.stack([vectors[seed] for seed in seeds])
    under = defaultdict(lambda: np.zeros(len(seeds), bool))
    for number, seed in enumerate(seeds):
        for code in codes_of[seed]:
            under[code][number] = True
    findings: list[Finding] = []
    for (_, seed), own_rows in by_seed.items():
        others = ~np.logical_or.reduce([under[code] for code in codes_of[seed]])
        findings += _of_seed(own_rows, vectors, seeds, of_seeds, others)
    return findings


def _of_seed(
    rows: list[dict[str, str]],
    vectors: dict[str, np.ndarray],
    seeds: list[str],
    of_seeds: np.ndarray,
    others: np.ndarray,
) -> Iterator[Finding]:
    """Findings among one seed's titles.

    Args:
        rows: The seed's titles.
        vectors: Title or seed -> unit vector (d,).
        seeds: All seeds, s of them.
        of_seeds: Their vectors, shape (s, d).
        others: Which of them are of other occupations, bool, shape (s,).
    """
    matrix = np.stack([vectors[row["title"]] for row in rows])
    to_own = matrix @ vectors[rows[0]["seed_title"]]
    positive = np.array([row["kind"] not in NEGATIVE_KINDS for row in rows])
    best_positive = to_own[positive].max(initial=-1.0)
    to_others = np.where(others, matrix @ of_seeds.T, -1.0)
    for number, row in enumerate(rows):
        columns = (row["title"], row["kind"], row["seed_title"], row["onet_code"])
        own = round(float(to_own[number]), 3)
        nearest = int(to_others[number].argmax())
        cosine = float(to_others[number, nearest])
        if positive[number] and cosine > to_own[number] + MARGIN:
            yield Finding(FINDINGS[0], *columns, seeds[nearest], round(cosine, 3), own)
        if not positive[number] and positive.any() and to_own[number] > best_positive:
            yield Finding(FINDINGS[1], *columns, row["seed_title"], own, own)
        for earlier in range(number):
            alike = float(matrix[number] @ matrix[earlier])
            if alike > NEAR_DUPLICATE and positive[number] == positive[earlier]:
                yield Finding(FINDINGS[2], *columns, rows[earlier]["title"], round(alike, 3), own)


def read_rows(settings: ReviewSettings) -> list[dict[str, str]]:
    """Titles as the gate wants them; of the shipped dataset, all that was recorded.

    Raises:
        DataError: The titles are missing.
    """
    if settings.titles != SHIPPED:
        return read_generated(Path(settings.titles))
    return [
        {
            "title": variant.text,
            "kind": variant.kind,
            "seed_title": answer.seed_title,
            "onet_code": answer.onet_code,
            "generator": GENERATOR,
        }
        for answer in read_answers(settings.dataset / "raw", settings.corrections)
        for variant in (*answer.positives, *answer.negatives)
    ]


def _write(path: Path, left_out: list[dict[str, str]], findings: list[Finding]) -> None:
    """Rows that broke a hard rule, then the findings, as TSV."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter="\t")
        writer.writerow(list(Finding.__dataclass_fields__))
        for row in left_out:
            values = (row[c] for c in ("rule", "title", "kind", "seed_title", "onet_code"))
            writer.writerow([*values, "", "", ""])
        writer.writerows(astuple(finding) for finding in findings)
