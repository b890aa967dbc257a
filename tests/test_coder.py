"""The title coder: classifiers, codes with confidence, refusals, files coded by a command."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace

import numpy as np
import pytest

from jobtitles.catalogue import read_titles
from jobtitles.classifiers import Classifiers
from jobtitles.coded_file import CodeSettings, code_file
from jobtitles.coder import Calibration, Coder, Match
from jobtitles.coding_store import CodingStore
from jobtitles.encoder import load_encoder
from jobtitles.errors import InputError, SourceError
from jobtitles.labelled import Labelled, labelled_titles
from jobtitles.onet import ListedTitle
from jobtitles.records import JITTER_KINDS
from jobtitles.sources import CALIBRATION, DATASET_DIR, ROOT
from jobtitles.tidying import ABBREVIATIONS, tidied
from jobtitles.votes import CANDIDATES
from training.classifier_fit import fit_classifiers
from training.coder_fit import fit_refusal, read_non_titles

CODED_GROUPS = ("messy, seen", "messy, unseen", "O*NET, seen", "O*NET, unseen")


@pytest.fixture(scope="module")
def encoder():
    return load_encoder("finetuned")


@pytest.fixture(scope="module")
def labelled(small_dataset):
    return labelled_titles(small_dataset, None)


@pytest.fixture(scope="module")
def coder(cache_home, encoder, labelled):
    return Coder(encoder, labelled, Calibration.read(CALIBRATION))


@pytest.mark.parametrize(
    ("title", "read"),
    [
        ("Sr. Backend Eng II", "senior Backend engineer"),
        ("SWE II - Payments (Go) | hybrid", "software engineer"),
        ("Maint Tech 2nd Shift $24.50-$28/hr **URGENT**", "maintenance technician Shift URGENT"),
        ("REQ-20931 | Acct Mgr", "account manager"),
        ("Warehouse&nbsp;Worker [id 42]", "Warehouse Worker"),
        ("$15 Kitchen Porter", "Kitchen Porter"),
        ("AutoCAD 2D Drafter", "AutoCAD Drafter"),
        ("Nurse-2", "Nurse"),
        ("12345", "12345"),
        ("", ""),
    ],
)
def test_the_second_reading_is_without_clutter(title, read):
    assert tidied(title) == read


def test_abbreviations_are_told_once_and_are_no_words_themselves():
    lines = ABBREVIATIONS.read_text(encoding="utf-8").splitlines()
    pairs = [line.split("\t") for line in lines]
    assert [short for short, _ in pairs] == sorted({short for short, _ in pairs})
    expansions = {word for _, long in pairs for word in long.split()}
    assert expansions & {short for short, _ in pairs} == set()


@pytest.fixture(scope="module")
def classifiers():
    """Fitted to titles of two occupations whose vectors point two ways."""
    texts = [f"{word} {n}" for n in range(2000) for word in ("asst cook", "rn")]
    labelled = Labelled(texts, ["1", "2"] * 2000, {"1": "Cooks", "2": "Nurses"})
    vectors = np.tile(np.eye(2, 4, dtype=np.float32), (2000, 1))
    return fit_classifiers(vectors, labelled), vectors, labelled


def test_classifiers_learn_vectors_and_spelling(classifiers):
    fitted, vectors, labelled = classifiers
    for chances in (
        fitted.by_vector(vectors),
        fitted.by_spelling(labelled.texts),
    ):
        assert chances.sum(axis=1) == pytest.approx(np.ones(4000), abs=1e-5)
        assert (chances.argmax(axis=1) == labelled.numbers).all()
    again = fit_classifiers(vectors, labelled)
    assert all((fitted.tensors()[name] == value).all() for name, value in again.tensors().items())


def test_classifiers_over_other_occupations(classifiers):
    fitted, vectors, _ = classifiers
    other = Classifiers.of(fitted.codes, fitted.tensors()).over(["0", "2"])
    assert other.by_vector(vectors) == pytest.approx(np.tile([0.0, 1.0], (4000, 1)))
    assert other.by_spelling(["rn"]) == pytest.approx(np.array([[0.0, 1.0]]))


def test_the_shipped_classifiers_know_every_occupation_by_its_name(encoder):
    """Read from their file: figures were measured before it was written."""
    own = Calibration.read(CALIBRATION).classifiers
    names = labelled_titles(DATASET_DIR, None).names
    texts, wanted = [names[code] for code in own.codes], np.arange(len(own.codes))
    assert (own.by_vector(encoder.encode(texts)).argmax(1) == wanted).mean() > 0.95
    assert (own.by_spelling(texts).argmax(1) == wanted).mean() > 0.9


def test_a_title_votes_once_for_each_of_its_codes():
    names = {"1": "Cooks", "2": "Bakers"}
    titles = [ListedTitle("Chef", frozenset("12")), ListedTitle("chef ", frozenset("13"))]
    labelled = Labelled.of(titles, names)
    found = sorted(zip(labelled.texts, labelled.codes, strict=True))
    assert found == [("Bakers", "2"), ("Chef", "1"), ("Chef", "2"), ("Cooks", "1")]
    assert labelled.numbers.tolist() == [int(code) - 1 for code in labelled.codes]


def test_occupations_come_best_first_with_names_and_pages(coder):
    matches, other = coder.code(["RN - Med/Surg nights $41/hr", "massage therapist pt"], k=5)
    assert matches[0].onet_code.startswith("29-1141")
    assert len(matches) == 5
    confidences = [match.confidence for match in matches]
    assert confidences == sorted(confidences, reverse=True)
    assert all(0 <= confidence <= 1 for confidence in confidences)
    assert other[0].onet_name == "Massage Therapists"
    assert other[0].url == "https://www.onetonline.org/link/summary/31-9011.00"
    assert not coder.needs_review(other)
    assert min(matches[0].confidence, other[0].confidence) > 0.5


@pytest.mark.parametrize("text", ["", "   ", "N/A", "12345", "???", "-", "0.5", "£ 12/3"])
def test_what_is_no_title_gets_no_code(coder, text):
    assert coder.code([text]) == [[]]
    assert coder.needs_review([])


def test_a_code_set_by_hand_needs_no_review(coder):
    own = Match("31-9011.00", "Massage Therapists", 1.0, by_hand=True)
    rival = Match("29-1141.00", "Registered Nurses", 0.97)
    assert coder.needs_review([replace(own, by_hand=False), rival])
    assert not coder.needs_review([own, rival])


def test_half_a_surrogate_is_coded_as_a_question_mark(coder):
    assert coder.code(["nurse \ud800"]) == coder.code(["nurse ?"])


def test_seniority_does_not_pull_a_code_away(coder):
    plain = coder.code(["Physical Therapist", "Nurse Practitioner"])
    graded = coder.code(["Sr. Physical Therapist II", "LEAD nurse practitioner - grade 7"])
    assert [m[0].onet_code for m in graded] == [m[0].onet_code for m in plain]


def test_lists_of_any_length_and_bad_requests(coder):
    assert coder.code([]) == []
    done = []
    coder.code(["Nurse"] * 3, progress=lambda *counts: done.append(counts))
    assert done == [(3, 3)]
    with pytest.raises(InputError, match="list of titles"):
        coder.code("Nurse")
    with pytest.raises(InputError, match="k=11"):
        coder.code(["Nurse"], k=CANDIDATES + 1)


def test_a_calibration_of_another_model_is_refused(labelled):
    with pytest.raises(SourceError, match="calibrated for model"):
        Coder(load_encoder("base"), labelled, Calibration.read(CALIBRATION))


def test_codings_outlive_a_kill_and_damage(tmp_path, coder):
    path = tmp_path / "codings"
    codings = dict(zip(("RN", "N/A"), coder.code(["RN", "N/A"]), strict=True))
    store = CodingStore(path, "one")
    store.put(codings)
    # Not closed: what put() returned from is on disk.
    assert CodingStore(path, "one").get(["RN", "N/A", "other"]) == codings
    assert CodingStore(path, "two").get(["RN"]) == {}
    path.write_bytes(b"no database at all" * 100)
    assert CodingStore(path, "two").get(["RN"]) == {}


def command(folder, small_dataset, *options):
    arguments = ["--input", "in.csv", "--output", "out.csv", "--dataset", str(small_dataset)]
    return subprocess.Popen(
        [sys.executable, "-m", "scripts.code_titles", *arguments, *options],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stderr=subprocess.PIPE,
        text=True,
    )


def write_rows(path, titles):
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([["id", "title"], *enumerate(titles)])


def test_a_killed_job_goes_on_where_it_stood(tmp_path, small_dataset, coder):
    titles = [f"{text} {n}" for n in range(40) for text in ("RN nights", "pt aide", "N/A", "CNA")]
    titles = [f"{title} #{n}" for n in range(60) for title in titles]
    write_rows(tmp_path / "in.csv", titles)
    job = command(tmp_path, small_dataset)
    store = tmp_path / ".out.csv.codings"
    deadline = time.monotonic() + 120
    kept = 0
    while kept < 1 and job.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)
        kept = store.stat().st_size // 100_000 if store.is_file() else 0
    job.send_signal(signal.SIGKILL)
    job.communicate()
    assert not (tmp_path / "out.csv").exists()
    assert kept
    again = command(tmp_path, small_dataset)
    _, error = again.communicate(timeout=300)
    assert again.returncode == 0, error
    with (tmp_path / "out.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["title"] for row in rows] == titles
    assert {row["taxonomy"] for row in rows} == {"O*NET-SOC 2019"}
    assert not store.exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.csv", "out.csv"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"column": "job"}, "no column 'job' among 'id', 'title'"),
        ({"output": "out.parquet"}, "the output is of the input's format"),
        ({"output": "in.csv"}, "the output would replace the input"),
        ({"column": "id", "encoding": "utf-9"}, "no such encoding"),
        ({"k": 1}, "ask for 2 to 10 codes"),
    ],
)
def test_errors_of_the_users_are_told_before_anything_is_loaded(tmp_path, changes, message):
    write_rows(tmp_path / "in.csv", ["RN"])
    settings = {"output": "out.csv"} | changes
    settings |= {"input": tmp_path / "in.csv", "output": tmp_path / settings["output"]}
    with pytest.raises(InputError, match=message):
        code_file(CodeSettings(**settings))
    assert [path.name for path in tmp_path.iterdir()] == ["in.csv"]


def test_an_error_of_the_users_is_one_sentence(tmp_path, small_dataset):
    write_rows(tmp_path / "in.csv", ["RN"])
    job = command(tmp_path, small_dataset, "--column", "job")
    _, error = job.communicate(timeout=120)
    assert job.returncode == 2
    assert error.strip().splitlines()[-1].startswith("error: ")


def test_the_shipped_figures_are_of_the_shipped_model():
    report = json.loads((ROOT / "model_card" / "coder_metrics.json").read_text())
    shipped = Calibration.read(CALIBRATION)
    assert report["provenance"]["models"]["finetuned"] == shipped.model
    assert shipped.model == load_encoder("finetuned").digest
    # What the coder is for: a fit that reaches less is not shipped.
    for group, wanted in (("messy, seen", 0.68), ("O*NET, seen", 0.60)):
        assert report["groups"][group]["finetuned"]["top-1"] >= wanted
        assert report["groups"][group]["finetuned"]["calibration error"] < 0.05
    assert min(report["groups"][kind]["finetuned"]["top-1"] for kind in JITTER_KINDS) >= 0.40
    refusal = report["refusal"]
    assert refusal["non_titles"]["all"]["texts"] >= 150
    assert refusal["non_titles"]["all"]["refused"] >= 0.90
    assert max(refusal["titles"][group] for group in CODED_GROUPS) <= 0.02


def test_the_refusal_learns_from_labelled_texts(encoder):
    non_titles = [text for _, text in read_non_titles(ROOT / "training/non_titles/fit.tsv")[::8]]
    titles = [t.text for t in read_titles() if t.split == "validation"][::5]
    labelled = [t.text for t in read_titles() if t.split == "train"][::20]
    texts = [*titles, *non_titles]
    vectors = encoder.encode(texts)
    support = (vectors @ encoder.encode(labelled).T).max(axis=1)
    is_title = np.arange(len(texts)) < len(titles)
    refused = fit_refusal(texts, vectors, support, is_title).refused(texts, vectors, support)
    assert refused[is_title].mean() < 0.05
    assert refused[~is_title].mean() > 0.8


def test_a_calibration_is_read_as_it_was_written(tmp_path):
    shipped = Calibration.read(CALIBRATION)
    # However its arrays lie in memory: fitted ones may stand columns first.
    columns_first = np.asfortranarray(shipped.classifiers.of_vector)
    classifiers = replace(shipped.classifiers, of_vector=columns_first)
    replace(shipped, classifiers=classifiers).write(tmp_path / "coder.json")
    assert Calibration.read(tmp_path / "coder.json").digest == shipped.digest
    for name in ("coder.json", "coder.safetensors"):
        assert (tmp_path / name).read_bytes() == CALIBRATION.with_name(name).read_bytes()
    plain = json.loads((tmp_path / "coder.json").read_text())
    for changed, said in (
        ({"tensors_sha256": "0"}, "are not of one fit"),
        ({"votes": plain["votes"] | {"weights": [1.0]}}, "is of another version"),
        ({"votes": None}, "is damaged"),
    ):
        (tmp_path / "coder.json").write_text(json.dumps(plain | changed))
        with pytest.raises(SourceError, match=said):
            Calibration.read(tmp_path / "coder.json")
