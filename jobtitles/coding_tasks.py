"""What the workers of a coding job do: find distinct titles, code them, put the codes to the rows.

Each task reads files and writes one, whole or not at all; a job is restarted by leaving out the
tasks whose file is there. Files lie wherever fsspec reaches: a local folder, s3://, gs://.
"""

import os
import posixpath
import uuid
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import fsspec
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from fsspec.implementations.local import LocalFileSystem

from jobtitles.code_columns import cells, column_names
from jobtitles.coder import CHUNK, load_coder
from jobtitles.errors import DataError, JobTitlesError, SourceError
from jobtitles.parts import Parts
from jobtitles.tables import cell_text

ROWS = 10_000  # read and written at a time
KEY = ""  # the column of titles among their codings: no added column has this name


@dataclass(frozen=True)
class Work:
    """A job's places and what is wanted, as its workers are told it.

    Attributes:
        source: URL of the input, which tells the file system.
        inputs: Paths of the Parquet files there.
        target: URL of the output, which tells the file system.
        outputs: Path of every input's output there.
        state: Path of the folder there in which the job keeps its state.
        buckets: Portions of the distinct titles, by a hash of the title.
        column: The column of titles.
        k: Codes a title.
        prefix: Before the added columns' names.
        coder: Digest of the coder that all workers must have.
        parts: Where model, calibration and dataset are.
        onet: Folder of O*NET's text files, or None.
        precision: In which all workers encode, "float32" or "bfloat16".
        device: That encodes: "cpu" or "cuda".
    """

    source: str
    inputs: list[str]
    target: str
    outputs: list[str]
    state: str
    buckets: int
    column: str
    k: int
    prefix: str
    coder: str
    parts: Parts
    onet: Path | None
    precision: str
    device: str

    def distinct(self, number: int) -> str:
        """Path of the distinct titles of an input file."""
        return posixpath.join(self.state, "distinct", f"{number:06}.parquet")

    def codings(self, bucket: int) -> str:
        """Path of the codings of a bucket."""
        return posixpath.join(self.state, "codings", f"{bucket:06}.parquet")

    @property
    def files(self) -> fsspec.AbstractFileSystem:
        """The file system of state and output."""
        return fsspec.url_to_fs(self.target)[0]


def write_distinct(work: Work, number: int) -> int:
    """Write the distinct titles of an input file by bucket; how many there are.

    Raises:
        DataError: The file is damaged.
    """
    found: dict[str, None] = {}
    for batch in _batches(work, number, [work.column]):
        found.update(dict.fromkeys(_titles(batch, work.column)))
    pairs = sorted((zlib.crc32(title.encode()) % work.buckets, title) for title in found)
    columns = {
        "bucket": pa.array([bucket for bucket, _ in pairs], pa.int32()),
        "title": pa.array([title for _, title in pairs], pa.string()),
    }
    # Sorted and in small groups: whoever reads one bucket skips the rest.
    _write(
        work,
        work.distinct(number),
        lambda file: pq.write_table(pa.table(columns), file, row_group_size=ROWS),
    )
    return len(pairs)


class CodingWorker:
    """Codes buckets of titles; the model is loaded once, when the worker starts.

    Ray does not hand on what is raised while a worker starts: a user's error waits for the first
    bucket.
    """

    def __init__(self, work: Work) -> None:
        self._work = work
        self._error: JobTitlesError | None = None
        try:
            self._coder = load_coder(
                work.parts, work.onet, precision=work.precision, device=work.device
            )
            if self._coder.digest != work.coder:
                raise SourceError(
                    f"A worker's coder is {self._coder.digest[:12]}, the job's is "
                    f"{work.coder[:12]}: give all machines the same version of model and dataset."
                )
        except JobTitlesError as error:
            self._error = error

    def __call__(self, row: dict[str, Any]) -> dict[str, Any]:
        """Code the bucket that a row of Ray Data names; a row with its titles' number.

        Raises:
            SourceError: The coder is missing, or is not the one that the job was begun with.
        """
        if self._error:
            raise self._error
        return {"done": self._code(row["number"])}

    def _code(self, bucket: int) -> int:
        """Code the titles of a bucket, each once, and write them; how many there are."""
        work = self._work
        found: set[str] = set()
        for number in range(len(work.inputs)):
            found.update(_distinct(work, number, bucket).to_pylist())
        titles = sorted(found)
        rows = []
        for start in range(0, len(titles), CHUNK):
            for matches in self._coder.code(titles[start : start + CHUNK], work.k):
                rows.append(cells(matches, self._coder, work.k))
        columns = {KEY: pa.array(titles, pa.string())} | {
            name: pa.array([row[place] for row in rows], pa.string())
            for place, name in enumerate(column_names(work.k, work.prefix))
        }
        _write(work, work.codings(bucket), lambda file: pq.write_table(pa.table(columns), file))
        return len(titles)


def write_coded(work: Work, number: int) -> int:
    """Write an input file with the columns of codes; how many rows it has, which keep their order.

    The codings of the file's own distinct titles are held in memory.

    Raises:
        DataError: The file is damaged, or another one than when the job was begun.
    """
    parts = []
    for bucket in range(work.buckets):
        own = _distinct(work, number, bucket)
        if len(own):
            kept = pq.read_table(work.codings(bucket), filesystem=work.files)
            parts.append(kept.filter(pc.is_in(kept[KEY], own)))
    known = pa.concat_tables(parts).combine_chunks() if parts else None
    rows = 0

    def write(file: Any) -> None:
        nonlocal rows
        writer = None
        for batch in _batches(work, number):
            table = pa.Table.from_batches([batch])
            titles = pa.array(_titles(batch, work.column), pa.string())
            place = pc.index_in(titles, known[KEY].combine_chunks()) if known else titles
            if place.null_count:
                raise DataError(
                    f"{work.inputs[number]} was changed while the job ran: begin the job anew."
                )
            for name in column_names(work.k, work.prefix):
                own = known[name].take(place) if known else pa.array([], pa.string())
                table = table.append_column(name, own)
            writer = writer or pq.ParquetWriter(file, table.schema)
            writer.write_table(table)
            rows += len(titles)
        writer.close()

    _write(work, work.outputs[number], write)
    return rows


def settled_precision(work: Work, quicker: str) -> str:
    """The precision in which a job was begun; a new job's is the given one.

    Timed anew, another could seem quicker when the job is taken up.
    """
    path = posixpath.join(work.state, "precision")
    if work.files.exists(path):
        return work.files.cat_file(path).decode()
    _write(work, path, lambda file: file.write(quicker.encode()))
    return quicker


def _distinct(work: Work, number: int, bucket: int) -> pa.ChunkedArray:
    """The distinct titles of an input file that fall into a bucket."""
    table = pq.read_table(
        work.distinct(number),
        columns=["title"],
        filters=pc.field("bucket") == bucket,
        filesystem=work.files,
    )
    return table["title"]


def _write(work: Work, path: str, write: Callable[[Any], None]) -> None:
    """Let `write` fill a file among the job's state, and move it to `path` when it is whole."""
    files = work.files
    # A name of its own: a worker that was given up may still be writing.
    part = posixpath.join(work.state, "parts", uuid.uuid4().hex)
    for needed in (part, path):
        files.makedirs(posixpath.dirname(needed), exist_ok=True)
    with files.open(part, "wb") as file:
        write(file)
        if isinstance(files, LocalFileSystem):
            file.flush()
            os.fsync(file.fileno())
    files.mv(part, path)


def _batches(work: Work, number: int, columns: list[str] | None = None) -> Iterator[pa.RecordBatch]:
    path = work.inputs[number]
    try:
        with fsspec.url_to_fs(work.source)[0].open(path, "rb") as file:
            table = pq.ParquetFile(file)
            if not table.metadata.num_rows:
                schema = table.schema_arrow
                yield pa.RecordBatch.from_pylist([], schema)
            yield from table.iter_batches(ROWS, columns=columns)
    except (pa.ArrowException, OSError) as error:
        raise DataError(f"{path}: a Parquet file that cannot be read ({error}).") from error


def _titles(batch: pa.RecordBatch, column: str) -> list[str]:
    values = batch.column(batch.schema.get_field_index(column)).to_pylist()
    return [cell_text(value) for value in values]
