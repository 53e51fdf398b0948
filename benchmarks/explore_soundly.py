"""What the merged walk leaves out: nothing. Through the real client, it is held against walks that are not merged.

First every fault against its class, from the first and the last attempt on either provider. Then all schedules of three
faults, of all faults that can be sent: what the graph says of a schedule is what comes of it. They are too many for
each day: so many of them, evenly spread, unless it is told `--all`.
"""

import json
import math
import re
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

from _served import Figure, told
from _walks import CONFIGS, CORES, drawn, played, walk

from faultlab import faults
from faultlab.clock import START
from faultlab.invariants.hints import stated_wait_s
from faultlab.passes.alphabet import ALPHABETS, ANSWER, TOOL_ROUND, Alphabet, Symbol
from faultlab.passes.explore import Explore
from faultlab.passes.outline import MOST_TOKENS
from faultlab.passes.spelling import Path, spelled
from faultlab.playing import recorded
from faultlab.policies.kinds import kind_of
from faultlab.policy import FALLBACK, PRIMARY, UPSTREAMS
from faultlab.runner import run_fully
from faultlab.sendable import NEEDS_A_TOOL, asking_of, sendable
from faultlab.subject import Subject
from faultlab.trial import Record, Stride, Trial
from tests.faultlab.walking import TWO, subject_for

SCHEDULES = 3_000
LENGTH = 3
TOO_LONG_S = 120.0
WAITING = {"rate_limited", "overloaded", "server_error", "unreachable", "timed_out", "invalid_response"}
CUT = "an answer that is cut"
NO_FAILURES = {"length": CUT, "responses_incomplete": CUT, "unknown_tool": TOOL_ROUND}
"""Answers that do not end the turn, by the fault that makes them."""
SECTIONS = {PRIMARY: "model", FALLBACK: "fallback_model"}


# Every fault against its class.


def before(subject: Subject, upstream: str, *, last: bool) -> Path:
    """How one comes to the first or last attempt on a provider."""
    switch: Path = ((PRIMARY, "forbidden"),) if upstream == FALLBACK else ()
    return switch + ((upstream, "server_error"),) * ((subject.healthy.policy.attempts - 1) * last)


def to_show(subject: Subject, alphabet: Alphabet, number: int, path: Path) -> Trial:
    """The trial that shows what the last symbol of a path does; a tool call is there to be spoilt."""
    symbol = alphabet.symbols[path[-1][1]]
    spoils = any(fault.name in NEEDS_A_TOOL for fault in symbol.faults)
    scenario = spelled(subject.healthy, alphabet, (*path, (PRIMARY, TOOL_ROUND)) if spoils else path)
    return Trial("classes", number, scenario, (), Stride(len(path), path[-1][1], 0, alphabet.longest_s, MOST_TOKENS))


def done(record: Record) -> tuple[object, ...]:
    """What was done then: who is asked next, in which state but for times and numbers of tokens, or how it ended."""
    edge = record.edge
    if edge is None:
        return ("never came to it", record.reasons)
    after = None if edge.after is None else edge.after.partition(" | ")[0]
    kept = re.sub(r"(waited_s|elapsed_s|max_tokens|from_now_on)=\d\S*", r"\1=some", after or "")
    return kept, edge.asked_next, edge.then.partition(":")[0] if after is None else ""


def classes(pool: ProcessPoolExecutor) -> list[Figure]:
    """What each thing that can be sent does, beside what stands for its class."""
    figures: list[Figure] = []
    for name, config in CONFIGS.items():
        subject = subject_for(config)
        compared, apart = 0, list[str]()
        for upstream in UPSTREAMS:
            sent = sent_by(subject, upstream)
            for last in (False, True) if sent else ():
                compared += len(sent)
                apart += differing(subject, upstream, sent, pool, last=last)
        print(f"explore: {name}: {compared:,} times a fault beside its class")
        for line in apart:
            print(f"explore: {line}")
        figures.append((f"explore: faults outside their class, {name:.20}", len(apart), "≤", 0))
    return figures


def sent_by(subject: Subject, upstream: str) -> dict[Symbol, str]:
    """All that it can send, and the symbol of its class."""
    asking = asking_of(subject.healthy, upstream)
    if asking is None:
        return {}
    config = json.loads(subject.healthy.config)
    streamed, max_tokens = asking.streamed, config[SECTIONS[upstream]].get("max_tokens")
    sent = {}
    for each in sendable(asking):
        fault, calls = each.fault, each.fault.name in NEEDS_A_TOOL
        kind = kind_of(
            fault, asking.provider, asking.dialect, streamed=streamed, max_tokens=max_tokens, has_calls=calls
        )
        sent[Symbol(f"fault {each.name}", (fault,))] = kind or NO_FAILURES.get(fault.name, ANSWER)
    return sent


def differing(
    subject: Subject, upstream: str, sent: Mapping[Symbol, str], pool: ProcessPoolExecutor, *, last: bool
) -> Iterator[str]:
    """What does something else than its class does, on the first or last attempt.

    A stated wait that is too long to begin counts the budget as spent (C3): then it is its class on the last attempt.
    """
    kinds = [*ALPHABETS["every kind"].symbols.values(), Symbol(CUT, (faults.length(),))]
    alphabet = Alphabet.of((*kinds, *sent), math.inf)
    wanted = [*((each, last) for each in (*kinds, *sent)), *((kind, True) for kind in kinds)]
    begun = {at_last: before(subject, upstream, last=at_last) for at_last in (False, True)}
    trials = [
        to_show(subject, alphabet, number, (*begun[at_last], (upstream, each.name)))
        for number, (each, at_last) in enumerate(wanted)
    ]
    came = list(pool.map(came_of, [subject] * len(trials), trials, chunksize=8))
    own = {each.name: found for (each, _), found in zip(wanted, came, strict=True)}
    firstly = {each.name: found for (each, _), found in zip(wanted[: -len(kinds)], came, strict=False)}
    for symbol, kind in sent.items():
        found, stated_s = firstly[symbol.name]
        is_spent = stated_s is not None and stated_s > TOO_LONG_S and kind in WAITING
        expected, _ = own[kind] if is_spent else firstly[kind]
        if found != expected:
            yield f"{symbol.name} of the {upstream}, last {last}: as {kind} it does {expected}; it does {found}"


def came_of(subject: Subject, trial: Trial) -> tuple[tuple[object, ...], float | None]:
    """What was done about the last symbol, and the wait that it stated."""
    run = run_fully(trial.scenario)
    asked = [each for each in run.trace.exchanges if not each.side]
    last = asked[trial.stride.step - 1] if trial.stride and trial.stride.step <= len(asked) else None
    stated_s = stated_wait_s(last, START + last.ended_s) if last else None
    return done(recorded(subject, trial, run)), stated_s


# Schedules of three.


@dataclass(frozen=True)
class Came:
    """What came of a schedule: requests to either provider, seconds waited, the switch, the end, and what broke."""

    calls: tuple[int, int]
    waited_s: float
    switch: str | None
    failure: str | None
    answered: bool
    broke: frozenset[str]


class Graph:
    """What the merged walk has shown, by state and symbol."""

    def __init__(self, records: Sequence[Record]) -> None:
        self._steps = {(record.edge.before, record.edge.by): record for record in records if record.edge}
        self.symbols = {name for _, name in self._steps}
        self.first = next(record.edge.before for record in records if record.edge)

    def follow(self, schedule: Sequence[str]) -> tuple[Path, Came] | None:
        """The path of a schedule, and what the graph says of it; None for one that is over before its last symbol."""
        key, path, steps = self.first, [], []
        for name in schedule:
            if key is None:
                return None
            record = self._steps[key, name]
            steps.append(record)
            path.append((record.edge.asked, name))
            key = record.edge.after
        return tuple(path), _together(steps)


def _together(steps: Sequence[Record]) -> Came:
    edges = [step.edge for step in steps if step.edge]
    last = edges[-1]
    asked = Counter([edge.asked for edge in edges] + ([last.asked_next] if last.after is not None else []))
    pairs = zip(steps, edges, strict=True)
    switched = (step.switch for step, edge in pairs if edge.asked_next == FALLBACK != edge.asked)
    return Came(
        (asked[PRIMARY], asked[FALLBACK]),
        round(sum(edge.waited_s for edge in edges), 3),
        next(switched, None),
        steps[-1].failure,
        last.after is not None or last.then == "answered",
        frozenset(breach.what for step in steps for breach in step.breaches),
    )


def alone(record: Record) -> Came:
    """What came of a schedule that was walked by itself."""
    ended = record.edge is not None and record.edge.after is None and record.edge.then != "answered"
    broke = frozenset(breach.what for breach in record.breaches)
    return Came(record.calls, record.waited_s, record.switch, record.failure, not ended, broke)


def schedules(pool: ProcessPoolExecutor, *, every: bool) -> list[Figure]:
    """The merged walk by every fault, and schedules that are walked by themselves."""
    subject = subject_for(TWO)
    merged = walk(subject, Explore(LENGTH, "every fault"))
    print(f"explore: every fault, merged: {merged.why}; {merged.calls:,} calls, {merged.cpu_s:.0f} s of CPU")
    graph, alphabet = Graph(merged.records), ALPHABETS["every fault"]
    names = [name for name in alphabet.symbols if name != ANSWER and name in graph.symbols]
    whole = len(names) ** LENGTH
    wanted = [spelling(number, names) for number in drawn(whole, whole if every else SCHEDULES)]
    said = [found for schedule in wanted if (found := graph.follow(schedule))]
    trials = [to_show(subject, alphabet, number, path) for number, (path, _) in enumerate(said)]
    records, cpu_s = played(subject, trials, pool)
    wrong = 0
    for (path, expected), record in zip(said, records, strict=True):
        if alone(record) != expected:
            wrong += 1
            print(f"explore: {path}: {expected} by the graph, {alone(record)} by itself")
    over = len(wanted) - len(said)
    print(f"explore: of {whole:,} schedules of {LENGTH} {len(said):,} walked by themselves, {cpu_s:.0f} s of CPU")
    print(f"explore: {over:,} more were over before their last fault")
    return [("explore: schedules that come to something else", wrong, "≤", 0)]


def spelling(number: int, names: Sequence[str]) -> list[str]:
    """The schedule with this number."""
    found = []
    for _ in range(LENGTH):
        number, which = divmod(number, len(names))
        found.append(names[which])
    return found


def main() -> int:
    """Both; 1 if something differs."""
    with ProcessPoolExecutor(CORES) as pool:
        return told([*classes(pool), *schedules(pool, every="--all" in sys.argv)])


if __name__ == "__main__":
    sys.exit(main())
