"""The real tools and what the model is told of them."""

import threading

import pytest

from hermes_agent.errors import Interrupted
from hermes_agent.tools import Tool, ToolRun, definitions, real_tools

NOW = ToolRun("call_1", threading.Event())


@pytest.fixture
def tools(tmp_path):
    return real_tools(tmp_path, {"PATH": "/usr/bin:/bin", "OPENAI_API_KEY": "sk-made-up", "LANG": "C"})


def test_the_model_is_told_name_purpose_and_arguments(tools):
    told = definitions(tools)
    assert [entry["function"]["name"] for entry in told] == ["terminal", "read_file", "write_file"]
    for entry in told:
        assert entry["type"] == "function"
        assert entry["function"]["description"]
        schema = entry["function"]["parameters"]
        assert set(schema["required"]) <= set(schema["properties"])


def test_a_tool_of_somebody_elses_is_told_in_the_same_way():
    tool = Tool("mine", "does it", {"type": "object", "properties": {}}, lambda arguments, occasion: "done")
    assert definitions({"mine": tool})[0]["function"] == {
        "name": "mine",
        "description": "does it",
        "parameters": {"type": "object", "properties": {}},
    }


def test_a_file_is_written_and_read_relative_to_the_folder(tmp_path, tools):
    said = tools["write_file"].run({"path": "new/folder/a.txt", "content": "one\r\ntwo\n"}, NOW)
    assert said == f"wrote 9 characters to {tmp_path / 'new/folder/a.txt'}"
    assert (tmp_path / "new/folder/a.txt").read_bytes() == b"one\r\ntwo\n"
    assert tools["read_file"].run({"path": "new/folder/a.txt"}, NOW) == "one\r\ntwo\n"
    assert tools["read_file"].run({"path": str(tmp_path / "new/folder/a.txt"), "offset": 5}, NOW) == "two\n"


def test_writing_replaces_what_was_there(tools):
    for content in "long content", "short", "":
        tools["write_file"].run({"path": "a", "content": content}, NOW)
        assert tools["read_file"].run({"path": "a"}, NOW) == content


def test_a_long_file_is_read_in_pieces(tmp_path, tools):
    (tmp_path / "long").write_text("a" * 50_000 + "b" * 10)
    first = tools["read_file"].run({"path": "long"}, NOW)
    assert first == "a" * 50_000 + "\n[more follows, from offset 50000]"
    assert tools["read_file"].run({"path": "long", "offset": 50_000}, NOW) == "b" * 10


def test_bytes_that_are_no_text_are_read_all_the_same(tmp_path, tools):
    (tmp_path / "binary").write_bytes(b"a\xff\x00b")
    assert tools["read_file"].run({"path": "binary"}, NOW) == "a\ufffd\0b"


def test_half_a_surrogate_pair_is_written_all_the_same(tmp_path, tools):
    tools["write_file"].run({"path": "a", "content": "x\ud800"}, NOW)
    assert (tmp_path / "a").read_bytes() == b"x?"


def test_a_command_runs_in_the_folder_and_sees_no_key(tmp_path, tools):
    said = tools["terminal"].run({"command": "echo $LANG $OPENAI_API_KEY; touch here"}, NOW)
    assert said == "C\n[exit code 0]"
    assert (tmp_path / "here").exists()


def test_a_command_may_be_given_less_time(tools):
    assert tools["terminal"].run({"command": "sleep 30", "timeout": 0.1}, NOW) == "[killed after 0.1 s]"


def test_an_interrupted_command_is_no_result(tools):
    stopped = threading.Event()
    stopped.set()
    with pytest.raises(Interrupted):
        tools["terminal"].run({"command": "sleep 30"}, ToolRun("call_1", stopped))


@pytest.mark.parametrize(
    ("name", "arguments", "said"),
    [
        ("terminal", {}, "command is missing, or no text"),
        ("terminal", {"command": ["ls"]}, "command is missing, or no text"),
        ("terminal", {"command": "ls", "timeout": "soon"}, "timeout is no number from 0"),
        ("terminal", {"command": "ls", "timeout": True}, "timeout is no number from 0"),
        ("terminal", {"command": "ls", "timeout": -1}, "timeout is no number from 0"),
        ("terminal", {"command": "a\0b"}, "null byte"),
        ("read_file", {}, "path is missing, or no text"),
        ("read_file", {"path": "nowhere"}, "No such file"),
        ("read_file", {"path": "."}, "is no file"),
        ("read_file", {"path": "/dev/zero"}, "is no file"),
        ("read_file", {"path": "x", "offset": float("nan")}, "offset is no number from 0"),
        ("write_file", {"path": "x"}, "content is missing, or no text"),
        ("write_file", {"path": ".", "content": ""}, "is no file"),
    ],
)
def test_what_cannot_be_done_says_why(tools, name, arguments, said):
    with pytest.raises((OSError, TypeError, ValueError), match=said):
        tools[name].run(arguments, NOW)
