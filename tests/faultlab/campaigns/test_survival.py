"""A campaign whose process is killed, or whose disk is full: what was written stays, and it goes on from there."""

import os
import resource
import signal
import subprocess
from functools import partial
from pathlib import Path

import pytest

from tests.faultlab.campaigns.playing import FILE, RUNS, goes_on, playing, report


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_kill_9_at_any_moment_loses_at_most_what_is_being_played(asked, whole):
    told = []
    for lines, crew in ((0, "2"), (7, "2"), (1, "0"), (9, "0")):
        with playing(asked, crew) as process:
            told += [process.stdout.readline() for _ in range(lines)]
            process.kill()
            told += process.stdout.readlines()
    assert 17 <= len(set(told)) == len(told) < RUNS, "what was kept is not played again"
    assert goes_on(asked) == whole


def test_kill_9_while_what_broke_is_made_small_changes_nothing_of_the_report_and_the_files(asked, whole):
    with playing(asked, "0") as process:
        while not list(FILE.parent.glob("*.yaml")):
            assert process.poll() is None
        process.kill()
    assert goes_on(asked) == whole


def test_the_process_of_a_run_may_be_killed_by_anybody(asked, whole):
    with playing(asked) as process:
        for _ in range(3):
            process.stdout.readline()
        os.kill(children(process.pid)[0], signal.SIGKILL)
        process.communicate(timeout=60)
    assert process.returncode == 0
    assert report() == whole


def children(pid):
    return [
        int(child) for task in Path(f"/proc/{pid}/task").iterdir() for child in (task / "children").read_text().split()
    ]


def no_file_above(size):
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


def test_a_disk_that_refuses_to_be_written_is_one_line_and_the_campaign_goes_on_later(asked, whole):
    with playing(asked, "0", preexec_fn=partial(no_file_above, 120_000)) as process:
        told, error = process.communicate(timeout=60)
    assert process.returncode == 1
    assert error == f"{FILE} cannot be written or read: disk I/O error; what was written before is kept\n"
    assert 0 < len(told.splitlines()) < RUNS
    assert len(report()[2]) == len(told.splitlines())
    assert goes_on(asked) == whole


@pytest.fixture
def small_disk(tmp_path):
    """A file system with little room."""
    folder = tmp_path / FILE.parent
    folder.mkdir()
    mounted = ["mount", "-t", "tmpfs", "-o", "size=160k", "tmpfs", str(folder)]
    if os.getuid() or subprocess.run(mounted, check=False, capture_output=True).returncode:
        pytest.skip("only root may mount a file system")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)  # noqa: S607


def test_a_full_disk_is_one_line_and_the_campaign_goes_on_when_there_is_room(asked, whole, small_disk):
    with playing(asked, "0") as process:
        told, error = process.communicate(timeout=60)
    assert process.returncode == 1
    assert error == f"{FILE} cannot be written or read: database or disk is full; what was written before is kept\n"
    assert len(report()[2]) == len(told.splitlines()) < RUNS
    subprocess.run(["mount", "-o", "remount,size=10m", str(small_disk)], check=True)  # noqa: S607
    assert goes_on(asked) == whole
