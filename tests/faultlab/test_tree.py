import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faultlab.errors import ScenarioError
from faultlab.loader.shapes import plain
from faultlab.loader.tree import MAX_DEPTH, MAX_ITEMS, documents, scalar


def _read(text):
    (tree,) = documents(text, "f.yaml")
    return tree


def _refused(text):
    with pytest.raises(ScenarioError) as caught:
        documents(text, "f.yaml")
    return str(caught.value)


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("yes", "yes"),
        ("on", "on"),
        ("12:30", "12:30"),
        ("0o17", 15),
        ("0x1F", 31),
        ("017", 17),
        ("+12", 12),
        ("1_000", "1_000"),
        ("1e3", 1000.0),
        (".5", 0.5),
        ("-.inf", float("-inf")),
        ("2026-01-01", "2026-01-01"),
        ("1.2.3", "1.2.3"),
        ("-", "-"),
        ("~", None),
        ("", None),
        ("Null", None),
        ("True", True),
        ("FALSE", False),
        ("nUll", "nUll"),
    ],
)
def test_a_plain_word_means_what_the_core_schema_says(word, value):
    assert scalar(word) == value
    assert type(scalar(word)) is type(value)


def test_a_quoted_word_is_a_text():
    assert plain(_read("[\"1\", 'true', '', 1]")) == ["1", "true", "", 1]


def test_every_value_and_key_knows_its_place():
    tree = _read("a: 1\nb:\n  - c: x\n")
    inner = tree.value["b"].value[0].value["c"]
    assert (inner.mark.name, inner.mark.line, inner.mark.column) == ("f.yaml", 2, 7)
    assert (inner.key.line, inner.key.column) == (2, 4)


def test_a_file_holds_several_documents_and_empty_ones_are_none():
    assert [plain(tree) for tree in documents("---\na: 1\n---\n---\nb: 2\n", "f")] == [{"a": 1}, {"b": 2}]
    assert documents("# only words\n", "f") == []


def test_an_alias_stands_for_what_it_names():
    assert plain(_read("a: &x {b: [1]}\nc: *x\n")) == {"a": {"b": [1]}, "c": {"b": [1]}}


def test_a_merge_takes_what_is_not_there_and_the_first_of_several_wins():
    text = "a: &a {x: 1, y: 1}\nb: &b {y: 2, z: 2}\nc: {<<: [*a, *b], z: 3}\n"
    assert plain(_read(text))["c"] == {"x": 1, "y": 1, "z": 3}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\nb: 2\na: 3\n", "f.yaml:3:1: duplicate key 'a'; it stands in line 1 already"),
        ("a: 'x\n", "f.yaml:2:1: unreadable YAML: while scanning a quoted scalar, found unexpected end of stream"),
        ("a: b: c", "f.yaml:1:5: unreadable YAML: mapping values are not allowed in this context"),
        ("x: 1\ny: \x01", "f.yaml:2:4: unreadable YAML: control characters are not allowed"),
        ("a: *nobody", "f.yaml:1:4: unreadable YAML: found undefined alias"),
        ("a: &a [*a]", "f.yaml:1:4: unreadable YAML: an alias stands inside what it names"),
        ("? [a]\n: b", "f.yaml:1:3: unreadable YAML: a key has to be a word, not a list or a mapping"),
        ("{<<: 3}", "f.yaml:1:6: unreadable YAML: '<<' takes a mapping, or a list of mappings"),
        ("a: !!int '3'", "tags have no meaning here"),
        ("a: !!python/object/apply:os.system [ls]", "tags have no meaning here"),
    ],
)
def test_what_cannot_be_read_is_one_message_with_its_place(text, message):
    assert message in _refused(text)
    assert "\n" not in _refused(text)


def test_nesting_without_end_is_refused_before_it_ends_the_process():
    assert f"nested more than {MAX_DEPTH} levels deep" in _refused("[" * 300)
    assert f"nested more than {MAX_DEPTH} levels deep" in _refused("- " * 300)


def test_nesting_that_libyaml_itself_gives_up_on_is_refused_in_its_words_or_ours():
    told = _refused("[" * 100_000)  # libyaml 0.2.6 has a limit of its own, which it meets before it composes anything
    assert "nested more than" in told or "maximum nesting depth" in told


def test_a_billion_laughs_are_refused():
    lines = ["a0: &a0 [ha, ha, ha, ha, ha, ha, ha, ha, ha]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 10)]
    assert "aliases expand to more than 2,000,000 values" in _refused("\n".join(lines))


@pytest.mark.parametrize(
    "text", ["says:\n" + "- hi\n" * (MAX_ITEMS + 1), "".join(f"k{n}: 1\n" for n in range(MAX_ITEMS + 1))]
)
def test_a_list_or_mapping_longer_than_any_scenario_is_refused(text):
    assert f"at most {MAX_ITEMS:,}" in _refused(text)


@given(st.text(max_size=60))
def test_whatever_the_text_it_is_read_or_refused(text):
    with contextlib.suppress(ScenarioError):
        documents(text, "f.yaml")


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text("ab:#-'\"\n ", max_size=8),
        lambda inner: (
            st.lists(inner, max_size=4) | st.dictionaries(st.text("abc", min_size=1, max_size=3), inner, max_size=4)
        ),
        max_leaves=12,
    )
)
def test_what_json_writes_is_read_back(value):
    trees = documents(json.dumps(value), "f")
    assert [plain(tree) for tree in trees] == ([] if value is None else [value])
