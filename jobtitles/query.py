"""What can be asked: a query that is text, a number of results."""

import unicodedata

from jobtitles.errors import InputError

MAX_QUERY = 500  # characters; the longest title of the dataset has 109


def checked_query(query: object) -> str:
    """The query as it is searched: control characters and lone surrogates count as spaces.

    Raises:
        InputError: It is not text, has nothing to read in it, or is too long.
    """
    if not isinstance(query, str):
        raise InputError("The query must be text.")
    if len(query) > MAX_QUERY:
        raise InputError(
            f"The query has {len(query):,} characters; at most {MAX_QUERY} are searched. "
            "Shorten it."
        )
    if all(unicodedata.category(letter)[0] in "CZ" for letter in query):
        raise InputError("The query is empty: type a job title.")
    spaced = (" " if unicodedata.category(c) in ("Cc", "Cs") else c for c in query)
    return " ".join("".join(spaced).split())


def checked_k(k: object) -> int:
    """The number of results as an int.

    Raises:
        InputError: It is not a whole number of at least 1.
    """
    if isinstance(k, float) and k.is_integer():
        k = int(k)
    if isinstance(k, int) and not isinstance(k, bool) and k >= 1:
        return k
    if k is None:
        given = "nothing"
    elif isinstance(k, str):
        given = "text"
    else:
        given = str(k) if isinstance(k, int | float) else "something else"
    raise InputError(f"The number of results must be a whole number from 1 up, not {given}.")
