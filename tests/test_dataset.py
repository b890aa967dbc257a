"""The import of the raw answers, the splits, and the shipped dataset."""

import json
import shutil

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from datasets import load_dataset

from jobtitles.errors import DataError
from jobtitles.labelled import OCCUPATIONS, merged
from jobtitles.onet import ListedTitle
from jobtitles.records import JITTER_KINDS, NEGATIVE_KINDS, SPLITS, text_key
from jobtitles.sources import DATASET_DIR, ROOT
from training.answers import read_answers, read_occupations
from training.dataset import DatasetSettings, build_dataset
from training.jitter import SCHEMA as GENERATED
from training.occupation_titles import occupation_rows
from training.onet import HELD_OUT_SHARE, hash_share
from training.splits import split_seeds

RAW = DATASET_DIR / "raw"
CORRECTIONS = ROOT / "training" / "corrections.tsv"


@pytest.fixture(scope="module")
def rows():
    return [
        row
        for split in SPLITS
        for row in pq.read_table(
            DATASET_DIR / "data" / f"{split}-00000-of-00001.parquet"
        ).to_pylist()
    ]


def test_shipped_dataset_is_what_the_stage_makes(tmp_path, capsys):
    build_dataset(DatasetSettings(raw=RAW, corrections=CORRECTIONS, output=tmp_path))
    parts = [f"{part}/{s}-00000-of-00001.parquet" for part in ("data", OCCUPATIONS) for s in SPLITS]
    for name in (*parts, "stats.json"):
        assert (tmp_path / name).read_bytes() == (DATASET_DIR / name).read_bytes(), name


def test_no_held_out_text_is_in_training_in_any_role(rows):
    texts = {split: set() for split in SPLITS}
    for row in rows:
        for text in (row["jittered_title"], row["seed_title"], *row["hard_negatives"]):
            texts[row["split"]].add(text_key(text))
    assert len(texts["train"]) > 30_000
    assert texts["train"] & texts["test"] == set()
    assert texts["train"] & texts["validation"] == set()


def test_occupation_titles_keep_to_the_splits_of_the_jittered_ones(rows):
    known = {
        text_key(text)
        for row in rows
        for text in (row["jittered_title"], row["seed_title"], *row["hard_negatives"])
    }
    seeds = {(r["onet_code"], text_key(r["seed_title"])) for r in rows if r["split"] == "train"}
    unseen = {r["onet_code"]: r["split"] for r in rows if not r["occupation_seen_in_train"]}
    splits_of = {}
    for split in SPLITS:
        for row in pq.read_table(
            DATASET_DIR / OCCUPATIONS / f"{split}-00000-of-00001.parquet"
        ).to_pylist():
            key = text_key(row["title"])
            seed = split == "train" and row["job"] and (row["onet_code"], key) in seeds
            assert key not in known or seed
            splits_of.setdefault(key, set()).add(split)
            if row["onet_code"] in unseen:
                assert split == unseen[row["onet_code"]]
            else:
                assert (split == "train") == (hash_share(key) >= 2 * HELD_OUT_SHARE)
    assert len(splits_of) > 50_000
    assert all(len(found) == 1 for found in splits_of.values())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda text: text.replace("11-1011.00", "99-1011.00", 1), "unknown occupation code"),
        (lambda text: text.split("\n", 1)[1], "no titles of 11-1011.00"),
        (lambda text: text.replace("\t", " ", 1), "4 columns instead of 5"),
    ],
)
def test_broken_occupation_titles_are_told_by_file_and_line(tmp_path, change, message):
    shutil.copytree(RAW, tmp_path / "raw")
    path = tmp_path / "raw" / "names_0.tsv"
    path.write_text(change(path.read_text(encoding="utf-8")), encoding="utf-8")
    with pytest.raises(DataError, match=message):
        occupation_rows(tmp_path / "raw", read_occupations(RAW), [], "test")


def held_out_seed(code, seed, split="test"):
    return {
        "onet_code": code,
        "seed_title": seed,
        "jittered_title": f"{seed} wanted",
        "hard_negatives": [],
        "split": split,
        "occupation_seen_in_train": True,
    }


def test_no_occupation_title_of_training_repeats_a_seed_held_out():
    code = "11-1011.00"
    seeds = [held_out_seed(code, "President")]
    rows, left_out = occupation_rows(RAW, read_occupations(RAW), seeds, "test")
    texts = {row["title"] for row in rows if row["onet_code"] == code and row["split"] == "train"}
    assert texts and not any("president" in text.lower().split() for text in texts)
    assert left_out["occupation_title_near_held_out_seed"] > 0


def test_a_seed_of_training_may_be_the_name_of_a_job(tmp_path):
    (tmp_path / "names_0.tsv").write_text("11-1011.00\tCEO\tHead\tHead of Bank\tBoss\n")
    (tmp_path / "jobs_0.tsv").write_text("11-1011.00\tChief Executive; CEO; Boss; Founder\n")
    names = {"11-1011.00": "Chief Executives"}
    seeds = [
        held_out_seed("11-1011.00", "CEO", "train"),
        held_out_seed("11-1011.00", "Founder", "test"),
    ]
    rows, left_out = occupation_rows(tmp_path, names, seeds, "test")
    found = {row["title"]: row["job"] for row in rows}
    job = "Chief Executive"
    assert found == {job: job, "CEO": job, "Boss": job, "Head": None, "Head of Bank": None}
    # "CEO" of the third round, "Founder" of the fourth; "Boss" of the third is told already.
    assert left_out["occupation_title_known"] == 2
    assert left_out["occupation_title_twice"] == 1


def test_a_title_of_two_occupations_is_one_title_with_both_codes():
    titles = merged([("Fitter", "1"), ("Turner", "1"), ("fitter", "2")])
    assert titles == [ListedTitle("Fitter", frozenset("12")), ListedTitle("Turner", frozenset("1"))]


def test_a_seed_stays_together_and_titles_are_unique(rows):
    splits, seeds_of = {}, {}
    for row in rows:
        seed = text_key(row["seed_title"])
        splits.setdefault(seed, set()).add(row["split"])
        seeds_of.setdefault(text_key(row["jittered_title"]), set()).add(seed)
    assert all(len(found) == 1 for found in splits.values())
    assert all(len(found) == 1 for found in seeds_of.values())
    assert seeds_of.keys() & splits.keys() == set()


def test_splits_have_the_promised_shape(rows):
    occupations = {row["onet_code"] for row in rows}
    assert len(occupations) == 894
    seeds = {split: {} for split in SPLITS}
    for row in rows:
        seeds[row["split"]].setdefault(row["onet_code"], set()).add(row["seed_title"])
    for split in ("validation", "test"):
        unseen = {
            row["onet_code"]
            for row in rows
            if row["split"] == split and not row["occupation_seen_in_train"]
        }
        assert len(unseen) == round(0.05 * 894)
        assert not unseen & seeds["train"].keys()
        seen = seeds[split].keys() - unseen
        assert all(len(seeds[split][code]) == 1 for code in seen)
        share = len(seen) / sum(5 for code in occupations if code in seeds["train"])
        assert 0.09 < share < 0.11


def test_known_wrong_codes_are_corrected_and_the_raw_files_are_not(rows):
    codes = {row["seed_title"]: row["onet_code"] for row in rows}
    assert codes["Oil Field Pumper"] == "53-7073.00"
    assert codes["Plater"] == "51-4193.00"
    raw = "".join(path.read_text(encoding="utf-8") for path in RAW.glob("part_*.tsv"))
    assert "51-8093.00\tOil Field Pumper\t" in raw


def test_rows_are_complete(rows):
    assert {row["jitter_kind"] for row in rows} == set(JITTER_KINDS)
    for row in rows:
        assert row["jittered_title"].strip() and row["onet_name"] and row["generator"]
        assert row["round"] == (2 if row["jitter_kind"] in ("synonym", "posting") else 1)
        assert len(row["hard_negatives"]) == len(row["hard_negative_kinds"])
        assert set(row["hard_negative_kinds"]) <= set(NEGATIVE_KINDS)
        own = {text_key(row["jittered_title"]), text_key(row["seed_title"])}
        assert not own & {text_key(text) for text in row["hard_negatives"]}


def test_ambiguous_seeds_keep_their_rows_under_both_codes(rows):
    codes = {}
    for row in rows:
        codes.setdefault(text_key(row["seed_title"]), set()).add(row["onet_code"])
    assert sum(len(found) == 2 for found in codes.values()) == 35


def test_datasets_loads_the_folder_as_the_hub_would(tmp_path):
    loaded = load_dataset(str(DATASET_DIR), cache_dir=str(tmp_path))
    assert set(loaded) == set(SPLITS)
    assert loaded["train"][0]["seed_title"] == "Chief Executive Officer"


def test_splits_do_not_depend_on_the_order_of_seeds():
    seeds = [(f"c{i // 5}", f"seed {i}") for i in range(1000)]
    assert split_seeds(seeds) == split_seeds(seeds[::-1])


def test_an_ambiguous_seed_never_makes_an_unseen_occupation():
    seeds = [(f"c{i // 5}", f"seed {i}") for i in range(1000)]
    seeds += [(f"c{i}", "shared") for i in range(0, 200, 2)]
    split, unseen = split_seeds(seeds)
    assert unseen and not unseen & {f"c{i}" for i in range(0, 200, 2)}


@pytest.fixture
def raw(tmp_path):
    folder = tmp_path / "raw"
    shutil.copytree(RAW, folder)
    return folder


def edit(path, line, change):
    lines = path.read_text(encoding="utf-8").split("\n")
    lines[line - 1] = change(lines[line - 1])
    path.write_text("\n".join(lines), encoding="utf-8")


@pytest.mark.parametrize(
    ("file", "change", "says"),
    [
        ("part_03.tsv", lambda s: s.replace("\t", "\t\t", 1), "11 columns instead of 10"),
        ("part_03.tsv", lambda s: "\t".join([*s.split("\t")[:-1], " "]), "column 10 is empty"),
        ("part_03.tsv", lambda s: "99" + s[2:], "unknown occupation code '99"),
        ("part_03.tsv", lambda s: s + "x" * 200, "more than the limit of 160"),
        ("more_03.tsv", lambda s: s.rsplit("\t", 1)[0], "5 columns instead of 6"),
        ("more_03.tsv", lambda s: "\t".join([*s.split("\t")[:2]] * 3), "only repeats its seed"),
    ],
)
def test_a_bad_row_stops_the_import_with_file_and_line(raw, file, change, says):
    edit(raw / file, 7, change)
    with pytest.raises(DataError, match=says) as error:
        read_answers(raw, CORRECTIONS)
    assert f"{file}:7" in str(error.value)


def test_a_missing_seed_stops_the_import(raw):
    edit(raw / "part_00.tsv", 1, lambda s: s.replace("Chief Executive Officer", "Head", 1))
    with pytest.raises(DataError, match="'Chief Executive Officer'.*not a first-round seed"):
        read_answers(raw, CORRECTIONS)


def test_bytes_that_are_not_utf8_stop_the_import(raw):
    (raw / "part_05.tsv").write_bytes(b"\xff\xfe")
    with pytest.raises(DataError, match="part_05.tsv: not UTF-8"):
        read_answers(raw, CORRECTIONS)


def test_a_correction_without_its_seed_stops_the_import(tmp_path):
    path = tmp_path / "corrections.tsv"
    path.write_text(
        "onet_code\tseed_title\tcorrected_code\treason\n11-1011.00\tNobody\t11-1021.00\tx\n"
    )
    with pytest.raises(DataError, match="no seed 'Nobody'"):
        read_answers(RAW, path)


def held_out_by_hash():
    """A text that would be held out if it were one of O*NET's titles."""
    texts = (f"Made-up title {number}" for number in range(1000))
    return next(text for text in texts if hash_share(text) < 2 * HELD_OUT_SHARE)


def test_generated_titles_join_the_training_split_alone(rows, tmp_path):
    held_out = next(row for row in rows if row["split"] == "test")
    train = [row for row in rows if row["split"] == "train"]
    seed = {key: train[0][key] for key in ("seed_title", "onet_code", "onet_name")}
    unseen = next(row for row in rows if not row["occupation_seen_in_train"])
    titles = [
        {**seed, "title": "Boss of the whole works", "kind": "reworded"},
        {**seed, "title": "Clerk of the whole works", "kind": "near_miss"},
        {**seed, "title": held_out["jittered_title"], "kind": "synonym"},
        {**seed, "title": train[5]["jittered_title"], "kind": "garbled"},
        {**seed, "seed_title": held_out["seed_title"], "title": "New one", "kind": "posting"},
        {**seed, "onet_code": unseen["onet_code"], "title": "Other one", "kind": "posting"},
        {**seed, "title": held_out_by_hash(), "kind": "posting"},
    ]
    table = [{**title, "generator": "groq/some", "prompts": ""} for title in titles]
    pq.write_table(pa.Table.from_pylist(table, schema=GENERATED), tmp_path / "titles.parquet")
    build_dataset(
        DatasetSettings(RAW, CORRECTIONS, tmp_path, generated=str(tmp_path / "titles.parquet"))
    )
    for split in ("validation", "test"):
        name = f"data/{split}-00000-of-00001.parquet"
        assert (tmp_path / name).read_bytes() == (DATASET_DIR / name).read_bytes()
    made = pq.read_table(tmp_path / "data" / "train-00000-of-00001.parquet").to_pylist()
    assert made[:-1] == train
    assert made[-1] == {
        **seed,
        "jittered_title": "Boss of the whole works",
        "jitter_kind": "reworded",
        "hard_negatives": ["Clerk of the whole works"],
        "hard_negative_kinds": ["near_miss"],
        "generator": "groq/some",
        "round": None,
        "split": "train",
        "occupation_seen_in_train": True,
    }
    left_out = json.loads((tmp_path / "stats.json").read_text())["left_out"]
    assert left_out["generated_of_other_seeds"] == 2
    assert left_out["generated_held_out"] == 2
    assert left_out["generated_known"] == 1
