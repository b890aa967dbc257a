"""The HTML of the lists: what it says, and that nothing in it can act as markup."""

import html
import re

import pytest

from jobtitles.records import Hit, OwnTitle, Title
from jobtitles.ui.markup import escape, ranked_lists


def hit(row, text="Nurse", split="test", score=0.5):
    return Hit(row, Title(text, text, "29-1141.00", "Registered Nurses", "seed", split), score)


def marks(page):
    """For each list, the marks of its items in order."""
    return [
        [re.findall(r'class="mark (\w+)">([^<]+)<', item) for item in part.split("<li>")[1:]]
        for part in page.split("<section")[1:]
    ]


@pytest.mark.parametrize(
    "text", ["<script>alert(1)</script>", "${alert(1)}", "`x`", "{{x}}", "\"'&\\", "plain"]
)
def test_escaped_text_reads_the_same_and_cannot_act(text):
    assert html.unescape(escape(text)) == text
    assert not set(escape(text)) & set("<>\"'${}`\\")


def test_lists_mark_what_moved():
    base = [hit(1), hit(2), hit(3), hit(4)]
    finetuned = [hit(3), hit(2), hit(1), hit(9)]
    in_base, in_finetuned = marks(ranked_lists("", {"base": base, "finetuned": finetuned}))
    assert in_base == [[], [], [], [("only", "only here")]]
    assert in_finetuned == [
        [("up", "▲ up 2")],
        [("same", "same place")],
        [("down", "▼ down 2")],
        [("only", "only here")],
    ]


def test_titles_of_training_are_marked():
    hits = [hit(1, split="train"), hit(2, split="validation"), hit(3, split="test")]
    in_base, _ = marks(ranked_lists("", {"base": hits, "finetuned": hits}))
    assert in_base == [[("seen", "seen in training")], [], []]


def test_titles_of_the_own_occupation_are_marked_and_counted():
    page = ranked_lists("", {"base": [hit(1)], "finetuned": [hit(2)]}, "29-1141.00", 0.0123)
    assert marks(page)[1] == [[("own", "same occupation"), ("only", "only here")]]
    assert "1 of 1 of the same occupation" in page
    assert "0 of 1 stand in both lists. Found in 12 ms." in page
    other = ranked_lists("", {"base": [hit(1)], "finetuned": [hit(1)]}, "11-1011.00")
    assert "0 of 1 of the same occupation" in other
    assert "1 of 1 stand in both lists.<" in other


def test_titles_scores_and_occupations_are_shown_escaped():
    page = ranked_lists("", {"base": [hit(1, "<b>${x}`", score=0.12345)], "finetuned": []})
    assert "&lt;b&gt;&#36;&#123;x&#125;&#96;" in page
    assert "<b>" not in page
    assert "0.123<" in page
    assert "29-1141.00" in page
    assert "Registered Nurses" in page


def test_an_address_among_the_own_details_is_a_link_and_nothing_else_is():
    address = 'https://jobs.example/?id=1&x="><b>'
    details = ("ACME <i>", f"({address}),", "javascript:alert(1)")
    own = [Hit(1, OwnTitle("Nurse", details), 0.5)]
    page = ranked_lists("", {"base": own, "finetuned": own})
    [(linked, shown)] = set(re.findall(r'<a href="([^"]*)"[^>]*>([^<]*)</a>', page))
    assert html.unescape(linked) == html.unescape(shown) == address
    assert "<b>" not in page and "<i>" not in page
    assert html.unescape(re.search(r'class="name">(.*?)</span>', page)[1]).endswith(
        " · javascript:alert(1)"
    )
