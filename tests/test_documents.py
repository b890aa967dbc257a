"""Documents say what the result files say, and commands end as they should."""

import json
import re
import shutil
import subprocess
import sys
from dataclasses import asdict

import pytest
from huggingface_hub import ModelCard
from PIL import Image

from jobtitles.errors import DataError
from jobtitles.files import sha256_of
from jobtitles.sources import ADAPTERS, ROOT, shipped_adapter
from training.cards import BLOCKS, DOCUMENTS, rendered
from training.recipe import read_recipe

METRICS = {name: f"model_card/{name}/metrics.json" for name in ADAPTERS}
REPRODUCED = "model_card/reproduced.json"


@pytest.mark.parametrize("document", DOCUMENTS, ids=str)
def test_figures_are_not_stale(document):
    text = (ROOT / document).read_text(encoding="utf-8")
    assert "<!-- figures:" in text
    assert rendered(text, ROOT) == text, f"{document} is stale: run `make cards`"


@pytest.mark.parametrize("name", BLOCKS)
def test_every_block_stands_in_a_document(name):
    assert any(
        re.search(rf"^(<!--|#) figures: {name}\b", (ROOT / document).read_text("utf-8"), re.M)
        for document in DOCUMENTS
    )


def test_the_charts_of_the_llms_are_of_todays_result():
    folder = ROOT / "dataset_card"
    with Image.open(folder / "llm_benchmark.png") as picture:
        drawn_from = picture.text["result_sha256"]
    assert drawn_from == sha256_of(folder / "llm_benchmark.json"), "pytest -m trial -k charts_of"


def test_the_hub_reads_the_results():
    results = ModelCard.load(ROOT / "model_card/README.md").data.eval_results
    metrics = json.loads((ROOT / METRICS["finetuned"]).read_text())
    expected = metrics["splits"]["test"]["seed_retrieval"]["overall"]["mrr"]["finetuned"]
    found = {(r.dataset_name, r.metric_type): r.metric_value for r in results}
    assert found["jittered job titles, own seed", "mrr"] == pytest.approx(expected, abs=1e-4)
    assert "O*NET alternate titles, unseen" in {name for name, _ in found}


def test_every_ablation_row_is_a_recipe_of_today():
    """A recipe that was edited after its row was trained would stand beside another's figures."""
    for path in (ROOT / "training" / "ablation").glob("*.json"):
        recipe = asdict(read_recipe(ROOT / f"training/recipes/ablation/{path.stem}.args", ""))
        measured = json.loads(path.read_text())["recipe"]
        for name, value in recipe.items():
            assert measured.get(name, value) == value, f"{path.stem}: {name}"


def test_a_changed_figure_makes_the_document_stale(tmp_path):
    results = ("stats.json", "gate.json", "llm_benchmark.json")
    for file in (
        *(f"dataset_card/{name}" for name in results),
        "model_card/throughput.json",
        "model_card/coder_metrics.json",
        REPRODUCED,
        *METRICS.values(),
    ):
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / file, tmp_path / file)
    text = (ROOT / "dataset_card/README.md").read_text(encoding="utf-8")
    assert rendered(text, tmp_path) == text
    stats = json.loads((tmp_path / "dataset_card/stats.json").read_text())
    stats["rows"] += 1
    (tmp_path / "dataset_card/stats.json").write_text(json.dumps(stats))
    assert rendered(text, tmp_path) != text


def test_an_unknown_block_is_named():
    with pytest.raises(DataError, match="'typo'"):
        rendered("<!-- figures: typo -->\n<!-- /figures -->", ROOT)


@pytest.mark.parametrize("name", ADAPTERS)
def test_metrics_are_of_the_shipped_model_and_dataset(name):
    metrics = json.loads((ROOT / METRICS[name]).read_text())
    measured = metrics["provenance"]["models"]["finetuned"]["weights_sha256"].split("+")[1]
    assert measured == shipped_adapter(name).digest
    stats = json.loads((ROOT / "dataset_card/stats.json").read_text())
    overall = metrics["splits"]["test"]["seed_retrieval"]["overall"]["mrr"]
    assert overall["queries"] == stats["splits"]["test"]["rows"]


def test_what_was_trained_again_is_the_shipped_recipe():
    runs = [json.loads((ROOT / f).read_text()) for f in (METRICS["finetuned"], REPRODUCED)]
    shipped, again = (run["provenance"] for run in runs)
    assert again["training"]["recipe"] == shipped["training"]["recipe"]
    assert again["dataset_sha256"] == shipped["dataset_sha256"]


def test_public_sets_were_measured_with_the_shipped_models():
    results = list((ROOT / "model_card" / "public").glob("*.json"))
    assert results
    for path in results:
        weights = json.loads(path.read_text())["weights"]
        for name in ADAPTERS:
            assert weights[name] == shipped_adapter(name).digest, f"{path.name}: {name}"


def low_ends(name, group):
    """Lower ends of the intervals of seed MRR and of the occupation's top-1 on the test split."""
    test = json.loads((ROOT / METRICS[name]).read_text())["splits"]["test"]
    return test["seed_retrieval"][group]["mrr"]["low"], test["occupation_retrieval"][group][
        "top-1"
    ]["low"]


@pytest.mark.parametrize("group", ["overall", "unseen"])
def test_fine_tuned_wins_beyond_chance(group):
    assert min(low_ends("finetuned", group)) > 0


@pytest.mark.parametrize("group", ["overall", "unseen"])
def test_triplet_loss_alone_wins_at_finding_the_seed(group):
    """Not at the occupation of unseen ones: there its interval holds zero, as the card shows."""
    assert low_ends("triplet", group)[0] > 0


PYTHON = [
    pytest.param(
        document,
        code,
        id=f"{document}-{number}",
        # It encodes all the titles that vote: minutes.
        marks=[pytest.mark.trial] if "load_coder" in code else [],
    )
    for document in DOCUMENTS
    for number, code in enumerate(
        re.findall(r"```python\n(.*?)```", (ROOT / document).read_text("utf-8"), re.DOTALL)
    )
    if "{account}" not in code  # test_publish.py runs these, against a Hub
]


@pytest.mark.parametrize(("document", "code"), PYTHON)
def test_python_in_the_documents_runs(document, code):
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=600
    )
    assert done.returncode == 0, f"{document}:\n{code}\n{done.stderr}"
    assert done.stdout.strip(), f"{document}: prints nothing"


def test_a_users_error_is_one_sentence_and_exit_2(tmp_path):
    command = [sys.executable, "-m", "scripts.1_dataset", "--raw", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert done.stderr.startswith(f"error: {tmp_path}/occupations.tsv: cannot be read")
    assert "Traceback" not in done.stderr


def test_a_wrong_option_is_exit_2():
    command = [sys.executable, "-m", "scripts.1_dataset", "--nonsense", "1"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
