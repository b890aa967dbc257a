"""Titles coded over Ray on one machine, beside the command that codes one file.

Both are timed once as whole commands, with loading and, of Ray, starting it; the coder's voting
titles are encoded before, if they were not. So the difference is what Ray costs where there is no
need of it.

Run: python -m scripts.job_speed
"""

import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from itertools import islice, product
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import torch

from jobtitles.catalogue import read_titles
from jobtitles.coder import load_coder
from jobtitles.files import write_json
from jobtitles.records import SEED_KIND
from training.command import option
from training.many_titles import CLUTTER


@dataclass(frozen=True)
class JobSpeedSettings:
    """How many titles are coded, and where the figures go."""

    output: Path = option(Path("docs/scale/job_speed.json"), "the result file")
    titles: int = option(20_000, "different titles")
    repeats: int = option(5, "files, each with all of them")


def measure_job_speed(settings: JobSpeedSettings) -> None:
    """Code the same rows by both commands.

    Raises:
        DataError: The dataset is missing.
        SourceError: The model or its calibration is missing.
    """
    own = [t.text for t in read_titles() if t.split == "test" and t.kind != SEED_KIND]
    cluttered = (form.format(title) for form, title in product(CLUTTER, own))
    texts = list(islice(dict.fromkeys(cluttered), settings.titles))
    load_coder()
    with tempfile.TemporaryDirectory() as folder:
        table = pa.table({"title": texts})
        (Path(folder) / "in").mkdir()
        for number in range(settings.repeats):
            pq.write_table(table, Path(folder) / "in" / f"{number}.parquet")
        whole = pa.concat_tables([table] * settings.repeats)
        pq.write_table(whole, Path(folder) / "whole.parquet")
        seconds = {
            "one file": _seconds("code_titles", folder, "whole.parquet", "coded.parquet"),
            "Ray": _seconds("code_on_ray", folder, "in", "out", "--workers", "1"),
        }
    report = {
        "rows": len(whole),
        "titles": len(texts),
        "threads": torch.get_num_threads(),
        "seconds": seconds,
        "ratio": round(seconds["Ray"] / seconds["one file"], 2),
        "command": "python -m scripts.job_speed",
    }
    write_json(settings.output, report)
    print(report)


def _seconds(script: str, folder: str, read: str, written: str, *more: str) -> float:
    """How long a command takes."""
    places = ["--input", f"{folder}/{read}", "--output", f"{folder}/{written}"]
    started = time.monotonic()
    command = [sys.executable, "-m", f"scripts.{script}", *places, "--column", "title", *more]
    subprocess.run(command, check=True)
    return round(time.monotonic() - started, 1)
