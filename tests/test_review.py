"""The list for human review: by hand, and over the titles of a generation."""

import csv
import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from jobtitles.errors import DataError
from jobtitles.sources import DATASET_DIR, ROOT
from training.gate import gate
from training.jitter import SCHEMA
from training.review import FINDINGS, ReviewSettings, found, read_rows, review

CORRECTIONS = "training/corrections.tsv"
ROWS = [
    ("Chef", "synonym", "Cook", "1"),
    ("Chef!", "garbled", "Cook", "1"),
    ("Baker Lad", "reworded", "Cook", "1"),
    ("Cook Teacher", "near_miss", "Cook", "1"),
    ("Bread Maker", "synonym", "Baker", "2"),
    ("Pastry Cook", "synonym", "Baker", "3"),
]
VECTORS = {
    "Cook": [1, 0, 0],
    "Baker": [0, 1, 0],
    "Chef": [0.8, 0, 0.6],
    "Chef!": [0.8, 0.02, 0.6],
    "Baker Lad": [0.3, 0.9, 0.3],
    "Cook Teacher": [0.95, 0, 0.3],
    "Bread Maker": [0, 0.6, 0.8],
    "Pastry Cook": [0.9, 0.3, 0.3],
}


def rows():
    columns = ("title", "kind", "seed_title", "onet_code")
    return [dict(zip(columns, row, strict=True)) for row in ROWS]


def unit(vectors):
    arrays = {text: np.array(vector, np.float32) for text, vector in vectors.items()}
    return {text: array / np.linalg.norm(array) for text, array in arrays.items()}


def test_what_a_person_should_look_at():
    findings = {(f.finding, f.title, f.other) for f in found(rows(), unit(VECTORS))}
    assert findings == {
        (FINDINGS[0], "Baker Lad", "Baker"),
        (FINDINGS[0], "Pastry Cook", "Cook"),
        (FINDINGS[1], "Cook Teacher", "Cook"),
        (FINDINGS[2], "Chef!", "Chef"),
    }


def test_a_generation_is_reviewed(tmp_path):
    table = [{**dict.fromkeys(SCHEMA.names, ""), **row} for row in rows()]
    table[0]["title"] = "cook"
    pq.write_table(pa.Table.from_pylist(table, schema=SCHEMA), tmp_path / "titles.parquet")
    settings = ReviewSettings(
        titles=str(tmp_path / "titles.parquet"), listing=tmp_path / "review.tsv"
    )
    review(settings)
    report = json.loads((tmp_path / "gate.json").read_text())
    assert report["broken"] == {"unchanged": {"synonym": 1}}
    assert report["kept"] == len(ROWS) - 1
    assert set(report["review"]) == set(FINDINGS)
    with (tmp_path / "review.tsv").open(newline="") as file:
        listed = list(csv.DictReader(file, delimiter="\t"))
    assert listed[0]["finding"] == "unchanged" and listed[0]["title"] == "cook"
    assert len(listed) == 1 + sum(sum(c.values()) for c in report["review"].values())


def test_the_report_on_the_shipped_titles_is_of_todays_rules():
    rows = read_rows(ReviewSettings(dataset=DATASET_DIR, corrections=ROOT / CORRECTIONS))
    report = json.loads((DATASET_DIR / "gate.json").read_text())
    assert sum(report["titles"].values()) == len(rows)
    assert report["broken"] == gate(rows)[1]["broken"]


def test_titles_that_are_not_there_are_named(tmp_path):
    with pytest.raises(DataError, match="scripts.jitter writes it"):
        review(ReviewSettings(titles=str(tmp_path / "titles.parquet")))
