"""The side-by-side search, with the real models over the real titles."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from jobtitles import neighbourhoods
from jobtitles.catalogue import default_titles, other_titles, read_titles
from jobtitles.encoder import load_encoder, shared_encoder
from jobtitles.errors import InputError
from jobtitles.index import exact_search
from jobtitles.neighbourhoods import Neighbourhoods, nearest_others
from jobtitles.query import MAX_QUERY, checked_k, checked_query
from jobtitles.records import SEED_KIND, OwnTitle, text_key
from jobtitles.search import WRITTEN, SideBySide

QUERY = "Sr. Software Engineer - payments"


@pytest.fixture(scope="module")
def small():
    """The engine over every eightieth title, small enough to make its whole catalogue."""
    titles = read_titles()[::80]
    encoders = {name: shared_encoder(name) for name in WRITTEN}
    return SideBySide(default_titles(titles), encoders, others=other_titles(titles))


def rows(hits):
    return [hit.row for hit in hits]


def test_a_catalogue_title_finds_itself_first(engine):
    for hits in engine.search("Software Engineer", 5).values():
        assert hits[0].title.text == "Software Engineer"
        assert hits[0].score == pytest.approx(1, abs=1e-5)


def test_lists_are_ranked_and_of_length_k(engine):
    results = engine.search(QUERY, 7)
    assert list(results) == ["base", "finetuned"]
    for hits in results.values():
        assert len(set(rows(hits))) == 7
        scores = [hit.score for hit in hits]
        assert scores == sorted(scores, reverse=True)
        assert all(hit.title is engine.titles[hit.row] for hit in hits)


def test_the_lists_are_those_of_their_own_model(engine):
    for name, hits in engine.search(QUERY, 10).items():
        query = load_encoder(name).encode([QUERY])
        right, scores = exact_search(engine.vectors(name), query, 10)
        assert [hit.score for hit in hits] == pytest.approx(scores[0].tolist(), abs=0.01)
        assert len(set(rows(hits)) & set(right[0].tolist())) >= 8


def test_k_beyond_the_catalogue_is_clipped(engine):
    for hits in engine.search(QUERY, 10**9).values():
        assert sorted(rows(hits)) == list(range(engine.default_count))


def test_default_catalogue_has_no_jittered_title_of_training(engine):
    default = engine.titles[: engine.default_count]
    assert all(title.kind == "seed" for title in default if title.seen_in_training)


def test_origins_name_both_sources(engine):
    assert "all-MiniLM-L6-v2" in engine.origins["base"]
    assert "adapter" in engine.origins["finetuned"]


def test_doubles_of_a_title_are_folded(engine):
    seen = {}
    for row, title in enumerate(engine.titles[: engine.default_count]):
        if title.text in seen:
            break
        seen[title.text] = row
    twin = seen[title.text]
    assert engine.titles[twin].onet_code != title.onet_code
    for hits in engine.similar(row, 5).values():
        assert len(hits) == 5
        assert {row, twin}.isdisjoint(rows(hits))
    neighbour = engine.similar(row, 1)["base"][0].row
    for hits in engine.similar(neighbour, 100).values():
        texts = [hit.title.text.casefold() for hit in hits]
        assert len(texts) == len(set(texts)) == 100


def test_similar_gives_all_the_others_where_k_is_large(engine):
    for hits in engine.similar(3, 10**9).values():
        texts = {text_key(t.text) for t in engine.titles[: engine.default_count]}
        assert {text_key(hit.title.text) for hit in hits} == texts - {
            text_key(engine.titles[3].text)
        }


@pytest.mark.parametrize("row", [-1, 10**9, True, None, "0", 1.0])
def test_similar_refuses_a_row_that_is_none(engine, row):
    with pytest.raises(InputError, match="Choose a title"):
        engine.similar(row, 5)


def test_the_whole_catalogue_encodes_only_the_rest(small):
    told = []
    default = {name: small.vectors(name) for name in WRITTEN}
    rest = len(small.titles) - small.default_count
    assert rest > 300
    with pytest.raises(InputError, match="Choose a title"):
        small.similar(len(small.titles) - 1, 3)
    small.load_whole(lambda part, doing: told.append((part, doing)))
    assert {doing for _, doing in told} == {
        f"Encoding {rest} titles with the base model",
        f"Encoding {rest} titles with the fine-tuned model",
    }
    parts = [part for part, _ in told]
    assert parts == sorted(parts)
    assert (parts[0], parts[-1]) == (0, 1)
    told.clear()
    small.load_whole(lambda part, doing: told.append((part, doing)))
    assert told == []
    last = small.titles[-1]
    for name, hits in small.search(last.text, 3, whole=True).items():
        assert last.text in [hit.title.text for hit in hits]
        assert small.vectors(name) is default[name]
    for hits in small.search(last.text, len(small.titles), whole=True).values():
        assert sorted(rows(hits)) == list(range(len(small.titles)))
    for hits in small.search(last.text, len(small.titles)).values():
        assert sorted(rows(hits)) == list(range(small.default_count))
    assert len(small.similar(len(small.titles) - 1, 3, whole=True)["base"]) == 3


def test_searches_at_once_give_what_they_give_alone(engine):
    asked = [(f"{engine.titles[row].text} in Berlin", k) for row in (5, 900) for k in (1, 10, 200)]
    alone = [engine.search(query, k) for query, k in asked]
    start = threading.Barrier(4)

    def ask(_turn):
        start.wait(30)
        return [engine.search(query, k) for query, k in asked]

    with ThreadPoolExecutor(4) as pool:
        for together in pool.map(ask, range(4)):
            for one, other in zip(alone, together, strict=True):
                for name in WRITTEN:
                    assert rows(one[name]) == rows(other[name])


SANE = {
    "control characters": "nurse\x00\x1b[31m\x07",
    "lone surrogate": "nurse \ud800",
    "emoji": "👩‍🚒🔥",
    "right to left": "\u202eمهندس برمجيات",
    "markup": "<script>alert(1)</script>",
    "template": "${alert(1)} `x` {{x}}",
    "as long as allowed": "n" * MAX_QUERY,
}


@pytest.mark.parametrize("query", SANE.values(), ids=SANE.keys())
def test_odd_text_is_searched(engine, query):
    for hits in engine.search(query, 3).values():
        assert len(hits) == 3
        assert np.isfinite([hit.score for hit in hits]).all()


REFUSED = {
    "empty": ("", "empty"),
    "spaces": (" \t\n\u3000", "empty"),
    "NUL": ("\x00", "empty"),
    "half a surrogate": ("\udfff", "empty"),
    "zero width": ("\u200b\u200d", "empty"),
    "long": ("x" * 100_000, "100,000 characters; at most 500"),
    "one too long": ("x" * 501, "501 characters; at most 500"),
    "None": (None, "must be text"),
    "number": (5, "must be text"),
    "list": (["nurse"], "must be text"),
}


@pytest.mark.parametrize(("query", "message"), REFUSED.values(), ids=REFUSED.keys())
def test_a_query_that_cannot_be_searched_is_refused(engine, query, message):
    with pytest.raises(InputError, match=message):
        engine.search(query, 3)


@pytest.mark.parametrize(
    ("k", "given"),
    [
        (0, "0"),
        (-1, "-1"),
        (-(10**9), "-1000000000"),
        ("ten", "text"),
        ("3", "text"),
        (2.5, "2.5"),
        (None, "nothing"),
        (float("nan"), "nan"),
        (float("inf"), "inf"),
        (True, "True"),
        ([3], "something else"),
    ],
)
def test_a_k_that_is_no_count_is_refused(engine, k, given):
    with pytest.raises(InputError, match=f"whole number from 1 up, not {given}."):
        engine.search(QUERY, k)
    with pytest.raises(InputError, match=f"not {given}."):
        engine.similar(3, k)


def test_what_is_searched_is_the_text_without_control_characters():
    assert checked_query(" a\x00b\n\ud800 c ") == "a b c"
    assert checked_k(3.0) == 3


def test_find_wants_every_word_and_puts_the_shortest_first(engine):
    found = [engine.titles[row].text for row in engine.find("ENGINEER  soft", 8)]
    assert found[0] == "Software Engineer"
    assert len(found) == 8
    assert all("engineer" in text.lower() and "soft" in text.lower() for text in found)


def test_find_offers_only_what_is_searched(engine):
    rest = engine.titles[engine.default_count :]
    counts = {}
    for title in engine.titles:
        counts[title.text.casefold()] = counts.get(title.text.casefold(), 0) + 1
    only_there = next(t.text for t in rest if counts[t.text.casefold()] == 1 and len(t.text) > 40)
    assert only_there not in [engine.titles[row].text for row in engine.find(only_there, 50)]
    (row, *_) = engine.find(only_there, 50, whole=True)
    assert row >= engine.default_count


@pytest.mark.parametrize("text", ["", "   ", "zzzzqqq", "<script>", "e " * 50_000])
def test_find_can_find_nothing(engine, text):
    assert engine.find(text, 8) == []


def test_only_wanted_titles_are_found(engine):
    def nursing_seed(title):
        return title.kind == SEED_KIND and title.onet_code.startswith("29")

    every = engine.search("night nurse", 10**9)
    for name, hits in engine.search("night nurse", 20, wanted=nursing_seed).items():
        right = [hit.row for hit in every[name] if nursing_seed(hit.title)][:20]
        assert rows(hits) == right
    assert engine.search("night nurse", 5, wanted=lambda _: False) == {n: [] for n in WRITTEN}


def test_own_titles_are_searched_and_kept_off_the_disk(small, cache_home):
    files = sorted(cache_home.rglob("*"))
    titles = [OwnTitle(text, ("ACME",)) for text in ("RN nights", "Line cook", "Baker", "Welder")]
    own = small.over(titles, lambda _part, _doing: None)
    assert own.search("registered nurse", 1)["finetuned"][0].title == titles[0]
    assert own.search("nurse", 9, wanted=lambda t: t.kind == "own")["base"]
    assert titles[0].onet_name == "ACME"
    assert sorted(cache_home.rglob("*")) == files


def test_vectors_of_another_device_are_taken_as_they_are(small):
    titles = [OwnTitle(text) for text in ("RN nights", "Line cook", "Baker")]
    vectors = small.encoded_on("cpu", [title.text for title in titles])
    own = small.over(titles, lambda *_: None, vectors)
    assert own.vectors("base") is vectors["base"]
    assert own.search("baker", 1)["finetuned"][0].title == titles[2]


def test_searches_are_answered_while_own_titles_are_encoded(small):
    titles = [OwnTitle(f"{t.text} {n}") for n, t in enumerate(small.titles * 6)]
    started, seconds = time.monotonic(), []
    with ThreadPoolExecutor(1) as pool:
        own = pool.submit(small.over, titles, lambda *_: None)
        while not own.done():
            searched = time.monotonic()
            small.search("night nurse", 3)
            seconds.append(time.monotonic() - searched)
        took = time.monotonic() - started
    assert own.result().default_count == len(titles)
    assert len(seconds) > 5
    assert sorted(seconds)[len(seconds) // 2] < took / 5


def test_neighbourhoods_by_hand():
    base = np.array([[1, 2], [0, 2], [1, 0]])
    found = Neighbourhoods(base, np.array([[1, 2], [2, 0], [1, 0]]))
    assert found.kept.tolist() == [2, 2, 2]
    moved = Neighbourhoods(np.array([[1], [0], [1]]), np.array([[2], [0], [0]]))
    assert moved.kept.tolist() == [0, 1, 0]
    assert moved.gained(["a", "b", "a"]).tolist() == [1, 0, 1]
    vectors = np.array([[1, 0], [1, 0], [0.8, 0.6], [0, 1]], np.float32)
    near = nearest_others(vectors, 10)[0].tolist()
    # The first two are equal.
    assert near[:2] == [[1, 2, 3], [0, 2, 3]]
    assert near[2] in ([0, 1, 3], [1, 0, 3])
    assert near[3] in ([2, 0, 1], [2, 1, 0])


def test_no_title_is_its_own_neighbour(monkeypatch):
    monkeypatch.setattr(neighbourhoods, "BLOCK", 3)
    vectors = np.random.default_rng(0).normal(size=(10, 384)).astype(np.float32)
    vectors[3] = vectors[1]
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    rows, scores = nearest_others(vectors, 4)
    cosines = vectors @ vectors.T
    for row in range(10):
        others = np.delete(np.arange(10), row)
        assert set(rows[row]) <= set(others)
        assert scores[row] == pytest.approx(np.sort(cosines[row, others])[:-5:-1], abs=1e-6)
        assert scores[row] == pytest.approx(cosines[row, rows[row]], abs=1e-6)
    assert rows[3, 0] == 1
