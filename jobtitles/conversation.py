"""The conversation in which an LLM is asked for titles: system, task, example, strategies, batch.

The texts stand in jobtitles/prompts/, each with its version; every logged answer names them all.
"""

import json
import re
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from jobtitles.errors import DataError, InputError
from jobtitles.records import JITTER_KINDS, NEGATIVE_KINDS

PROMPTS = Path(__file__).parent / "prompts"
TEXTS = (
    "system_prompt",
    "initial_prompt",
    "example_batch",
    "intermediate_jitter_prompt",
    "follow_up_prompt",
)
EXAMPLE = "example_answer"
VERSION = re.compile(r"version: (\d+)\n\n")
KINDS = (*JITTER_KINDS, *NEGATIVE_KINDS)
# Kinds of which more than one title a seed is asked for.
SEVERAL = {"lookalike": 2}

Message = dict[str, str]


@dataclass(frozen=True, slots=True)
class Seed:
    """A clean title that variants are wanted for.

    Attributes:
        onet_code: O*NET-SOC 2019 code.
        title: The clean title.
        onet_name: Name of the occupation.
    """

    onet_code: str
    title: str
    onet_name: str


class Conversation:
    """Builds the messages of a request.

    Attributes:
        kinds: The kinds that are asked for, in order.
        versions: Name of every prompt -> its version and the start of its SHA-256.
    """

    def __init__(self, kinds: tuple[str, ...] = KINDS, folder: Path = PROMPTS) -> None:
        """Read the prompts.

        Raises:
            InputError: A kind is unknown.
            DataError: A prompt is missing or does not begin with its version.
        """
        unknown = [kind for kind in kinds if kind not in KINDS]
        if unknown or not kinds:
            raise InputError(f"no kind {unknown}: choose from {', '.join(KINDS)}.")
        self.kinds = kinds
        self.versions: dict[str, str] = {}
        self._texts = {name: self._read(folder / f"{name}.txt") for name in TEXTS}
        source = _source(folder / f"{EXAMPLE}.json")
        example = json.loads(source)
        self.versions[EXAMPLE] = _version(example["version"], source)
        answers = [{k: one[k] for k in ("seed", *kinds)} for one in example["titles"]]
        self._example = json.dumps({"titles": answers}, ensure_ascii=False, indent=1)

    def messages(self, seeds: list[Seed]) -> list[Message]:
        """System, task, example answer, then the strategies and the batch."""
        kinds = ", ".join(self.kinds)
        initial = self._texts["initial_prompt"].format(
            example_batch=self._texts["example_batch"], kinds=kinds
        )
        batch = "\n".join(f"{seed.onet_code} {seed.onet_name}: {seed.title}" for seed in seeds)
        follow_up = self._texts["follow_up_prompt"].format(
            count=len(seeds), kinds=kinds, batch=batch
        )
        return [
            {"role": "system", "content": self._texts["system_prompt"]},
            {"role": "user", "content": initial},
            {"role": "assistant", "content": self._example},
            {"role": "user", "content": f"{self._strategies()}\n\n{follow_up}"},
        ]

    def schema(self) -> dict[str, Any]:
        """JSON schema of an answer, strict as the services want it."""
        titles = {
            kind: {"type": "array", "items": {"type": "string"}}
            if kind in SEVERAL
            else {"type": "string"}
            for kind in self.kinds
        }
        one = {"seed": {"type": "string"}, **titles}
        answer = {
            "type": "object",
            "properties": one,
            "required": list(one),
            "additionalProperties": False,
        }
        return {
            "type": "object",
            "properties": {"titles": {"type": "array", "items": answer}},
            "required": ["titles"],
            "additionalProperties": False,
        }

    def _strategies(self) -> str:
        """The general paragraph, and those of the kinds that are wanted."""
        paragraphs = self._texts["intermediate_jitter_prompt"].split("\n\n")
        wanted = tuple(f"[{kind}]" for kind in self.kinds)
        return "\n\n".join([paragraphs[0], *(p for p in paragraphs[1:] if p.startswith(wanted))])

    def _read(self, path: Path) -> str:
        source = _source(path)
        version = VERSION.match(source)
        if not version:
            raise DataError(f"{path}: it must begin with 'version: N' and an empty line.")
        self.versions[path.stem] = _version(version[1], source)
        return source[version.end() :].strip()


def _source(path: Path) -> str:
    if not path.is_file():
        raise DataError(f"{path} is missing: restore it with git.")
    return path.read_text(encoding="utf-8")


def _version(number: object, source: str) -> str:
    return f"{number} ({sha256(source.encode()).hexdigest()[:12]})"
