"""The coder's blocks of figures: accuracy, kinds, coverage, reliability, what is refused."""

from collections.abc import Callable

from jobtitles.records import JITTER_KINDS
from training.model_tables import table

SYSTEMS = {
    "finetuned": "fine-tuned",
    "neighbours": "fine-tuned, neighbours alone",
    "base": "base model",
    "tfidf": "TF-IDF",
}
SETS = {
    "messy, seen": "messy test titles, occupations seen in training",
    "messy, unseen": "messy test titles, occupations never seen",
    "O*NET, seen": "held-out O*NET titles, occupations seen in training",
    "O*NET, unseen": "held-out O*NET titles, occupations never seen",
}


def _percent(value: float) -> str:
    return f"{100 * value:.1f} %"


def _accuracy(results: dict) -> str:
    groups = results["coder"]["groups"]
    metrics = ["top-1", "top-3", "top-1 at 6 digits", "top-1 at 2 digits", "calibration error"]
    rows = []
    for group, label in SETS.items():
        for system, name in SYSTEMS.items():
            found = groups[group][system]
            shown = [_percent(found[metric]) for metric in metrics[:-1]]
            against = found.get("against base")
            interval = (
                f"{100 * against['low']:+.1f} to {100 * against['high']:+.1f}" if against else ""
            )
            error = f"{found['calibration error']:.3f}"
            rows.append([f"{label} ({groups[group]['titles']:,})", name, *shown, interval, error])
    header = ["titles", "by", *metrics[:-1], "top-1 less the base model's, 95 %", metrics[-1]]
    return table(header, rows)


def _kinds(results: dict) -> str:
    groups = results["coder"]["groups"]
    rows = [
        [kind, f"{groups[kind]['titles']:,}"]
        + [_percent(groups[kind][system]["top-1"]) for system in SYSTEMS]
        for kind in JITTER_KINDS
    ]
    return table(["kind", "titles", *SYSTEMS.values()], rows)


def _coverage(results: dict) -> str:
    groups = results["coder"]["groups"]
    shares = list(groups["messy, seen"]["finetuned"]["accuracy at coverage"])
    rows = [
        [label] + [_percent(groups[group]["finetuned"]["accuracy at coverage"][s]) for s in shares]
        for group, label in SETS.items()
    ]
    return table(["right among the surest", *(f"{float(s):.0%}" for s in shares)], rows)


def _reliability(results: dict) -> str:
    groups = results["coder"]["groups"]
    rows = []
    for group in ("messy, seen", "O*NET, seen"):
        for found in groups[group]["finetuned"]["reliability"]:
            edges = f"{found['from']:.1f} to {found['from'] + 0.1:.1f}"
            cells = [f"{found['titles']:,}", f"{found['confidence']:.2f}", f"{found['right']:.2f}"]
            rows.append([SETS[group], edges, *cells])
    return table(["titles", "confidence", "number", "mean confidence", "share right"], rows)


def _refusal(results: dict) -> str:
    refusal = results["coder"]["refusal"]
    rows = [
        [f"no titles: {kind}", f"{found['texts']:,}", _percent(found["refused"])]
        for kind, found in refusal["non_titles"].items()
    ]
    groups = results["coder"]["groups"]
    rows += [
        [label, f"{groups[group]['titles']:,}", _percent(refusal["titles"][group])]
        for group, label in SETS.items()
    ]
    return table(["texts", "number", "refused"], rows)


def _speed(results: dict) -> str:
    found = results["coding_speed"]
    graph, exact, ratio = found["graph"], found["exact"], found["ratio"]
    return (
        f"Over {found['labelled_titles']:,} titles that vote, on {found['threads']} cores: "
        f"{graph['titles_a_second']:.0f} titles a second in bulk and "
        f"{graph['one_title_ms']:.0f} ms for one title; with exact search in place of the graph, "
        f"in the same run, "
        f"{exact['titles_a_second']:.0f} and {exact['one_title_ms']:.0f} ms: the graph is "
        f"{ratio['bulk']:.2f} and {ratio['one_title']:.2f} times as fast."
    )


def _encoding_speed(results: dict) -> str:
    found = results["encoding_speed"]
    rate = found["titles_a_second"]
    worst = max(abs(change) for change in found["changes"].values())
    return (
        f"On {found['threads']} cores the page and the coder encode {rate['page']:,.0f} titles a "
        f"second ({found['precision']}), SentenceTransformer.encode with its defaults "
        f"{rate['library']:,.0f} of the same {found['titles']:,} titles in the same run: "
        f"{found['ratio']:.1f} times. Mean cosine between the two: {found['mean_cosine']:.4f}; no "
        f"retrieval figure of the test split moves by more than {worst:.4f}."
    )


def _page_speed(results: dict) -> str:
    found = results["page_speed"]
    many = found["at_once"]
    return (
        f"On {found['threads']} cores ({found['precision']}): a search over HTTP takes "
        f"{found['search_ms']:.0f} ms where encoding the title with both models takes "
        f"{found['encoding_ms']:.0f} ms; less 20 ms that is {found['ratio']:.2f} times as long. "
        f"{many['visitors']} visitors at once, {many['searches']} searches: none failed, 95 % were "
        f"answered within {many['p95_s']:.2f} s. First search after an empty cache: "
        f"{found['first_search_s']:.0f} s. Memory of the page: {found['resident_mib']:,} MiB."
    )


def _map_speed(results: dict) -> str:
    found = results["map_speed"]
    parts = [
        f"{one['points']:,} titles in {one['openTSNE']['seconds']:.0f} s, scikit-learn's TSNE "
        f"{one['scikit-learn']['seconds']:.0f} s ({one['ratio']:.1f} times as long); of a title's "
        f"nearest in the map {_percent(one['openTSNE']['purity'])} and "
        f"{_percent(one['scikit-learn']['purity'])} are of its own group"
        for one in found["maps"]
    ]
    return (
        f"A map, on {found['threads']} cores in the same run: {'. '.join(parts)}. Ours makes "
        f"{found['iterations']} iterations, scikit-learn's its usual 1,000."
    )


BLOCKS: dict[str, Callable[[dict], str]] = {
    "coder_accuracy": _accuracy,
    "coder_kinds": _kinds,
    "coder_coverage": _coverage,
    "coder_reliability": _reliability,
    "coder_refusal": _refusal,
    "coding_speed": _speed,
    "encoding_speed": _encoding_speed,
    "page_speed": _page_speed,
    "map_speed": _map_speed,
}
