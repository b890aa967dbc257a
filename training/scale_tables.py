"""The blocks of figures of docs/scale.md: estimates that follow from what was measured."""

from collections.abc import Callable

from training.model_tables import table

FLOAT = 4  # bytes


def _hundred_million(results: dict) -> str:
    assumed, rate = results["assumptions"], results["coding_speed"]["graph"]["titles_a_second"]
    voting = results["coding_speed"]["labelled_titles"]
    encoded = results["encoding_speed"]["titles_a_second"]["page"]
    rows = []
    for share in assumed["distinct_share"]:
        titles = assumed["rows"] * share
        hours = titles / rate / 3600
        dollars = hours * assumed["cores_a_worker"] * assumed["dollars_a_core_hour"]
        for workers in assumed["workers"]:
            cells = [f"{share:.0%}", f"{titles / 1e6:.0f} million", str(workers)]
            rows.append([*cells, f"{hours / workers:.2f}", f"{dollars:.2f}"])
    header = ["distinct", "titles coded", "workers of two cores", "hours", "dollars"]
    return (
        f"From {rate:.0f} titles a second and worker (`model_card/coding_speed.json`), "
        f"{assumed['rows']:,} rows, {assumed['dollars_a_core_hour']} dollars a core and hour. To "
        f"the hours add the first start on every machine, which encodes {voting:,} titles that "
        f"vote (about {voting / encoded / 60:.0f} minutes) and links them:\n\n"
        + table(header, rows)
    )


def _vectors(results: dict) -> str:
    assumed = results["assumptions"]
    rows = [
        [f"{count:,}", f"{2 * count * assumed['dimensions'] * FLOAT / 2**30:.2f} GiB"]
        for count in assumed["vectors"]
    ]
    return table(["titles", "both models' vectors, by arithmetic"], rows)


def _job_speed(results: dict) -> str:
    found = results["scale"]["job_speed"]
    seconds = found["seconds"]
    return (
        f"On {found['threads']} cores, {found['rows']:,} rows with {found['titles']:,} different "
        f"titles: {seconds['one file']:.0f} s in one file by `scripts.code_titles`, "
        f"{seconds['Ray']:.0f} s in several over Ray with one worker ({found['ratio']} times as "
        "long), both once, from the start of the command."
    )


def _database_speed(results: dict) -> str:
    found = results["scale"]["database_speed"]
    took = found["milliseconds"]
    return (
        f"Measured with {found['titles']:,} titles, server and command on the same "
        f"{found['threads']} cores: encoding and writing {found['filling_s'] / 60:.0f} minutes, "
        f"the graph {found['linking_s'] / 60:.0f} with a `maintenance_work_mem` of "
        f"{found['maintenance_work_mem']}. A search for the {found['k']} nearest then "
        f"takes {took['database']} ms, comparing every vector in this process {took['exact']} ms "
        f"({found['ratio']} times as long); {100 * found['recall']:.1f} % of what it finds belongs "
        f"to the {found['k']} nearest."
    )


BLOCKS: dict[str, Callable[[dict], str]] = {
    "hundred_million": _hundred_million,
    "vectors": _vectors,
    "job_speed": _job_speed,
    "database_speed": _database_speed,
}
