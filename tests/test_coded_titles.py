"""A visitor's titles: limits, codes set by hand, and the file that is given back."""

import csv

import pytest

from jobtitles import coded_titles
from jobtitles.coded_titles import CodedTitles
from jobtitles.coder import Match
from jobtitles.errors import InputError
from jobtitles.tables import Table


class ByLength:
    """Stands in for the coder where codes do not matter."""

    def code(self, titles, k, progress=None):
        return [[Match("1", "Cooks", 0.9), Match("2", "Bakers", 0.1)] for _ in titles]

    def needs_review(self, matches):
        return False


def test_lines_are_titles():
    coded = CodedTitles.pasted("  Cook \r\n\n Baker\nCook\n")
    assert coded.titles == ["Cook", "Baker", "Cook"]


def test_too_much_is_refused(monkeypatch):
    with pytest.raises(InputError, match="no titles"):
        CodedTitles.pasted(" \n\n")
    with pytest.raises(InputError, match="501 characters, more than 500"):
        CodedTitles.pasted("x" * 501)
    monkeypatch.setattr(coded_titles, "MOST_ROWS", 3)
    CodedTitles.pasted("a\nb\nc")
    with pytest.raises(InputError, match="More than 3 rows"):
        CodedTitles.pasted("a\na\na\na")
    monkeypatch.setattr(coded_titles, "MOST_TITLES", 2)
    with pytest.raises(InputError, match="2 different titles"):
        CodedTitles.pasted("a\nb\nc")


def test_a_code_set_by_hand_stands_first_and_can_be_changed(tmp_path):
    (tmp_path / "in.csv").write_text("n,job,review,coded_review\n1,Cook,x,\n2,Baker,y,\n")
    coded = CodedTitles.uploaded(Table(tmp_path / "in.csv", "job"))
    coder = ByLength()
    coded.code(coder)
    coded.correct("Baker", "3", "Waiters")
    coded.correct("Baker", "2", "Bakers")
    found = [(m.onet_code, m.by_hand) for m in coded.matches("Baker")]
    assert found == [("2", True), ("1", False)]
    coded.write(tmp_path / "out.csv", coder)
    with (tmp_path / "out.csv").open(newline="") as file:
        cook, baker = csv.DictReader(file)
    # The table has columns "review" and "coded_review" itself.
    assert (cook["review"], cook["coded_coded_onet_code"], cook["coded_coded_confidence"]) == (
        "x",
        "1",
        "0.900",
    )
    assert (baker["coded_coded_onet_code"], baker["coded_coded_confidence"]) == ("2", "")
    assert baker["coded_coded_onet_code_2"] == "1"
