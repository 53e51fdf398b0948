"""The system prompt: what is configured, and the two files that a user may add to it."""

from __future__ import annotations

import pytest

from hermes_agent.prompt import LONGEST_FILE, system_prompt


@pytest.fixture
def cwd(tmp_path):
    (tmp_path / "cwd").mkdir()
    (tmp_path / "cwd" / "AGENTS.md").write_text("use tabs\n")
    return tmp_path / "cwd"


@pytest.fixture
def home(tmp_path):
    (tmp_path / "home" / "memories").mkdir(parents=True)
    (tmp_path / "home" / "memories" / "MEMORY.md").write_text("likes tea\n")
    return tmp_path / "home"


def test_both_files_follow_what_is_configured(cwd, home):
    parts = system_prompt("be brief", cwd, home).split("\n\n")
    assert parts[0] == "be brief"
    assert [part.splitlines()[1:] for part in parts[1:]] == [["use tabs"], ["likes tea"]]


def test_a_folder_that_is_not_to_be_looked_into_adds_nothing(cwd, home):
    assert "likes tea" not in system_prompt("be brief", cwd, None)
    assert "use tabs" not in system_prompt("be brief", None, home)
    assert system_prompt("be brief", None, None) == "be brief"


@pytest.mark.parametrize("content", [None, "", " \n"])
def test_a_file_that_says_nothing_adds_nothing(tmp_path, content):
    if content is not None:
        (tmp_path / "AGENTS.md").write_text(content)
    assert system_prompt("be brief", tmp_path, tmp_path) == "be brief"


def test_nothing_configured_leaves_no_gap(cwd):
    assert system_prompt("", cwd, None).startswith("# ")


def test_a_long_file_is_cut_and_bytes_that_are_no_text_are_replaced(tmp_path):
    (tmp_path / "AGENTS.md").write_bytes(b"\xff" + b"x" * 2 * LONGEST_FILE)
    text = system_prompt("", tmp_path, None).splitlines()[1]
    assert text == "\N{REPLACEMENT CHARACTER}" + "x" * (LONGEST_FILE - 1)
