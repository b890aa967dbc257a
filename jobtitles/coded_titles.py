"""A visitor's titles with their codes: shown, corrected by hand, and written as a file again."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from jobtitles.code_columns import cells, column_names
from jobtitles.coder import Coder, Match
from jobtitles.encoder import Progress
from jobtitles.errors import InputError
from jobtitles.files import write_atomically
from jobtitles.records import whole_text
from jobtitles.tables import Limits, Portion, Table
from jobtitles.votes import CANDIDATES

MOST_ROWS = 20_000
MOST_TITLES = 5_000
MOST_CHARACTERS = 500
# Small portions: a file can be made to be small and to have enormous rows.
LIMITS = Limits(
    portion=50,
    columns=200,
    unpacked=100_000_000,
    parquet_rows=MOST_ROWS,
    parquet_bytes=20_000_000,
)
WRITTEN_CODES = 3
# Put before our columns where the table has one of their names already.
PREFIX = "coded_"


@dataclass
class CodedTitles:
    """The titles of a table, coded.

    Attributes:
        table: Where they stand; a list that was pasted is a table of one column.
        portions: Its rows.
        codings: Title -> its likeliest occupations, `CANDIDATES` of them, best first.
        by_hand: Title -> the occupation that was set by hand.
    """

    table: Table
    portions: list[Portion]
    codings: dict[str, list[Match]] = field(default_factory=dict)
    by_hand: dict[str, Match] = field(default_factory=dict)

    @classmethod
    def pasted(cls, text: str) -> "CodedTitles":
        """The lines of a text, blank ones left out; not yet coded.

        Raises:
            InputError: There is no line, or too many, or too long a one.
        """
        titles = [line.strip() for line in whole_text(text).splitlines() if line.strip()]
        table = Table(Path("titles.csv"), "title", columns=["title"])
        return cls._checked(table, iter([Portion([[title] for title in titles], titles)]))

    @classmethod
    def uploaded(cls, table: Table) -> "CodedTitles":
        """The rows of a file; not yet coded.

        Raises:
            InputError: No such column, too many rows or titles, or too long a title.
            DataError: The file breaks its format.
        """
        return cls._checked(table, table.portions())

    @classmethod
    def _checked(cls, table: Table, portions: Iterator[Portion]) -> "CodedTitles":
        kept, rows, titles = [], 0, set()
        for portion in portions:
            kept.append(portion)
            rows += len(portion.titles)
            titles.update(portion.titles)
            if rows > MOST_ROWS or len(titles) > MOST_TITLES:
                raise InputError(
                    f"More than {MOST_ROWS:,} rows or {MOST_TITLES:,} different titles: code "
                    "such a list on your own machine, with scripts/code_titles.py."
                )
        if not rows:
            raise InputError("There are no titles: paste some, one a line, or upload a table.")
        longest = max(titles, key=len)
        if len(longest) > MOST_CHARACTERS:
            raise InputError(
                f"A title has {len(longest):,} characters, more than {MOST_CHARACTERS}: "
                f"“{longest[:40]}…”. Choose the column of job titles, or shorten it."
            )
        return cls(table, kept)

    def code(self, coder: Coder, progress: Progress | None = None) -> None:
        """Code every different title once."""
        titles = list(dict.fromkeys(self.titles))
        codings = coder.code(titles, CANDIDATES, progress)
        self.codings = dict(zip(titles, codings, strict=True))

    @property
    def titles(self) -> list[str]:
        """The titles of all rows."""
        return [title for portion in self.portions for title in portion.titles]

    def correct(self, title: str, code: str, name: str) -> None:
        """Set the code of a title by hand, in all its rows."""
        self.by_hand[title] = Match(code, name, 1.0, by_hand=True)

    def matches(self, title: str) -> list[Match]:
        """The occupations of a title, best first; one that was set by hand before all others."""
        own = self.by_hand.get(title)
        if own is None:
            return self.codings[title]
        return [own, *(m for m in self.codings[title] if m.onet_code != own.onet_code)]

    def write(self, path: Path, coder: Coder) -> None:
        """Write the rows with their codes, in the format of the table.

        Args:
            path: Of the new file.
            coder: Tells what should be reviewed.
        """
        prefix = ""
        while set(column_names(WRITTEN_CODES, prefix)) & set(self.table.columns):
            prefix += PREFIX
        names = column_names(WRITTEN_CODES, prefix)

        def write(temporary: Path) -> None:
            writer = self.table.writer(temporary, names)
            for portion in self.portions:
                rows = [cells(self.matches(t), coder, WRITTEN_CODES) for t in portion.titles]
                columns = {name: [row[place] for row in rows] for place, name in enumerate(names)}
                writer.write(portion, columns)
            writer.close()

        write_atomically(path, write)
