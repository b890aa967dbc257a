"""Publishing with the real Hub client, against a loopback server that speaks the Hub's HTTP API."""

import json
import os
import re
import shutil
import subprocess
import sys

import pytest
from datasets import load_dataset
from huggingface_hub import constants

from jobtitles.errors import DataError, InputError
from jobtitles.sources import BASE_REVISION, DATASET_DIR, ROOT
from tests.hub_server import TOKEN, HubServer, Repo
from training.dataset import DatasetSettings, build_dataset
from training.export import ExportSettings, export
from training.publish import PublishError, PublishSettings, publish

REPO = ("datasets", "somebody/jittered-job-titles")
PARQUET_FILES = len(list(DATASET_DIR.glob("*/*.parquet")))
DATASET = PublishSettings("dataset", dataset=DATASET_DIR)


@pytest.fixture
def server(monkeypatch):
    """A Hub of its own, which the client of this process speaks to."""
    with HubServer() as hub:
        monkeypatch.setattr(constants, "ENDPOINT", hub.url)
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
        monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
        monkeypatch.setenv("HF_TOKEN", TOKEN)
        yield hub


def copied_dataset(folder):
    """The dataset, beside the results of the coder that its card tells."""
    shutil.copytree(DATASET_DIR, folder / "dataset_card")
    (folder / "model_card").mkdir()
    shutil.copy(ROOT / "model_card" / "coder_metrics.json", folder / "model_card")
    return folder / "dataset_card"


def test_the_dataset_is_published_once_and_can_be_loaded(server, tmp_path, capsys):
    # By the dataset stage's --push, which publishes what it has made.
    made = copied_dataset(tmp_path)
    corrections = ROOT / "training" / "corrections.tsv"
    build_dataset(DatasetSettings(made / "raw", corrections, made, push=True))
    repo = server.repos[REPO]
    sha, files = repo.commits[-1]
    assert len(repo.commits) == 2  # the Hub's own, and this one
    assert not repo.private
    assert sha in capsys.readouterr().out
    assert {"README.md", "stats.json", "raw/PROMPT.md", ".gitattributes"} < files.keys()
    parquet = "data/test-00000-of-00001.parquet"
    assert files[parquet] == (DATASET_DIR / parquet).read_bytes()

    tagged = PublishSettings("dataset", dataset=DATASET_DIR, tag="v1")
    publish(tagged)
    assert "nothing has changed" in capsys.readouterr().out
    assert len(repo.commits) == 2
    assert repo.tags == {"v1": sha}

    # What is no longer part of it goes with the next commit.
    repo.commit({**files, "old.json": b"{}", "README.md": b"old"})
    with pytest.raises(PublishError, match=f"the tag v1 names {sha}"):
        publish(tagged)
    assert repo.commits[-1][1] == files
    assert len(server.puts) == PARQUET_FILES  # no parquet file twice

    for name, content in files.items():
        path = tmp_path / "loaded" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    loaded = load_dataset(str(tmp_path / "loaded"), cache_dir=str(tmp_path / "cache"))
    assert set(loaded) == {"train", "validation", "test"}


def test_a_cut_upload_goes_on_where_it_stood(server):
    server.refuse_after = 1
    with pytest.raises(PublishError, match="what has arrived is not sent again"):
        publish(DATASET)
    assert len(server.repos[REPO].commits) == 1
    server.refuse_after = None
    publish(DATASET)
    assert len(server.puts) == len(set(server.puts)) == PARQUET_FILES
    assert len(server.repos[REPO].commits) == 2


def test_a_commit_in_between_is_not_overwritten(server):
    def meanwhile():
        server.before_commit = lambda: None
        server.repos[REPO].commit({"README.md": b"somebody else's"})

    server.before_commit = meanwhile
    with pytest.raises(PublishError, match="Somebody else has committed in the meantime"):
        publish(DATASET)
    assert server.repos[REPO].commits[-1][1] == {"README.md": b"somebody else's"}


def test_a_wrong_token_is_said_in_a_sentence_on_the_command_line(server):
    environment = {
        **os.environ,
        "HF_ENDPOINT": server.url,
        "HF_TOKEN": "hf_wrong",
        "HF_HUB_OFFLINE": "0",
    }
    command = [sys.executable, "-m", "scripts.7_publish", "--part", "dataset"]
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 2
    assert done.stderr == "error: The Hub does not know this token: check HF_TOKEN.\n"


def test_a_dry_run_lists_and_sends_nothing(server, capsys):
    publish(PublishSettings("dataset", dry_run=True, dataset=DATASET_DIR))
    listed = capsys.readouterr().out
    assert "data/train-00000-of-00001.parquet" in listed
    assert "nothing was sent" in listed
    assert server.repos == {}


def test_the_exported_model_is_published_whole(server, tmp_path):
    export(ExportSettings(output=tmp_path, vectors=False))
    publish(PublishSettings("model", exported=tmp_path, repo="me/titles", private=True))
    assert server.repos["models", "me/titles"].private
    files = server.repos["models", "me/titles"].commits[-1][1]
    assert files["model.safetensors"] == (tmp_path / "model.safetensors").read_bytes()
    assert {"modules.json", "metrics.json", "adapters/triplet/training.json"} < files.keys()
    card = (ROOT / "model_card" / "README.md").read_text()
    assert files["README.md"].decode() == card.replace("{account}", "me")


def test_the_cards_are_right_about_loading_from_the_hub(server, tmp_path):
    """Their own lines, by the real clients, in a process of their own with an empty cache."""
    export(ExportSettings(output=tmp_path / "model", vectors=False))
    publish(PublishSettings("model", exported=tmp_path / "model"))
    publish(DATASET)
    environment = {
        **os.environ,
        "HF_ENDPOINT": server.url,
        "HF_TOKEN": TOKEN,
        "HF_HOME": str(tmp_path / "home"),
        "HF_HUB_OFFLINE": "0",
        "HF_HUB_DISABLE_XET": "1",
    }
    for kind, name in (("models", "somebody/job-title-minilm"), REPO):
        card = server.repos[kind, name].commits[-1][1]["README.md"].decode()
        (code,) = (c for c in re.findall(r"```python\n(.*?)```", card, re.DOTALL) if name in c)
        done = subprocess.run(
            [sys.executable, "-c", code],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr
        assert {"models": "(1, 384)", "datasets": "'jittered_title'"}[kind] in done.stdout


def test_a_card_with_old_figures_is_not_published(server, tmp_path):
    made = copied_dataset(tmp_path)
    stats = json.loads((made / "stats.json").read_text())
    (made / "stats.json").write_text(json.dumps({**stats, "rows": 1}))
    with pytest.raises(DataError, match="has old figures"):
        publish(PublishSettings("dataset", dataset=made))
    with pytest.raises(InputError, match="a/b/c"):
        publish(PublishSettings("dataset", dataset=DATASET_DIR, repo="a/b/c"))
    assert server.repos == {}


def test_a_model_merged_from_another_adapter_is_not_published(tmp_path):
    (tmp_path / "exported_from.json").write_text(json.dumps({"adapter_sha256": "0"}))
    with pytest.raises(DataError, match="is not of the adapter in .*: `make export`"):
        publish(PublishSettings("model", dry_run=True, exported=tmp_path))


def test_a_model_that_was_not_exported_is_named(tmp_path):
    with pytest.raises(DataError, match="run the stage that writes it"):
        publish(PublishSettings("model", dry_run=True, exported=tmp_path))


def test_the_space_names_the_account_that_it_goes_to(server):
    space = PublishSettings("space", space=ROOT / "space", repo="me/titles")
    with pytest.raises(PublishError, match="no dataset me/jittered-job-titles yet"):
        publish(space)
    pins = {}
    for kind, name in (("model", "me/job-title-minilm"), ("dataset", "me/jittered-job-titles")):
        server.repos[f"{kind}s", name] = other = Repo()
        pins |= {f"{kind.upper()}_REPO": name, f"{kind.upper()}_REVISION": other.commit({})}
    publish(space)
    repo = server.repos["spaces", "me/titles"]
    assert repo.variables == pins
    files = repo.commits[-1][1]
    card = files["README.md"].decode()
    assert "- me/job-title-minilm" in card
    assert "{" not in card
    front = card.split("---")[1]
    requirements = (ROOT / "requirements.txt").read_text()
    version = re.search(r"sdk_version: (.*)", front)[1]
    assert f"gradio[mcp]=={version}\n" in requirements
    assert BASE_REVISION in front
    assert f"coder.safetensors {pins['MODEL_REVISION']}" in front
    assert {"app.py", "jobtitles/abbreviations.tsv", "model_card/coder.safetensors"} < files.keys()
    code = [name for name in files if name.endswith(".py")]
    assert not [name for name in code if name.startswith(("training/", "tests/", "scripts/"))]
    publish(space)
    assert len(repo.commits) == 2
