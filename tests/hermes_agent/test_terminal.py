"""A command's output and end; nothing that it started stays behind. Real processes, each of a moment."""

import threading
from pathlib import Path

import pytest

from hermes_agent.errors import Interrupted
from hermes_agent.runtime import SystemClock
from hermes_agent.terminal import run_command

HERE = Path("/")
BUSY_S = 0.3
"""What a busy machine may add."""


def run(command, cwd=HERE, environ=None, timeout_s=30.0, interrupted=None):
    return run_command(command, cwd, environ, timeout_s, interrupted or threading.Event())


def ends(pid_file):
    """Whether the process soon runs no more; one that only waits for its parent to notice is at its end."""
    status = Path(f"/proc/{pid_file.read_text().strip()}/stat")
    moment = threading.Event()
    for _ in range(200):
        try:
            if status.read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except (FileNotFoundError, ProcessLookupError):
            return True
        moment.wait(0.01)
    return False


def open_files():
    return set(Path("/proc/self/fd").iterdir())


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("echo hello", "hello\n[exit code 0]"),
        ("echo out; echo err >&2; exit 3", "out\nerr\n[exit code 3]"),
        ("true", "[exit code 0]"),
        ("cat", "[exit code 0]"),
        ("kill -9 $$", "[exit code -9]"),
        ("no-such-command-here 2>/dev/null", "[exit code 127]"),
        (r"printf '\377'", "\ufffd\n[exit code 0]"),
        ("exec >&- 2>&-; exit 4", "[exit code 4]"),
        ("printf 'no newline'", "no newline\n[exit code 0]"),
    ],
)
def test_output_and_exit_code_are_told(command, said):
    assert run(command) == said


def test_it_works_in_its_folder_with_its_variables(tmp_path):
    assert run("pwd -P; echo $A", tmp_path.resolve(), {"A": "b"}) == f"{tmp_path.resolve()}\nb\n[exit code 0]"


def test_a_long_output_keeps_its_beginning_and_its_end():
    said = run("echo first; head -c 3000000 /dev/zero | tr '\\0' x; echo; echo last")
    assert said.startswith("first\nxxx")
    assert said.endswith("xxx\nlast\n[exit code 0]")
    assert " bytes left out]" in said
    assert len(said) < 51_000


def test_a_command_that_never_falls_silent_is_killed_in_time():
    assert run("yes", timeout_s=0.1).endswith("[killed after 0.1 s]")


@pytest.mark.parametrize("last", ["wait", "trap '' TERM INT HUP; wait", "sleep 30 | cat"])
def test_a_time_out_kills_the_whole_group(tmp_path, last):
    command = f"echo $$ > shell; sleep 30 & echo $! > child; {last}"
    assert run(command, tmp_path, timeout_s=0.5) == "[killed after 0.5 s]"
    assert ends(tmp_path / "shell")
    assert ends(tmp_path / "child")


def test_what_it_leaves_running_is_ended_with_it(tmp_path):
    assert run("sleep 30 & echo $! > pid; echo done", tmp_path) == "done\n[exit code 0]"
    assert ends(tmp_path / "pid")


def test_what_left_its_group_keeps_nobody_waiting():
    clock = SystemClock()
    begun = clock.monotonic()
    assert run("setsid sleep 3 & echo done") == "done\n[exit code 0]"
    assert clock.monotonic() - begun < 2


def test_an_interrupt_ends_it_at_once(tmp_path):
    interrupted, clock = threading.Event(), SystemClock()
    ended = []

    def interrupt():
        while not (tmp_path / "pid").exists():
            interrupted.wait(0.005)
        ended.append(clock.monotonic())
        interrupted.set()

    thread = threading.Thread(target=interrupt)
    thread.start()
    with pytest.raises(Interrupted):
        run("sleep 30 & echo $! > new; mv new pid; wait", tmp_path, interrupted=interrupted)
    assert clock.monotonic() - ended[0] < 0.2 + BUSY_S
    thread.join()
    assert ends(tmp_path / "pid")


def test_no_stream_is_left_open():
    before = open_files()
    for _ in range(3):
        run("setsid sleep 1 & true")
    assert open_files() <= before
