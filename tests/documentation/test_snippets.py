"""What the pages show runs: their tests pass, and who follows a page in a folder of his own sees what it shows."""

import itertools
import os
import re
import shlex
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
import yaml

sys.path.insert(0, str(Path(__file__).parent))
from pages import FRAMEWORKS, IN_OTHER_LANGUAGES, PAGES, SESSIONS, files_of, snippets_in_order

INSTALLS = ("python3 -m venv", ". .venv/bin/activate", "pip install", "git clone")
"""What a reader does once: the environment that runs this test is what comes of it."""

PLUGINS = "-p faultlab.pytest_plugin -p xdist.plugin"
"""No other plugin that happens to be installed: that saves most of a pytest's start."""

TESTS = [
    (page, name)
    for page in PAGES
    if page not in SESSIONS | IN_OTHER_LANGUAGES
    for name in files_of(PAGES[page])
    if Path(name).name.startswith("test_")
]

WORKFLOWS = [(page, name) for page in PAGES for name in files_of(PAGES[page]) if name.startswith(".github/")]


def ran(command, folder, **variables):
    """The exit code of a command and what it prints, in a folder, with nothing set that it does not need."""
    environ = {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.defpath}",
        "HOME": str(folder),
        "COLUMNS": "100",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        **variables,
    }
    done = subprocess.run(
        shlex.split(command), cwd=folder, env=environ, capture_output=True, text=True, check=False, timeout=300
    )
    return done.returncode, done.stdout + done.stderr


def write(folder, name, text):
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text, encoding="utf-8")


def comparable(told):
    """Without what differs from run to run: seconds, addresses, widths, the order of workers, a line shown again."""
    told = re.sub(r"\d+(\.\d+)?(?= ?s\b)", "N", told)
    told = re.sub(r"\b0x[0-9a-f]+", "0x", told)
    told = re.sub(r"([-=_])\1{2,}", r"\1\1\1", told)
    told = re.sub(r"^[.EFs]+(?= +\[)", lambda progress: "".join(sorted(progress[0])), told, flags=re.MULTILINE)
    lines = [" ".join(line.split()) for line in told.splitlines() if line.strip()]
    return [line for line, _ in itertools.groupby(lines)]


@pytest.mark.parametrize(("page", "name"), TESTS)
def test_tests_that_are_shown_pass(page, name, tmp_path):
    for file, text in files_of(PAGES[page]).items():
        write(tmp_path, file, text)
    status, told = ran(f"pytest -q {PLUGINS} -W error {name}", tmp_path)
    assert status == 0, told


@pytest.mark.parametrize(("page", "name"), WORKFLOWS)
def test_workflows_that_are_shown_can_run_the_tests_beside_them(page, name, tmp_path):
    files = files_of(PAGES[page])
    for file, text in files.items():
        write(tmp_path, file, text)
    (job,) = yaml.safe_load(files[name])["jobs"].values()
    commands = [step["run"] for step in job["steps"] if step.get("run", "").startswith("pytest")]
    assert commands
    for command in commands:
        status, told = ran(f"{command} --collect-only", tmp_path, PYTEST_ADDOPTS=PLUGINS)
        assert status == 0, told


@pytest.mark.parametrize("page", sorted(SESSIONS & PAGES.keys()))
def test_who_follows_a_page_sees_what_it_shows(page, tmp_path):
    framework = FRAMEWORKS.get(page)
    if framework and not find_spec(framework):
        pytest.skip(f"{framework} is in the environment of make docs-test")
    told, addopts = "", PLUGINS if framework else f"{PLUGINS} -W error"
    steps = snippets_in_order(PAGES[page])
    for step, after in zip(steps, [*steps[1:], None], strict=True):
        if step.file:
            write(tmp_path, step.file, step.text)
        elif step.language == "sh":
            told = follow(step.text, tmp_path, addopts, is_shown=after is not None and after.language == "text")
        elif step.language == "text":
            assert comparable(told) == comparable(step.text), told
        else:
            pytest.fail(f"neither a file, nor a command, nor what one prints:\n{step.text}")


def follow(lines, folder, addopts, *, is_shown):
    """What lines of a shell print. A test may fail where that is shown; anything else goes well."""
    told = ""
    for line in lines.splitlines():
        command = line.split("  #")[0].strip()
        if not command.startswith(INSTALLS):
            status, more = ran(command, folder, PYTEST_ADDOPTS=addopts)
            assert status == 0 or (status == 1 and is_shown and command.startswith("pytest")), more
            told += more
    return told
