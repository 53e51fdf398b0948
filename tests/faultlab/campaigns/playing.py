"""Plays the tiny passes in a process of its own, for tests that end that process: `playing FOLDER RESULTS JOBS`."""

import sys
from pathlib import Path

from faultlab.campaign import Unwatched, here, processes, run
from faultlab.errors import HarnessError
from faultlab.results import Results
from tests.faultlab.campaigns.tiny import Tiny, about_of, subject_in

PASSES = (
    Tiny((("linger", "break") * 6, ("linger",) * 8), steered=True),
    Tiny((("break", "linger") * 4, ("linger", "break")), name="later"),
)
RUNS = 12 + 8 + 1 + 8 + 2


class Telling(Unwatched):
    """A line for each run that is kept, so that the test knows how far it is."""

    def saw(self, seen):
        print(seen.row.of, seen.row.number, flush=True)  # noqa: T201  # telling is what it does


def play(folder, file, jobs, watch):
    subject = subject_in(folder)
    results = Results.go_on(file) if _has_begun(file) else Results.create(file, about_of(subject, *PASSES))
    try:
        return run(subject, PASSES, results, processes(jobs) if jobs else here(), watch)
    finally:
        results.close()


def _has_begun(file):
    return file.exists() and file.stat().st_size > 0


if __name__ == "__main__":
    try:
        play(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), Telling())
    except HarnessError as error:
        sys.exit(str(error))
