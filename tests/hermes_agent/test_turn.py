"""The tool loop, and answers that come in pieces or cannot be used (contract section 3, C18, C19)."""

from __future__ import annotations

import json

import pytest

from hermes_agent.messages import FailureKind, Outcome
from hermes_agent.tools import Tool

CUT = "length"


@pytest.fixture
def runs(agents):
    """What the tool `note` was run with, in order; its result is how often that was."""
    runs = []

    def note(arguments, occasion):
        runs.append((occasion.call_id, arguments))
        return f"note {len(runs)}"

    agents.tools = {"note": Tool("note", "takes a note", {"type": "object"}, note)}
    return runs


def tool(agents, run):
    agents.tools = {"it": Tool("it", "does it", {"type": "object"}, run)}


def roles(messages):
    return [message["role"] for message in messages]


def results_of(asked):
    return [message["content"] for message in asked.messages if message["role"] == "tool"]


# The tool loop


def test_a_tool_s_result_goes_back_to_the_model_until_it_answers(agents, provider, runs):
    provider.says(provider.calls(("note", '{"n": 1}')), provider.calls(("note", '{"n": 2}')), "done")
    result = agents.turn()
    assert (result.reply, result.api_calls) == ("done", 3)
    assert [arguments for _, arguments in runs] == [{"n": 1}, {"n": 2}]
    assert roles(provider.asked[-1].messages) == ["system", "user", "assistant", "tool", "assistant", "tool"]
    assert provider.asked[0].body["tools"][0]["function"]["name"] == "note"


def test_several_calls_of_one_answer_run_in_their_order(agents, provider, runs):
    provider.says(provider.calls(("note", '{"n": 1}'), ("note", '{"n": 2}'), text="two notes"), "done")
    agents.turn()
    assert [arguments["n"] for _, arguments in runs] == [1, 2]
    assert results_of(provider.asked[-1]) == ["note 1", "note 2"]


def test_no_tool_runs_twice_because_a_later_model_call_was_repeated(agents, provider, runs):
    provider.says(provider.calls("note"), *[500] * 6, "from the fallback")
    assert (agents.turn().reply, len(runs)) == ("from the fallback", 1)
    assert results_of(provider.asked[-1]) == ["note 1"]


@pytest.mark.parametrize("arguments", ["", "  ", "{}"])
def test_empty_arguments_are_none_at_all(agents, provider, runs, arguments):
    provider.says(provider.calls(("note", arguments)), "done")
    agents.turn()
    assert [given for _, given in runs] == [{}]
    assert provider.asked[-1].messages[2]["tool_calls"][0]["function"]["arguments"] == "{}"


def test_missing_arguments_are_none_at_all(agents, provider, runs):
    answer = provider.calls("note")
    del answer["choices"][0]["message"]["tool_calls"][0]["function"]["arguments"]
    provider.says(answer, "done")
    agents.turn()
    assert [given for _, given in runs] == [{}]


def test_a_tool_that_does_not_exist_is_an_error_for_the_model_which_names_those_that_do(agents, provider, runs):
    provider.says(provider.calls("nothing"), "done")
    assert agents.turn().outcome is Outcome.COMPLETED
    assert "'nothing'" in results_of(provider.asked[-1])[0]
    assert "note" in results_of(provider.asked[-1])[0]


@pytest.mark.parametrize("error", [ValueError("no such note"), SystemExit(3), KeyError("n"), TimeoutError()])
def test_what_a_tool_raises_is_shown_to_the_model(agents, provider, error):
    def run(*_):
        raise error

    tool(agents, run)
    provider.says(provider.calls("it"), "done")
    assert agents.turn().reply == "done"
    assert results_of(provider.asked[-1]) == [f"error: {type(error).__name__}: {error}"]


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        pytest.param(["", ""], ["call_0", "call_1"], id="missing"),
        pytest.param(["a", "a"], ["a", "call_0"], id="used twice"),
        pytest.param(["call_0", ""], ["call_0", "call_1"], id="taken by another"),
    ],
)
def test_each_tool_call_has_an_id_of_its_own(agents, provider, runs, given, kept):
    provider.says(provider.calls(*[("note", "{}", call_id) for call_id in given]), "done")
    agents.turn()
    assert [call_id for call_id, _ in runs] == kept
    calls, *results = provider.asked[-1].messages[-3:]
    assert [call["id"] for call in calls["tool_calls"]] == kept
    assert [result["tool_call_id"] for result in results] == kept


def test_an_id_that_an_earlier_turn_used_is_replaced(agents, provider, runs):
    provider.says(provider.calls(("note", "{}", "a")), "one", provider.calls(("note", "{}", "a")), "two")
    agents.turn()
    agents.turn()
    assert [call_id for call_id, _ in runs] == ["a", "call_0"]


def test_the_passes_of_the_tool_loop_are_limited_and_end_partial(agents, provider, runs):
    agents.config["agent"] = {"max_turns": 3}
    provider.says(*[provider.calls("note") for _ in range(3)])
    result = agents.turn()
    assert (result.outcome, result.failure, len(runs)) == (Outcome.PARTIAL, None, 3)
    assert "max_turns" in result.final_response


def test_a_refusal_is_an_answer(agents, provider):
    provider.says(provider.text(None, refusal="I will not."))
    assert agents.turn().reply == "I will not."


# Arguments that are no JSON object


@pytest.mark.parametrize("arguments", ["[1]", "7", '"text"', "null", "{n: 1}", '{"n": 1} and more'])
def test_arguments_that_are_no_object_run_none_of_the_answer_s_tools_and_are_told_to_the_model(
    agents, provider, runs, arguments
):
    provider.says(provider.calls(("note", '{"n": 1}'), ("note", arguments)), "done")
    assert (agents.turn().reply, runs) == ("done", [])
    calls, *results = provider.asked[-1].messages[-3:]
    assert [call["function"]["arguments"] for call in calls["tool_calls"]] == ['{"n": 1}', "{}"]
    assert all(result["content"].startswith("error:") for result in results)


def test_a_second_time_in_a_turn_they_are_an_invalid_response(agents, provider, runs, clock):
    bad = ("note", "[]")
    provider.says(provider.calls(bad), provider.calls(bad), provider.calls("note"), "done")
    assert (agents.turn().reply, len(runs), clock.waits) == ("done", 1, [2])
    assert len(results_of(provider.asked[-1])) == 2


def test_the_next_turn_tells_the_model_once_more(agents, provider, runs, clock):
    provider.says(provider.calls(("note", "[]")), "one", provider.calls(("note", "[]")), "two")
    assert [agents.turn().reply, agents.turn().reply, clock.waits] == ["one", "two", []]


def test_arguments_that_break_off_are_an_invalid_response_and_stay_out_of_the_conversation(
    agents, provider, runs, clock
):
    provider.says(provider.calls(("note", '{"n": ')), "done")
    result = agents.turn()
    assert (result.reply, runs, clock.waits) == ("done", [], [2])
    assert [message.role for message in result.messages] == ["user", "assistant"]


# An answer that is cut at the output limit


def test_a_cut_text_is_continued_and_kept_as_one_message(agents, provider, clock):
    provider.says(provider.text("one, ", CUT), provider.text("two, ", CUT), "three")
    result = agents.turn()
    assert (result.reply, clock.waits) == ("one, two, three", [])
    assert [message.text for message in result.messages] == ["ping", "one, two, three"]
    assert roles(provider.asked[-1].messages) == ["system", "user", "assistant", "user", "assistant", "user"]


def test_a_third_continuation_is_too_many_and_the_text_so_far_is_kept(agents, provider):
    provider.says(*[provider.text(text, CUT) for text in ("one, ", "two, ", "three, ")])
    result = agents.turn()
    assert (result.outcome, result.reply, result.failure) == (Outcome.PARTIAL, "one, two, three, ", None)
    assert result.final_response.startswith("one, two, three, ")
    assert [message.text for message in result.messages] == ["ping", "one, two, three, "]


def test_two_continuations_are_for_the_whole_turn(agents, provider, runs):
    cut = provider.text("a", CUT)
    provider.says(cut, provider.calls("note"), cut, provider.calls("note"), cut)
    assert agents.turn().outcome is Outcome.PARTIAL
    assert len(runs) == 2


def test_a_continuation_that_ends_in_a_tool_call_keeps_its_text_before_it(agents, provider, runs):
    provider.says(provider.text("I take ", CUT), provider.calls("note", text="a note"), "done")
    result = agents.turn()
    assert [message.text for message in result.messages] == ["ping", "I take a note", "note 1", "done"]


@pytest.mark.parametrize("text", ["", None, " \n"])
def test_without_a_text_it_is_asked_for_once_more_with_the_output_doubled(agents, provider, text):
    agents.config["model"]["max_tokens"] = 100
    provider.says(provider.text(text, CUT), provider.calls("nothing"), "done")
    result = agents.turn()
    assert [asked.body["max_completion_tokens"] for asked in provider.asked] == [100, 200, 100]
    assert provider.asked[0].messages == provider.asked[1].messages
    assert [message.text for message in result.messages][-1] == "done"


def test_an_output_that_was_left_open_stays_open(agents, provider):
    provider.says(provider.text("", CUT), "done")
    agents.turn()
    assert all("max_completion_tokens" not in asked.body for asked in provider.asked)


def test_inside_a_tool_call_it_never_runs_and_is_asked_for_once_more(agents, provider, runs):
    provider.says(provider.calls(("note", '{"n": 1'), text="a note", finish_reason=CUT), provider.calls("note"), "done")
    result = agents.turn()
    assert ([given for _, given in runs], result.reply) == ([{}], "done")
    assert [message.text for message in result.messages] == ["ping", "", "note 1", "done"]


def test_a_second_repeat_is_too_many(agents, provider):
    provider.says(provider.text("", CUT), provider.text("", CUT))
    result = agents.turn()
    assert (result.outcome, result.reply, provider.hosts) == (Outcome.PARTIAL, "", "PP")


def test_a_cut_tool_call_is_repeated_even_after_bad_arguments(agents, provider, runs, clock):
    bad, cut = provider.calls(("note", "[]")), provider.calls(("note", "{n"), finish_reason=CUT)
    provider.says(bad, cut, "done")
    assert (agents.turn().reply, clock.waits, provider.hosts) == ("done", [], "PPP")


def test_pieces_and_repeats_are_no_passes_of_the_tool_loop(agents, provider):
    agents.config["agent"] = {"max_turns": 1}
    provider.says(provider.text("a", CUT), provider.text("b", CUT), provider.text("", CUT), "c")
    assert agents.turn().reply == "abc"


def test_each_piece_has_a_budget_of_its_own_and_may_come_from_the_fallback(agents, provider):
    provider.says(*[500] * 5, provider.text("one, ", CUT), *[500] * 6, "two")
    result = agents.turn()
    assert (result.reply, provider.hosts) == ("one, two", "P" * 12 + "F")
    assert [message.text for message in result.messages] == ["ping", "one, two"]


# What a 200 is worth


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ({"error": {"message": "no", "code": "server_error"}}, FailureKind.SERVER_ERROR),
        ({"choices": []}, FailureKind.INVALID_RESPONSE),
        ({"choices": [{"message": None}]}, FailureKind.INVALID_RESPONSE),
        ((200, {}, "<html>hello</html>"), FailureKind.INVALID_RESPONSE),
        ((200, {"content-type": "application/json"}, "{no json"), FailureKind.INVALID_RESPONSE),
        ((200, {"content-type": "application/json"}, ""), FailureKind.INVALID_RESPONSE),
        ((200, {}, ["a", "list"]), FailureKind.INVALID_RESPONSE),
    ],
)
def test_a_200_without_an_answer_is_a_failed_attempt_that_leaves_no_trace(agents, provider, answer, kind):
    agents.config["agent"] = {"api_max_retries": 1}
    provider.says(answer, "ok")
    result = agents.turn()
    assert (result.switch.failure, result.reply) == (kind, "ok")
    assert [message.role for message in result.messages] == ["user", "assistant"]


def test_reasoning_alone_is_no_answer(agents, provider, clock):
    provider.says(provider.text(None, reasoning_content="thinking"), "ok")
    assert (agents.turn().reply, clock.waits) == ("ok", [2])


def test_reasoning_goes_back_with_its_tool_call_to_who_made_it(agents, provider, runs):
    provider.says(provider.calls("note", reasoning_content="thinking"), 404, "ok")
    agents.turn()
    ours, theirs = (json.dumps(asked.messages) for asked in provider.asked[1:])
    assert ("thinking" in ours, "thinking" in theirs) == (True, False)
