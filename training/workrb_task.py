"""A ranking task of the package workrb (requirements-workrb.txt) as a ranking set.

The package downloads the data of its tasks from the Hub: JobTitleSimilarityRanking, MELORanking,
JobBERTJobNormRanking and others of its registry.
"""

import numpy as np

from jobtitles.errors import DataError, InputError
from training.public_sets import RankingSet


def read_workrb_task(name: str, dataset: str) -> RankingSet:
    """Read the test split of one dataset of a task; queries without an answer are left out.

    Args:
        name: Of a ranking task in the package's registry.
        dataset: The task's name of the dataset, such as "en" or "usa_q_en_c_en".

    Raises:
        InputError: The package is not installed, or has no such task or dataset.
        DataError: The data could not be had.
    """
    try:
        from workrb.registry import TaskRegistry
        from workrb.tasks.abstract.base import DatasetSplit
        from workrb.tasks.abstract.ranking_base import RankingTask
    except ImportError as error:
        raise InputError("workrb is missing: pip install -r requirements-workrb.txt.") from error
    known = TaskRegistry.list_available()
    if name not in known or not issubclass(TaskRegistry.get(name), RankingTask):
        raise InputError(f"workrb has no ranking task {name!r}: choose one of {', '.join(known)}.")
    try:
        # Without languages it loads nothing; then the one dataset that is wanted.
        task = TaskRegistry.create(name, languages=[], split="test")
        found = task.load_dataset(dataset, DatasetSplit.TEST)
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        raise DataError(f"{name}, {dataset}: {' '.join(str(error).split())[:300]}.") from error
    relevant = np.zeros((len(found.query_texts), len(found.target_space)), bool)
    for row, columns in enumerate(found.target_indices):
        relevant[row, columns] = True
    answered = relevant.any(axis=1)
    if not answered.any():
        raise DataError(f"{name}, {dataset}: no query has a relevant document.")
    queries = [text for text, kept in zip(found.query_texts, answered, strict=True) if kept]
    # Of equal scores the first stands first, as the package ranks them.
    identifiers = [f"{len(found.target_space) - row:07d}" for row in range(relevant.shape[1])]
    return RankingSet(queries, identifiers, found.target_space, relevant[answered])
