import pytest

from faultlab.foretelling import foretold
from faultlab.policies import hermes_rules
from faultlab.runner import loader
from faultlab.shrink import reductions
from faultlab.shrink.fairness import comes_about
from faultlab.shrink.plain import paths, put, without
from faultlab.shrink.reductions import joined


def simpler(**told):
    return list(reductions({"name": "n", "turns": [{"user": "hi"}], **told}))


def simpler_entries(*entries):
    """What may be left of the entries of faults of the primary."""
    found = simpler(faults={"primary": list(entries)})
    return [each["faults"]["primary"] for each in found if each.get("faults")]


def test_each_thing_that_stands_in_a_file_is_left_out_once():
    told = {
        "name": "n",
        "says": ["hi"],
        "limits": {"primary": {"body_bytes": 9}},
        "turns": [{"user": "hi", "session": "s"}],
    }
    left_out = [path for path in paths(told) if path not in {("name",), ("turns",)}]
    found = list(reductions(told))
    assert {
        ("says",),
        ("says", 0),
        ("limits",),
        ("limits", "primary"),
        ("limits", "primary", "body_bytes"),
        ("turns", 0),
        ("turns", 0, "session"),
        ("turns", 0, "user"),
    } == set(left_out)
    assert all(without(told, path) in found for path in left_out)


def test_what_it_is_told_stays_as_it_is():
    told = {"name": "n", "faults": {"primary": ["reset", "reset"]}, "turns": [{"user": "hello"}]}
    before = repr(told)
    list(reductions(told))
    assert repr(told) == before


def test_the_larger_parts_are_left_out_first():
    entries = [{"rate_limit": {"retry_after_s": n}} for n in range(1, 9)]
    left = simpler_entries(*entries)
    assert [len(each) for each in left][:2] == [4, 4]
    assert entries[:4] in left
    assert entries[4:] in left
    assert entries[1:] in left


@pytest.mark.parametrize(
    ("entries", "one"),
    [
        (["reset", "reset"], [{"reset": {}, "times": 2}]),
        ([{"reset": {}, "times": 2}, "reset", {"reset": {}}], [{"reset": {}, "times": 4}]),
        (["ok", "ok"], [{"ok": {}, "times": 2}]),
        ([{"rate_limit": {"retry_after_s": 1}}] * 2, [{"rate_limit": {"retry_after_s": 1}, "times": 2}]),
        (["reset", "refused", "reset"], ["reset", "refused", "reset"]),
        ([{"reset": {}, "times": "forever"}, "reset"], [{"reset": {}, "times": "forever"}, "reset"]),
    ],
)
def test_equal_neighbours_are_one_entry(entries, one):
    assert joined({"faults": {"primary": entries}}) == {"faults": {"primary": one}}


def test_sides_on_which_nothing_goes_wrong_are_not_there():
    assert joined({"faults": {"primary": [], "fallback": ["reset"]}}) == {"faults": {"fallback": ["reset"]}}
    assert joined({"faults": {}}) == {}


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ("reset", "ok"),
        ({"reset": {}, "times": 6}, {"ok": {}, "times": 6}),
        ({"reset": {}, "times": 6}, "reset"),
        ({"reset": {}, "times": 6}, {"reset": {}, "times": 5}),
        ({"reset": {}, "times": 6}, {"reset": {}, "times": 3}),
        ({"reset": {}, "times": "forever"}, {"reset": {}, "times": 6}),
        ({"slow": {"first_s": 1}, "cut": {}}, {"slow": {"first_s": 1}}),
        ({"rate_limit": {"retry_after_s": 7.5}}, {"rate_limit": {"retry_after_s": 7}}),
        ({"rate_limit": {"retry_after_s": 7.5}}, "rate_limit"),
    ],
)
def test_an_entry_has_less_in_it(entry, expected):
    assert [expected] in simpler_entries(entry)


def test_an_entry_becomes_what_its_neighbour_is_and_they_are_one():
    found = simpler_entries("reset", "refused")
    assert [{"reset": {}, "times": 2}] in found
    assert [{"refused": {}, "times": 2}] in found


def test_texts_become_short_and_numbers_small_but_no_name_and_nothing_that_is_sent_changes():
    body = {"status": {"code": 200, "body": "data: {}"}}
    found = simpler(
        says=["a long answer"], seed=9, config={"model": {"default": "gpt-5.1"}}, faults={"primary": [body]}
    )
    sent = [each["faults"]["primary"][0] for each in found if each.get("faults")]
    assert {each["status"].get("body", "data: {}") for each in sent if "status" in each} == {"data: {}"}
    assert any(each.get("says") == ["hi"] for each in found)
    assert any(each.get("seed") == 1 for each in found)
    assert all(each.get("config", {}).get("model", {}).get("default", "gpt-5.1") == "gpt-5.1" for each in found)


def test_what_goes_wrong_with_the_fallback_may_go_wrong_with_the_primary():
    found = simpler(faults={"primary": ["forbidden"], "fallback": ["reset", "refused"]})
    assert {"primary": ["reset", "refused"]} in [each.get("faults") for each in found]


def test_a_turn_is_left_out_with_the_answer_that_it_got():
    told = {
        "name": "n",
        "faults": {"primary": [{"ok": {}, "times": 2}, "reset"]},
        "turns": [{"user": "a"}, {"user": "b"}],
    }
    less = {"name": "n", "faults": {"primary": ["ok", "reset"]}, "turns": [{"user": "a"}]}
    assert less in list(reductions(told))


def test_a_large_number_becomes_small_in_few_steps():
    value, tries = 9_000, 0
    while True:
        smaller = [each["seed"] for each in simpler(seed=value) if each.get("seed", value) < value]
        fitting = [each for each in smaller if each >= 777]
        tries += 1 + (smaller.index(fitting[0]) if fitting else len(smaller))
        if not fitting:
            break
        value = fitting[0]
    assert value == 777
    assert tries < 120


def test_one_thing_changes_and_the_rest_is_the_same():
    told = {"a": [1, {"b": 2}], "c": 3}
    assert put(told, ("a", 1, "b"), 5) == {"a": [1, {"b": 5}], "c": 3}
    assert without(told, ("a", 0)) == {"a": [{"b": 2}], "c": 3}


@pytest.mark.parametrize(
    ("faults", "says", "holds"),
    [
        ("{primary: [reset]}", 1, True),
        ("{primary: [{reset: {}, times: 6}]}", 1, True),
        ("{primary: [{reset: {}, times: 7}]}", 1, False),
        ("{primary: [{reset: {}, times: 6}], fallback: [reset]}", 1, True),
        ("{primary: [ok, reset]}", 2, False),
        ("{primary: [{reset: {}, times: forever}, refused]}", 1, False),
        ("{fallback: [reset]}", 1, False),
        ("{primary: [reset]}", 0, False),
        ("{primary: [{forbidden: {}, times: forever}], fallback: [{forbidden: {}, times: forever}]}", 0, True),
        ("{primary: [{slow: {first_s: 1}}]}", 1, True),
    ],
)
def test_what_an_agent_that_is_mended_does_not_meet_is_no_scenario(faults, says, holds):
    text = f"name: n\nsays: {['hi'] * says}\nfaults: {faults}\nturns: [{{user: hello}}]\n"
    (scenario,) = loader().read(text, "made.yaml")
    assert comes_about(foretold(scenario, hermes_rules()), hermes_rules()) is holds
    assert comes_about(foretold(scenario, None), None)
