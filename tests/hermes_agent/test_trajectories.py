"""One line of JSON for each turn, where that is wanted: with no key in it, and never at the cost of the turn."""

import json
import stat
from contextlib import closing

import pytest

from hermes_agent.messages import Message, Outcome, Switch, ToolCall, TurnResult
from hermes_agent.tools import Tool
from hermes_agent.trajectories import FILE, append

NOW_S = 1_767_225_600.0  # 2026-01-01T00:00:00Z
SECRET = "sk-made-up-0123456789"
DONE = TurnResult(
    "s", Outcome.COMPLETED, "pong", provider="openai", model="gpt-5.1", messages=(Message("user", "ping"),)
)


def lines(home):
    return [json.loads(line) for line in (home / FILE).read_bytes().splitlines()]


def test_a_line_tells_the_turn(tmp_path):
    append(tmp_path, DONE, "ping", NOW_S)
    (line,) = lines(tmp_path)
    assert line == {
        "timestamp": "2026-01-01T00:00:00Z",
        "session_id": "s",
        "model": "gpt-5.1",
        "provider": "openai",
        "completed": True,
        "outcome": "completed",
        "user_message": "ping",
        "messages": [{"role": "user", "content": "ping"}],
        "switched": None,
    }


def test_a_turn_that_did_not_complete_is_a_line_too(tmp_path):
    append(tmp_path, TurnResult("s", Outcome.INTERRUPTED, "Interrupted."), "ping", NOW_S)
    (line,) = lines(tmp_path)
    assert (line["completed"], line["outcome"], line["messages"]) == (False, "interrupted", [])


def test_a_switch_is_told_with_its_reason(tmp_path):
    switch = Switch("openrouter", "m", "https://x.test/v1", "chat_completions", "client_error", after_attempts=1)
    append(tmp_path, TurnResult("s", Outcome.COMPLETED, "", switch=switch), "ping", NOW_S)
    (line,) = lines(tmp_path)
    assert (line["switched"]["reason"], line["switched"]["after_attempts"]) == ("client_error", 1)


def test_nothing_that_looks_like_a_key_is_kept_wherever_it_stands(tmp_path):
    arguments = json.dumps({"content": f"one\n{SECRET}", "api_key": "opaque-0123"})
    messages = (
        Message("user", f"my key is {SECRET}"),
        Message("assistant", tool_calls=(ToolCall("a", "write_file", arguments),)),
        Message("tool", '{"access_token": "opaque-4567"}', tool_call_id="a"),
    )
    append(tmp_path, TurnResult("s", Outcome.COMPLETED, "", messages=messages), f"my key is {SECRET}", NOW_S)
    text = (tmp_path / FILE).read_text()
    assert SECRET not in text
    assert "opaque" not in text
    (line,) = lines(tmp_path)
    call = line["messages"][1]["tool_calls"][0]["function"]
    assert json.loads(call["arguments"]) == {"content": "one\n[key]", "api_key": "[key]"}


def test_whatever_a_text_holds_is_one_line(tmp_path):
    text = "one\ntwo\u2028three \ud800 \x00"
    for _ in range(2):
        append(tmp_path, TurnResult("s", Outcome.COMPLETED, "", messages=(Message("user", text),)), text, NOW_S)
    assert [line["user_message"] for line in lines(tmp_path)] == [text, text]


def test_the_file_is_its_owner_s_alone_and_its_home_is_made(tmp_path):
    home = tmp_path / "home"
    append(home, DONE, "ping", NOW_S)
    assert stat.S_IMODE((home / FILE).stat().st_mode) == 0o600


# Of an agent


def test_an_agent_keeps_none_unless_it_is_asked_to(agents, provider):
    provider.says("pong")
    agents.turn()
    assert not (agents.home / FILE).exists()


@pytest.mark.parametrize("where", ["config.yaml", "the caller"])
def test_an_agent_keeps_a_line_for_each_turn(agents, provider, clock, where):
    options = {"save_trajectories": True} if where == "the caller" else {}
    agents.config["agent"] = {"save_trajectories": where == "config.yaml"}
    agents.tools = {"it": Tool("it", "does it", {"type": "object"}, lambda *_: "done")}
    provider.says(provider.calls("it"), 404, "one", "two")
    agents.turn("first", **options)
    clock.advance(60)
    agents.turn("second", **options)
    first, second = lines(agents.home)
    assert [message["role"] for message in first["messages"]] == ["user", "assistant", "tool", "assistant"]
    assert first["switched"]["reason"] == "client_error"
    assert (second["provider"], second["model"]) == ("openrouter", "anthropic/claude-sonnet-4")
    assert (second["user_message"], second["timestamp"], second["switched"]) == ("second", "2026-01-01T00:01:00Z", None)


def test_a_line_that_cannot_be_written_is_a_notice_and_no_failure(agents, provider):
    (agents.home / FILE).mkdir()
    provider.says("pong")
    notices = []
    with closing(agents.new(save_trajectories=True, on_notice=notices.append)) as agent:
        told = agent.run_conversation("ping")
    (notice,) = notices
    assert notice.startswith("The trajectory of this turn was not kept: ")
    assert FILE in notice
    assert (told["completed"], told["reply"], told["notices"]) == (True, "pong", notices)
    assert agents.results[0].notices == (notice,)
