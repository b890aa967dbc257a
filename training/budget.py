"""What a run may cost: requests, tokens and money, with the prices and the day they were read."""

import csv
from dataclasses import dataclass
from pathlib import Path

from jobtitles.errors import InputError
from jobtitles.providers import Completion

PRICES = Path(__file__).parent / "prices.tsv"


@dataclass(frozen=True, slots=True)
class Price:
    """Of a model at a provider, in US dollars for a million tokens.

    Attributes:
        prompt: Of what is sent.
        completion: Of what is written.
        read_on: Day on which the price was read, ISO.
    """

    prompt: float
    completion: float
    read_on: str

    def of(self, prompt_tokens: int, completion_tokens: int) -> float:
        """US dollars."""
        return (prompt_tokens * self.prompt + completion_tokens * self.completion) / 1e6


def read_price(provider: str, model: str, path: Path = PRICES) -> Price | None:
    """The price in the table, None where it is not listed."""
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            if (row["provider"], row["model"]) == (provider, model):
                return Price(float(row["prompt"]), float(row["completion"]), row["read_on"])
    return None


def priced_models(path: Path = PRICES) -> list[tuple[str, str]]:
    """(provider, model) of every row of the table."""
    with path.open(encoding="utf-8", newline="") as file:
        return [(r["provider"], r["model"]) for r in csv.DictReader(file, delimiter="\t")]


class Budget:
    """Counts what a run has used.

    What is in flight when a limit is reached still comes in, and counts.
    """

    def __init__(
        self, max_requests: int, max_tokens: int, max_cost: float, price: Price | None
    ) -> None:
        """Set the limits; 0 is none.

        Raises:
            InputError: Money is limited but the price is not known.
        """
        if max_cost and price is None:
            raise InputError(
                f"max_cost {max_cost} cannot be kept: {PRICES.name} has no price of this model."
            )
        self._limits = (max_requests, max_tokens, max_cost)
        self._price = price
        self.requests = 0
        self.tokens = 0
        self.cost = 0.0

    @property
    def spent(self) -> bool:
        """Whether a limit is reached."""
        used = (self.requests, self.tokens, self.cost)
        return any(limit and u >= limit for u, limit in zip(used, self._limits, strict=True))

    @property
    def summary(self) -> str:
        """What was used, in words."""
        cost = f"${self.cost:.4f}" if self._price else "price unknown"
        return f"{self.requests} requests, {self.tokens:,} tokens, {cost}"

    def count_request(self) -> None:
        """A request is being sent."""
        self.requests += 1

    def count_answer(self, answer: Completion) -> None:
        """An answer came in."""
        self.tokens += answer.prompt_tokens + answer.completion_tokens
        if self._price:
            self.cost += self._price.of(answer.prompt_tokens, answer.completion_tokens)
