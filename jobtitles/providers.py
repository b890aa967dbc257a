"""The services that write titles: Groq by its own client, all others by huggingface_hub's.

Both clients' own retries are off (huggingface_hub's has none); waiting is the caller's business.
Keys come from the environment or from a visitor who pasted one, and go to the service only.
"""

import os
import re
import time
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import groq
from httpx2 import TransportError
from huggingface_hub import AsyncInferenceClient
from huggingface_hub.errors import (
    HfHubHTTPError,
    InferenceTimeoutError,
    OfflineModeIsEnabled,
)

from jobtitles.conversation import Message
from jobtitles.errors import InputError, JobTitlesError

# OpenAI-compatible endpoints, as full URLs where huggingface_hub would append another path.
ENDPOINTS = {
    "openai": "https://api.openai.com/v1",
    "mistral": "https://api.mistral.ai/v1",
    "gemini": "https://generativelanguage.googleapis.com/v1beta/openai/chat/completions",
    "anthropic": "https://api.anthropic.com/v1",
}
KEYS = {
    "groq": "GROQ_API_KEY",
    "openai": "OPENAI_API_KEY",
    "mistral": "MISTRAL_API_KEY",
    "gemini": "GEMINI_API_KEY",
    "anthropic": "ANTHROPIC_API_KEY",
}
NO_KEY = "local"  # vLLM, Ollama and their like, by --base_url
# 498: Groq has no flexible capacity left.
TEMPORARY = (408, 409, 425, 429, 498)
DURATION = re.compile(r"(?:(\d+)h)?(?:(\d+)m(?!s))?(?:([\d.]+)s)?(?:([\d.]+)ms)?")

Structured = Literal["schema", "json", "none"]


class ServiceError(JobTitlesError):
    """A service refused for good: a wrong key, an unknown model, a request it does not take."""


class TemporaryError(Exception):
    """A request failed and may be sent again.

    Attributes:
        status: HTTP status, or None for a time-out or a broken connection.
        wait: Seconds that the service asks to wait, or None.
    """

    def __init__(self, message: str, status: int | None, wait: float | None) -> None:
        super().__init__(message)
        self.status = status
        self.wait = wait


@dataclass(frozen=True, slots=True)
class Completion:
    """An answer as the service gave it.

    Attributes:
        text: What the model wrote.
        finish_reason: Why it stopped: "stop", "length", ...
        prompt_tokens: As counted by the service.
        completion_tokens: As counted by the service.
        latency: Seconds from sending to the whole answer.
        exhausted: Seconds until the quota is filled again, where headers say it is used up.
    """

    text: str
    finish_reason: str
    prompt_tokens: int
    completion_tokens: int
    latency: float
    exhausted: float | None


class Provider(Protocol):
    """Completes conversations."""

    async def complete(
        self, messages: list[Message], parameters: dict[str, Any], schema: dict[str, Any] | None
    ) -> Completion:
        """One answer to the messages.

        Raises:
            TemporaryError: It may be tried again.
            ServiceError: It will be refused again.
        """

    async def close(self) -> None:
        """Close connections."""


def has_key(name: str) -> bool:
    """Whether the environment holds the key of a service."""
    return bool(os.environ.get(KEYS.get(name, "HF_TOKEN")))


def make_provider(
    name: str, model: str, base_url: str, structured: Structured, timeout: float, key: str = ""
) -> Provider:
    """The client of a service.

    Args:
        name: "groq", one of `ENDPOINTS`, "local", or an inference provider of huggingface_hub.
        model: Name of the model there.
        base_url: Another endpoint than the service's own; needed for "local".
        structured: Ask for JSON by schema, for any JSON, or for nothing.
        timeout: Seconds after which a request counts as failed.
        key: Of the service; empty: the environment's.

    Raises:
        InputError: The key is not in the environment, or "local" has no base_url.
    """
    variable = KEYS.get(name, "HF_TOKEN")
    key = "none" if name == NO_KEY else key or os.environ.get(variable, "")
    if not key:
        raise InputError(f"{name} needs a key: put it into the environment as {variable}.")
    if name == NO_KEY and not base_url:
        raise InputError("A local service has no address of its own: give --base_url.")
    if name == "groq":
        return GroqProvider(model, key, base_url or None, structured, timeout)
    return HubProvider(name, model, key, base_url or ENDPOINTS.get(name), structured, timeout)


class GroqProvider:
    """Groq's own client."""

    def __init__(
        self, model: str, key: str, base_url: str | None, structured: Structured, timeout: float
    ) -> None:
        self._model = model
        self._structured = structured
        self._client = groq.AsyncGroq(
            api_key=key, base_url=base_url, max_retries=0, timeout=timeout
        )

    async def complete(
        self, messages: list[Message], parameters: dict[str, Any], schema: dict[str, Any] | None
    ) -> Completion:
        """See `Provider`."""
        started = time.monotonic()
        extra = {"response_format": f} if (f := _format(self._structured, schema)) else {}
        try:
            raw = await self._client.chat.completions.with_raw_response.create(
                model=self._model, messages=messages, **parameters, **extra
            )
            answer = await raw.parse()
        except groq.APIStatusError as error:
            raise _refused("groq", error.status_code, error.response.headers, error) from error
        except groq.APIConnectionError as error:  # time-outs are of this class
            raise TemporaryError(str(error), None, None) from error
        return _completion(answer, time.monotonic() - started, _exhausted(raw.headers))

    async def close(self) -> None:
        """See `Provider`."""
        await self._client.close()


class HubProvider:
    """huggingface_hub's client: its inference providers, and OpenAI-compatible endpoints."""

    def __init__(
        self,
        name: str,
        model: str,
        key: str,
        base_url: str | None,
        structured: Structured,
        timeout: float,
    ) -> None:
        self._name = name
        self._model = model
        # Beside a base_url the client would rewrite a schema into another server's dialect.
        self._structured = "json" if base_url and structured == "schema" else structured
        provider = None if base_url else name
        self._client = AsyncInferenceClient(
            provider=provider, base_url=base_url, api_key=key, timeout=timeout
        )

    async def complete(
        self, messages: list[Message], parameters: dict[str, Any], schema: dict[str, Any] | None
    ) -> Completion:
        """See `Provider`."""
        started = time.monotonic()
        try:
            answer = await self._client.chat_completion(
                messages,
                model=self._model,
                response_format=_format(self._structured, schema),
                **parameters,
            )
        except HfHubHTTPError as error:
            response = error.response
            raise _refused(self._name, response.status_code, response.headers, error) from error
        except OfflineModeIsEnabled as error:
            raise ServiceError("HF_HUB_OFFLINE forbids requests: unset it.") from error
        except (InferenceTimeoutError, TransportError) as error:
            raise TemporaryError(str(error), None, None) from error
        # Headers of an answer are not shown by this client.
        return _completion(answer, time.monotonic() - started, None)

    async def close(self) -> None:
        """See `Provider`."""
        await self._client.close()


def _format(structured: Structured, schema: dict[str, Any] | None) -> dict[str, Any] | None:
    if schema is None or structured == "none":
        return None
    if structured == "json":
        return {"type": "json_object"}
    return {
        "type": "json_schema",
        "json_schema": {"name": "titles", "schema": schema, "strict": True},
    }


def _completion(answer: Any, latency: float, exhausted: float | None) -> Completion:
    """From either client's answer; both have OpenAI's attributes."""
    if not answer.choices:
        raise TemporaryError("the answer holds no choices", None, None)
    choice, usage = answer.choices[0], answer.usage
    return Completion(
        choice.message.content or "",
        choice.finish_reason or "",
        usage.prompt_tokens if usage else 0,
        usage.completion_tokens if usage else 0,
        round(latency, 3),
        exhausted,
    )


def _refused(
    name: str, status: int, headers: Any, error: Exception
) -> TemporaryError | ServiceError:
    said = " ".join(str(error).split())[:300]
    if status in TEMPORARY or status >= 500:
        return TemporaryError(said, status, _seconds(headers.get("retry-after")))
    if status in (401, 403):
        variable = KEYS.get(name, "HF_TOKEN")
        return ServiceError(f"{name} refused the key (HTTP {status}): check it, or {variable}.")
    return ServiceError(
        f"{name} refused the request (HTTP {status}): {said}. Check --model, and --structured: "
        "not every model takes a schema."
    )


def _exhausted(headers: Any) -> float | None:
    """The longest wait for a quota of which nothing is left, by Groq's and OpenAI's headers."""
    waits = [
        _seconds(headers.get(f"x-ratelimit-reset-{quota}"))
        for quota in ("requests", "tokens")
        if headers.get(f"x-ratelimit-remaining-{quota}") == "0"
    ]
    return max((wait for wait in waits if wait is not None), default=None)


def _seconds(text: str | None) -> float | None:
    """Seconds of "7.5", "2m59.56s" or "120ms"; None for anything else, dates included."""
    if not text:
        return None
    try:
        return max(0.0, float(text))
    except ValueError:
        match = DURATION.fullmatch(text)
    if not match or not any(match.groups()):
        return None
    hours, minutes, seconds, milliseconds = (float(part or 0) for part in match.groups())
    return hours * 3600 + minutes * 60 + seconds + milliseconds / 1000
