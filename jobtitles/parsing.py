"""From an LLM's raw answer to titles: whatever parses is kept, half a title never."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from jobtitles.conversation import SEVERAL
from jobtitles.records import MAX_TITLE_CHARS, text_key

# A string, or a comma before a closing bracket: strings are stepped over.
TRAILING_COMMA = re.compile(r'"(?:\\.|[^"\\])*"|,(?=\s*[}\]])', re.DOTALL)
DECODER = json.JSONDecoder(strict=False)


@dataclass(frozen=True)
class Parsed:
    """What an answer holds.

    Attributes:
        titles: Place of a seed in the batch -> kind -> titles; only seeds with every kind.
        problems: What was wrong -> how often.
    """

    titles: dict[int, dict[str, list[str]]]
    problems: Counter[str]


def parse_answer(text: str, seeds: list[str], kinds: tuple[str, ...]) -> Parsed:
    """Read an answer to a batch.

    Code fences, prose around the JSON and trailing commas are passed over; of an answer that was
    cut off the seeds before the cut are kept.

    Args:
        text: The raw answer.
        seeds: The batch's seed titles; an object belongs to the one that it names.
        kinds: The kinds that were asked for.
    """
    place = {text_key(seed): number for number, seed in enumerate(seeds)}
    titles: dict[int, dict[str, list[str]]] = {}
    problems: Counter[str] = Counter()
    for answer in _objects(text):
        seed = answer.get("seed")
        number = place.get(text_key(seed)) if isinstance(seed, str) else None
        if number is None:
            problems["not a seed of the batch"] += 1
        elif number in titles:
            problems["seed answered twice"] += 1
        else:
            found = {kind: _titles(answer.get(kind), kind) for kind in kinds}
            missing = [kind for kind, texts in found.items() if not texts]
            if missing:
                problems["kind missing or not usable"] += len(missing)
            else:
                titles[number] = found
    problems["seed without answer"] = len(seeds) - len(titles)
    return Parsed(titles, +problems)


def _titles(value: object, kind: str) -> list[str]:
    """One title, or as many as the kind wants; empty where they cannot be used."""
    wanted = SEVERAL.get(kind, 1)
    texts = value if isinstance(value, list) else [value]
    texts = [" ".join(t.split()) for t in texts if isinstance(t, str)]
    texts = [t for t in texts if 0 < len(t) <= MAX_TITLE_CHARS]
    return texts[:wanted] if len(texts) >= wanted else []


def _objects(text: str) -> Iterator[dict]:
    """Every complete JSON object that stands for a seed, outermost first."""
    text = TRAILING_COMMA.sub(lambda match: "" if match[0] == "," else match[0], text)
    position = text.find("{")
    while position >= 0:
        try:
            value, end = DECODER.raw_decode(text, position)
        except json.JSONDecodeError:
            # Broken or cut off: what stands whole inside it is still to be had.
            position = text.find("{", position + 1)
            continue
        if isinstance(value.get("titles"), list):
            yield from (one for one in value["titles"] if isinstance(one, dict))
        else:
            yield value
        position = text.find("{", end)
