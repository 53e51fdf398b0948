"""What it costs to try every schedule of failures: client calls and seconds, with and without the client.

The agent's decisions alone are walked through the same graph, which must be the same step by step; their CPU time is
measured beside that of the client's calls, in turn. Seconds on a busy machine say how busy it is: CPU time is judged.
"""

import os
import statistics
import sys
import time
from pathlib import Path
from typing import Any

from _served import Figure, told
from _walks import CONFIGS, CORES, Walked, steps_of, walk

from faultlab.model import Met, Model
from faultlab.passes.alphabet import ALPHABETS
from faultlab.passes.explore import DEPTH, Explore
from faultlab.passes.outline import outline
from faultlab.passes.spelling import spelled
from faultlab.runner import model_of, run
from faultlab.trial import Standing
from tests.faultlab.walking import TWO, subject_for

PAIRS = 15
RUNS, STEPS_EACH = 100_000, 8
HAPPENINGS = (
    Met("server_error"),
    Met("unauthorized"),
    Met("context_overflow"),
    Met("output_too_large", fits_max_tokens=1000),
    Met(calls_tool=True),
)
"""One of each class; a client error would end most walks at their second step."""


def explored(name: str, config: dict[str, object], alphabet: str) -> Walked:
    """One configuration by one alphabet, told in a line."""
    found = walk(subject_for(config), Explore(DEPTH, alphabet))
    print(f"explore: {name}, {alphabet}: {found.why}")
    print(f"explore: {found.calls:,} calls, {found.cpu_s:.1f} s of CPU, {found.wall_s:.1f} s on {CORES} cores")
    return found


def disagreements(found: Walked, config: dict[str, object], alphabet: str) -> int:
    """Steps of the agent that its decisions alone do not take in the same way, or the other way round."""
    alone = set(outline(subject_for(config).healthy, ALPHABETS[alphabet], DEPTH).edges.items())
    return len(alone.symmetric_difference(steps_of(found.records).items()))


def walks() -> list[Figure]:
    """Both alphabets over the stock configuration, then the classes over the others."""
    figures: list[Figure] = []
    for alphabet, most_calls, most_s in (("classes", 10_000, 60), ("every kind", 80_000, 300)):
        found = explored("stock", TWO, alphabet)
        bad = sum(record.standing is not Standing.HELD for record in found.records)
        figures += [
            (f"explore: client calls, {alphabet}", found.calls, "≤", most_calls),
            (f"explore: seconds of each of {CORES} cores, {alphabet}", found.cpu_s / CORES, "≤", most_s),
            (f"explore: runs that did not hold, {alphabet}", bad, "≤", 0),
            (f"explore: other steps alone, {alphabet}", disagreements(found, TWO, alphabet), "≤", 0),
        ]
    for name, config in list(CONFIGS.items())[1:]:
        found = explored(name, config, "classes")
        figures.append((f"explore: other steps alone, {name:.28}", disagreements(found, config, "classes"), "≤", 0))
    return figures


def step() -> list[Figure]:
    """A step of the decisions alone beside a call through the client, in turn; the middle of the pairs' ratios."""
    healthy = subject_for(TWO).healthy
    scenario = spelled(healthy, ALPHABETS["classes"], (("primary", "retry"),) * 5)
    run(scenario)
    ratios = []
    for _ in range(PAIRS):
        began = time.process_time()
        run(scenario)
        between = time.process_time()
        steps = wander(model_of(healthy), 300)
        ended = time.process_time()
        ratios.append(((ended - between) / steps) / ((between - began) / 6))
    ratio = statistics.median(ratios)
    print(f"explore: a step alone / a call through the client: 1/{1 / ratio:.0f}")
    return [("explore: 500 steps alone / a call, CPU", ratio * 500, "≤", 1)]


def wander(model: Model[Any], runs: int, first: int = 0) -> int:
    """So many walks, each another one, and how many steps they took."""
    steps = 0
    for number in range(first, first + runs):
        place, rest = model.begin(), number
        for _ in range(STEPS_EACH):
            rest, which = divmod(rest, len(HAPPENINGS))
            place = model.step(place, HAPPENINGS[which]).place
            steps += 1
            if place is None:
                break
    return steps


def resident() -> int:
    """Bytes of memory that this process has."""
    return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")


def memory() -> list[Figure]:
    """What a hundred thousand walks keep, after the first tenth of them."""
    model = model_of(subject_for(TWO).healthy)
    wander(model, RUNS // 10)
    after_a_tenth = resident()
    wander(model, RUNS - RUNS // 10, RUNS // 10)
    at_the_end = resident()
    print(f"explore: {RUNS:,} walks alone: {after_a_tenth >> 10:,} KiB after a tenth, {at_the_end >> 10:,} at the end")
    return [("explore: memory at the end / after a tenth", at_the_end / after_a_tenth, "≤", 1.05)]


if __name__ == "__main__":
    sys.exit(told([*step(), *memory(), *walks()]))
