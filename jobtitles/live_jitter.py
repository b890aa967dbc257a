"""Fresh in-the-wild titles for one clean title, written by an LLM while somebody waits."""

import asyncio
import logging

from jobtitles.conversation import Conversation, Seed
from jobtitles.errors import InputError
from jobtitles.parsing import parse_answer
from jobtitles.providers import ServiceError, TemporaryError, make_provider
from jobtitles.records import JITTER_KINDS

log = logging.getLogger(__name__)

PROVIDER = "groq"
MODEL = "openai/gpt-oss-120b"
TIMEOUT = 30.0  # seconds
TRIES = 3
LONGEST_WAIT = 5.0  # seconds between two tries; a visitor will not wait for more
PARAMETERS = {"temperature": 1.0, "max_tokens": 2000}


async def written_titles(seed: Seed, key: str = "") -> dict[str, str]:
    """Ask for one title of every kind, as the dataset's generation does.

    Args:
        seed: The clean title and its occupation.
        key: Of Groq; empty: the environment's.

    Returns:
        Kind -> title, in the order of `JITTER_KINDS`.

    Raises:
        InputError: There is no key, or it cannot be one.
        ServiceError: The service refused, or gave no usable answer.
    """
    if not key.isascii():
        raise InputError("This is no key: it holds a letter that no key has. Copy it again.")
    conversation = Conversation(JITTER_KINDS)
    provider = make_provider(PROVIDER, MODEL, "", "schema", TIMEOUT, key)
    try:
        for _ in range(TRIES):
            try:
                answer = await provider.complete(
                    conversation.messages([seed]), PARAMETERS, conversation.schema()
                )
            except TemporaryError as error:
                log.warning("%s: %s", PROVIDER, error)
                await asyncio.sleep(min(1.0 if error.wait is None else error.wait, LONGEST_WAIT))
                continue
            titles = parse_answer(answer.text, [seed.title], JITTER_KINDS).titles
            if titles:
                return {kind: texts[0] for kind, texts in titles[0].items()}
    finally:
        await provider.close()
    raise ServiceError(f"No titles from {PROVIDER} in {TRIES} tries: it is busy. Try again later.")
