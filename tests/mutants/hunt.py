"""A wrong agent is hunted without a scenario: the passes of a campaign over a few configurations, to the first breach.

Agents are hunted each for itself: nothing of one hunt is known in the next.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable
from contextlib import suppress
from dataclasses import dataclass
from functools import cache

from configurations import CATALOGUED, SPECIAL, STOCK, STREAMED, subject
from wrong_agent import Mutant, wrong_agent

from faultlab.passes import drawn, variants
from faultlab.passes.base import Pass
from faultlab.passes.drawn import Drawn
from faultlab.passes.explore import Explore
from faultlab.passes.matrix import Matrix
from faultlab.playing import play
from faultlab.providers import provider
from faultlab.runner import run
from faultlab.scenario import ENTRIES
from faultlab.shrink import Shrunk, shrink
from faultlab.subject import Subject
from faultlab.trial import Record, Standing, Trial
from faultlab.verdict import Outcome
from faultlab.written import scenario_text

MOST_RUNS = 4_000
"""Of one wrong agent; most are caught within some hundred."""

MOST_TRIES = 250
"""Of making one breach small: what is left then is small, if not always the smallest."""

MOST_ENTRIES = 3
"""Of faults, in what is left."""


@dataclass(frozen=True, slots=True)
class Caught:
    """Where a wrong agent was caught, after how much, and what is left of it."""

    stock: str
    of: str
    runs: int
    calls: int
    shrunk: Shrunk

    @property
    def entries(self) -> int:
        return self.shrunk.scenario.entries

    def __str__(self) -> str:
        return (
            f"{self.of} of {self.stock}, run {self.runs:,} ({self.calls:,} calls): {self.shrunk.breach.what}, "
            f"{self.entries} entries after {self.shrunk.tries} tries, {self.shrunk.stopped}"
        )


Tried = Generator[tuple[str, Trial], Record, None]
"""Yields what is tried with which configuration, and is sent what came of it."""


def tried() -> Tried:
    """All of it, what shows the most in the shortest time first."""
    yield from in_turn([through(name, Drawn(), 20) for name in STOCK])
    yield from in_turn(
        [
            first(50, through("soon", Explore(4), 50)),
            in_turn([first(5, through(name, Drawn(seed=2), 5)) for name in (*SPECIAL, *STOCK, "kimi-coding")]),
        ]
    )
    yield from at_once("openai")
    for name in (*CATALOGUED, *(f"{name}, streamed" for name in STREAMED), "full", "responses", "codex", "custom"):
        yield from at_once(name)
    yield from in_turn(
        [
            through("soon", Explore(4), 400),
            through("local", Drawn(), 150),
            in_turn([through(name, Drawn(seed=1), 200) for name in STOCK]),
            in_turn([through(name, Drawn(seed=1), 60) for name in (*SPECIAL, "kimi-coding")]),
        ]
    )
    yield from in_turn(
        [
            in_turn([sampled(name) for name in STOCK]),
            in_turn([through(name, Drawn(seed=2), 200) for name in (*STOCK, *SPECIAL)]),
            in_turn([through(name, Explore(3), 200) for name in (*STOCK, *SPECIAL)]),
        ]
    )


def in_turn(several: Iterable[Tried]) -> Tried:
    """One of each, then the next one of each, as long as there are any."""
    left = [(each, item) for each in several if (item := next(each, None)) is not None]
    while left:
        going = []
        for each, item in left:
            record = yield item
            with suppress(StopIteration):
                going.append((each, each.send(record)))
        left = going


def first(most: int, several: Tried) -> Tried:
    """So many of them."""
    with suppress(StopIteration):
        item = next(several)
        for _ in range(most):
            item = several.send((yield item))


def through(name: str, chosen: Pass, most: int) -> Tried:
    """The first trials of a pass."""
    rounds = chosen.rounds(subject(name))
    records: list[Record] = []
    try:
        ranges = next(rounds)
        while most > 0:
            for trial in (trial for part in ranges for trial in part.trials(subject(name))):
                record = yield name, trial
                records.append(record)
            most -= len(records)
            ranges, records = rounds.send(records), []
    except StopIteration:
        return


def at_once(name: str) -> Tried:
    """Of the pass `matrix` what a first request shows: each fault once, of a provider of the catalogue its own ones."""
    own = f"{provider(subject(name).healthy.policy.primary.provider).name}."
    for trial in matrix(name, ENTRIES[:1]):
        labels = dict(trial.labels)
        is_meant = name in STOCK or labels["fault"].startswith(own)
        if is_meant and (labels["at"], labels["times"], labels["side"]) == ("first", "once", "primary"):
            yield name, trial


def sampled(name: str) -> Tried:
    """Of the pass `matrix` one for each place, number, side and entrance, another fault each time."""
    by_where: dict[tuple[str, ...], list[Trial]] = {}
    for trial in matrix(name, ENTRIES):
        by_where.setdefault(tuple(value for key, value in trial.labels if key != "fault"), []).append(trial)
    for place, trials in enumerate(by_where.values()):
        yield name, trials[place * 7 % len(trials)]


def matrix(name: str, entries: tuple[str, ...]) -> tuple[Trial, ...]:
    """The whole pass."""
    return _matrix(subject(name), entries)


@cache
def _matrix(about: Subject, entries: tuple[str, ...]) -> tuple[Trial, ...]:
    return tuple(trial for part in next(Matrix(entries).rounds(about)) for trial in part.trials(about))


def hunt() -> Caught | None:
    """The agent of the moment; None: it got away.

    What is left of a breach may be large while another one of it is small: a campaign, too, takes the smallest.
    """
    forget()
    calls, trying = 0, tried()
    name, trial = next(trying)
    for runs in range(1, MOST_RUNS + 1):
        record = play(subject(name), trial)
        calls += sum(record.calls)
        if record.standing is Standing.BROKEN:
            shrunk = shrink(subject(name), trial, record.breaches[0].what, most_tries=MOST_TRIES)
            if shrunk.scenario.entries <= MOST_ENTRIES:
                return Caught(name, trial.of, runs, calls, shrunk)
        try:
            name, trial = trying.send(record)
        except StopIteration:
            return None
    return None


def held_to_be_caught(agent: Mutant) -> Caught:
    """Hunt a wrong agent; what is left of it is small, and holds with the right one."""
    with wrong_agent(agent):
        caught = hunt()
    assert caught is not None, (
        f"an agent that {agent.name} got away: {MOST_RUNS:,} runs broke nothing that becomes small"
    )
    mended = run(caught.shrunk.scenario)
    assert mended.outcome is Outcome.HELD, f"{caught}\n\n{scenario_text(caught.shrunk.scenario)}\n\n{mended}"
    return caught


def forget() -> None:
    """What an agent made of a configuration is no word on the next one; all else that is remembered is values."""
    subject.cache_clear()
    for module in (variants, drawn):
        for value in vars(module).values():
            if hasattr(value, "cache_clear"):
                value.cache_clear()
