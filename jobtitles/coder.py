"""Any list of job titles to O*NET-SOC codes, with a confidence that means something.

from jobtitles.coder import load_coder
load_coder().code(["forklift op 2nd shift"])  # [[Match("53-7051.00", ..., confidence), ...]]
"""

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file

from jobtitles.classifiers import Classifiers
from jobtitles.encoder import Encoder, Progress, shared_encoder
from jobtitles.errors import InputError, SourceError
from jobtitles.files import sha256_of, write_arrays, write_json
from jobtitles.labelled import Labelled, labelled_titles
from jobtitles.parts import SHIPPED, Parts
from jobtitles.records import whole_text
from jobtitles.refusal import Refusal
from jobtitles.voters import Voters
from jobtitles.votes import CANDIDATES, VoteRule, feature_count

TAXONOMY = "O*NET-SOC 2019"
CHUNK = 2048


@dataclass(frozen=True, slots=True)
class Match:
    """An occupation for a title.

    Attributes:
        onet_code: O*NET-SOC 2019 code.
        onet_name: Name of that occupation.
        confidence: Chance that the code is right, 0 to 1, as calibrated on validation titles.
        by_hand: Whether a person chose the code.
    """

    onet_code: str
    onet_name: str
    confidence: float
    by_hand: bool = False

    @property
    def url(self) -> str:
        """The occupation's page at O*NET."""
        return f"https://www.onetonline.org/link/summary/{self.onet_code}"


@dataclass(frozen=True)
class Calibration:
    """What was chosen and fitted on validation (training/coder_fit.py).

    Saved as JSON, the weights beside it as safetensors.

    Attributes:
        model: Digest of the model it holds for.
        votes: From votes to confidence.
        review_below: Confidence below which a person should look at a code.
        review_gap: Lead over the second code below which a person should look.
        refusal: Weights by which non-titles are told, see `Refusal`.
        classifiers: That vote beside the labelled titles.
    """

    model: str
    votes: VoteRule
    review_below: float
    review_gap: float
    refusal: Refusal
    classifiers: Classifiers

    @classmethod
    def read(cls, path: Path) -> "Calibration":
        """Read the JSON.

        Raises:
            SourceError: A file is missing, damaged, or of another fit or version.
        """
        for part in (path, path.with_suffix(".safetensors")):
            if not part.is_file():
                raise SourceError(f"{part} is missing: run `make coder`, or restore it with git.")
        try:
            plain = json.loads(path.read_text(encoding="utf-8"))
            tensors = load_file(path.with_suffix(".safetensors"))
            plain["votes"] = VoteRule(**plain["votes"])
            plain["refusal"] = Refusal(tensors["refusal"], **plain["refusal"])
            classifiers = Classifiers.of(plain.pop("occupations"), tensors)
            tensors_sha256 = plain.pop("tensors_sha256")
            read = cls(**plain, classifiers=classifiers)
        except (SafetensorError, ValueError, KeyError, TypeError) as error:
            raise SourceError(f"{path} is damaged, or of another version: {error!r}.") from error
        if sha256_of(path.with_suffix(".safetensors")) != tensors_sha256:
            raise SourceError(f"{path} and its weights are not of one fit: run `make coder`.")
        if len(read.votes.weights) != feature_count(len(read.votes.classifiers)):
            raise SourceError(f"{path} is of another version: run `make coder`.")
        return read

    def write(self, path: Path) -> None:
        """Write JSON and weights."""
        beside = path.with_suffix(".safetensors")
        write_arrays(beside, self._tensors())
        write_json(path, self._plain() | {"tensors_sha256": sha256_of(beside)})

    @property
    def digest(self) -> str:
        """Names all of it."""
        digest = hashlib.sha256(json.dumps(self._plain()).encode())
        for _, tensor in sorted(self._tensors().items()):
            digest.update(tensor.tobytes())
        return digest.hexdigest()

    def _tensors(self) -> dict[str, np.ndarray]:
        return {"refusal": self.refusal.weights} | self.classifiers.tensors()

    def _plain(self) -> dict[str, Any]:
        refusal = {"bias": self.refusal.bias, "threshold": self.refusal.threshold}
        return {
            "model": self.model,
            "votes": asdict(self.votes),
            "review_below": self.review_below,
            "review_gap": self.review_gap,
            "refusal": refusal,
            "occupations": self.classifiers.codes,
        }


class Coder:
    """A model, labelled titles and a calibration.

    Attributes:
        calibration: What was fitted for the model.
        names: Code -> name of every occupation.
        voters: The model and the labelled titles.
        precision: In which the model encodes.
        digest: Names model, labelled titles and calibration.
    """

    def __init__(
        self,
        encoder: Encoder,
        labelled: Labelled,
        calibration: Calibration,
        progress: Progress | None = None,
        ready: Path | None = None,
    ) -> None:
        """Encode and index the labelled titles, or take both from the cache.

        Args:
            encoder: The model.
            labelled: The titles that vote.
            calibration: Made for this model.
            progress: Told of the encoding: (titles done, titles in all).
            ready: Folder of vectors made beforehand, see `cached_vectors`.

        Raises:
            SourceError: The calibration was made for another model.
        """
        if calibration.model != encoder.digest:
            raise SourceError(
                f"The coder is calibrated for model {calibration.model[-12:]}, not for "
                f"{encoder.digest[-12:]}: run `make coder`."
            )
        self.calibration = calibration
        self._codes = sorted(labelled.names)
        self.names = labelled.names
        self.precision = encoder.precision
        self._classifiers = calibration.classifiers.over(self._codes)
        self.voters = Voters(encoder, labelled, progress, ready)
        digest = f"{self.voters.digest} {calibration.digest}"
        self.digest = hashlib.sha256(digest.encode()).hexdigest()

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
        if isinstance(k, bool) or not isinstance(k, int) or not 1 <= k <= CANDIDATES:
            raise InputError(f"k={k}: ask for 1 to {CANDIDATES} occupations.")
        matches: list[list[Match]] = []
        for start in range(0, len(titles), CHUNK):
            matches += self._code(titles[start : start + CHUNK], k)
            if progress:
                progress(len(matches), len(titles))
        return matches

    def needs_review(self, matches: list[Match]) -> bool:
        """Whether a person should look: no code, low confidence, or a second one close by.

        Args:
            matches: At least two, but for a title that got no code.
        """
        if matches and matches[0].by_hand:
            return False
        if not matches or matches[0].confidence < self.calibration.review_below:
            return True
        second = matches[1].confidence if len(matches) > 1 else 0.0
        return matches[0].confidence - second < self.calibration.review_gap

    def _code(self, titles: list[str], k: int) -> list[list[Match]]:
        fitted = self.calibration
        rule = fitted.votes
        titles = [whole_text(title) for title in titles]
        evidence, vectors = self.voters.evidence(titles, rule.neighbours, self._classifiers)
        votes = rule.votes(evidence, len(self._codes))
        confidence = rule.confidence(votes)
        refused = fitted.refusal.refused(titles, vectors, evidence.support)
        return [
            []
            if refused[row]
            else [
                self._match(votes.occupations[row, place], confidence[row, place])
                for place in range(min(k, votes.occupations.shape[1]))
            ]
            for row in range(len(titles))
        ]

    def _match(self, occupation: int, confidence: float) -> Match:
        code = self._codes[occupation]
        return Match(code, self.names[code], round(float(confidence), 3))


def load_coder(
    parts: Parts = SHIPPED,
    onet: Path | None = None,
    progress: Progress | None = None,
    precision: str = "",
    device: str = "cpu",
) -> Coder:
    """The shipped coder; the first time it takes minutes to encode the titles it votes with.

    Args:
        parts: Where model and calibration are, and the dataset whose titles vote.
        onet: Folder or zip of O*NET's text files with the crosswalk: its titles vote as well.
        progress: Told of the encoding: (titles done, titles in all).
        precision: "float32" or "bfloat16" where it must be that one; empty: the quicker.
        device: That encodes, such as "cuda".

    Raises:
        DataError: The dataset or one of O*NET's files is missing.
        SourceError: The model is missing or not the one that the calibration was made for.
    """
    calibration = Calibration.read(parts.calibration)
    encoder = shared_encoder("finetuned", parts.adapter("finetuned"), precision)
    if device != "cpu":
        encoder = encoder.on(device)
    labelled = labelled_titles(parts.dataset, onet)
    return Coder(encoder, labelled, calibration, progress, parts.ready)
