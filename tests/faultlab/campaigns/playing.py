"""Plays the tiny passes in a process of its own, for tests that end that process: `playing FOLDER RESULTS CREW`.

The crew is a number of processes (0: this one), or the address of a scheduler.
"""

import contextlib
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

from faultlab.campaign import Unwatched, dask, here, processes, run
from faultlab.errors import HarnessError
from faultlab.reports import campaign_json, campaign_text
from faultlab.reports.text import Style
from faultlab.results import Results
from tests.faultlab.campaigns.tiny import Tiny, about_of, subject_in

PASSES = (
    Tiny((("linger", "break") * 6, ("linger",) * 8), steered=True),
    Tiny((("break", "linger") * 4, ("linger", "break")), name="later"),
)
RUNS = 12 + 8 + 1 + 8 + 2


ROOT = Path(__file__).parents[3]
FILE = Path("found/results.sqlite")
"""Below the current folder: what is told of it is the same in each."""


class Telling(Unwatched):
    """A line for each run that is kept, so that the test knows how far it is."""

    def saw(self, seen):
        print(seen.row.of, seen.row.number, flush=True)  # noqa: T201  # telling is what it does


def crew_of(words):
    if words.isdigit():
        return processes(int(words)) if int(words) else here()
    return replace(dask(words), most=2)  # so that each worker gets some of the few runs


def play(folder, file, crew, watch):
    subject = subject_in(folder)
    results = Results.go_on(file) if Results.has_begun(file) else Results.create(file, about_of(subject, *PASSES))
    try:
        return run(subject, PASSES, results, crew_of(crew), watch)
    finally:
        results.close()


def goes_on(asked):
    """Play the rest, in this process; what it comes to."""
    assert play(asked, FILE, "0", Unwatched())
    return report()


def report():
    """Both reports, and the runs themselves."""
    results = Results.open(FILE)
    try:
        told = campaign_json.document(results), campaign_text.render(results, Style(100, colour=False))
        return *told, list(results.records())
    finally:
        results.close()


@contextlib.contextmanager
def playing(asked, crew="2", **how):
    """A process that plays."""
    command = [sys.executable, "-m", "tests.faultlab.campaigns.playing", str(asked), str(FILE), crew]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, env={**os.environ, "PYTHONPATH": str(ROOT)}, **pipes, **how) as process:
        yield process


if __name__ == "__main__":
    try:
        play(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], Telling())
    except HarnessError as error:
        sys.exit(str(error))
