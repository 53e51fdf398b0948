"""A session from the outside: resumed, interrupted, stored, and what of this process's environment goes out with it."""

from __future__ import annotations

import json
import time
from contextlib import closing
from dataclasses import replace
from itertools import pairwise
from threading import Event, Thread, current_thread

import httpx2
import pytest

from hermes_agent.messages import FailureKind, Message, Outcome, ToolCall
from hermes_agent.run_agent import AIAgent
from hermes_agent.runtime import SystemClock
from hermes_agent.sessions import SessionStore
from hermes_agent.tools import Tool


def tool(run, name="it"):
    return {name: Tool(name, "does it", {"type": "object"}, run)}


def stored(agents, session_id="s"):
    with closing(SessionStore(agents.home)) as store:
        return store.messages(session_id)


# The switch holds for the session (C10)


def test_after_the_switch_every_later_call_goes_to_the_fallback(agents, provider):
    agents.tools = tool(lambda *_: "done")
    provider.says(provider.calls("it"), 404, provider.calls("it"), "one", "two", "three")
    with closing(agents.new()) as agent:
        agent.run_conversation("first")
        agent.run_conversation("second")
    agents.turn("resumed")
    assert provider.hosts == "PPFFFF"
    assert [asked.key for asked in provider.asked[2:]] == ["sk-fallback"] * 4


def test_another_session_starts_on_the_primary(agents, provider):
    provider.says(404, "one", "two")
    agents.turn()
    agents.turn(session_id="t")
    assert provider.hosts == "PFP"


def test_on_resume_the_key_is_resolved_anew(agents, provider):
    provider.says(404, "one", "two")
    agents.turn()
    agents.environ["OPENROUTER_API_KEY"] = "sk-another"
    agents.turn()
    assert provider.asked[-1].key == "sk-another"


def test_on_resume_the_backend_is_the_stored_one_whatever_the_configuration_says_now(agents, provider):
    provider.says(404, "one", "two")
    agents.turn()
    agents.config["fallback_model"] = {"provider": "openai", "model": "gpt-5.1-mini"}
    result = agents.turn()
    assert (result.provider, result.model) == ("openrouter", "anthropic/claude-sonnet-4")
    assert (provider.asked[-1].url, provider.asked[-1].key) == (provider.asked[-2].url, "sk-fallback")


@pytest.mark.parametrize(
    ("base_url", "key"), [("https://two.example/v1", "sk-own"), ("https://elsewhere.example/v1", None)]
)
def test_on_resume_the_fallback_s_own_key_goes_to_the_stored_address_only(agents, provider, base_url, key):
    own = {"provider": "custom", "model": "m", "base_url": "https://two.example/v1", "api_key": "sk-own"}
    agents.config["fallback_model"] = own
    provider.says(404, "one", *(["two"] if key else []))
    agents.turn()
    agents.config["fallback_model"] = own | {"base_url": base_url}
    result = agents.turn()
    assert (result.outcome is Outcome.COMPLETED) is (key is not None)
    assert provider.asked[-1].key == "sk-own"


def test_without_a_key_a_resumed_session_fails_and_never_goes_back(agents, provider):
    provider.says(404, "one", "three")
    agents.turn()
    key = agents.environ.pop("OPENROUTER_API_KEY")
    result = agents.turn()
    assert (result.outcome, result.failure, result.refused) == (Outcome.FAILED, FailureKind.UNAUTHORIZED, "no_key")
    assert (result.provider, result.primary_failure) == ("openrouter", FailureKind.NOT_FOUND)
    agents.environ["OPENROUTER_API_KEY"] = key
    assert agents.turn().reply == "three"
    assert provider.hosts == "PFF"


# What goes out (C11)


def test_nothing_of_the_sdk_s_environment_is_sent(agents, provider, monkeypatch):
    monkeypatch.setenv("OPENAI_ORG_ID", "org-of-somebody")
    monkeypatch.setenv("OPENAI_PROJECT_ID", "project-of-somebody")
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "X-Of-Somebody: yes\nAuthorization: Bearer sk-of-somebody")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-somebody")
    monkeypatch.setenv("OPENAI_ADMIN_KEY", "sk-admin-of-somebody")
    monkeypatch.setenv("OPENAI_BASE_URL", "https://somebody.example/v1")
    provider.says(404, "ok")
    agents.turn()
    assert [asked.key for asked in provider.asked] == ["sk-primary", "sk-fallback"]
    assert "somebody" not in repr(provider.asked)


def test_the_client_of_the_primary_is_closed_before_the_fallback_is_asked(agents, provider):
    provider.says(404, lambda: str([client.is_closed for client in provider.clients]))
    assert agents.turn().reply == "[True, False]"


def test_no_connection_stays_open_between_turns(agents, provider):
    provider.says("ok")
    with closing(agents.new()) as agent:
        agent.run_conversation("ping")
        assert [client.is_closed for client in provider.clients] == [True]


def test_an_attempt_is_one_request(agents, provider):
    agents.config["agent"] = {"api_max_retries": 1}
    provider.says(provider.error(503, retry_after=1), provider.error(503, retry_after=1))
    assert (agents.turn().api_calls, provider.hosts) == (2, "PF")


def test_a_server_that_needs_no_key_gets_none_of_ours(agents, provider):
    agents.config["model"] = {"provider": "custom", "default": "m", "base_url": "http://127.0.0.1:8080/v1"}
    provider.says("ok")
    agents.turn()
    assert provider.asked[0].key == "no-key-required"


# The ChatGPT backend (openai-codex)


def event_stream(*events):
    text = "".join(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in events)
    return 200, {"content-type": "text/event-stream"}, text


def responses(text):
    item = {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": text}]}
    done = {"type": "response.output_item.done", "item": item}
    return event_stream(done, {"type": "response.completed", "response": {"status": "completed", "output": []}})


@pytest.fixture
def codex(agents):
    agents.config["model"] = {"provider": "openai-codex", "default": "gpt-5-codex"}
    tokens = {"access_token": "old", "refresh_token": "r", "token_url": "https://auth.example/token"}
    (agents.home / "auth.json").write_text(json.dumps({"providers": {"openai-codex": tokens}}))


def test_codex_is_asked_for_a_stream_which_is_drained(agents, provider, codex):
    provider.says(responses("hello"))
    assert agents.turn().reply == "hello"
    (asked,) = provider.asked
    assert asked.url == "https://chatgpt.com/backend-api/codex/responses"
    assert (asked.body["stream"], asked.body["store"], asked.key) == (True, False, "old")


@pytest.mark.parametrize(
    ("stream", "kind"),
    [
        pytest.param(event_stream({"type": "response.created"}), FailureKind.UNREACHABLE, id="ended early"),
        pytest.param(
            event_stream({"type": "response.failed", "response": {"status": "failed", "error": {"code": "x"}}}),
            FailureKind.SERVER_ERROR,
            id="failed",
        ),
        pytest.param(
            event_stream({"type": "error", "code": "rate_limit_exceeded", "message": "slow down"}),
            FailureKind.RATE_LIMITED,
            id="an error on the way",
        ),
        pytest.param((200, {}, "<html>hello</html>"), FailureKind.INVALID_RESPONSE, id="no stream at all"),
    ],
)
def test_a_stream_that_fails_is_a_failed_attempt(agents, provider, codex, stream, kind):
    agents.config["agent"] = {"api_max_retries": 1}
    provider.says(stream, "from the fallback")
    result = agents.turn()
    assert (result.switch.failure, result.reply) == (kind, "from the fallback")


def test_encrypted_reasoning_goes_back_to_codex_and_stays_there(agents, provider, codex):
    agents.tools = tool(lambda *_: "done")
    thought = {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "secret thought"}
    call = {"type": "function_call", "call_id": "a", "name": "it", "arguments": "{}"}
    done = [{"type": "response.output_item.done", "item": item} for item in (thought, call)]
    end = {"type": "response.completed", "response": {"status": "completed", "output": []}}
    provider.says(event_stream(*done, end), 404, "ok")
    agents.turn()
    assert ["secret thought" in str(asked.body) for asked in provider.asked] == [False, True, False]


def test_a_key_that_a_caller_hands_over_for_codex_is_renewed_from_auth_json(agents, provider, codex):
    provider.says(401, {"access_token": "new"}, responses("ok"))
    assert agents.turn(provider="openai-codex", api_key="old").reply == "ok"
    assert [asked.key for asked in provider.asked] == ["old", None, "new"]


# An interrupt (C17)

AT_ONCE_S = 0.2
BUSY_S = 2.0
"""As much may be added where many tests share a machine; what hangs here hangs for longer."""


class Hang:
    """What hangs until the test is over, and tells when it has begun."""

    def __init__(self):
        self.begun, self.over = Event(), Event()

    def __call__(self, *_):
        self.begun.set()
        return self.over.wait(5) and "too late"


@pytest.fixture
def hang():
    hang = Hang()
    yield hang
    hang.over.set()


def interrupted(agents, begun):
    """A turn that is interrupted once that has begun, and how long it took to end after that."""
    with closing(agents.new()) as agent:
        at = []

        def stop():
            begun.wait(5)
            at.append(time.monotonic())
            agent.interrupt()

        stopper = Thread(target=stop)
        stopper.start()
        agent.run_conversation("ping")
        took_s = time.monotonic() - at[0]
        stopper.join()
        begun.clear()
    return agents.results[-1], took_s


def test_a_wait_ends_at_once(agents, provider):
    class Waiting(SystemClock):
        begun = Event()

        def sleep(self, seconds, interrupted):
            self.begun.set()
            super().sleep(seconds, interrupted)

    agents.clock = Waiting()
    provider.says(provider.error(503, retry_after=100))
    result, took_s = interrupted(agents, Waiting.begun)
    assert (result.outcome, result.failure, result.switch) == (Outcome.INTERRUPTED, None, None)
    assert took_s < BUSY_S


def test_a_call_that_hangs_ends_at_once(agents, provider, hang):
    provider.says(hang, hang, hang)
    ended = [interrupted(agents, hang.begun) for _ in range(3)]
    assert {result.outcome for result, _ in ended} == {Outcome.INTERRUPTED}
    assert min(took_s for _, took_s in ended) < AT_ONCE_S
    assert all(client.is_closed for client in provider.clients)


def test_a_renewal_that_hangs_ends_at_once(agents, provider, codex, hang):
    provider.says(401, hang)
    result, took_s = interrupted(agents, hang.begun)
    assert (result.outcome, result.switch, took_s < BUSY_S) == (Outcome.INTERRUPTED, None, True)


def test_a_tool_that_hangs_ends_at_once_and_open_calls_are_answered(agents, provider, hang):
    agents.tools = tool(lambda *_: "done", "quick") | tool(hang, "slow")
    provider.says(provider.calls("quick", "slow", "quick"))
    result, took_s = interrupted(agents, hang.begun)
    assert (result.outcome, took_s < BUSY_S) == (Outcome.INTERRUPTED, True)
    assert [message.text for message in result.messages[2:]] == ["done", "interrupted", "interrupted"]
    assert stored(agents) == result.messages


def test_a_call_that_fails_because_it_was_cut_off_never_switches(agents, provider):
    """On the last attempt the closed connection's error would be one failure too many."""
    agents.config["agent"] = {"api_max_retries": 1}
    begun, closed = Event(), Event()

    def cut_off():
        begun.set()
        closed.wait(5)
        return httpx2.ReadError("Bad file descriptor")

    provider.close = closed.set
    provider.says(cut_off)
    result, _ = interrupted(agents, begun)
    assert (result.outcome, result.switch) == (Outcome.INTERRUPTED, None)


def test_an_interrupt_during_an_answer_that_fails_never_switches(agents, provider):
    agents.config["agent"] = {"api_max_retries": 1}
    with closing(agents.new()) as agent:
        provider.says(lambda: agent.interruption.event.set() or 503)
        agent.run_conversation("ping")
    assert (agents.results[-1].outcome, agents.results[-1].switch) == (Outcome.INTERRUPTED, None)


def test_the_next_turn_works_and_counts_anew(agents, provider, clock):
    with closing(agents.new()) as agent:
        provider.says(500, 500, lambda: agent.interrupt() or 500, *[500] * 5, "ok")
        agent.run_conversation("ping")
        agent.run_conversation("pong")
    assert [result.outcome for result in agents.results] == [Outcome.INTERRUPTED, Outcome.COMPLETED]
    assert (agents.results[-1].api_calls, clock.waits) == (6, [2, 4, 2, 4, 8, 16, 32])


def test_an_interrupt_between_turns_is_forgotten(agents, provider):
    provider.says("ok")
    with closing(agents.new()) as agent:
        agent.interrupt()
        assert agent.run_conversation("ping")["completed"]


def test_a_tool_that_was_left_behind_stays_interrupted_in_the_next_turn(agents, provider):
    seen, begun, go_on, looked = [], Event(), Event(), Event()

    def deaf(_, occasion):
        begun.set()
        go_on.wait(5)
        seen.append(occasion.interrupted.is_set())
        looked.set()

    agents.tools = tool(deaf)
    with closing(agents.new()) as agent:
        provider.says(provider.calls("it"), "ok")
        stopper = Thread(target=lambda: begun.wait(5) and agent.interrupt())
        stopper.start()
        agent.run_conversation("ping")
        stopper.join()
        agent.run_conversation("pong")
    go_on.set()
    assert looked.wait(5)
    assert seen == [True]


def test_tools_and_calls_run_beside_the_thread_that_asks(agents, provider):
    threads = []
    agents.tools = tool(lambda *_: threads.append(current_thread()) or "done")
    provider.says(provider.calls("it"), lambda: threads.append(current_thread()) or "ok")
    agents.turn()
    assert current_thread() not in threads


# The store


def test_a_session_is_the_same_conversation_in_a_new_process(agents, provider):
    provider.says("one", "two")
    agents.turn("first")
    agents.turn("second")
    assert provider.asked[-1].texts == ["first", "one", "second"]
    assert [message.text for message in stored(agents)] == ["first", "one", "second", "two"]


def test_each_message_is_stored_before_anything_follows_from_it(agents, provider):
    """So a crash loses at most the message that is being written."""
    seen = []
    agents.tools = tool(lambda *_: seen.append(len(stored(agents))) or "done")
    provider.says(lambda: seen.append(len(stored(agents))) or provider.calls("it", "it"), "ok")
    agents.turn()
    assert (seen, len(stored(agents))) == ([1, 2, 3], 5)


@pytest.mark.parametrize("survived", range(1, 6))
def test_after_a_crash_at_any_message_the_session_goes_on_with_its_calls_closed(agents, provider, survived):
    calls = (ToolCall("a", "it", "{}"), ToolCall("b", "it", "{}"))
    whole = [
        Message("user", "ping"),
        Message("assistant", tool_calls=calls),
        Message("tool", "done", tool_call_id="a"),
        Message("tool", "done", tool_call_id="b"),
        Message("assistant", "ok"),
    ]
    with closing(SessionStore(agents.home)) as store:
        store.replace("s", whole[:survived])
    provider.says("fine")
    agents.turn("more")
    sent = provider.asked[0].messages
    answered = {message["tool_call_id"] for message in sent if message["role"] == "tool"}
    assert answered == ({"a", "b"} if survived > 1 else set())
    assert not [one for one, two in pairwise(sent) if one["role"] == "user" and two["role"] == "tool"]
    assert [message.text for message in stored(agents)[-2:]] == ["more", "fine"]


def test_a_message_that_could_not_be_stored_is_stored_once_when_it_can_be(agents):
    with closing(agents.new()) as agent:
        ping, pong = Message("user", "ping"), Message("assistant", "pong")
        real, agent.store = agent.store, BreaksAt(agent.store, 2)
        with pytest.raises(OSError, match="full"):
            agent._persist_session((ping, pong))
        agent.store = real
        agent._persist_session((ping, pong))
    assert stored(agents) == (ping, pong)


class BreaksAt:
    """A store that the disk is too full for from the nth message on."""

    def __init__(self, store, n):
        self.store, self.n = store, n

    def append(self, session_id, message):
        self.n -= 1
        if self.n == 0:
            raise OSError("full")
        self.store.append(session_id, message)


def test_a_caller_s_history_replaces_what_is_stored(agents, provider):
    provider.says("one", "two")
    agents.turn("first")
    agents.turn("second", history=[{"role": "user", "content": "other"}])
    assert [message.text for message in stored(agents)] == ["other", "second", "two"]


def test_a_new_session_has_an_id_that_is_not_in_use(agents, provider):
    provider.says("one", "two")
    ids = [agents.turn(session_id=None).session_id for _ in range(2)]
    assert ids == ["20260101_000000_000000", "20260101_000000_000000-2"]


# What a caller may say


def test_a_caller_s_words_go_before_the_configuration(agents, provider):
    agents.config["agent"] = {"max_turns": 5, "system_prompt": "configured"}
    provider.says(404, "ok")
    agents.turn(
        model="gpt-5.1-mini",
        max_tokens=7,
        system_prompt="be brief",
        fallback_model={"provider": "openrouter", "model": "backup", "since": "a key that is not ours"},
    )
    primary, fallback = (asked.body for asked in provider.asked)
    assert (primary["model"], primary["max_completion_tokens"], fallback["model"]) == ("gpt-5.1-mini", 7, "backup")
    assert primary["messages"][0]["content"] == "be brief"


def test_who_is_asked_elsewhere_gets_nothing_of_the_configured_place(agents, provider):
    agents.config["model"] |= {"api_key": "sk-own", "base_url": "https://own.example/v1", "max_tokens": 7}
    agents.environ["GROQ_API_KEY"] = "sk-groq"
    provider.says("ok")
    agents.turn(provider="groq")
    (asked,) = provider.asked
    assert (asked.url, asked.key) == ("https://api.groq.com/openai/v1/chat/completions", "sk-groq")
    assert (asked.body["model"], "max_tokens" in asked.body) == ("gpt-5.1", False)


def test_a_caller_may_limit_the_passes(agents, provider):
    provider.says(provider.calls("nothing"))
    assert agents.turn(max_iterations=1).outcome is Outcome.PARTIAL


def test_the_prompt_s_files_can_be_left_out(agents, provider):
    (agents.home / "AGENTS.md").write_text("use tabs")
    (agents.home / "memories").mkdir()
    (agents.home / "memories" / "MEMORY.md").write_text("likes tea")
    provider.says("one", "two")
    agents.turn()
    agents.turn(skip_context_files=True, skip_memory=True)
    prompts = [asked.messages[0]["content"] for asked in provider.asked]
    assert [("use tabs" in prompt, "likes tea" in prompt) for prompt in prompts] == [(True, True), (False, False)]


def test_commands_of_the_real_tools_see_the_runtime_s_environment_without_its_keys(agents, provider):
    agents.tools, agents.environ = None, agents.environ | {"GREETING": "hello", "PATH": "/usr/bin:/bin"}
    command = json.dumps({"command": 'echo "$GREETING $OPENAI_API_KEY $HOME"'})
    provider.says(provider.calls(("terminal", command)), "ok")
    agents.turn()
    assert provider.asked[-1].texts[-1].splitlines()[0].split() == ["hello"]


def test_a_turn_s_result_is_a_mapping_and_is_handed_over_whole(agents, provider):
    provider.says("ok")
    with closing(agents.new()) as agent:
        told = agent.run_conversation("ping")
    (result,) = agents.results
    assert (told["final_response"], told["completed"], told["session_id"]) == ("ok", True, "s")
    assert (result.reply, result.outcome) == ("ok", Outcome.COMPLETED)


def test_an_agent_that_was_closed_opens_what_it_needs_again(agents, provider):
    provider.says("one", "two")
    agent = agents.new()
    for _ in range(2):
        agent.run_conversation("ping")
        agent.close()
    assert len(stored(agents)) == 4


def test_an_agent_may_be_made_over_any_outside(agents, provider):
    provider.says("ok")
    with closing(agents.new()) as agent:
        other = replace(agent.runtime, on_result=lambda _: None)
    with closing(AIAgent(runtime=other)) as agent:
        assert agent.run_conversation("ping")["completed"]
