"""Public ranking sets: their layout, the figures, and what counts as known from training."""

import json

import numpy as np
import pytest

from jobtitles.errors import DataError, InputError
from jobtitles.sources import DATASET_DIR, base_model
from training.public_sets import (
    PublicSetSettings,
    measure_public_set,
    read_ranking_set,
    training_texts,
)

QUERIES = [("q1", "Registered Nurse"), ("q2", "Truck Driver"), ("q3", "Nobody's job")]
DOCUMENTS = [
    ("c1", "Lorry driver"),
    ("c2", "Hospital nurse"),
    ("c3", "Heavy truck operator"),
    ("c4", "Pastry chef"),
    ("c5", "Zookeeper of rare lemurs"),
]
ANNOTATIONS = [("q1", "0", "c2", "1"), ("q2", "0", "c1", "1"), ("q2", "0", "c3", "1")]


def write(folder, annotations=ANNOTATIONS, corpus="corpus_elements.tsv", header=()):
    folder.mkdir(exist_ok=True)
    for name, rows in (
        ("queries.tsv", QUERIES),
        (corpus, DOCUMENTS),
        ("annotations.tsv", annotations),
    ):
        lines = [*(header if name != "annotations.tsv" else ()), *rows]
        (folder / name).write_text("".join("\t".join(row) + "\n" for row in lines))
    return folder


def test_layouts_read_alike(tmp_path):
    """Qrels or bare pairs, documents.tsv, a header: all the same set. q3 has no answer."""
    pairs = [(query, document) for query, _, document, _ in ANNOTATIONS]
    folders = [
        write(tmp_path / "melo"),
        write(tmp_path / "pairs", annotations=pairs, corpus="documents.tsv"),
        write(tmp_path / "header", header=[("q_id", "jobtitle")]),
        write(tmp_path / "graded", annotations=[*ANNOTATIONS, ("q1", "0", "c4", "0")]),
    ]
    for folder in folders:
        task = read_ranking_set(folder)
        assert task.queries == ["Registered Nurse", "Truck Driver"]
        assert task.documents == [text for _, text in DOCUMENTS]
        assert np.flatnonzero(task.relevant).tolist() == [1, 5, 7]


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("annotations.tsv", "q1\t0\tc9\t1\n", "line 1: no query 'q1' or no document 'c9'"),
        ("annotations.tsv", "q1\t0\tc1\t0\n", "no query has a relevant document"),
        ("queries.tsv", "q1\n", "line 1: 1 columns"),
        ("queries.tsv", None, "queries.tsv is missing"),
        ("corpus_elements.tsv", None, "has no corpus"),
    ],
)
def test_what_breaks_the_layout_is_named(tmp_path, name, text, said):
    folder = write(tmp_path / "set")
    if text is None:
        (folder / name).unlink()
    else:
        (folder / name).write_text(text)
    with pytest.raises(DataError, match=said):
        read_ranking_set(folder)


def test_training_titles_are_left_out_of_the_second_figure(tmp_path):
    known = training_texts(DATASET_DIR, "", False)
    assert "registered nurses" in known
    # Of the occupation titles, for models that were trained on them.
    more = training_texts(DATASET_DIR, "", True) - known
    assert len(more) > 20_000
    task = read_ranking_set(write(tmp_path / "set"))
    rows, columns = task.unknown({"lorry driver", "hospital nurse"})
    assert rows.tolist() == [False, True]  # the nurse lost the only right document
    assert columns.tolist() == [False, False, True, True, True]


def test_one_text_under_two_ids_is_ranked_as_by_trec_eval(tmp_path):
    """Equal scores: the higher id first. Here it is the wrong one, or the right one."""
    folder = write(tmp_path / "set")
    for right, mrr in (("c6", 1.0), ("c2", 0.5)):
        (folder / "corpus_elements.tsv").write_text("c2\tNurse\nc6\tNurse\nc1\tZookeeper\n")
        (folder / "annotations.tsv").write_text(f"q1\t0\t{right}\t1\n")
        output = tmp_path / "figures.json"
        measure_public_set(PublicSetSettings(output, str(folder), models=["base"]))
        assert json.loads(output.read_text())["whole"]["models"]["base"]["mrr"] == mrr


def test_any_sentence_transformers_model_is_measured(tmp_path):
    """The base by its name of this project and as a folder: the same figures, difference zero."""
    folder, output = write(tmp_path / "set"), tmp_path / "figures.json"
    path = str(base_model().path)
    measure_public_set(PublicSetSettings(output, str(folder), models=["base", path, "finetuned"]))
    result = json.loads(output.read_text())
    whole = result["whole"]
    assert (whole["queries"], whole["documents"]) == (2, 5)
    assert whole["models"]["base"] == pytest.approx(whole["models"][path], abs=1e-4)
    assert whole["against_first"][path]["map"] == {"difference": 0.0, "low": 0.0, "high": 0.0}
    assert set(whole["models"]["finetuned"]) == {"map", "mrr", "hit@1", "hit@5", "hit@10"}
    assert whole["models"]["finetuned"]["hit@5"] == 1.0
    assert set(result["sha256"]) == {"queries.tsv", "corpus_elements.tsv", "annotations.tsv"}


def small_task(queries, answers, documents):
    """A ranking task in the registry of the real package, with data of its own."""
    from workrb.registry import register_task
    from workrb.tasks.abstract.ranking_base import RankingDataset
    from workrb.tasks.ranking.job_similarity import JobTitleSimilarityRanking

    @register_task("SmallTitles")
    class SmallTitles(JobTitleSimilarityRanking):
        def load_dataset(self, dataset_id, split):
            if dataset_id != "en":
                raise ValueError(f"no {dataset_id}")
            return RankingDataset(queries, answers, documents, dataset_id=dataset_id)

    return "SmallTitles"


def test_a_task_of_workrb_is_measured_as_a_folder_is(tmp_path):
    texts = [text for _, text in DOCUMENTS]
    name = small_task([text for _, text in QUERIES], [[1], [0, 2], []], texts)
    output, of_folder = tmp_path / "task.json", tmp_path / "folder.json"
    measure_public_set(PublicSetSettings(output, task=name, models=["base", "finetuned"]))
    folder = str(write(tmp_path / "set"))
    measure_public_set(PublicSetSettings(of_folder, folder, models=["base", "finetuned"]))
    result, expected = json.loads(output.read_text()), json.loads(of_folder.read_text())
    for part in ("whole", "without_training_titles", "weights", "interval"):
        assert result[part] == expected[part]
    assert result["set"] == "SmallTitles, en"
    assert result.keys() == expected.keys()

    for settings, error, said in (
        (PublicSetSettings(output, task="Nothing"), InputError, "no ranking task 'Nothing'"),
        (PublicSetSettings(output, task=name, task_dataset="de"), DataError, "de: no de"),
        (PublicSetSettings(output), InputError, "one of the two"),
        (PublicSetSettings(output, folder, name), InputError, "one of the two"),
    ):
        with pytest.raises(error, match=said):
            measure_public_set(settings)
