import pytest

from tests.promise import holds_for


def is_small(number):
    assert number < 3


def promised(*numbers):
    return holds_for(lambda: numbers, lambda number: f"number {number}")(is_small)


def test_a_promise_that_all_keep_holds():
    promised(1, 2)()


def test_all_that_break_it_are_told_by_their_names():
    with pytest.raises(pytest.fail.Exception, match=r"(?s)^number 3: .*number 5: ") as broken:
        promised(3, 1, 5)()
    assert "number 1" not in str(broken.value)


def test_a_promise_about_nothing_is_none():
    with pytest.raises(AssertionError):
        promised()()


def test_it_has_the_name_of_what_was_promised():
    assert promised(1).__name__ == "is_small"
