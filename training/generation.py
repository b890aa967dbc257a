"""Requests for titles: batches of seeds go to an LLM, every answer is logged before it counts."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

from tqdm import tqdm

from jobtitles.conversation import KINDS, Conversation, Seed
from jobtitles.parsing import Parsed, parse_answer
from jobtitles.providers import Provider, Structured, TemporaryError, make_provider
from training.answer_log import AnswerLog, Record, read_log, request_key
from training.budget import Budget, read_price
from training.command import option
from training.pacing import Pace


@dataclass(frozen=True)
class JitterSettings:
    """All that decides what is asked of whom; saved beside the titles."""

    output: Path = option(Path("runs/jitter"), "folder of log.jsonl, titles and report")
    seeds: str = option(
        "shipped", "shipped, a folder or zip of O*NET's text files, or a release: 29.3"
    )
    crosswalk: str = option("", "O*NET's 2010-to-2019 crosswalk, for a release with 2010 codes")
    limit: int = option(0, "so many seeds, evenly from all; 0: all")
    provider: str = option("groq", "groq, openai, mistral, gemini, anthropic, local, or a Hub one")
    model: str = option("openai/gpt-oss-120b", "model's name at the provider")
    base_url: str = option("", "another endpoint that speaks OpenAI's API")
    structured: Structured = option("schema", "answers by JSON schema, as any JSON, or free")
    kinds: list[str] = field(
        default_factory=lambda: list(KINDS), metadata={"help": "kinds of titles"}
    )
    batch: int = option(5, "seeds a request")
    temperature: float = option(1.0, "of sampling")
    max_completion_tokens: int = option(4000, "of an answer")
    sample: int = option(0, "number of the sample: another one asks for the same seeds again")
    rounds: int = option(3, "how often seeds that got no usable answer are asked for")
    in_flight: int = option(16, "requests at a time")
    tries: int = option(8, "how often one request is sent before it counts as failed")
    timeout: float = option(120.0, "seconds until a request counts as failed")
    max_requests: int = option(0, "stop after so many requests of this run; 0: no limit")
    max_tokens: int = option(0, "stop after so many tokens of this run; 0: no limit")
    max_cost: float = option(0.0, "stop after so many US dollars of this run; 0: no limit")
    requests: bool = option(True, "false: derive the titles from the log, send nothing")
    transcript: bool = option(False, "write the log as transcript.txt as well, for reading")


def parsed_record(record: Record) -> Parsed:
    """The titles of a logged answer."""
    seeds = [title for _, title, _ in record["seeds"]]
    return parse_answer(record["text"], seeds, tuple(record["kinds"]))


class Generation:
    """One run of requests."""

    def __init__(self, settings: JitterSettings, seeds: list[Seed], path: Path) -> None:
        self.settings = settings
        self.seeds = seeds
        self.path = path
        self.conversation = Conversation(tuple(settings.kinds))
        self.budget = Budget(
            settings.max_requests,
            settings.max_tokens,
            settings.max_cost,
            read_price(settings.provider, settings.model),
        )
        self.pace = Pace(settings.in_flight)
        self.provider: Provider = make_provider(
            settings.provider,
            settings.model,
            settings.base_url,
            settings.structured,
            settings.timeout,
        )

    async def run(self) -> None:
        """Every round asks for the seeds that still have no usable answer."""
        self.log = AnswerLog(self.path)
        try:
            for attempt in range(self.settings.rounds):
                logged = {r["key"]: r for r in read_log(self.path) if "error" not in r}
                requests = list(self._requests(attempt, logged))
                await self._send([r for r in requests if r["key"] not in logged])
                if self.budget.spent:
                    print(f"the budget is spent: {self.budget.summary}")
                    return
        finally:
            self.log.close()
            await self.provider.close()

    def _requests(self, attempt: int, logged: dict[str, Record]) -> Iterator[Record]:
        """The requests of a round, as they follow from the answers of the rounds before it."""
        outstanding = self.seeds
        for earlier in range(attempt + 1):
            requests = list(self._batches(outstanding, earlier))
            if earlier == attempt:
                yield from requests
                return
            rest = []
            for request in requests:
                record = logged.get(request["key"])
                answered = parsed_record(record).titles if record else {}
                rest += [Seed(*s) for n, s in enumerate(request["seeds"]) if n not in answered]
            outstanding = rest

    def _batches(self, seeds: list[Seed], attempt: int) -> Iterator[Record]:
        settings = self.settings
        parameters = {
            "temperature": settings.temperature,
            "max_tokens": settings.max_completion_tokens,
        }
        for start in range(0, len(seeds), settings.batch):
            batch = seeds[start : start + settings.batch]
            messages = self.conversation.messages(batch)
            content = {
                "provider": settings.provider,
                "model": settings.model,
                "base_url": settings.base_url,
                "structured": settings.structured,
                "parameters": parameters,
                "messages": messages,
                "sample": settings.sample,
                "attempt": attempt,
            }
            yield {
                "key": request_key(content),
                "provider": settings.provider,
                "model": settings.model,
                "sample": settings.sample,
                "attempt": attempt,
                "kinds": list(self.conversation.kinds),
                "prompts": self.conversation.versions,
                "parameters": parameters,
                "messages_sha256": sha256(repr(messages).encode()).hexdigest(),
                "seeds": [[s.onet_code, s.title, s.onet_name] for s in batch],
                "messages": messages,
            }

    async def _send(self, requests: list[Record]) -> None:
        if not requests:
            return
        with tqdm(total=len(requests), unit="request") as bar:
            # The first alone: a wrong key or model is found out with one request.
            await self._ask(requests[0], bar)
            try:
                async with asyncio.TaskGroup() as group:
                    for request in requests[1:]:
                        group.create_task(self._ask(request, bar))
            except ExceptionGroup as failures:
                # The others were cancelled: the first is the one to tell.
                raise failures.exceptions[0] from failures

    async def _ask(self, request: Record, bar: tqdm) -> None:
        messages = request["messages"]
        record = {name: value for name, value in request.items() if name != "messages"}
        error: TemporaryError | None = None
        for _ in range(self.settings.tries):
            async with self.pace as sent:
                if self.budget.spent:
                    return
                self.budget.count_request()
                try:
                    answer = await self.provider.complete(
                        messages, request["parameters"], self.conversation.schema()
                    )
                except TemporaryError as temporary:
                    error = temporary
                    self.pace.failed(sent, temporary.wait)
                    continue
                self.pace.answered(answer.exhausted)
            self.budget.count_answer(answer)
            record |= {
                "text": answer.text,
                "finish_reason": answer.finish_reason,
                "prompt_tokens": answer.prompt_tokens,
                "completion_tokens": answer.completion_tokens,
                "latency_s": answer.latency,
            }
            break
        else:
            record |= {"error": str(error), "status": error.status}
        await self.log.append(record | {"time": datetime.now(UTC).isoformat(timespec="seconds")})
        bar.update()
        bar.set_postfix_str(self.budget.summary)
