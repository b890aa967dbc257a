"""LLMs write jittered titles: batches of seeds go out, every answer is logged, titles are derived.

The titles are a function of the log alone: `--requests false` derives them anew without network.

Run: GROQ_API_KEY=... python -m scripts.jitter --limit 50
"""

import asyncio
from collections import Counter
from dataclasses import asdict
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from jobtitles.errors import DataError
from jobtitles.files import write_atomically, write_json
from training.answer_log import read_log, transcript
from training.gate import gate
from training.generation import Generation, JitterSettings, parsed_record
from training.seeds import read_seeds

SCHEMA = pa.schema(
    [
        ("title", pa.string()),
        ("kind", pa.string()),
        ("seed_title", pa.string()),
        ("onet_code", pa.string()),
        ("onet_name", pa.string()),
        ("generator", pa.string()),
        ("prompts", pa.string()),
    ]
)


def jitter(settings: JitterSettings) -> None:
    """Ask for what the log does not hold yet, then write titles.parquet and report.json.

    Raises:
        InputError: A setting cannot be used, or a key is not in the environment.
        ServiceError: The service refused for good.
        DataError: Seeds, prompts or log break their format.
    """
    path = settings.output / "log.jsonl"
    if settings.requests:
        seeds = read_seeds(settings.seeds, settings.crosswalk, settings.limit)
        print(seeds.summary)
        chosen = asdict(settings) | {"output": "", "seeds_read": seeds.summary}
        write_json(settings.output / "settings.json", chosen)
        asyncio.run(Generation(settings, seeds.seeds, path).run())
    titles, problems = titles_from(path)
    kept, report = gate(titles)
    table = pa.Table.from_pylist(kept, schema=SCHEMA)
    write_atomically(
        settings.output / "titles.parquet", lambda temporary: pq.write_table(table, temporary)
    )
    write_json(
        settings.output / "report.json", {"answers": dict(sorted(problems.items()))} | report
    )
    if settings.transcript:
        text = transcript(path)
        write_atomically(settings.output / "transcript.txt", lambda t: t.write_text(text, "utf-8"))
    print(f"{len(kept):,} titles of {len(titles):,} in {settings.output}")


def read_generated(path: Path) -> list[dict[str, str]]:
    """Rows of a titles.parquet.

    Raises:
        DataError: There is no such file, it has no rows or other columns.
    """
    if not path.is_file():
        raise DataError(f"{path} is missing: scripts.jitter writes it.")
    table = pq.read_table(path)
    if table.schema.names != SCHEMA.names or not len(table):
        raise DataError(f"{path} holds no titles: it must be a titles.parquet of scripts.jitter.")
    return table.to_pylist()


def titles_from(path: Path) -> tuple[list[dict[str, str]], Counter[str]]:
    """All titles of a log in its order, and what was wrong with its answers.

    Of a seed that one generator answered twice in one sample, the first whole answer counts.
    """
    titles: list[dict[str, str]] = []
    problems: Counter[str] = Counter()
    done: set[tuple] = set()
    for record in read_log(path):
        if "error" in record:
            problems["requests failed"] += 1
            continue
        problems["requests answered"] += 1
        parsed = parsed_record(record)
        problems += parsed.problems
        generator = f"{record['provider']}/{record['model']}"
        for number, by_kind in sorted(parsed.titles.items()):
            code, seed, name = record["seeds"][number]
            if (key := (generator, record["sample"], code, seed)) in done:
                continue
            done.add(key)
            prompts = ", ".join(f"{k} {v}" for k, v in sorted(record["prompts"].items()))
            for kind, texts in by_kind.items():
                for text in texts:
                    row = (text, kind, seed, code, name, generator, prompts)
                    titles.append(dict(zip(SCHEMA.names, row, strict=True)))
    return titles, problems
