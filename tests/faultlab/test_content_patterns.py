import re

import pytest

from faultlab.content.draw import Draw
from faultlab.content.patterns import pattern

READ = [
    r"^[A-Z]{2}\d{4}$",
    r"^\d{3}-\d{2}-\d{4}$",
    r"foo|ba[rz]+",
    r"^[^@\s]+@[^@\s]+\.[a-z]{2,}$",
    r"^[a-f0-9]{64}$",
    r"^(?:25[0-5]|1\d\d|[1-9]?\d)(?:\.\d{1,3}){3}$",
    r"^(?!abc)[a-z]{3,}$",
    r"^(?=.*\d)[a-z\d]{4,12}$",
    r"^(0[1-9]|1[0-2])/\d\d$",
    r"^\S.*\S$",
    r"\bword\b",
    r"^[\w.+-]+$",
    r"^(a|b)*?c{2,3}$",
    r"^\$?\d+(\.\d{2})?$",
    r"^[\u00e4\xf6]{2}\t$",
    r"^$",
    r"",
    r"^[\]\-\\^]+$",
]


@pytest.mark.parametrize("written", READ)
@pytest.mark.parametrize(("at_least", "at_most"), [(0, None), (5, 12)])
def test_texts_match_and_have_the_length_that_is_asked_for(written, at_least, at_most):
    made = [text for seed in range(6) for text in pattern(written).texts(at_least, at_most, Draw(seed))]
    assert made or at_most is not None
    for text in made:
        assert re.search(written, text)
        assert at_least <= len(text) <= (at_most or 200)


def test_a_named_group_is_read_as_ecma_writes_it():
    assert pattern(r"^(?<year>\d{4})-\d\d$").found_in("2026-01")


def test_an_end_is_the_end_and_no_line_break_before_it():
    assert not pattern("^a$").found_in("a\n")


def test_digits_and_words_are_those_of_ascii():
    assert not pattern(r"^\d$").found_in("٣")
    assert not pattern(r"^\w$").found_in("ä")
    assert pattern(r"^\W$").found_in("ä")


@pytest.mark.parametrize(
    ("written", "why"),
    [
        ("(a", "a group is not closed"),
        ("a)", r"an unmatched '\)'"),
        ("[a", "breaks off"),
        ("\\", "breaks off"),
        ("*a", r"'\*' after nothing"),
        ("a{3,2}", "a repetition from 3 to 2"),
        ("[z-a]", "ends before it begins"),
        (r"\p{L}", r"'\\p'"),
        (r"(a)\1", r"'\\1'"),
        (r"(?<n>a)\k<n>", r"'\\k'"),
        ("(?>a)", r"'\(\?>'"),
    ],
)
def test_what_is_not_understood_is_told(written, why):
    with pytest.raises(ValueError, match=why):
        pattern(written)
