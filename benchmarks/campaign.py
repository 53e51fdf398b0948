"""What a campaign makes of two cores, what handing out costs, and what it keeps of ten thousand runs.

Two processes that play the same runs in a bare loop of their own, with nobody who hands them out and nothing kept, are
the control: what this machine gives two of them, beside one, is all that a campaign can come to. Rounds of all four are
taken in turn.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from _served import CORES, Figure, told

from faultlab.campaign import Seen, Unwatched, our_version, processes, run
from faultlab.campaign.work import Piece, Work
from faultlab.passes.base import Range, Rounds
from faultlab.passes.matrix import Matrix
from faultlab.results import About, Results
from faultlab.subject import Subject, subject_of
from faultlab.trial import Trial

ROUNDS, WARM, RUNS = 5, 100, 500
KEPT = 10_000
PAGE = os.sysconf("SC_PAGE_SIZE")

HERMES = "model: {provider: openai, default: gpt-5.1}\nfallback_model: {provider: openrouter, model: m}\n"
PROGRAM = "name: bare\ntarget: {callable: 'bare:ask'}\nturns: [{user: hello}]\n"
BARE = "def ask(lab, user):\n    return 'hello'\n"


@dataclass(frozen=True)
class Again:
    """The same few trials over and over: as many as are wanted, each of them short."""

    numbers: range
    of: str = "again"

    def cut(self, numbers: range) -> Range:
        """Those with these numbers."""
        return Again(numbers)

    def trials(self, subject: Subject) -> Iterator[Trial]:
        """Trials of the matrix, or the subject itself."""
        few = SHORT if subject.shown.endswith("config.yaml") else 0
        for number in self.numbers:
            if few:
                part = next(Matrix(("agent",)).rounds(subject))[0].cut(range(number % few, number % few + 1))
                (trial,) = part.trials(subject)
                yield Trial(self.of, number, trial.scenario)
            else:
                yield Trial(self.of, number, subject.healthy)


SHORT = 40
"""The first trials of the matrix: some ten milliseconds each."""


@dataclass(frozen=True)
class Same:
    """A pass of that."""

    runs: int
    name: str = "again"

    def rounds(self, _subject: Subject) -> Rounds:
        """One round."""
        yield [Again(range(self.runs))]
        return "all of them"

    def expected(self, _subject: Subject) -> int:
        """So many."""
        return self.runs


class Timed(Unwatched):
    """Looks at the time, and at the memory of this process, after so many runs, and at the end."""

    def __init__(self, after: int) -> None:
        self._left = after
        self.began_s = self.ended_s = 0.0
        self.began_bytes = self.ended_bytes = 0

    def saw(self, _seen: Seen) -> None:
        """Another one."""
        self._left -= 1
        if self._left == 0:
            self.began_s, self.began_bytes = time.perf_counter(), resident()
        self.ended_s = time.perf_counter()

    def end(self) -> None:
        """All are there."""
        self.ended_bytes = resident()


def resident() -> int:
    """Bytes that this process has in memory."""
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * PAGE


def campaign(subject: Subject, jobs: int, runs: int, warm: int) -> Timed:
    """A campaign of so many runs; what it took after the first ones."""
    watch = Timed(warm)
    with tempfile.TemporaryDirectory() as folder:
        about = About("bench", subject.digest, 0, (("again", ""),), our_version())
        results = Results.create(Path(folder) / "results.sqlite", about)
        assert run(subject, [Same(runs)], results, processes(jobs), watch)
        assert len(results.numbers("again")) == runs
        watch.end()
        results.close()
    return watch


def rate(subject: Subject, jobs: int) -> float:
    """Runs a second of a campaign."""
    watch = campaign(subject, jobs, WARM + RUNS, WARM)
    return RUNS / (watch.ended_s - watch.began_s)


def engine_share(subject: Subject) -> float:
    """CPU time of the one who hands out and keeps, beside that of those who play: busy neighbours do not change it."""
    before, began_s = os.times(), time.process_time()
    campaign(subject, 2, RUNS, 1)
    engine_s, after = time.process_time() - began_s, os.times()
    played_s = after.children_user + after.children_system - before.children_user - before.children_system
    return engine_s / played_s


def bare(file: str, runs: int) -> None:
    """The inside of a control process: it warms up, says so, waits for its start, and says what it took."""
    subject = subject_of(file)
    work = Work.on(subject)
    for number in range(WARM // 2):
        Piece(work, Again(range(number, number + 1)))()
    print("ready", flush=True)
    sys.stdin.readline()
    for number in range(runs):
        Piece(work, Again(range(number, number + 1)))()
    print("done", flush=True)


def control(file: str, jobs: int) -> float:
    """Runs a second of so many processes, each of which has its share."""
    share = RUNS // jobs
    command = [sys.executable, __file__, "--bare", file, str(share)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    children = [subprocess.Popen(command, **pipes) for _ in range(jobs)]  # noqa: S603  # this very file
    for child in children:
        child.stdout.readline()
    started_s = time.perf_counter()
    for child in children:
        child.stdin.write("go\n")
        child.stdin.flush()
    for child in children:
        child.stdout.readline()
    taken_s = time.perf_counter() - started_s
    for child in children:
        child.communicate()
    return share * jobs / taken_s


def speed_up(folder: Path) -> list[Figure]:
    """Two processes beside one, and the same of the control."""
    (folder / "config.yaml").write_text(HERMES, encoding="utf-8")
    (folder / ".env").write_text("OPENAI_API_KEY=sk-1\nOPENROUTER_API_KEY=sk-or-2\n", encoding="utf-8")
    file = str(folder / "config.yaml")
    subject = subject_of(file)
    rounds = [(rate(subject, 1), rate(subject, 2), control(file, 1), control(file, 2)) for _ in range(ROUNDS)]
    one, two, bare_one, bare_two = (statistics.median(each) for each in zip(*rounds, strict=True))
    ours = statistics.median(b / a for a, b, _, _ in rounds)
    theirs = statistics.median(d / c for _, _, c, d in rounds)
    print(f"campaign: {one:,.0f} runs a second by one process, {two:,.0f} by two: {ours:.2f} times as many")
    print(f"control:  {bare_one:,.0f} runs a second by one process, {bare_two:,.0f} by two: {theirs:.2f} times as many")
    return [
        ("campaign: CPU time of the engine / of the runs", engine_share(subject), "≤", 0.1),
        ("campaign: speed-up by two processes / the control's", ours / theirs, "≥", 0.9),
    ]


def memory(folder: Path) -> list[Figure]:
    """What is left in the one who hands out and keeps."""
    (folder / "bare.py").write_text(BARE, encoding="utf-8")
    (folder / "bare.yaml").write_text(PROGRAM, encoding="utf-8")
    watch = campaign(subject_of(folder / "bare.yaml"), len(CORES), KEPT, KEPT // 10)
    print(
        f"campaign: {watch.began_bytes >> 10:,} KiB after {KEPT // 10:,} runs, "
        f"{watch.ended_bytes >> 10:,} KiB after {KEPT:,}"
    )
    return [("campaign: memory at the end / after a tenth", watch.ended_bytes / watch.began_bytes, "≤", 1.05)]


def main() -> int:
    """Print each figure beside its target; 1 if one is missed."""
    if sys.argv[1:2] == ["--bare"]:
        bare(sys.argv[2], int(sys.argv[3]))
        return 0
    with tempfile.TemporaryDirectory() as folder:
        return told([*memory(Path(folder)), *speed_up(Path(folder))])


if __name__ == "__main__":
    sys.exit(main())
