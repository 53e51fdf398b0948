"""What the pages show by itself runs: test files pass, workflows can run the tests beside them."""

import sys
from pathlib import Path

import pytest
import yaml

sys.path.insert(0, str(Path(__file__).parent))
from pages import IN_OTHER_LANGUAGES, PAGES, SESSIONS, files_of
from reader import PLUGINS, ran, write

FILES = [(page, name) for page in PAGES for name in files_of(PAGES[page])]
ELSEWHERE = SESSIONS | IN_OTHER_LANGUAGES
TESTS = [(page, name) for page, name in FILES if page not in ELSEWHERE and name.startswith("test_")]
WORKFLOWS = [(page, name) for page, name in FILES if name.startswith(".github/")]


@pytest.mark.parametrize(("page", "name"), TESTS)
def test_tests_that_are_shown_pass(page, name, tmp_path):
    write(tmp_path, files_of(PAGES[page]))
    status, told = ran(f"pytest -q {PLUGINS} -W error {name}", tmp_path)
    assert status == 0, told


@pytest.mark.parametrize(("page", "name"), WORKFLOWS)
def test_workflows_that_are_shown_can_run_the_tests_beside_them(page, name, tmp_path):
    files = files_of(PAGES[page])
    write(tmp_path, files)
    (job,) = yaml.safe_load(files[name])["jobs"].values()
    commands = [step["run"] for step in job["steps"] if step.get("run", "").startswith("pytest")]
    assert commands
    for command in commands:
        status, told = ran(f"{command} --collect-only", tmp_path, PYTEST_ADDOPTS=PLUGINS)
        assert status == 0, told
