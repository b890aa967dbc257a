"""Parquet files of job titles in, the same files out with O*NET-SOC codes, on one machine or many.

Ray Data (requirements-ray.txt) runs three stages: the distinct titles of every file by buckets, the
codes of every bucket, the rows of every file with their codes. docs/scale.md does the arithmetic.

Run: python -m scripts.code_on_ray --input titles/ --output coded/ --column title
"""

import hashlib
import json
import posixpath
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq
import ray
from fsspec.implementations.local import LocalFileSystem
from ray.data import ActorPoolStrategy, DataContext
from tqdm import tqdm

from jobtitles.code_columns import column_names
from jobtitles.coder import load_coder
from jobtitles.coding_tasks import (
    CodingWorker,
    Work,
    settled_precision,
    write_coded,
    write_distinct,
)
from jobtitles.errors import DataError, InputError, JobTitlesError
from jobtitles.parts import SHIPPED
from jobtitles.sources import DATASET_DIR
from jobtitles.votes import CANDIDATES

STATE = "_coding"  # folder beside the output's files; readers of Parquet folders pass over "_"
SUFFIX = ".parquet"


@dataclass(frozen=True)
class JobSettings:
    """Which files, where to, and on what."""

    input: str = field(metadata={"help": "a folder of Parquet files, or one: a path or an URL"})
    output: str = field(metadata={"help": "folder for the files with codes: a path or an URL"})
    column: str = field(default="title", metadata={"help": "the column of job titles"})
    k: int = field(default=3, metadata={"help": "codes a title, 2 to 10"})
    prefix: str = field(default="", metadata={"help": "put before the added columns' names"})
    address: str = field(
        default="", metadata={"help": "auto: the Ray that runs on this node; empty: a new one"}
    )
    workers: int = field(
        default=0, metadata={"help": "that hold a model; 0: one a GPU, or one for so many cores"}
    )
    cores: int = field(default=2, metadata={"help": "cores of a worker"})
    precision: Literal["auto", "float32", "bfloat16"] = field(
        default="auto",
        metadata={"help": "of all workers; auto: what is quicker where the job is started"},
    )
    buckets: int = field(
        default=64, metadata={"help": "portions of the distinct titles; what a kill loses is one"}
    )
    dataset: Path = field(
        default=DATASET_DIR, metadata={"help": "folder of the dataset whose titles vote"}
    )
    onet: str = field(
        default="", metadata={"help": "folder of O*NET's text files: its titles vote as well"}
    )


def code_files(settings: JobSettings) -> None:
    """Add O*NET-SOC codes to Parquet files over Ray; every distinct title is coded once.

    A killed job is taken up where it stood: each finished file and bucket is kept beside the output
    until all is done. Run one job at a time into a folder.

    Raises:
        InputError: A file, column or setting that cannot be used, or an output that is there.
        DataError: A file is no Parquet.
        SourceError: The model is missing, or is not the same on all machines.
    """
    if not 2 <= settings.k <= CANDIDATES:
        raise InputError(f"k={settings.k}: ask for 2 to {CANDIDATES} codes.")
    if min(settings.buckets, settings.cores) < 1 or settings.workers < 0:
        raise InputError("buckets and cores are 1 or more, workers 0 or more.")
    try:
        work, versions = planned(settings)
    except (OSError, ValueError, ImportError) as error:
        raise InputError(f"{settings.input} or {settings.output}: {error}.") from error
    print(f"{len(work.inputs):,} files; loading the coder", flush=True)
    # Loaded here as well: it names the job, and fills this machine's cache for its workers.
    coder = load_coder(work.parts, work.onet, precision=work.precision)
    work = replace(work, coder=coder.digest)
    folder, work = work.state, claimed(work, versions)
    work = replace(work, precision=settled_precision(work, coder.precision))
    try:
        ray.init(settings.address or "local", include_dashboard=False, log_to_driver=False)
    except ConnectionError as error:
        raise InputError(f"--address {settings.address}: {error}.") from error
    try:
        rows, titles = _run(work, settings)
    finally:
        ray.shutdown()
    work.files.rm(folder, recursive=True)
    print(f"{settings.output}: {rows:,} rows, {titles:,} distinct titles coded in this run")


def _run(work: Work, settings: JobSettings) -> tuple[int, int]:
    """The three stages; rows and titles that this run wrote and coded."""
    context = DataContext.get_current()
    context.enable_progress_bars = False  # they count blocks, ours what is kept
    context.raise_original_map_exception = True
    found = ray.cluster_resources()
    gpus, cores = int(found.get("GPU", 0)), max(1, int(found.get("CPU", 1)))
    workers = settings.workers or gpus or max(1, cores // settings.cores)
    each: dict[str, Any] = {"num_cpus": min(settings.cores, cores)}
    if gpus:
        each |= {"num_gpus": 1, "num_cpus": min(settings.cores, max(1, cores // gpus))}
        work = replace(work, device="cuda")
    files, done = range(len(work.inputs)), work.files.exists
    todo = [number for number in files if not done(work.distinct(number))]
    _stage("1 of 3, distinct titles", len(files), todo, lambda n: write_distinct(work, n))
    todo = [number for number in range(work.buckets) if not done(work.codings(number))]
    pool = {"fn_constructor_args": (work,), "compute": ActorPoolStrategy(size=workers), **each}
    titles = _stage("2 of 3, codes", work.buckets, todo, CodingWorker, **pool)
    todo = [number for number in files if not done(work.outputs[number])]
    rows = _stage("3 of 3, rows", len(files), todo, lambda n: write_coded(work, n))
    return rows, titles


def _stage(
    name: str, total: int, todo: list[int], task: Callable | type[CodingWorker], **resources: Any
) -> int:
    """Run a task for every number that is to be done; the sum of what they return."""
    mapped = task if isinstance(task, type) else lambda row: {"done": task(row["number"])}
    done = 0
    with tqdm(desc=name, total=total, initial=total - len(todo), miniters=1) as bar:
        if todo:
            rows = [{"number": number} for number in todo]
            numbers = ray.data.from_items(rows, override_num_blocks=len(rows))
            try:
                for row in numbers.map(mapped, **resources).iter_rows():
                    done += row["done"]
                    bar.update()
            except ray.exceptions.RayTaskError as error:
                if not isinstance(error.cause, JobTitlesError):
                    raise
                # Ray adds lines on how it may be made to try again.
                raise type(error.cause)(str(error.cause).splitlines()[0]) from None
    return done


def planned(settings: JobSettings) -> tuple[Work, list[str]]:
    """What is to be done, the coder not yet named, and a version of every input.

    Raises:
        InputError: There is no input, it lacks the column, or would be replaced.
        DataError: An input is no Parquet.
    """
    files, path = fsspec.url_to_fs(settings.input)
    target, folder = fsspec.url_to_fs(settings.output)
    local = isinstance(files, LocalFileSystem), isinstance(target, LocalFileSystem)
    if files.isfile(path):
        inputs, root = [path], posixpath.dirname(path)
    else:
        # What was written before a kill is no input, where the output stands in the input.
        within = f"{folder}/" if type(files) is type(target) and folder != path else None
        found = [
            own for own in sorted(files.find(path)) if not within or not own.startswith(within)
        ]
        inputs, root = [own for own in found if _is_wanted(own, path)], path
    if not inputs:
        raise InputError(f"{settings.input}: there is no Parquet file.")
    outputs = [posixpath.join(folder, posixpath.relpath(own, root)) for own in inputs]
    if type(files) is type(target) and set(outputs) & set(inputs):
        raise InputError(f"{settings.output}: the output would replace the input.")
    for own in inputs:
        _check(files, own, settings)
    work = Work(
        # Workers have other working folders than this process.
        source=path if local[0] else settings.input,
        inputs=inputs,
        target=folder if local[1] else settings.output,
        outputs=outputs,
        state=posixpath.join(folder, STATE),
        buckets=settings.buckets,
        column=settings.column,
        k=settings.k,
        prefix=settings.prefix,
        coder="",
        parts=replace(SHIPPED, dataset=settings.dataset.absolute()),
        onet=Path(settings.onet).absolute() if settings.onet else None,
        precision="" if settings.precision == "auto" else settings.precision,
        device="cpu",
    )
    return work, [files.ukey(own) for own in inputs]


def _check(files: fsspec.AbstractFileSystem, path: str, settings: JobSettings) -> None:
    try:
        with files.open(path, "rb") as file:
            names = pq.ParquetFile(file).schema_arrow.names
    except pa.ArrowException as error:
        raise DataError(f"{path}: no Parquet file that can be read ({error}).") from error
    if names.count(settings.column) != 1:
        shown = ", ".join(repr(name) for name in names[:20])
        raise InputError(f"{path}: not one column {settings.column!r} among {shown}.")
    for name in column_names(settings.k, settings.prefix):
        if name in names:
            raise InputError(f"{path} has a column {name!r} already: rename it, or give a prefix.")


def _is_wanted(path: str, root: str) -> bool:
    parts = posixpath.relpath(path, root).split("/")
    return path.endswith(SUFFIX) and not any(part.startswith(("_", ".")) for part in parts)


def claimed(work: Work, versions: list[str]) -> Work:
    """The work with its state in a folder named by all that decides the result.

    Not by where this repository lies: on a cluster that is another folder each time.

    Raises:
        InputError: Outputs are there that this job has not written.
    """
    decides = [work.coder, work.precision, work.column, work.k, work.prefix, work.buckets]
    decides += [work.outputs, versions]
    name = hashlib.sha256(json.dumps(decides).encode()).hexdigest()[:20]
    own = replace(work, state=posixpath.join(work.state, name))
    files = work.files
    there = [output for output in work.outputs if files.exists(output)]
    if there and not files.exists(own.state):
        raise InputError(
            f"{there[0]} is there already, and not of this job (these files, settings, model and "
            "dataset): choose another folder for the output, or empty it."
        )
    return own
