"""Who follows a page in a folder of his own sees what it shows: files as they come, commands, what these print."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from pages import FRAMEWORKS, PAGES, SESSIONS, snippets_in_order
from reader import PLUGINS, comparable, ran, write

INSTALLS = ("python3 -m venv", ". .venv/bin/activate", "pip install", "git clone")
"""What a reader does once: the environment that runs this test is what comes of it."""

MAY_FAIL = ("pytest", "faultlab check", "faultlab chaos")


@pytest.mark.parametrize("page", sorted(SESSIONS))
def test_who_follows_a_page_sees_what_it_shows(page, tmp_path):
    strictly = "" if page in FRAMEWORKS else "-W error"  # what a framework warns of is its own business
    told, steps = "", snippets_in_order(PAGES[page])
    for step, after in zip(steps, [*steps[1:], None], strict=True):
        if step.file:
            write(tmp_path, {step.file: step.text})
        elif step.language == "sh":
            is_shown = after is not None and after.language == "text"
            told = follow(step.text, tmp_path, f"{PLUGINS} {strictly}", is_shown=is_shown)
        elif step.language == "text":
            assert comparable(told) == comparable(step.text), told
        else:
            pytest.fail(f"neither a file, nor a command, nor what one prints:\n{step.text}")


def follow(lines, folder, addopts, *, is_shown):
    """What lines of a shell print. A test or a check may fail where that is shown; anything else goes well."""
    told = ""
    for line in lines.splitlines():
        command = line.split("  #")[0].strip()
        if not command.startswith(INSTALLS):
            status, more = ran(command, folder, PYTEST_ADDOPTS=addopts)
            assert status == 0 or (status == 1 and is_shown and command.startswith(MAY_FAIL)), more
            told += more
    return told
