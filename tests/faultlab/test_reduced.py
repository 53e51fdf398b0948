"""Whatever shrinking leaves of a scenario, an agent that keeps the contract holds in it."""

import json
from itertools import product

import pytest

from faultlab.content.draw import Draw
from faultlab.runner import loader
from faultlab.written import scenario_text
from tests.faultlab.reducing import breaches_in, reduced
from tests.faultlab.walking import CONFIGS, drawn, subject_for

HISTORIES = {
    "ends with a call that nobody answered": [
        {"role": "assistant", "tool_calls": [{"id": "1", "name": "read_file"}]},
    ],
    "has a call that nobody answered": [
        {"role": "assistant", "tool_calls": [{"id": "1", "name": "read_file"}]},
        {"role": "assistant", "content": "well"},
    ],
    "has one of two calls answered": [
        {"role": "assistant", "tool_calls": [{"id": "1", "name": "read_file"}, {"id": "2", "name": "terminal"}]},
        {"role": "tool", "content": "apples", "tool_call_id": "2"},
        {"role": "user", "content": "well"},
    ],
    "has two calls of one id": [
        {"role": "assistant", "tool_calls": [{"id": "1", "name": "read_file"}, {"id": "1", "name": "terminal"}]},
        {"role": "tool", "content": "apples", "tool_call_id": "1"},
    ],
    "has an answer of a call that nobody made": [
        {"role": "assistant", "tool_calls": [{"id": "1", "name": "read_file"}]},
        {"role": "tool", "content": "apples", "tool_call_id": "2"},
        {"role": "assistant", "content": "well"},
    ],
    "begins with an answer of a call": [{"role": "tool", "content": "apples"}],
    "says nothing": [{"role": "user"}, {"role": "assistant"}],
}
MODES = ["chat_completions", "codex_responses"]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("history", HISTORIES.values(), ids=HISTORIES)
def test_a_past_that_breaks_off_is_foretold(history, mode):
    config = CONFIGS["two that speak chat"]
    config = config | {"model": config["model"] | {"api_mode": mode}}
    told = {"name": "n", "config": config, "history": history, "says": ["yes", "no"], "turns": [{"user": "x"}] * 2}
    (scenario,) = loader().read(json.dumps(told | {"faults": {"primary": ["forbidden"]}}), "one.yaml")
    assert breaches_in(scenario) == ()


FINISHES = ["stop", "length", "content_filter", "error", "model_context_window_exceeded", "sensitive"]
SHAPES = ["no_choices", "empty_choices", "null_message", "wrong_shape", "null_content", "empty_content"]


@pytest.mark.parametrize("streaming", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("mode", MODES)
def test_an_answer_that_is_spoiled_and_ends_oddly_is_foretold(mode, streaming):
    config = CONFIGS["two that speak chat"]
    config = config | {"model": config["model"] | {"api_mode": mode}, "display": {"streaming": streaming}}
    for finish, shape in product(FINISHES, SHAPES):
        says = [{"text": "half", "finish_reason": finish}, "yes", "no"]
        told = {"name": "n", "config": config, "says": says, "turns": [{"user": "x"}]}
        (scenario,) = loader().read(json.dumps(told | {"faults": {"primary": [shape]}}), "one.yaml")
        assert breaches_in(scenario) == (), (finish, shape)


@pytest.mark.parametrize("name", ["two that speak chat", "a token that can be renewed, streams of Responses"])
def test_what_is_left_of_what_was_drawn_holds(name):
    draw = Draw("reduced", name)
    for trial in drawn(subject_for(CONFIGS[name]), 5, 25):
        left = reduced(trial.scenario, draw.fork(trial.number))
        if left is not None:
            assert breaches_in(left) == (), scenario_text(left)
