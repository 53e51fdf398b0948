import pytest

from faultlab.errors import ScenarioError
from faultlab.loader import shapes
from faultlab.loader.tree import documents


def _tree(text):
    (tree,) = documents(text, "f.yaml")
    return tree


def _refused(shape, text):
    with pytest.raises(ScenarioError) as caught:
        shape(_tree(text))
    return str(caught.value)


@pytest.mark.parametrize(
    ("shape", "text", "message"),
    [
        (shapes.text, "3", "f.yaml:1:1: expected a text (numbers, true, false and null in quotes), found 3"),
        (shapes.text, "true", "found true"),
        (shapes.flag, "yes", "f.yaml:1:1: expected true or false, found 'yes'"),
        (shapes.number, "1s", "expected a number from 0 (a unit stands in the key's name, not here), found '1s'"),
        (shapes.number, "-1", "found -1"),
        (shapes.number, ".inf", "found inf"),
        (shapes.number, "true", "found true"),
        (shapes.whole(1), "0", "expected a whole number from 1, found 0"),
        (shapes.whole(1, 9), "10", "expected a whole number from 1 to 9, found 10"),
        (shapes.whole(), "1.0", "found 1.0"),
        (shapes.items(shapes.text), "{a: b}", "expected a list, found a mapping"),
        (shapes.items(shapes.text), "[a, 3]", "f.yaml:1:5: expected a text"),
        (shapes.one_or_more(shapes.text), "[]", "expected at least one value, found an empty list"),
        (shapes.entries(shapes.text), "[]", "expected a mapping, found an empty list"),
    ],
)
def test_a_misfit_says_what_is_wanted_and_what_stood_there(shape, text, message):
    assert message in _refused(shape, text)


def test_an_unknown_word_gets_the_nearest_one_and_all_that_are_known():
    message = _refused(shapes.choice("outcome", ("completed", "failed")), "complete")
    assert message == "f.yaml:1:1: unknown outcome 'complete'; did you mean 'completed'?\nallowed: completed, failed"


def test_an_unknown_key_is_told_by_its_own_place():
    message = _refused(lambda tree: shapes.fields(tree, {"name": shapes.text}), "\n\n  {name: x, nmae: y}")
    assert message == "f.yaml:3:13: unknown key 'nmae'; did you mean 'name'?\nallowed: name"


def test_nothing_near_is_no_hint():
    assert "did you mean" not in _refused(lambda tree: shapes.fields(tree, {"name": shapes.text}), "{zzz: 1}")


def test_a_missing_key_is_named():
    message = _refused(lambda tree: shapes.fields(tree, {"name": shapes.text}, needed=("name",)), "{}")
    assert "the key 'name' is missing" in message


def test_a_long_value_is_cut():
    assert len(_refused(shapes.flag, "x" * 10_000)) < 200


def test_shapes_read_what_fits():
    assert shapes.fields(
        _tree("{a: [x], b: 2, c: {d: true}}"),
        {
            "a": shapes.items(shapes.text),
            "b": shapes.number,
            "c": shapes.entries(shapes.flag),
        },
    ) == {"a": ("x",), "b": 2.0, "c": (("d", True),)}
