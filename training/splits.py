"""Which seeds are held out: fixed by a hash before any training, so that nobody can choose.

A share of the occupations is held out whole (unseen occupations); from every second other
occupation one seed goes to validation, and from every second one goes to test. A seed stands or
falls with all its titles; a seed text that stands under two occupations moves as one.
"""

import hashlib
from collections import defaultdict

UNSEEN_SHARE = 0.05
SEED_SHARE = 0.10
SALT = "job-titles-1"


def split_seeds(seeds: list[tuple[str, str]]) -> tuple[dict[str, str], set[str]]:
    """Assign every seed text to a split.

    Args:
        seeds: (onet_code, seed text key) of every seed; a text may stand under several codes.

    Returns:
        seed text key -> "train", "validation" or "test"; and the codes of occupations no seed of
        which is in training.
    """
    codes_of: dict[str, set[str]] = defaultdict(set)
    seeds_of: dict[str, set[str]] = defaultdict(set)
    for code, seed in seeds:
        codes_of[seed].add(code)
        seeds_of[code].add(seed)
    occupations = sorted(seeds_of, key=lambda code: _hash("occupation", code))
    split = dict.fromkeys(codes_of, "train")

    plain = [c for c in occupations if all(len(codes_of[s]) == 1 for s in seeds_of[c])]
    count = round(UNSEEN_SHARE * len(occupations))
    unseen = {}
    for code in plain[: 2 * count]:
        unseen[code] = "test" if len(unseen) < count else "validation"
        for seed in seeds_of[code]:
            split[seed] = unseen[code]

    seen = [code for code in occupations if code not in unseen]
    for name in ("validation", "test"):
        wanted = round(SEED_SHARE * sum(len(seeds_of[code]) for code in seen))
        served: set[str] = set()
        for code in sorted(seen, key=lambda code: _hash(name, code)):
            if wanted <= 0:
                break
            free = [s for s in seeds_of[code] if split[s] == "train" and not codes_of[s] & served]
            if code in served or not free:
                continue
            seed = min(free, key=lambda seed: _hash(name, seed))
            split[seed] = name
            served |= codes_of[seed]
            wanted -= len(codes_of[seed])
    return split, set(unseen)


def _hash(*parts: str) -> bytes:
    return hashlib.sha256("\0".join((SALT, *parts)).encode()).digest()
