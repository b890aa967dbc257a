"""Any list of job titles to O*NET-SOC codes, with a confidence that means something.

from jobtitles.coder import load_coder
load_coder().code(["forklift op 2nd shift"])  # [[Match("53-7051.00", ..., confidence), ...]]
"""

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from safetensors.numpy import load_file, save_file

from jobtitles.catalogue import cached_index, cached_vectors
from jobtitles.encoder import Encoder, Progress, load_encoder
from jobtitles.errors import InputError, SourceError
from jobtitles.files import write_atomically, write_json
from jobtitles.labelled import Labelled, labelled_titles
from jobtitles.refusal import Refusal
from jobtitles.sources import DATASET_DIR, ROOT
from jobtitles.votes import CANDIDATES, VoteRule

TAXONOMY = "O*NET-SOC 2019"
CALIBRATION = ROOT / "model_card" / "coder.json"
CHUNK = 2048


@dataclass(frozen=True, slots=True)
class Match:
    """An occupation for a title.

    Attributes:
        onet_code: O*NET-SOC 2019 code.
        onet_name: Name of that occupation.
        confidence: Chance that the code is right, 0 to 1, as calibrated on validation titles.
    """

    onet_code: str
    onet_name: str
    confidence: float

    @property
    def url(self) -> str:
        """The occupation's page at O*NET."""
        return f"https://www.onetonline.org/link/summary/{self.onet_code}"


@dataclass(frozen=True)
class Calibration:
    """What was chosen and fitted on validation (training/coder_fit.py).

    Saved as JSON, the refusal's weights beside it as safetensors.

    Attributes:
        model: Digest of the model it holds for.
        votes: From votes to confidence.
        review_below: Confidence below which a person should look at a code.
        review_gap: Lead over the second code below which a person should look.
        refusal: Weights by which non-titles are told, see `Refusal`.
    """

    model: str
    votes: VoteRule
    review_below: float
    review_gap: float
    refusal: Refusal

    @classmethod
    def read(cls, path: Path) -> "Calibration":
        """Read the JSON.

        Raises:
            SourceError: The file is missing.
        """
        if not path.is_file():
            raise SourceError(f"{path} is missing: run `make coder`, or restore it with git.")
        plain = json.loads(path.read_text(encoding="utf-8"))
        weights = load_file(path.with_suffix(".safetensors"))["refusal"]
        refusal = Refusal(weights, **plain.pop("refusal"))
        return cls(**plain | {"votes": VoteRule(**plain["votes"]), "refusal": refusal})

    def write(self, path: Path) -> None:
        """Write JSON and weights."""
        weights = {"refusal": self.refusal.weights}
        write_atomically(path.with_suffix(".safetensors"), lambda part: save_file(weights, part))
        write_json(path, self._plain())

    @property
    def digest(self) -> str:
        """Names all of it."""
        weights = hashlib.sha256(self.refusal.weights.tobytes()).hexdigest()
        return hashlib.sha256(json.dumps([weights, self._plain()]).encode()).hexdigest()

    def _plain(self) -> dict[str, Any]:
        plain = asdict(self)
        del plain["refusal"]["weights"]
        return plain


class Index(Protocol):
    """What finds the nearest of the labelled titles."""

    def search(self, queries: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        """As `TitleIndex.search`."""


class Coder:
    """A model, labelled titles and a calibration.

    Attributes:
        calibration: What was fitted for the model.
        vectors: Of the labelled titles, float32, shape (n, 384).
        index: Finds the nearest of them.
        digest: Names model, labelled titles and calibration.
    """

    def __init__(
        self,
        encoder: Encoder,
        labelled: Labelled,
        calibration: Calibration,
        progress: Progress | None = None,
    ) -> None:
        """Encode and index the labelled titles, or take both from the cache.

        Args:
            encoder: The model.
            labelled: The titles that vote.
            calibration: Made for this model.
            progress: Told of the encoding: (titles done, titles in all).

        Raises:
            SourceError: The calibration was made for another model.
        """
        if calibration.model != encoder.digest:
            raise SourceError(
                f"The coder is calibrated for model {calibration.model[:12]}, not for "
                f"{encoder.digest[:12]}: run `make coder`."
            )
        self.calibration = calibration
        self._encoder = encoder
        self._codes = sorted(labelled.names)
        self._names = labelled.names
        self._occupation = labelled.numbers
        self.vectors = labelled_vectors(encoder, labelled.texts, progress)
        self.index: Index = cached_index(self.vectors)
        digest = hashlib.sha256("\0".join((*labelled.texts, *labelled.codes)).encode())
        self.digest = hashlib.sha256(
            f"{encoder.digest} {digest.hexdigest()} {calibration.digest}".encode()
        ).hexdigest()

    def code(
        self, titles: list[str], k: int = 3, progress: Progress | None = None
    ) -> list[list[Match]]:
        """The k most likely occupations of every title, best first.

        Args:
            titles: Any number of titles, however messy.
            k: Occupations wanted, 1 to `CANDIDATES`.
            progress: Called with (titles done, titles in all).

        Returns:
            A list for each title, in their order; empty for what is no title in English.

        Raises:
            InputError: `titles` is one string, or k is out of range.
        """
        if isinstance(titles, str):
            raise InputError("code() takes a list of titles; for one title pass [title].")
        if not 1 <= k <= CANDIDATES:
            raise InputError(f"k={k}: ask for 1 to {CANDIDATES} occupations.")
        matches: list[list[Match]] = []
        for start in range(0, len(titles), CHUNK):
            matches += self._code(titles[start : start + CHUNK], k)
            if progress:
                progress(len(matches), len(titles))
        return matches

    def needs_review(self, matches: list[Match]) -> bool:
        """Whether a person should look: no code, low confidence, or a second one close by."""
        if not matches or matches[0].confidence < self.calibration.review_below:
            return True
        second = matches[1].confidence if len(matches) > 1 else 0.0
        return matches[0].confidence - second < self.calibration.review_gap

    def _code(self, titles: list[str], k: int) -> list[list[Match]]:
        vectors = self._encoder.encode(titles)
        fitted = self.calibration
        rows, cosines = self.index.search(vectors, fitted.votes.neighbours)
        votes = fitted.votes.votes(self._occupation[rows], cosines)
        confidence = fitted.votes.confidence(votes)
        refused = fitted.refusal.refused(titles, vectors, votes.support)
        order = np.argsort(-confidence, axis=1, kind="stable")[:, :k]
        return [
            []
            if refused[row]
            else [
                self._match(votes.occupations[row, place], confidence[row, place])
                for place in order[row]
            ]
            for row in range(len(titles))
        ]

    def _match(self, occupation: int, confidence: float) -> Match:
        code = self._codes[occupation]
        return Match(code, self._names[code], round(float(confidence), 3))


def load_coder(
    dataset: Path = DATASET_DIR, onet: Path | None = None, progress: Progress | None = None
) -> Coder:
    """The shipped coder; the first time it takes minutes to encode the titles it votes with.

    Args:
        dataset: Folder of the dataset whose titles vote.
        onet: Folder or zip of O*NET's text files with the crosswalk: its titles vote as well.
        progress: Told of the encoding: (titles done, titles in all).

    Raises:
        DataError: The dataset or one of O*NET's files is missing.
        SourceError: The model is missing or not the one that the calibration was made for.
    """
    calibration = Calibration.read(CALIBRATION)
    return Coder(load_encoder("finetuned"), labelled_titles(dataset, onet), calibration, progress)


def labelled_vectors(
    encoder: Encoder, texts: list[str], progress: Progress | None = None
) -> np.ndarray:
    """Unit vectors of the texts, each distinct one encoded once, shape (n, 384)."""
    row = {text: number for number, text in enumerate(dict.fromkeys(texts))}
    return cached_vectors(list(row), encoder, progress)[[row[text] for text in texts]]
