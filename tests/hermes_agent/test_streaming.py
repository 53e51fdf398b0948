"""Turns with `display.streaming`, through the real client: what is asked, what is shown, and what is made of it."""

from __future__ import annotations

import json
import time
from contextlib import closing
from threading import Event, Thread

import httpx2
import pytest

from hermes_agent.messages import FailureKind, Message, Outcome
from hermes_agent.sessions import SessionStore
from hermes_agent.tools import Tool

AT_ONCE_S = 0.2


def event_stream(text, content_type="text/event-stream"):
    return 200, {"content-type": content_type}, text


def chat(*deltas, finish_reason="stop", end="data: [DONE]\n\n"):
    choices = [{"index": 0, "delta": delta, "finish_reason": None} for delta in deltas]
    if finish_reason:
        choices.append({"index": 0, "delta": {}, "finish_reason": finish_reason})
    return event_stream("".join(f"data: {json.dumps({'choices': [choice]})}\n\n" for choice in choices) + end)


def says(*pieces, **more):
    return chat(*({"content": piece} for piece in pieces), **more)


def call(arguments="{}", call_id="a"):
    return {"tool_calls": [{"index": 0, "id": call_id, "function": {"name": "it", "arguments": arguments}}]}


def responses(*pieces, kind="response.output_text.delta", part="text"):
    content = [{"type": f"output_{part}", part: "".join(pieces)}]
    done = {"status": "completed", "output": [{"type": "message", "role": "assistant", "content": content}]}
    events = [*({"type": kind, "delta": piece} for piece in pieces), {"type": "response.completed", "response": done}]
    return event_stream("".join(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in events))


class Watcher:
    """Whoever watches: everything that was told, in order."""

    def __init__(self):
        self.told = []

    @property
    def options(self):
        names = ("notice", "delta", "withdrawn")
        return {f"on_{name}": lambda text, name=name: self.told.append((name, text)) for name in names}

    @property
    def text(self):
        """What stands there in the end."""
        text = ""
        for name, told in self.told:
            if name == "delta":
                text += told
            elif name == "withdrawn":
                assert text.endswith(told)
                text = text.removesuffix(told)
        return text


@pytest.fixture
def watcher():
    return Watcher()


@pytest.fixture
def turn(agents, watcher):
    agents.config["display"] = {"streaming": True}
    return lambda *args, **more: agents.turn(*args, **watcher.options, **more)


@pytest.fixture
def over_responses(agents):
    agents.config["model"]["api_mode"] = "codex_responses"


# What is asked


def test_both_providers_are_asked_for_streams_and_for_nothing_that_a_server_may_refuse(turn, provider):
    provider.says(404, says("Hi"))
    turn()
    assert [asked.body["stream"] for asked in provider.asked] == [True, True]
    assert set(provider.asked[1].body) == {"model", "messages", "stream"}


def test_without_it_nobody_is_asked_for_a_stream_and_nothing_is_told(agents, provider, watcher):
    provider.says("Hi")
    agents.turn(**watcher.options)
    assert "stream" not in provider.asked[0].body
    assert watcher.told == []


def test_who_is_always_streamed_is_watched_only_where_that_is_wanted(agents, provider, watcher):
    agents.config["model"] = {"provider": "openai-codex", "default": "gpt-5-codex", "api_key": "sk-codex"}
    provider.says(responses("Hi"))
    assert agents.turn(**watcher.options).reply == "Hi"
    assert watcher.told == []


@pytest.mark.parametrize(
    ("api_mode", "keys"),
    [("chat_completions", {"model", "messages"}), ("codex_responses", {"model", "input", "instructions", "store"})],
)
def test_a_stream_that_only_the_primary_has_to_send_is_not_asked_of_the_fallback(agents, provider, api_mode, keys):
    agents.config["model"] = {"provider": "openai-codex", "default": "gpt-5-codex", "api_key": "sk-codex"}
    agents.config["fallback_model"]["api_mode"] = api_mode
    whole = {"status": "completed", "output": [{"type": "message", "content": [{"type": "output_text", "text": "Hi"}]}]}
    provider.says(404, provider.text("Hi") | whole)
    assert agents.turn().reply == "Hi"
    assert provider.asked[0].body["stream"] is True
    assert set(provider.asked[1].body) == keys


# What is shown


def test_a_chat_answer_is_shown_as_it_comes(turn, provider, watcher):
    provider.says(says("Hel", "lo"))
    assert turn().reply == "Hello"
    assert watcher.told == [("delta", "Hel"), ("delta", "lo")]


def test_a_response_is_shown_as_it_comes(turn, provider, watcher, over_responses):
    provider.says(responses("Hel", "lo"))
    assert turn().reply == "Hello"
    assert watcher.told == [("delta", "Hel"), ("delta", "lo")]


def test_a_refusal_that_is_the_answer_is_shown(turn, provider, watcher):
    provider.says(chat({"refusal": "I "}, {"refusal": "cannot"}))
    assert turn().reply == "I cannot"
    assert watcher.told == [("delta", "I "), ("delta", "cannot")]


def test_so_it_is_in_a_response(turn, provider, watcher, over_responses):
    provider.says(responses("I ", "cannot", kind="response.refusal.delta", part="refusal"))
    assert turn().reply == "I cannot"
    assert watcher.told == [("delta", "I "), ("delta", "cannot")]


def test_a_whole_answer_to_a_request_for_a_stream_is_shown_whole(turn, provider, watcher):
    provider.says("Hello")
    assert turn().reply == "Hello"
    assert watcher.told == [("delta", "Hello")]


def test_text_beside_tool_calls_stays_and_the_answer_begins_on_a_new_line(agents, turn, provider, watcher):
    agents.tools = {"it": Tool("it", "does it", {}, lambda *_: "done")}
    provider.says(chat({"content": "I will look"}, call(), finish_reason="tool_calls"), says("Three"))
    assert turn().reply == "Three"
    assert watcher.told == [("delta", "I will look"), ("delta", "\nThree")]


# What is taken back


@pytest.mark.parametrize(
    "dies",
    [
        pytest.param(says("Hel", finish_reason=None), id="ends early"),
        pytest.param(says("Hel", finish_reason=None, end='data: {"error": {"code": 503}}\n\n'), id="an error chunk"),
        pytest.param(says("Hel", finish_reason=None, end="data: {\n\n"), id="a chunk that is no JSON"),
        pytest.param(says("Hel", finish_reason="network_error"), id="a broken finish"),
        pytest.param(says("Hel", end='data: {"error": "gone"}\n\n'), id="an error after the finish reason"),
        pytest.param(chat({"content": "Hel"}, call('{"x": '), finish_reason="tool_calls"), id="arguments break off"),
    ],
)
def test_a_stream_that_dies_is_one_failed_attempt(agents, turn, provider, watcher, clock, dies):
    agents.tools = {"it": Tool("it", "does it", {}, lambda *_: pytest.fail("ran"))}
    provider.says(dies, says("Hello"))
    result = turn()
    assert (result.reply, provider.hosts, clock.waits, watcher.text) == ("Hello", "PP", [2], "Hello")
    assert ("withdrawn", "Hel") in watcher.told
    assert provider.asked[0].messages == provider.asked[1].messages
    assert [message.text for message in result.messages] == ["ping", "Hello"]


def test_nothing_that_a_dead_stream_said_is_stored(agents, turn, provider):
    provider.says(*[says("Half of it", finish_reason=None)] * 12)
    assert turn().outcome is Outcome.FAILED
    with closing(SessionStore(agents.home)) as store:
        assert store.messages("s") == (Message("user", "ping"),)


def test_tool_calls_that_came_whole_before_the_stream_died_never_run(agents, turn, provider):
    runs = []
    agents.tools = {"it": Tool("it", "does it", {}, lambda *_: runs.append(1) or "done")}
    dead = chat(call(), finish_reason=None)
    provider.says(dead, dead, chat(call(), finish_reason="tool_calls"), says("Done"))
    assert (turn().reply, len(runs)) == ("Done", 1)


def test_arguments_that_are_no_object_a_second_time_take_their_text_back(agents, turn, provider, watcher):
    agents.tools = {"it": Tool("it", "does it", {}, lambda *_: pytest.fail("ran"))}
    bad = chat({"content": "Let me"}, call("[]"), finish_reason="tool_calls")
    provider.says(bad, bad, says("No"))
    turn()
    assert watcher.told == [("delta", "Let me"), ("delta", "\nLet me"), ("withdrawn", "\nLet me"), ("delta", "\nNo")]


def test_a_call_cut_at_the_output_limit_takes_its_text_back_when_it_is_repeated(turn, provider, watcher):
    provider.says(chat({"content": "Let me"}, call("{"), finish_reason="length"), says("Hello"))
    assert turn().reply == "Hello"
    assert watcher.told == [("delta", "Let me"), ("withdrawn", "Let me"), ("delta", "Hello")]


def test_a_text_cut_at_the_output_limit_is_gone_on_with(turn, provider, watcher):
    provider.says(says("Once ", finish_reason="length"), 503, says("up", finish_reason=None), says("upon"))
    assert turn().reply == "Once upon"
    assert watcher.told == [
        ("delta", "Once "),
        ("delta", "up"),
        ("withdrawn", "Once up"),
        ("delta", "Once upon"),
    ]


def test_a_text_that_was_cut_for_good_stays(turn, provider, watcher):
    provider.says(*[says("more ", finish_reason="length")] * 3)
    result = turn()
    assert (result.outcome, result.reply, watcher.text) == (Outcome.PARTIAL, "more more more ", "more more more ")


def test_nothing_that_the_primary_showed_outlasts_the_switch(turn, provider, watcher):
    provider.says(says("Once ", finish_reason="length"), says("up", finish_reason=None), 404, says("upon"))
    assert turn().reply == "Once upon"
    assert [name for name, _ in watcher.told] == ["delta", "delta", "withdrawn", "notice", "delta"]
    provider.says(says("Once ", finish_reason="length"), 404, says("upon"))
    watcher.told.clear()
    assert turn(session_id="t").reply == "Once upon"
    assert [name for name, _ in watcher.told] == ["delta", "withdrawn", "notice", "delta"]
    assert watcher.text == "Once upon"


def test_an_error_in_the_stream_says_what_it_is(agents, turn, provider, watcher):
    agents.config["agent"] = {"api_max_retries": 1}
    error = json.dumps({"error": {"code": "insufficient_quota", "message": "no money left"}, "choices": []})
    provider.says(says("Hel", finish_reason=None, end=f"data: {error}\n\n"), says("Hello"))
    assert turn().switch.failure is FailureKind.BILLING


# An interrupt


class Body(httpx2.SyncByteStream):
    """A stream that says something and hangs; told to go on, it says more. `over` once nobody reads it any more."""

    def __init__(self):
        self.begun, self.go_on, self.over = Event(), Event(), Event()

    def __iter__(self):
        yield says("Hel", finish_reason=None, end="")[2].encode()
        self.begun.set()
        self.go_on.wait(5)
        yield says("lo")[2].encode()

    def close(self):
        self.over.set()


def interrupted(agent, body):
    """Seconds that a turn goes on for after it was interrupted amid this stream."""
    turn = Thread(target=agent.run_conversation, args=("ping",))
    turn.start()
    assert body.begun.wait(5)
    at = time.monotonic()
    agent.interrupt()
    turn.join()
    took_s = time.monotonic() - at
    body.go_on.set()
    assert body.over.wait(5)
    return took_s


def test_an_interrupt_ends_a_stream_at_once_and_nothing_more_is_shown(agents, provider, watcher, monkeypatch):
    agents.config["display"] = {"streaming": True}
    bodies = [Body() for _ in range(3)]
    head = {"content-type": "text/event-stream"}
    monkeypatch.setattr(provider, "_response", lambda body: httpx2.Response(200, headers=head, stream=body))
    provider.says(*bodies)
    with closing(agents.new(**watcher.options)) as agent:
        took_s = [interrupted(agent, body) for body in bodies]
    assert min(took_s) < AT_ONCE_S  # of three, as many tests may share the machine
    assert {(result.outcome, result.reply, result.switch) for result in agents.results} == {
        (Outcome.INTERRUPTED, "", None)
    }
    assert watcher.told == [("delta", "Hel"), ("withdrawn", "Hel")] * 3
    assert {message.text for message in agents.results[-1].messages} == {"ping"}


@pytest.mark.parametrize(
    ("stuck", "answers"),
    [
        pytest.param("delta", [says("Hel", "lo")], id="while it is shown"),
        pytest.param("delta", ["Hello"], id="while it is shown whole"),
        pytest.param("withdrawn", [says("Hel", finish_reason=None)], id="while it is withdrawn"),
    ],
)
def test_an_interrupt_ends_a_turn_whose_watcher_never_returns(agents, provider, stuck, answers):
    agents.config["display"] = {"streaming": True}
    begun, never, told = Event(), Event(), []

    def listener(name):
        def listen(text):
            told.append((name, text))
            if name == stuck:
                begun.set()
                never.wait(5)

        return listen

    provider.says(*answers)
    with closing(agents.new(on_delta=listener("delta"), on_withdrawn=listener("withdrawn"))) as agent:
        turn = Thread(target=agent.run_conversation, args=("ping",))
        turn.start()
        assert begun.wait(5)
        at = time.monotonic()
        agent.interrupt()
        turn.join()
        took_s = time.monotonic() - at
        never.set()
    assert took_s < 2  # of 0.2: as many tests may share the machine
    (result,) = agents.results
    assert (result.outcome, result.switch) == (Outcome.INTERRUPTED, None)
    assert [name for name, _ in told].count(stuck) == 1
    assert told[-1][0] == stuck
