import pytest
from hypothesis import given
from hypothesis import strategies as st

from faultlab.errors import ScenarioError
from faultlab.loader.layers import lay, slug, variants
from faultlab.loader.shapes import plain
from faultlab.loader.tree import documents


def _tree(text):
    (tree,) = documents(text, "f.yaml")
    return tree


def _laid(base, over):
    return plain(lay(_tree(base), _tree(over)))


@pytest.mark.parametrize(
    ("base", "over", "laid"),
    [
        ("{a: 1}", "{b: 2}", {"a": 1, "b": 2}),
        ("{a: {x: 1, y: 2}}", "{a: {y: 3}}", {"a": {"x": 1, "y": 3}}),
        ("{a: [1, 2]}", "{a: [3]}", {"a": [3]}),
        ("{a: 1}", "{a: null}", {}),
        ("{a: {x: 1}}", "{a: {x: null}}", {"a": {}}),
        ("{a: 1}", "{b: {c: null, d: 2}}", {"a": 1, "b": {"d": 2}}),
        ("{env: {A: x}}", "{env: {A: null, B: null}}", {"env": {"A": None, "B": None}}),
        ("{a: 1}", "{env: {A: null}}", {"a": 1, "env": {"A": None}}),
        ("{a: {x: 1}}", "{a: plain}", {"a": "plain"}),
        ("{a: plain}", "{a: {x: 1}}", {"a": {"x": 1}}),
    ],
)
def test_mappings_merge_lists_and_scalars_replace_null_removes(base, over, laid):
    assert _laid(base, over) == laid


_VALUES = st.recursive(
    st.integers(0, 3) | st.sampled_from(["x", "y"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=8,
)
_FILES = st.dictionaries(st.sampled_from("abcd"), _VALUES, min_size=1, max_size=3)


def _dumped(value):
    import json

    return _tree(json.dumps(value))


@given(_FILES)
def test_what_is_laid_over_itself_is_the_very_same(value):
    tree = _dumped(value)
    assert lay(tree, _dumped(value)) is tree


@given(_FILES, _FILES)
def test_laying_a_second_time_changes_nothing_more(base, over):
    once = lay(_dumped(base), _dumped(over))
    assert lay(once, _dumped(over)) is once


def test_each_name_is_one_item_and_a_list_of_entrances_multiplies_them():
    found = list(variants(_tree("{name: n, entry: [agent, cli], each: {a: {x: 1}, b: {x: 2}}}")))
    assert [(each.each, each.entry) for each in found] == [("a", "agent"), ("a", "cli"), ("b", "agent"), ("b", "cli")]
    assert plain(found[3].tree) == {"name": "n", "entry": "cli", "x": 2}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{x: 1, each: {same: {x: 1}}}", "f.yaml:1:15: 'same' changes nothing"),
        ("{x: {y: [1]}, each: {same: {x: {y: [1]}}}}", "'same' changes nothing"),
        ("{x: 1, each: {same: {}}}", "'same' changes nothing"),
        ("{x: 1, each: {same: {z: null}}}", "'same' changes nothing"),
        ("{x: 1, each: []}", "expected a mapping from names to the keys"),
        ("{x: 1, each: {}}", "expected a mapping from names to the keys"),
        ("{x: 1, each: {'a b': {x: 2}}}", "a name under `each` has no spaces"),
        ("{entry: []}", "expected an entrance, or a list of them"),
        ("[1]", "expected a scenario: a mapping with `name` and `turns`, found a list"),
    ],
)
def test_what_cannot_be_laid_is_refused(text, message):
    with pytest.raises(ScenarioError) as caught:
        list(variants(_tree(text)))
    assert message in str(caught.value)


def test_a_slug_needs_no_quoting():
    assert slug("Six rate limits, and the fallback's answer!") == "six-rate-limits-and-the-fallback-s-answer"
    assert slug("日本") == "scenario"


def test_a_slug_of_a_very_long_sentence_ends_with_the_last_word_that_has_room():
    assert slug("word " * 24) == "-".join(["word"] * 24)
    assert slug("word " * 400) == "-".join(["word"] * 24)
    assert slug("w" * 121) == "w" * 120
