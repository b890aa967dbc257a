"""Coding over Ray on two local workers: killed, taken up, and the same as on one machine.

What starts Ray takes minutes, and is run by make trials.
"""

import re
import signal
import subprocess
import sys
import time
from dataclasses import replace

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from ray.cluster_utils import Cluster

from jobtitles.catalogue import read_titles
from jobtitles.coded_file import CodeSettings, code_table
from jobtitles.coder import load_coder
from jobtitles.coding_job import JobSettings, claimed, code_files, planned
from jobtitles.coding_tasks import CodingWorker, settled_precision
from jobtitles.errors import InputError, SourceError
from jobtitles.parts import SHIPPED
from jobtitles.sources import ROOT

CODINGS = "_coding/*/codings/*.parquet"
FILES = ("a.parquet", "year=2026/b.parquet", "year=2026/empty.parquet")


@pytest.fixture
def titles_folder(tmp_path, small_dataset):
    """Three files; half of the titles of the second stand in the first as well."""
    texts = [title.text for title in read_titles(small_dataset)][:600]
    cells = (texts[:400] + texts[:100] + [None, "", "N/A"], texts[200:], [])
    folder = tmp_path / "titles"
    for name, own in zip(FILES, cells, strict=True):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        columns = {"id": pa.array(range(len(own))), "job title": pa.array(own, pa.string())}
        pq.write_table(pa.table(columns), folder / name)
    (folder / "_notes.parquet").write_text("is passed over")
    return folder


def command(folder, small_dataset):
    options = ["--input", str(folder), "--output", str(folder.parent / "coded")]
    options += ["--column", "job title", "--dataset", str(small_dataset), "--buckets", "8"]
    options += ["--workers", "2", "--cores", "1", "--precision", "float32"]
    return [sys.executable, "-m", "scripts.code_on_ray", *options]


def assert_same_rows(table, expected):
    """Row for row; of a confidence's three digits rounding may turn the last."""
    assert table.schema == expected.schema
    for name in table.column_names:
        if name.startswith("confidence"):
            pairs = zip(table[name].to_pylist(), expected[name].to_pylist(), strict=True)
            for own, right in pairs:
                assert float(own or -1) == pytest.approx(float(right or -1), abs=0.0011)
        else:
            assert table[name].equals(expected[name]), name


def assert_as_on_one_machine(titles_folder, small_dataset):
    coder = load_coder(replace(SHIPPED, dataset=small_dataset), precision="float32")
    for name in FILES:
        alone = titles_folder.parent / "alone.parquet"
        code_table(coder, CodeSettings(titles_folder / name, alone, column="job title"))
        own = pq.read_table(titles_folder.parent / "coded" / name)
        assert_same_rows(own, pq.read_table(alone))


@pytest.mark.trial
def test_a_killed_job_is_taken_up_and_is_as_on_one_machine(
    titles_folder, small_dataset, cache_home
):
    arguments = command(titles_folder, small_dataset)
    output = titles_folder.parent / "coded"
    job = subprocess.Popen(arguments, cwd=ROOT, stdout=subprocess.DEVNULL)
    while not list(output.glob(CODINGS)):
        assert job.poll() is None, "it ended before it could be killed"
        time.sleep(0.05)
    job.send_signal(signal.SIGKILL)
    job.wait()
    assert not any((output / name).exists() for name in FILES)
    finished = list(output.glob(CODINGS))
    coded = sum(pq.read_metadata(path).num_rows for path in finished)
    assert 1 <= len(finished) < 8

    done = subprocess.run(arguments, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert not (output / "_coding").exists()
    assert_as_on_one_machine(titles_folder, small_dataset)
    columns = (pq.read_table(titles_folder / name)["job title"] for name in FILES)
    different = {cell or "" for column in columns for cell in column.to_pylist()}
    rows, anew = re.search(r"([\d,]+) rows, ([\d,]+) distinct titles coded", done.stdout).groups()
    assert int(rows.replace(",", "")) == 503 + 400
    # What was coded before the kill is not coded again, and no title twice.
    assert int(anew.replace(",", "")) <= len(different) - coded


@pytest.mark.trial
def test_a_cluster_that_runs_already_is_used(titles_folder, small_dataset, cache_home):
    """Of two nodes with a core each, so that the two workers stand on one each."""
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1})
    try:
        cluster.add_node(num_cpus=1)
        arguments = [*command(titles_folder, small_dataset), "--address", cluster.address]
        done = subprocess.run(arguments, cwd=ROOT, capture_output=True, text=True)
    finally:
        cluster.shutdown()
    assert done.returncode == 0, done.stderr
    assert_as_on_one_machine(titles_folder, small_dataset)


def test_errors_of_the_users_are_told_before_anything_is_run(titles_folder, small_dataset):
    settings = JobSettings(
        str(titles_folder), str(titles_folder.parent / "coded"), dataset=small_dataset
    )
    for change, message in (
        ({}, "a.parquet: not one column 'title' among 'id', 'job title'"),
        ({"column": "job title", "k": 11}, "k=11"),
        ({"column": "job title", "workers": -1}, "workers 0 or more"),
        ({"column": "job title", "output": str(titles_folder)}, "would replace the input"),
        ({"column": "job title", "input": str(titles_folder / "none")}, "no Parquet file"),
        ({"column": "job title", "input": "nowhere://titles"}, "nowhere"),
    ):
        with pytest.raises(InputError, match=message):
            code_files(replace(settings, **change))


def plan(folder, small_dataset, **changes):
    settings = JobSettings(str(folder), str(folder.parent / "coded"), "job title")
    work, versions = planned(replace(settings, dataset=small_dataset, **changes))
    return replace(work, coder="0"), versions


def test_a_job_is_named_by_what_decides_its_result(titles_folder, small_dataset):
    work, versions = plan(titles_folder, small_dataset)
    own = claimed(work, versions)
    # Another place of the repository, or another device, is the same job.
    elsewhere = replace(work, onet=titles_folder, device="cuda")
    assert claimed(elsewhere, versions).state == own.state
    others = [{"k": 2}, {"prefix": "x"}, {"buckets": 3}, {"precision": "float32"}]
    states = {claimed(*plan(titles_folder, small_dataset, **own)).state for own in others}
    states.add(claimed(replace(work, coder="1"), versions).state)
    states.add(claimed(work, [*versions[1:], "another"]).state)
    assert len(states - {own.state}) == 6

    output = titles_folder.parent / "coded" / FILES[0]
    output.parent.mkdir()
    output.write_text("")
    with pytest.raises(InputError, match="there already, and not of this job"):
        claimed(work, versions)
    assert settled_precision(own, "bfloat16") == "bfloat16"
    assert settled_precision(own, "float32") == "bfloat16"
    assert claimed(work, versions) == own


def test_outputs_within_the_input_are_no_inputs(titles_folder, small_dataset):
    within = titles_folder / "coded"
    within.mkdir()
    pq.write_table(pa.table({"job title": ["Cook"]}), within / "a.parquet")
    work, _ = plan(titles_folder, small_dataset, output=str(within))
    assert len(work.inputs) == len(FILES)


def test_a_worker_with_another_coder_says_so(titles_folder, small_dataset, cache_home):
    work, _ = plan(titles_folder, small_dataset)
    with pytest.raises(SourceError, match="same version of model and dataset"):
        CodingWorker(work)({"number": 0})


@pytest.mark.trial
def test_a_damaged_file_is_one_sentence(titles_folder, small_dataset):
    path = titles_folder / FILES[0]
    whole = path.read_bytes()
    path.write_bytes(whole[:8] + b"\0" * (len(whole) // 2) + whole[8 + len(whole) // 2 :])
    done = subprocess.run(
        command(titles_folder, small_dataset), cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 2
    last = done.stderr.splitlines()[-1]
    assert last.startswith("error: ") and "a.parquet" in last
