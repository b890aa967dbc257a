"""A visitor's own list of titles: lines, columns of a table, limits."""

import pytest

from jobtitles import own_titles
from jobtitles.errors import InputError
from jobtitles.own_titles import OwnTitles
from jobtitles.records import OwnTitle
from jobtitles.tables import Table

LINES = "RN nights\n\n  Line cook \nBaker\nWelder\r\nBarista"


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "jobs.csv"
    path.write_text(
        "company,job title,city\n"
        "ACME,Sr.  Cook,Ulm\n"
        ",Baker,\n"
        "ACME,,Ulm\n" + "".join(f"B{n},Welder {n},\n" for n in range(3))
    )
    return path


def test_lines_are_titles():
    found = OwnTitles.pasted(LINES)
    assert [t.text for t in found.titles][:2] == ["RN nights", "Line cook"]
    assert len(found.titles) == 5
    assert found.blank == 1


def test_rows_of_one_title_become_one():
    found = OwnTitles.pasted(LINES + "\nbaker\n BAKER ")
    assert [t.rows for t in found.titles] == [1, 1, 3, 1, 1]
    assert found.titles[2].onet_name == "and 2 more of your rows"
    assert found.rows == 7


def test_columns_are_put_beside_the_title(table):
    found = OwnTitles.uploaded(lambda name: Table(table, name), "job title", ["company", "city"])
    assert found.titles[0] == OwnTitle("Sr. Cook", ("ACME", "Ulm"))
    assert found.titles[0].onet_name == "ACME · Ulm"
    assert found.titles[1] == OwnTitle("Baker")
    assert found.blank == 1
    with pytest.raises(InputError, match="no column 'x'"):
        OwnTitles.uploaded(lambda name: Table(table, name), "x", [])
    with pytest.raises(InputError, match="4 columns beside the title; 3 at most"):
        OwnTitles.uploaded(lambda name: Table(table, name), "job title", ["city"] * 4)


def test_too_few_too_many_and_too_long_are_refused(monkeypatch):
    with pytest.raises(InputError, match="2 different titles: give at least 5"):
        OwnTitles.pasted("a\nb\n\n")
    with pytest.raises(InputError, match="501 characters, more than 500"):
        OwnTitles.pasted(LINES + "\n" + "x" * 501)
    monkeypatch.setattr(own_titles, "MOST_ROWS", 6)
    OwnTitles.pasted(LINES)
    with pytest.raises(InputError, match="More than 6 rows"):
        OwnTitles.pasted(LINES + "\na\nb\nc")
