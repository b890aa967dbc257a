"""Somebody's own list of titles, pasted or from a table, as a catalogue to search in."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace

from jobtitles.errors import InputError
from jobtitles.records import OwnTitle, text_key, whole_text
from jobtitles.tables import Table

MOST_ROWS = 20_000
FEWEST_TITLES = 5  # fewer have no map
MOST_CHARACTERS = 500
MOST_DETAILS = 3


@dataclass(frozen=True)
class OwnTitles:
    """A list of titles.

    Attributes:
        titles: Those that can be searched, every text once.
        rows: In so many rows they stand.
        blank: Rows left out because they have no title.
    """

    titles: list[OwnTitle]
    rows: int
    blank: int

    @classmethod
    def pasted(cls, text: str) -> "OwnTitles":
        """The lines of a text.

        Raises:
            InputError: There are too few or too many, or one is too long.
        """
        return cls._checked([OwnTitle(line.strip()) for line in whole_text(text).splitlines()])

    @classmethod
    def uploaded(
        cls, open_table: Callable[[str], Table], column: str, details: list[str]
    ) -> "OwnTitles":
        """The rows of a file.

        Args:
            open_table: Gives the table, to be read for the column of a name.
            column: Of the titles.
            details: Columns shown beside a title: company, place, address.

        Raises:
            InputError: No such column, too few or too many rows, or too long a cell.
            DataError: The file breaks its format.
        """
        if len(details) > MOST_DETAILS:
            raise InputError(f"{len(details)} columns beside the title; {MOST_DETAILS} at most.")
        columns = [_cells(open_table(name)) for name in (column, *details)]
        rows = zip(*columns, strict=True)
        return cls._checked([OwnTitle(text, tuple(filter(None, more))) for text, *more in rows])

    @classmethod
    def _checked(cls, rows: list[OwnTitle]) -> "OwnTitles":
        """Rows with the same title, case and spacing folded, become one."""
        _check_count(len(rows))
        first: dict[str, OwnTitle] = {}
        count = Counter(text_key(row.text) for row in rows)
        for row in rows:
            key = text_key(row.text)
            first.setdefault(key, replace(row, rows=count[key]))
        first.pop("", None)
        titles = list(first.values())
        if len(titles) < FEWEST_TITLES:
            raise InputError(
                f"{len(titles)} different titles: give at least {FEWEST_TITLES}, one a line, or "
                "upload a table."
            )
        longest = max((cell for t in titles for cell in (t.text, *t.details)), key=len)
        if len(longest) > MOST_CHARACTERS:
            raise InputError(
                f"“{longest[:40]}…” has {len(longest):,} characters, more than {MOST_CHARACTERS}: "
                "choose other columns, or shorten it."
            )
        return cls(titles, len(rows) - count[""], count[""])


def _cells(table: Table) -> list[str]:
    cells: list[str] = []
    for portion in table.portions():
        cells += (" ".join(whole_text(cell).split()) for cell in portion.titles)
        _check_count(len(cells))
    return cells


def _check_count(rows: int) -> None:
    if rows > MOST_ROWS:
        raise InputError(f"More than {MOST_ROWS:,} rows: upload a part of them.")
