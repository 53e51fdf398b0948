"""The gateway: one session a chat, several chats at once, and what happens is told in the chat."""

import asyncio
import io
import json
import threading

import pytest

from hermes_agent.errors import OutputLost
from hermes_agent.gateway.config import Platform
from hermes_agent.gateway.run import GatewayRunner
from hermes_agent.gateway.session import SessionSource
from hermes_agent.messages import Outcome

WAIT_S = 5.0


def line(chat_id, text):
    return json.dumps({"chat_id": chat_id, "text": text}) + "\n"


def serve(outside, *lines):
    """What the gateway says to these lines; they may be a generator that waits for something."""
    stdout = io.StringIO()
    GatewayRunner(runtime=outside.runtime).serve(*(lines if not isinstance(lines[0], str) else (lines,)), stdout)
    return [json.loads(said) for said in stdout.getvalue().splitlines()]


def texts(said, chat_id, kind="answer"):
    return [entry["text"] for entry in said if entry.get("chat_id") == chat_id and entry["kind"] == kind]


def test_a_message_is_answered_with_who_answered(outside):
    (said,) = serve(outside, line("a", "hi"))
    assert said == {
        "kind": "answer",
        "chat_id": "a",
        "text": "re: hi",
        "outcome": "completed",
        "provider": "openai",
        "model": "gpt-5.1",
        "session_id": "local:a",
    }


def test_a_chat_is_one_session_and_another_chat_another(outside):
    serve(outside, line("a", "one"), line("b", "uno"), line("a", "two"))
    talks = {body["messages"][-1]["content"]: [m["content"] for m in body["messages"][1:]] for body in outside.bodies}
    assert talks == {"one": ["one"], "uno": ["uno"], "two": ["one", "re: one", "two"]}


def test_messages_of_one_chat_are_answered_in_order(outside):
    said = serve(outside, *(line("a", str(n)) for n in range(5)))
    assert texts(said, "a") == [f"re: {n}" for n in range(5)]


def test_a_chat_that_waits_does_not_hold_up_another(outside):
    other_asked = threading.Event()

    def answer(host, text):
        if text == "fast":
            other_asked.set()
        return "in time" if other_asked.wait(WAIT_S) else "too late"

    outside.answer = answer
    said = serve(outside, line("a", "slow"), line("b", "fast"))
    assert texts(said, "a") == texts(said, "b") == ["in time"]


def test_a_switch_is_told_at_once_and_holds_for_the_chat_and_for_no_other(primary_without_credit):
    said = serve(primary_without_credit, line("a", "one"), line("a", "two"))
    assert [entry["kind"] for entry in said] == ["notice", "answer", "answer"]
    assert said[0]["text"].startswith("Switched from openai (gpt-5.1) to openrouter (backup)")
    serve(primary_without_credit, line("b", "three"))
    primary, fallback = "api.openai.com", "openrouter.ai"
    assert [host for host, _ in primary_without_credit.asked] == [primary, fallback, fallback, primary, fallback]


def test_a_restart_goes_on_with_the_chat_and_its_switch(primary_without_credit):
    serve(primary_without_credit, line("a", "one"))
    said = serve(primary_without_credit, line("a", "two"))
    assert texts(said, "a") == ["backup: two"]
    assert primary_without_credit.asked[-1] == ("openrouter.ai", "two")
    assert len(primary_without_credit.bodies[-1]["messages"]) == 4


def test_new_begins_a_session_on_the_primary_also_after_a_restart(primary_without_credit):
    said = serve(primary_without_credit, line("a", "one"), line("a", "/new"))
    assert said[-1] == {"kind": "answer", "chat_id": "a", "text": "This is a new session.", "session_id": "local:a-2"}
    serve(primary_without_credit, line("a", "two"))
    assert primary_without_credit.asked[-2:] == [("api.openai.com", "two"), ("openrouter.ai", "two")]
    assert len(primary_without_credit.bodies[-1]["messages"]) == 2


def test_stop_interrupts_the_turn_and_the_chat_goes_on(outside):
    begun, release = threading.Event(), threading.Event()

    def answer(host, text):
        if text == "endless":
            begun.set()
            release.wait(WAIT_S)
        return f"re: {text}"

    def lines():
        yield line("a", "endless")
        assert begun.wait(WAIT_S)
        yield line("a", "/stop")
        yield line("a", "next")

    outside.answer = answer
    said = serve(outside, lines())
    release.set()
    assert texts(said, "a") == ["Interrupted.", "re: next"]
    assert said[0]["outcome"] == "interrupted"
    assert [result.outcome for result in outside.results] == [Outcome.INTERRUPTED, Outcome.COMPLETED]


def test_stop_with_nothing_under_way_says_so(outside):
    assert texts(serve(outside, line("a", "/stop")), "a") == ["There is nothing to stop."]


@pytest.mark.parametrize("bad", ["nonsense\n", "[]\n", '{"chat_id": "a"}\n', "\n\n{\n"])
def test_a_bad_line_gets_one_error_line_and_nothing_is_lost(outside, bad):
    said = serve(outside, line("a", "one"), *bad.splitlines(keepends=True), line("a", "two"))
    assert texts(said, "a") == ["re: one", "re: two"]
    (error,) = [entry for entry in said if entry["kind"] == "error"]
    assert error["text"].startswith(f"line {1 + len(bad.splitlines())}: ")
    assert error["expected"] == {"chat_id": "text", "text": "text"}


def test_a_failed_turn_is_a_text(outside):
    outside.answer = lambda host, text: 402
    (notice, answer) = serve(outside, line("a", "hi"))
    assert notice["kind"] == "notice"
    assert answer["outcome"] == "failed"
    assert "no credit" in answer["text"]


def test_a_change_of_the_configuration_holds_from_the_next_message(outside):
    def lines():
        yield line("a", "one")
        while not outside.results:
            threading.Event().wait(0.005)
        (outside.home / "config.yaml").write_text("agent: {max_turns: many}\n")
        yield line("a", "two")

    said = serve(outside, lines())
    assert texts(said, "a") == ["re: one"]
    assert "agent.max_turns: found 'many'" in said[-1]["text"]
    assert (said[-1]["kind"], said[-1]["chat_id"]) == ("error", "a")


def test_ctrl_c_stops_the_turns_and_leaves_nothing_unanswered(outside):
    begun, release = threading.Event(), threading.Event()

    def answer(host, text):
        begun.set()
        release.wait(WAIT_S)
        return text

    def lines():
        yield line("a", "endless")
        assert begun.wait(WAIT_S)
        raise KeyboardInterrupt

    outside.answer = answer
    stdout = io.StringIO()
    with pytest.raises(KeyboardInterrupt):
        GatewayRunner(runtime=outside.runtime).serve(lines(), stdout)
    release.set()
    assert json.loads(stdout.getvalue())["text"] == "Interrupted."


@pytest.mark.parametrize("error", [BrokenPipeError(32, "Broken pipe"), OSError(28, "No space left on device")], ids=str)
def test_nothing_more_is_asked_when_the_answers_cannot_be_written(outside, error):
    class Gone(io.StringIO):
        def write(self, text):
            raise error

    def lines():
        yield "a bad line\n"
        yield line("a", "never asked")
        pytest.fail("read on")

    with pytest.raises(OutputLost, match=error.strerror):
        GatewayRunner(runtime=outside.runtime).serve(lines(), Gone())
    assert outside.asked == []


def test_what_a_chat_has_said_already_is_not_asked_either(outside):
    asked, taken = threading.Event(), threading.Event()

    class Gone(io.StringIO):
        def write(self, text):
            raise BrokenPipeError

    def answer(host, text):
        asked.set()
        assert taken.wait(WAIT_S)
        return text

    def lines():
        yield line("a", "one")
        assert asked.wait(WAIT_S)
        yield line("a", "two")
        taken.set()

    outside.answer = answer
    with pytest.raises(OutputLost):
        GatewayRunner(runtime=outside.runtime).serve(lines(), Gone())
    assert [text for _, text in outside.asked] == ["one"]


def test_one_message_may_be_asked_without_lines(outside):
    runner = GatewayRunner(runtime=outside.runtime)
    source = SessionSource(Platform.LOCAL, "cli", chat_name="CLI", user_id="user-1")
    history = [{"role": "user", "content": "before"}, {"role": "assistant", "content": "yes"}]
    asked = runner._run_agent("ping", "This is a chat.", history, source, "session-1", source.key)
    result = asyncio.run(asked)
    assert result["final_response"] == "re: ping"
    system, *rest = outside.bodies[0]["messages"]
    assert system["content"].endswith("\n\nThis is a chat.")
    assert [message["content"] for message in rest] == ["before", "yes", "ping"]


def test_chats_are_told_apart_by_all_that_they_are():
    sources = [SessionSource(Platform.LOCAL, chat, chat_type=kind) for chat in ("a", "b") for kind in ("dm", "group")]
    assert len({source.key for source in sources}) == 4
    assert sources[0].key == "agent:main:local:dm:a"
