"""The nouns of the project: a labelled title, and a hit of a search."""

from dataclasses import dataclass

SPLITS = ("train", "validation", "test")
SEED_KIND = "seed"
JITTER_KINDS = (
    "decorated",
    "abbreviated",
    "reworded",
    "specialised",
    "leveled",
    "garbled",
    "synonym",
    "posting",
)
MAX_TITLE_CHARS = 160  # of a written title
NEGATIVE_KINDS = ("lookalike", "near_miss", "near_miss_posting")


@dataclass(frozen=True, slots=True)
class Title:
    """One labelled job title.

    Attributes:
        text: The title as written.
        seed_title: The clean title it was written for (itself, for a seed).
        onet_code: O*NET-SOC 2019 code, such as "15-1252.00".
        onet_name: Name of that occupation.
        kind: "seed" or one of `JITTER_KINDS`.
        split: "train", "validation" or "test".
    """

    text: str
    seed_title: str
    onet_code: str
    onet_name: str
    kind: str
    split: str

    @property
    def seen_in_training(self) -> bool:
        """Whether the model was trained on this very text."""
        return self.split == "train"


@dataclass(frozen=True, slots=True)
class OwnTitle:
    """A title of somebody's own catalogue; it stands where a `Title` stands, without an occupation.

    Attributes:
        text: The title as written, in the first of its rows.
        details: What else that row says of it: company, place, address.
        rows: In how many rows of the catalogue it stands.
    """

    text: str
    details: tuple[str, ...] = ()
    rows: int = 1
    onet_code = ""
    kind = "own"
    seen_in_training = False

    @property
    def onet_name(self) -> str:
        """The details, where a `Title` has the name of its occupation."""
        more = (f"and {self.rows - 1:,} more of your rows",) if self.rows > 1 else ()
        return " · ".join((*self.details, *more))


@dataclass(frozen=True, slots=True)
class Hit:
    """A catalogue title found for a query: its position in the catalogue and its cosine."""

    row: int
    title: Title | OwnTitle
    score: float


def whole_text(text: str) -> str:
    """The text with a question mark for every half of a surrogate pair, which no file can hold."""
    return text.encode("utf-8", "replace").decode("utf-8")


def text_key(text: str) -> str:
    """The form under which two titles count as the same text: case and spacing folded."""
    return " ".join(text.split()).casefold()
