"""A Dask cluster over TCP: a scheduler and two workers, each a process of its own, one of which is killed midway."""

import contextlib
import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.faultlab.campaigns.playing import ROOT, playing, report

if find_spec("distributed") is None:  # importing it takes as long as a test
    pytest.skip("distributed is not here", allow_module_level=True)

NOWHERE_ELSE = ["--host", "127.0.0.1", "--no-dashboard", "--dashboard-address", "127.0.0.1:0"]
SCHEDULER = Path("scheduler.json")
LOG = Path("dask.log")


@contextlib.contextmanager
def dask(*words):
    command = [sys.executable, "-m", "dask", *words, *NOWHERE_ELSE, "--scheduler-file", str(SCHEDULER)]
    with (
        LOG.open("ab") as log,
        subprocess.Popen(command, stdout=log, stderr=log, env={**os.environ, "PYTHONPATH": str(ROOT)}) as process,
    ):
        try:
            yield process
        finally:
            process.kill()


@contextlib.contextmanager
def worker():
    with dask("worker", "--no-nanny", "--nthreads", "1") as process:
        yield process


def address():
    """Where the scheduler is, once both workers know."""
    while LOG.read_bytes().count(b"Registered to") < 2:
        pass
    return json.loads(SCHEDULER.read_text())["address"]


def test_two_workers_of_which_one_is_killed_midway_come_to_the_same_report(asked, whole, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with dask("scheduler", "--port", "0"), worker() as first, worker(), playing(asked, address()) as process:
        process.stdout.readline()
        first.kill()
        _, error = process.communicate(timeout=120)
        assert process.returncode == 0, error
    assert report() == whole
