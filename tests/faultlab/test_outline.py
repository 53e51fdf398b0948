"""The agent's decisions alone come to the same graph as the agent, and merged states lose nothing of what is seen."""

from __future__ import annotations

import re
from itertools import product

import pytest

from faultlab.model import Met
from faultlab.passes.alphabet import ALPHABETS, ANSWER
from faultlab.passes.explore import Explore
from faultlab.passes.outline import Stepping, outline
from tests.faultlab.merging import Merged, breaches, walked_alone
from tests.faultlab.walking import CONFIGS, TWO, first_steps, subject_for, walked

CLASSES = ALPHABETS["classes"]
DEPTH = 4
FEW_PASSES = {**CONFIGS["a token that can be renewed, streams of Responses"], "agent": {"max_turns": 3}}


def stepping_for(config):
    return Stepping(subject_for(config).healthy, CLASSES)


def without_talk(key):
    return None if key is None else key.partition(" | ")[0]


@pytest.mark.parametrize(
    ("name", "alphabet"),
    [
        *((name, "classes") for name in CONFIGS),
        ("two that speak chat", "every kind"),
        ("a token that can be renewed, streams of Responses", "every kind"),
    ],
)
def test_the_agent_and_its_decisions_alone_agree_step_by_step(name, alphabet):
    edges = [record.edge for record in first_steps(name, alphabet) if record.edge.by != ANSWER]
    found = {(without_talk(edge.before), edge.by): without_talk(edge.after) for edge in edges}
    assert found == outline(subject_for(CONFIGS[name]).healthy, ALPHABETS[alphabet], 1).edges


@pytest.mark.parametrize("name", CONFIGS)
def test_merged_states_say_of_each_schedule_what_it_comes_to_by_itself(name):
    stepping = stepping_for(CONFIGS[name])
    merged = Merged(stepping, CLASSES, DEPTH)
    for schedule in product(CLASSES.symbols, repeat=DEPTH):
        assert merged.told(schedule) == walked_alone(stepping, schedule)


# What follows from another thing in the key has to be forgotten with it: own waits from failures, who is asked from
# whether a switch is left.
@pytest.mark.parametrize(
    "forgotten",
    [
        r"(failed|waited_s)=\S+",
        r"compressions=\S+",
        r"can_renew=\S+",
        r"can_lower=\S+",
        r"(max_tokens|from_now_on)=\S+",
        r"passes=\S+",
        r"^\S+ \S+|can_switch=\S+",
    ],
)
def test_a_key_that_lacks_something_is_noticed(forgotten):
    stepping = stepping_for(FEW_PASSES)
    merged = Merged(stepping, CLASSES, DEPTH, key_of=lambda key: re.sub(forgotten, "", key))
    schedules = product(CLASSES.symbols, repeat=DEPTH)
    assert any(merged.told(schedule) != walked_alone(stepping, schedule) for schedule in schedules)


class Wrong:
    """Decisions that are wrong in one thing, in place of the right ones."""

    def __init__(self, right, wrong):
        self._right = right
        self._wrong = wrong

    def __getattr__(self, name):
        return getattr(self._right, name)

    def step(self, place, met):
        return self._wrong(self._right, place, met)


def goes_back(right, place, met):
    """After the second failure of the fallback it asks the primary again."""
    done = right.step(place, met)
    return done._replace(place=right.begin()) if place.switched and place.state.failed == 1 and done.place else done


def switches_for_size(right, place, met):
    """When a conversation was compressed and is still too long, as if it were the provider's fault."""
    is_second = met.kind == "context_overflow" and place.state.compressions == 1 and place.state.can_switch
    return right.step(place, Met("forbidden")) if is_second else right.step(place, met)


def waits_too_long(right, place, met):
    """After a compression its waits go on where they were."""
    done = right.step(place, met)
    return done._replace(wait_s=done.wait_s * 2) if done.what == "wait" and place.state.compressions else done


WRONG = {goes_back: {"I1", "I2"}, switches_for_size: {"I3"}, waits_too_long: {"I6"}}


@pytest.mark.parametrize("wrong", WRONG)
def test_merged_states_show_whatever_breaks_in_any_schedule(wrong):
    stepping = stepping_for(TWO)
    stepping.model = Wrong(stepping.model, wrong)
    merged = Merged(stepping, CLASSES, DEPTH)
    told, alone = set(), set()
    for schedule in product(CLASSES.symbols, repeat=DEPTH):
        assert merged.told(schedule) == walked_alone(stepping, schedule)
        told |= breaches(merged.told(schedule))
        alone |= breaches(walked_alone(stepping, schedule))
    assert told == alone == WRONG[wrong]


def test_the_right_decisions_break_nothing_in_any_schedule():
    stepping = stepping_for(TWO)
    assert not any(breaches(walked_alone(stepping, schedule)) for schedule in product(CLASSES.symbols, repeat=DEPTH))


def test_how_many_walks_there_will_be_is_known_beforehand():
    assert Explore(1).expected(subject_for(TWO)) == len(first_steps("two that speak chat", "classes"))


def test_an_agent_that_can_ask_nobody_comes_to_no_state():
    subject = subject_for({"model": {"provider": "openai", "default": "gpt-5.1"}}, env={"OPENAI_API_KEY": None})
    assert outline(subject.healthy, CLASSES, 8).edges == {}
    assert walked(subject, Explore())[1].startswith("all schedules, however long: 0 states")
