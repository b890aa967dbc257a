"""Publish the dataset, the model or the Space to the Hugging Face Hub, each as one commit.

What stands in the repository already is not sent again, what is no longer part of it is deleted in
the same commit, and a cut upload goes on where it stood: the Hub keeps large files by content. The
token comes from HF_TOKEN or `hf auth login`.

Run: python -m scripts.7_publish --part dataset --dry_run true
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from httpx2 import TransportError
from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi
from huggingface_hub.errors import (
    HfHubHTTPError,
    HFValidationError,
    LocalTokenNotFoundError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
)
from huggingface_hub.utils import validate_repo_id

from jobtitles.errors import DataError, InputError, JobTitlesError
from jobtitles.parts import REPOS
from jobtitles.sources import adapter_in
from training.cards import rendered
from training.command import option

AGAIN = "Run it again: what has arrived is not sent again."
KEPT = ".gitattributes"  # the Hub's own
DATASET = (
    "README.md",
    "stats.json",
    "gate.json",
    "llm_benchmark.json",
    "llm_benchmark.png",
    "data/*.parquet",
    "occupations/*.parquet",
    "raw/*",
)
# What app.py needs, from the root of the repository; README.md comes from space/.
SPACE = (
    "app.py",
    "requirements.txt",
    "LICENSE",
    "jobtitles/**/*.py",
    "jobtitles/*.tsv",
    "jobtitles/prompts/*",
    "dataset_card/data/*.parquet",
    "dataset_card/occupations/*.parquet",
    "dataset_card/llm_benchmark.json",
    "model_card/*.json",
    "model_card/public/*.json",
    "model_card/finetuned/metrics.json",
    "model_card/coder.safetensors",
    "model_card/*/adapter_*",
    "model_card/*/training.json",
    "training/ablation/*.json",
)
RESULTS = ("metrics.json", "training.json")
# Written by scripts.5_export beside the merged model: what it was merged from.
EXPORTED_FROM = "exported_from.json"


class PublishError(JobTitlesError):
    """The Hub refused, or could not be reached."""


@dataclass(frozen=True)
class PublishSettings:
    """What is published, and where."""

    part: Literal["dataset", "model", "space"] = field(metadata={"help": "dataset, model or space"})
    repo: str = option("", "name or account/name; empty: the usual name under the token's account")
    private: bool = option(False, "a repository that is created is private")
    create_pr: bool = option(False, "as a pull request")
    dry_run: bool = option(False, "list what would go, send nothing")
    tag: str = option("", "name of a version that the commit is tagged with")
    dataset: Path = option(Path("dataset_card"), "folder of the dataset")
    cards: Path = option(Path("model_card"), "folder of the model's card, results and adapters")
    space: Path = option(Path("space"), "folder of the Space's card, beside app.py")
    exported: Path = option(Path("runs/job-title-minilm"), "the merged model, by scripts.5_export")


def publish(settings: PublishSettings) -> None:
    """Put a part of the project on the Hub.

    Raises:
        DataError: A file that belongs to it is missing, or the card has old figures.
        InputError: The repository's name cannot be one.
        PublishError: The Hub refused, or could not be reached.
    """
    if settings.repo:
        try:
            validate_repo_id(settings.repo)
        except HFValidationError as error:
            raise InputError(f"--repo {settings.repo!r}: {error}") from error
    if settings.create_pr and settings.part == "space":
        raise InputError(
            "--create_pr: a Space runs on the commits in its variables, which a pull "
            "request does not change; publish it as a commit."
        )
    files = dict(sorted(files_of(settings)))
    root = {"dataset": settings.dataset, "model": settings.cards, "space": settings.space}
    root = root[settings.part].parent
    card = files["README.md"].read_text(encoding="utf-8")
    if rendered(card, root) != card:
        raise DataError(f"{files['README.md']} has old figures: run `make cards` first.")
    if settings.dry_run:
        for name, path in files.items():
            print(f"{path.stat().st_size:>12,}  {name}")
        print(f"{len(files)} files; nothing was sent")
        return
    try:
        _commit(settings, files)
    except LocalTokenNotFoundError as error:
        raise PublishError("No token: set HF_TOKEN, or run `hf auth login`.") from error
    except OfflineModeIsEnabled as error:
        raise PublishError("HF_HUB_OFFLINE forbids requests: unset it.") from error
    except HfHubHTTPError as error:
        raise PublishError(_reason(error)) from error
    except TransportError as error:
        raise PublishError(f"The Hub could not be reached: {error}. {AGAIN}") from error
    except (OSError, RuntimeError) as error:
        # How the two upload protocols of the client tell that an upload failed.
        raise PublishError(
            f"The upload was cut: {error} {error.__cause__ or ''}. {AGAIN}"
        ) from error


def _commit(settings: PublishSettings, files: dict[str, Path]) -> None:
    api = HfApi()
    kind = settings.part
    name = settings.repo or REPOS[kind]
    if "/" not in name:
        name = f"{api.whoami()['name']}/{name}"
    fills = {"account": name.split("/")[0]}
    pins = _pins(api, fills["account"]) if kind == "space" else {}
    fills |= {key.lower(): value for key, value in pins.items()}
    api.create_repo(
        name,
        repo_type=kind,
        private=settings.private or None,
        exist_ok=True,
        space_sdk="gradio" if kind == "space" else None,
    )
    before = api.repo_info(name, repo_type=kind)
    there = {sibling.rfilename for sibling in before.siblings}
    done = api.create_commit(
        name,
        [
            *(_addition(target, path, fills) for target, path in files.items()),
            *(CommitOperationDelete(old) for old in sorted(there - files.keys() - {KEPT})),
        ],
        commit_message=f"The {kind} with its card and results",
        repo_type=kind,
        create_pr=settings.create_pr,
        # A commit of somebody else's in between is refused, not overwritten.
        parent_commit=before.sha,
    )
    _set_variables(api, name, pins)
    if settings.tag:
        _tag(api, name, kind, settings.tag, done.pr_revision or done.oid)
    if done.oid == before.sha:
        print(f"{name}: nothing has changed since {done.oid}")
    else:
        print(f"{name}: {done.pr_url or done.oid}")


def _addition(target: str, path: Path, fills: dict[str, str]) -> CommitOperationAdd:
    """A file; in a card the account's name and the pinned commits are filled in."""
    if target != "README.md":
        return CommitOperationAdd(target, str(path))
    card = path.read_text(encoding="utf-8")
    for name, value in fills.items():
        card = card.replace(f"{{{name}}}", value)
    return CommitOperationAdd(target, card.encode())


def _pins(api: HfApi, account: str) -> dict[str, str]:
    """The commits of the account's model and dataset that a Space shall run on.

    They are what jobtitles.parts reads from the environment.
    """
    pins = {}
    for kind in ("dataset", "model"):
        repo = f"{account}/{REPOS[kind]}"
        try:
            found = api.repo_info(repo, repo_type=kind)
        except RepositoryNotFoundError as error:
            raise PublishError(f"There is no {kind} {repo} yet: publish it first.") from error
        pins |= {f"{kind.upper()}_REPO": repo, f"{kind.upper()}_REVISION": found.sha}
    return pins


def _set_variables(api: HfApi, space: str, wanted: dict[str, str]) -> None:
    """Set a Space's variables; those that stand there already are left, as each restarts it."""
    if not wanted:
        return
    there = {key: found.value for key, found in api.get_space_variables(space).items()}
    for key, value in wanted.items():
        if there.get(key) != value:
            api.add_space_variable(space, key, value)


def _tag(api: HfApi, name: str, kind: str, tag: str, revision: str) -> None:
    """Tag a commit; a tag that is there already must name the same one."""
    tags = {t.name: t.target_commit for t in api.list_repo_refs(name, repo_type=kind).tags}
    if tag not in tags:
        api.create_tag(name, tag=tag, revision=revision, repo_type=kind)
    elif tags[tag] != revision:
        raise PublishError(f"Published, but the tag {tag} names {tags[tag]}: choose another.")


def files_of(settings: PublishSettings) -> Iterator[tuple[str, Path]]:
    """Path in the repository and on disk of every file of a part."""
    if settings.part == "dataset":
        for pattern in DATASET:
            yield from _found(settings.dataset, pattern)
        return
    if settings.part == "space":
        yield from _found(settings.space, "README.md")
        for pattern in SPACE:
            yield from _found(settings.space.parent, pattern)
        return
    _check_exported(settings)
    yield from (f for f in _found(settings.exported, "**/*") if f[0] != "README.md")
    yield from _found(settings.cards, "README.md")
    yield from _found(settings.cards, "coder*")
    yield from _found(settings.cards / "finetuned", "metrics.json")
    for adapter in ("finetuned", "triplet"):
        for pattern in ("adapter_*", *RESULTS):
            for name, path in _found(settings.cards / adapter, pattern):
                yield f"adapters/{adapter}/{name}", path


def _check_exported(settings: PublishSettings) -> None:
    """Merged model, coder and adapter have to be of one training.

    Raises:
        DataError: They are not, or one is missing.
    """
    digest = adapter_in(settings.cards / "finetuned").digest
    ((_, exported),) = _found(settings.exported, EXPORTED_FROM)
    ((_, coder),) = _found(settings.cards, "coder.json")
    for path, key, command in ((exported, "adapter_sha256", "export"), (coder, "model", "coder")):
        if not json.loads(path.read_text(encoding="utf-8"))[key].endswith(digest):
            raise DataError(f"{path} is not of the adapter in {settings.cards}: `make {command}`.")


def _found(folder: Path, pattern: str) -> list[tuple[str, Path]]:
    found = [p for p in folder.glob(pattern) if p.is_file()]
    if not found:
        raise DataError(f"{folder / pattern} is missing: run the stage that writes it.")
    return [(path.relative_to(folder).as_posix(), path) for path in found]


def _reason(error: HfHubHTTPError) -> str:
    """What a refusal means, and what to do."""
    status = error.response.status_code if error.response is not None else None
    if status == 401:
        return "The Hub does not know this token: check HF_TOKEN."
    if status == 403:
        return "The token may not write there: it needs write access to the account."
    if status == 412:
        return "Somebody else has committed in the meantime: run it again."
    return f"The Hub refused (HTTP {status}): {' '.join(str(error).split())[:300]}"
