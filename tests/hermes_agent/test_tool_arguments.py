"""Arguments are a JSON object, or none, or broken off, or something else."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hermes_agent.tool_arguments import arguments_text, broken_off, read_arguments

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(max_size=5), VALUES, max_size=4), st.booleans(), st.data())
def test_every_beginning_of_an_object_is_broken_off_and_the_whole_is_not(arguments, ascii_only, data):
    text = json.dumps(arguments, ensure_ascii=ascii_only)
    cut = text[: data.draw(st.integers(1, len(text) - 1))]
    assert broken_off(cut)
    assert read_arguments(cut) is None
    assert not broken_off(text)
    assert isinstance(read_arguments(text), dict)


@pytest.mark.parametrize("text", ["", "  ", "\n"])
def test_no_arguments_are_an_empty_object(text):
    assert read_arguments(text) == {}
    assert not broken_off(text)


@pytest.mark.parametrize(
    "text",
    [
        '{"action": listt_windows"}',
        '{"a": "b" c"}',
        "{'a': 1}",
        '{"a": 1}}',
        '{"a": "two\nlines"}',
        "ls -la",
        "[1, 2]",
        '"text"',
        "null",
        "7",
        '{"a": ' + "1" * 5000 + "}",
        '{"a": ' + "[" * 100_000 + "]" * 100_000 + "}",
    ],
    ids=lambda text: text[:30],
)
def test_what_is_no_object_is_told_from_what_is_broken_off(text):
    assert read_arguments(text) is None
    assert not broken_off(text)


@pytest.mark.parametrize(
    "text", ['{"a": "two\nli', '{"a": tru', '{"a": -', '{"a": 1.', '{"a": 2e', '{"a": "\\u00', "["]
)
def test_a_text_may_break_off_anywhere(text):
    assert broken_off(text)


@given(st.text())
def test_any_text_can_be_read(text):
    assert read_arguments(text) is None or not broken_off(text)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        ("", ""),
        ('{"a": 1}', '{"a": 1}'),
        ({"a": "ü"}, '{"a": "\\u00fc"}'),
        (5, "5"),
        ([1], "[1]"),
        (False, "false"),
    ],
)
def test_arguments_that_came_as_no_text_are_the_text_that_they_should_have_been(value, text):
    assert arguments_text(value) == text


@given(VALUES)
def test_what_is_neither_text_nor_object_is_refused_where_texts_are(value):
    is_object = value is None or isinstance(value, dict)
    if not isinstance(value, str):
        assert (read_arguments(arguments_text(value)) is not None) == is_object


@pytest.mark.parametrize("value", [object(), {"a": object()}, b"{}"], ids=["object", "within", "bytes"])
def test_what_no_json_can_say_is_no_object(value):
    assert read_arguments(arguments_text(value)) is None


def test_neither_is_what_is_nested_too_deep():
    value = []
    for _ in range(100_000):
        value = [value]
    assert read_arguments(arguments_text({"a": value})) is None
