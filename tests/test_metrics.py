"""Metric code against values worked out by hand and against sentence-transformers' evaluator."""

import numpy as np
import pytest
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.evaluation import InformationRetrievalEvaluator
from sklearn.metrics import average_precision_score

from jobtitles.encoder import load_encoder
from jobtitles.metrics import average_precisions, compare, first_ranks, hits_at, reciprocal_ranks
from jobtitles.sources import base_model
from training.retrieval import SeedRetrieval


def test_ranks_by_hand():
    scores = np.array([[0.9, 0.5, 0.1], [0.9, 0.5, 0.1], [0.2, 0.2, 0.2]])
    relevant = np.array([[True, False, False], [False, False, True], [False, True, False]])
    ranks = first_ranks(scores, relevant)
    # In the third row all tie: the relevant one counts as last of the ties.
    assert ranks.tolist() == [1, 3, 3]
    assert reciprocal_ranks(ranks).mean() == pytest.approx((1 + 1 / 3 + 1 / 3) / 3)
    assert hits_at(ranks, 1).tolist() == [1, 0, 0]
    assert hits_at(ranks, 3).tolist() == [1, 1, 1]


def test_ranks_take_the_best_of_several_relevant():
    scores = np.array([[0.1, 0.8, 0.9, 0.7]])
    assert first_ranks(scores, np.array([[True, True, False, True]])).tolist() == [2]


def test_average_precision_by_hand():
    scores = np.array([[0.9, 0.5, 0.4, 0.1], [0.5, 0.5, 0.5, 0.1]])
    relevant = np.array([[True, False, True, False], [True, False, False, True]])
    # In the second row the relevant one counts as last of the three that tie.
    expected = [(1 / 1 + 2 / 3) / 2, (1 / 3 + 2 / 4) / 2]
    assert average_precisions(scores, relevant).tolist() == pytest.approx(expected)


def test_average_precision_agrees_with_scikit_learn():
    draw = np.random.default_rng(0)
    scores, relevant = draw.random((50, 30)), draw.random((50, 30)) < 0.2
    relevant[:, 0] = True
    theirs = [average_precision_score(r, s) for r, s in zip(relevant, scores, strict=True)]
    assert average_precisions(scores, relevant).tolist() == pytest.approx(theirs)


def test_ranks_refuse_a_query_without_a_right_document():
    with pytest.raises(ValueError, match="no relevant"):
        first_ranks(np.zeros((1, 2)), np.zeros((1, 2), bool))


def test_bootstrap_by_hand():
    # Two clusters that always gain 0.5 and 0.1: a draw of two holds means .5, .3, .3 or .1.
    base = np.zeros(4)
    finetuned = np.array([0.5, 0.5, 0.1, 0.1])
    figure = compare(base, finetuned, np.array(["a", "a", "b", "b"]))
    assert figure.difference == pytest.approx(0.3)
    assert (figure.low, figure.high) == (pytest.approx(0.1), pytest.approx(0.5))
    assert figure == compare(base, finetuned, np.array(["a", "a", "b", "b"]))


def test_bootstrap_of_a_constant_gain_has_no_width():
    base = np.linspace(0, 1, 50)
    figure = compare(base, base + 0.2, np.arange(50) % 7)
    assert figure.low == pytest.approx(0.2)
    assert figure.high == pytest.approx(0.2)


def test_bootstrap_interval_covers_the_truth_as_often_as_it_says():
    draw = np.random.default_rng(0)
    covered = 0
    for _ in range(200):
        gains = np.repeat(draw.normal(0.1, 0.3, 60), 5)  # 60 clusters of 5 equal queries
        figure = compare(np.zeros(300), gains, np.repeat(np.arange(60), 5), resamples=400)
        covered += figure.low <= 0.1 <= figure.high
    assert 0.88 <= covered / 200 <= 0.99


def test_agrees_with_sentence_transformers_evaluator(quarter_dataset):
    task = SeedRetrieval.from_dataset(quarter_dataset, "validation")
    rows = slice(0, None, 8)
    queries, own = task.queries[rows], task.own[rows]
    assert len(queries) > 50
    encoder = load_encoder("base")
    scores = encoder.encode([q.text for q in queries]) @ encoder.encode(task.seeds).T
    relevant = np.zeros(scores.shape, bool)
    relevant[np.arange(len(own)), own] = True
    ranks = first_ranks(scores, relevant)
    theirs = InformationRetrievalEvaluator(
        {str(i): q.text for i, q in enumerate(queries)},
        {str(i): seed for i, seed in enumerate(task.seeds)},
        {str(i): {str(row)} for i, row in enumerate(own)},
        mrr_at_k=[len(task.seeds)],
        accuracy_at_k=[1, 5, 10],
        ndcg_at_k=[10],
        precision_recall_at_k=[10],
        map_at_k=[10],
    )(SentenceTransformer(str(base_model().path), device="cpu"))
    mrr = next(value for name, value in theirs.items() if "cosine_mrr@" in name)
    assert reciprocal_ranks(ranks).mean() == pytest.approx(mrr, abs=1e-4)
    for k in (1, 5, 10):
        accuracy = next(v for name, v in theirs.items() if name.endswith(f"accuracy@{k}"))
        assert hits_at(ranks, k).mean() == pytest.approx(accuracy, abs=0.01)
