"""Walks through the agent by every schedule of failures, on all cores: what each costs, and what it came to."""

import os
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from faultlab.passes.alphabet import ANSWER
from faultlab.passes.explore import Explore
from faultlab.playing import play
from faultlab.subject import Subject
from faultlab.trial import Record, Trial
from tests.faultlab.walking import TWO

CORES = len(os.sched_getaffinity(0))
AT_ONCE = 8

CONFIGS = {
    "two that speak chat": TWO,
    "no fallback": {"model": TWO["model"]},
    "two attempts, no compression": {
        **TWO,
        "agent": {"api_max_retries": 2},
        "compression": {"enabled": False},
    },
    "three attempts, outputs that are set": {
        "model": {**TWO["model"], "max_tokens": 4096},
        "fallback_model": {**TWO["fallback_model"], "max_tokens": 8192},
        "agent": {"api_max_retries": 3},
    },
    "a token that can be renewed, streams of Responses": {
        "model": {"provider": "openai-codex", "default": "gpt-5.1"},
        "fallback_model": {"provider": "nous", "model": "hermes"},
        "display": {"streaming": True},
    },
}


@dataclass(frozen=True)
class Walked:
    """What a pass came to, in how many seconds, and how many its workers worked."""

    records: list[Record]
    why: str
    wall_s: float
    cpu_s: float

    @property
    def calls(self) -> int:
        """Requests for an answer."""
        return sum(sum(record.calls) for record in self.records)


def walk(subject: Subject, explore: Explore) -> Walked:
    """The whole pass, on all cores."""
    began, records, cpu_s = time.perf_counter(), [], 0.0
    rounds = explore.rounds(subject)
    with ProcessPoolExecutor(CORES) as pool:
        ranges = next(rounds)
        while True:
            trials = [trial for part in ranges for trial in part.trials(subject)]
            found, took_s = played(subject, trials, pool)
            records += found
            cpu_s += took_s
            try:
                ranges = rounds.send(found)
            except StopIteration as end:
                return Walked(records, end.value, time.perf_counter() - began, cpu_s)


def played(subject: Subject, trials: Sequence[Trial], pool: ProcessPoolExecutor) -> tuple[list[Record], float]:
    """Their records in order, and the CPU seconds that they took."""
    parts = [trials[start : start + AT_ONCE] for start in range(0, len(trials), AT_ONCE)]
    found = list(pool.map(_played, [subject] * len(parts), parts))
    return [record for records, _ in found for record in records], sum(took_s for _, took_s in found)


def _played(subject: Subject, trials: Sequence[Trial]) -> tuple[list[Record], float]:
    began = time.process_time()
    return [play(subject, trial) for trial in trials], time.process_time() - began


def without_talk(key: str | None) -> str | None:
    """A key of the agent's up to its conversation."""
    return None if key is None else key.partition(" | ")[0]


def steps_of(records: Sequence[Record]) -> dict[tuple[str, str], str | None]:
    """The graph that the records show, without conversations; the answers that end a turn left out."""
    edges = (record.edge for record in records if record.edge and record.edge.by != ANSWER)
    return {(edge.before.partition(" | ")[0], edge.by): without_talk(edge.after) for edge in edges}


def drawn(whole: int, most: int) -> Iterator[int]:
    """At most so many numbers below a whole, evenly spread over it."""
    stride = max(1, whole // most)
    return iter(range(stride // 2, whole, stride))
