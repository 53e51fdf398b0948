import os
import shutil
import subprocess
import sys

import pytest

HELD = "name: Held\nsays: [hi]\nturns: [{user: x}]\n"
UNREADABLE = "name: x\nturns: [{usr: y}]\n"
WHY = "scenarios/broken.yaml:2:10: unknown key 'usr'; did you mean 'user'?"
FAILED = "\nname: A reply that is another\nsays: [hi]\nturns:\n  - user: x\n    expect:\n      reply: ho\n"


@pytest.fixture
def project(pytester, monkeypatch):
    """A folder of somebody's, with a file of scenarios in it."""
    monkeypatch.setenv("COLUMNS", "100")
    (pytester.path / "scenarios" / "deep").mkdir(parents=True)
    (pytester.path / "scenarios" / "deep" / "held.yaml").write_text(HELD)
    return pytester.path


@pytest.fixture
def run(project, within):
    """Runs a pytest there, within this one: its exit code, and all that it told."""

    def ran(*arguments):
        result = within(*arguments)
        return result.ret, result.stdout.str() + result.stderr.str()

    return ran


def _pytest(project, *arguments):
    """A pytest in a process of its own, with our plugin and no other, which saves most of its start."""
    plugins = ("-p", "no:cacheprovider", "-p", "faultlab.pytest_plugin")
    command = [sys.executable, "-m", "pytest", *plugins, "-W", "error", *arguments]
    environ = {**os.environ, "PYTEST_ADDOPTS": "", "NO_COLOR": "1", "COLUMNS": "100"}
    environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    environ.pop("PYTEST_XDIST_WORKER", None)
    done = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False, env=environ)
    return done.returncode, done.stdout + done.stderr


def test_files_below_the_folder_are_items_and_no_other_is_opened(project, run):
    (project / "docker-compose.yaml").write_text("not: [a scenario")
    (project / "scenarios" / "notes.yml").write_text("not: [a scenario")
    code, told = run("-v")
    assert code == 0, told
    assert "scenarios/deep/held.yaml::held PASSED" in told


def test_a_file_named_on_the_command_line_is_taken_wherever_it_stands(project, run):
    (project / "mine.yml").write_text(HELD)
    assert run("mine.yml")[0] == 0


def test_a_failure_is_told_by_its_steps_its_line_and_its_command(project, run):
    (project / "scenarios" / "bad.yaml").write_text(FAILED)
    code, told = run("scenarios/bad.yaml")
    assert code == 1
    assert "reply did not hold (turn 1, step 1)" in told
    assert "written   scenarios/bad.yaml:7" in told
    assert "  > 1     0s  primary  1    answer  200" in told
    assert "this one alone:  pytest scenarios/bad.yaml::a-reply-that-is-another" in told
    assert "Traceback" not in told


def test_one_scenario_may_be_named(project, run):
    (project / "scenarios" / "two.yaml").write_text(HELD + "---\n" + FAILED)
    code, told = run("scenarios/two.yaml::held", "-v")
    assert code == 0
    assert "1 passed" in told


def test_what_cannot_be_read_is_an_error_of_its_file_alone(project, run):
    (project / "scenarios" / "broken.yaml").write_text(UNREADABLE)
    code, told = run()
    assert code == 1
    assert WHY in told
    assert "1 passed, 1 error" in told
    assert "Traceback" not in told


def test_a_broken_test_file_still_stops_pytest(project, run):
    (project / "scenarios" / "broken.yaml").write_text(UNREADABLE)
    (project / "test_broken.py").write_text("1 / 0\n")
    code, told = run()
    assert code == pytest.ExitCode.INTERRUPTED
    assert "passed" not in told


def test_the_folders_can_be_chosen(project, run):
    (project / "pytest.ini").write_text("[pytest]\nfaultlab_paths = elsewhere more\n")
    (project / "more").mkdir()
    (project / "more" / "m.yaml").write_text(HELD)
    code, told = run("-v")
    assert code == 0
    assert "more/m.yaml::held PASSED" in told
    assert "deep" not in told


def test_an_overlay_is_laid_over_every_scenario(project, run):
    (project / "pytest.ini").write_text("[pytest]\nfaultlab_overlay = over.txt\n")
    (project / "over.txt").write_text("says: [ho]\n")
    (project / "scenarios" / "bad.yaml").write_text(FAILED)
    assert run()[0] == 0


@pytest.mark.parametrize("text", ["- 1", None])
def test_an_overlay_that_cannot_be_used_is_wrong_usage(project, run, text):
    (project / "pytest.ini").write_text("[pytest]\nfaultlab_overlay = over.txt\n")
    if text is not None:
        (project / "over.txt").write_text(text)
    code, told = run()
    assert code in (pytest.ExitCode.USAGE_ERROR, pytest.ExitCode.INTERRUPTED)
    assert "over.txt" in told
    assert "Traceback" not in told


def test_collecting_imports_nothing_that_is_heavy(project):
    (project / "conftest.py").write_text(
        "import sys\n"
        "def pytest_collection_finish(session):\n"
        "    heavy = {'openai', 'httpx', 'httpx2', 'vcr', 'faker', 'hermes_agent.run_agent'}\n"
        "    print('heavy:', sorted(heavy & set(sys.modules)), 'items:', len(session.items))\n"
    )
    told = _pytest(project, "--collect-only", "-q")[1]
    assert "heavy: [] items: 1" in told


def test_a_pytest_that_uses_none_of_it_imports_none_of_it(project):
    shutil.rmtree(project / "scenarios")
    (project / "conftest.py").write_text(
        "import sys\n"
        "def pytest_sessionfinish(session):\n"
        "    heavy = {'openai', 'httpx', 'httpx2', 'vcr', 'faker', 'yaml', 'faultlab.lab', 'faultlab.loader'}\n"
        "    print('heavy:', sorted(heavy & set(sys.modules)), 'ran:', session.testscollected)\n"
    )
    (project / "test_it.py").write_text("def test_it():\n    assert True\n")
    assert "heavy: [] ran: 1" in _pytest(project, "-s")[1]


def test_the_plugin_may_be_named_twice(run):
    assert run("-p", "faultlab.pytest_plugin")[0] == 0
